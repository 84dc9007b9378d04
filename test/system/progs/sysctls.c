/* SPDX-License-Identifier: Apache-2.0 */
/* Calls HYPERVISOR_sysctl from Dom0, each operation well and badly, and prints what comes back:
 * "ZT SYSCTL case: result, fields". */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xen/arch-x86/cpufeatureset.h>

struct privcmd_hypercall { /* Linux: include/uapi/xen/privcmd.h */
    uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))
#define BAD                     ((void *)0x10000ul) /* nothing is mapped there */

static int device;
static struct xen_sysctl *op; /* these two: memory that the hypervisor can reach */
static char *buffer;
#define BUFFER_SIZE 65536

static long call_version(uint32_t cmd, uint32_t version)
{
    struct privcmd_hypercall h = { __HYPERVISOR_sysctl, { (uint64_t)op } };
    long rc;

    op->cmd = cmd;
    op->interface_version = version;
    rc = ioctl(device, IOCTL_PRIVCMD_HYPERCALL, &h);
    return rc < 0 ? -errno : rc;
}

static long call(uint32_t cmd)
{
    return call_version(cmd, XEN_SYSCTL_INTERFACE_VERSION);
}

static void clear(void)
{
    memset(op, 0, sizeof(*op));
    memset(buffer, 0xee, BUFFER_SIZE);
}

static void say(const char *name, long rc, const char *text, ...)
{
    va_list args;

    printf("ZT SYSCTL %s: %ld", name, rc);
    va_start(args, text);
    vprintf(text, args);
    va_end(args);
    printf("\n");
}

#define HANDLE(field, at) set_xen_guest_handle(field, (void *)(at))

static void versions(void)
{
    static const uint32_t numbers[] = { 0, 13, 24, 28, 30, 1000 };
    char name[32];

    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        clear();
        snprintf(name, sizeof(name), "unknown %u", numbers[i]);
        say(name, call(numbers[i]), "");
    }
    clear();
    say("version 0", call_version(XEN_SYSCTL_sched_id, 0), "");
    say("version 0x11", call_version(XEN_SYSCTL_sched_id, 0x11), "");
    say("version 0x17", call_version(XEN_SYSCTL_sched_id, 0x17), "");
    say("version first", call_version(1000, 0x17), "");
}

static void readconsole_case(const char *name, void *to, uint32_t count, uint32_t index,
                             int incremental)
{
    struct xen_sysctl_readconsole *a = &op->u.readconsole;
    long rc;

    clear();
    HANDLE(a->buffer, to);
    a->count = count;
    a->index = index;
    a->incremental = (uint8_t)incremental;
    rc = call(XEN_SYSCTL_readconsole);
    say(name, rc, " count %s index %s",
        a->count == 0       ? "0"
        : a->count == count ? "all"
                            : "some",
        a->index == 0                  ? "0"
        : a->index == index            ? "same"
        : a->index == index + a->count ? "on"
                                       : "other");
}

static void readconsole(void)
{
    uint32_t end;

    readconsole_case("readconsole 100", buffer, 100, 0, 0);
    readconsole_case("readconsole bad", BAD, 100, 0, 0);
    readconsole_case("readconsole none", NULL, 0, 0, 0);
    readconsole_case("readconsole from 50", buffer, 100, 50, 1);
    readconsole_case("readconsole from 50 not incremental", buffer, 100, 50, 0);
    readconsole_case("readconsole everything", buffer, BUFFER_SIZE, 0, 0);
    end = op->u.readconsole.index;
    readconsole_case("readconsole end", buffer, 100, end, 1);
    readconsole_case("readconsole beyond", buffer, 100, end + 1000, 1);
}

static void tbuf(void)
{
    for (uint32_t cmd = 0; cmd < 7; cmd++) {
        char name[32];
        long rc;

        clear();
        op->u.tbuf_op.cmd = cmd;
        op->u.tbuf_op.evt_mask = cmd == 2 ? 0xffff : 0;
        snprintf(name, sizeof(name), "tbuf_op %u", cmd);
        rc = call(XEN_SYSCTL_tbuf_op);
        say(name, rc, " mask %#x mfn %#llx size %u", op->u.tbuf_op.evt_mask,
            (unsigned long long)op->u.tbuf_op.buffer_mfn, op->u.tbuf_op.size);
    }
}

static void physinfo(void)
{
    struct xen_sysctl_physinfo *a = &op->u.physinfo;
    long rc;

    clear();
    rc = call(XEN_SYSCTL_physinfo);
    say("physinfo", rc,
        " threads %u cores %u cpus %u max_cpu %u nodes %u max_node %u caps %#x arch %#x pad %u",
        a->threads_per_core, a->cores_per_socket, a->nr_cpus, a->max_cpu_id, a->nr_nodes,
        a->max_node_id, a->capabilities, a->arch_capabilities, a->pad);
    say("physinfo memory", rc,
        " total %llu free %llu scrub %llu outstanding %llu max_mfn %#llx khz %u",
        (unsigned long long)a->total_pages, (unsigned long long)a->free_pages,
        (unsigned long long)a->scrub_pages, (unsigned long long)a->outstanding_pages,
        (unsigned long long)a->max_mfn, a->cpu_khz);
    say("physinfo hw_cap", rc, " %08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", a->hw_cap[0],
        a->hw_cap[1], a->hw_cap[2], a->hw_cap[3], a->hw_cap[4], a->hw_cap[5], a->hw_cap[6],
        a->hw_cap[7]);
    clear();
    rc = call(XEN_SYSCTL_sched_id);
    say("sched_id", rc, " %u", op->u.sched_id.sched_id);
}

static void perfc(void)
{
    for (uint32_t cmd = 0; cmd < 4; cmd++) {
        char name[32];

        clear();
        op->u.perfc_op.cmd = cmd;
        snprintf(name, sizeof(name), "perfc_op %u", cmd);
        say(name, call(XEN_SYSCTL_perfc_op), "");
        clear();
        op->u.lockprof_op.cmd = cmd;
        snprintf(name, sizeof(name), "lockprof_op %u", cmd);
        say(name, call(XEN_SYSCTL_lockprof_op), "");
        clear();
        op->u.coverage_op.cmd = cmd;
        snprintf(name, sizeof(name), "coverage_op %u", cmd);
        say(name, call(XEN_SYSCTL_coverage_op), "");
    }
}

static void domains_case(const char *name, unsigned int first, uint32_t max, void *to)
{
    struct xen_sysctl_getdomaininfolist *a = &op->u.getdomaininfolist;
    const xen_domctl_getdomaininfo_t *d = (void *)buffer;
    long rc;

    clear();
    a->first_domain = (domid_t)first;
    a->max_domains = max;
    HANDLE(a->buffer, to);
    rc = call(XEN_SYSCTL_getdomaininfolist);
    say(name, rc, " num %u", a->num_domains);
    if (rc || !a->num_domains)
        return;
    say("domain", rc, " id %u pad %u flags %#x shr %llu paged %llu outstanding %llu", d->domain,
        d->pad1, d->flags & ~(unsigned)(XEN_DOMINF_blocked | XEN_DOMINF_running),
        (unsigned long long)d->shr_pages, (unsigned long long)d->paged_pages,
        (unsigned long long)d->outstanding_pages);
    say("domain", rc, " vcpus %u max_vcpu %u ssidref %u pool %u gpaddr_bits %u pads %u %u %u",
        d->nr_online_vcpus, d->max_vcpu_id, d->ssidref, d->cpupool, d->gpaddr_bits, d->pad2[0],
        d->pad2[1], d->pad2[2]);
    say("domain", rc, " emulation %#x misc %#x", d->arch_config.emulation_flags,
        d->arch_config.misc_flags);
    say("domain pages", rc, " tot %llu max %#llx shared_info %#llx",
        (unsigned long long)d->tot_pages, (unsigned long long)d->max_pages,
        (unsigned long long)d->shared_info_frame);
}

static void domains(void)
{
    domains_case("getdomaininfolist 10", 0, 10, buffer);
    domains_case("getdomaininfolist 0", 0, 0, buffer);
    domains_case("getdomaininfolist 0 bad", 0, 0, BAD);
    domains_case("getdomaininfolist bad", 0, 1, BAD);
    domains_case("getdomaininfolist from 1", 1, 10, buffer);
    domains_case("getdomaininfolist from idle", DOMID_IDLE, 10, buffer);
}

static void keys_case(const char *name, void *keys, uint32_t count)
{
    clear();
    if (keys == buffer)
        buffer[0] = '~';
    HANDLE(op->u.debug_keys.keys, keys);
    op->u.debug_keys.nr_keys = count;
    say(name, call(XEN_SYSCTL_debug_keys), "");
}

static void keys(void)
{
    keys_case("debug_keys unbound", buffer, 1);
    keys_case("debug_keys none", BAD, 0);
    keys_case("debug_keys bad", BAD, 1);
}

static void cpuinfo_case(const char *name, uint32_t max, void *to)
{
    long rc;

    clear();
    op->u.getcpuinfo.max_cpus = max;
    HANDLE(op->u.getcpuinfo.info, to);
    rc = call(XEN_SYSCTL_getcpuinfo);
    say(name, rc, " nr %u", op->u.getcpuinfo.nr_cpus);
}

static void heap_case(const char *name, uint32_t min, uint32_t max, int32_t node)
{
    long rc;

    clear();
    op->u.availheap.min_bitwidth = min;
    op->u.availheap.max_bitwidth = max;
    op->u.availheap.node = node;
    rc = call(XEN_SYSCTL_availheap);
    say(name, rc, " %s", op->u.availheap.avail_bytes > 0 ? "some" : "none");
}

static void machine(void)
{
    cpuinfo_case("getcpuinfo 0", 0, buffer);
    cpuinfo_case("getcpuinfo 0 bad", 0, BAD);
    cpuinfo_case("getcpuinfo 1", 1, buffer);
    cpuinfo_case("getcpuinfo 1000", 1000, buffer);
    cpuinfo_case("getcpuinfo bad", 2, BAD);
    heap_case("availheap", 0, 0, -1);
    heap_case("availheap node 0", 0, 0, 0);
    heap_case("availheap node 1", 0, 0, 1);
    heap_case("availheap node 1000", 0, 0, 1000);
    heap_case("availheap node -2", 0, 0, -2);
    heap_case("availheap below 32", 0, 32, -1);
    heap_case("availheap above 32", 32, 0, -1);
    heap_case("availheap above 60", 60, 0, -1);
    heap_case("availheap 20 to 10", 20, 10, -1);
    heap_case("availheap to 5", 0, 5, -1);
}

static void pm(void)
{
    static const uint32_t stats[] = { 0,    0x10, 0x11, 0x12, 0x13, 0x14,
                                      0x20, 0x21, 0x22, 0x23, 0x24, 0x31 };
    char name[48];

    for (unsigned int i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        for (uint32_t cpu = 0; cpu < 1000; cpu += 999) {
            long rc;

            clear();
            op->u.get_pmstat.type = stats[i];
            op->u.get_pmstat.cpuid = cpu;
            snprintf(name, sizeof(name), "get_pmstat %#x cpu %u", stats[i], cpu);
            rc = call(XEN_SYSCTL_get_pmstat);
            say(name, rc, " nr %u last %u", op->u.get_pmstat.u.getcx.nr,
                op->u.get_pmstat.u.getcx.last);
        }
    for (uint32_t cmd = 0x10; cmd < 0x32; cmd++)
        for (uint32_t cpu = 0; cpu < 1000; cpu += 999) {
            long rc;

            clear();
            op->u.pm_op.cmd = cmd;
            op->u.pm_op.cpuid = cpu;
            snprintf(name, sizeof(name), "pm_op %#x cpu %u", cmd, cpu);
            rc = call(XEN_SYSCTL_pm_op);
            say(name, rc, " value %u", op->u.pm_op.u.get_max_cstate);
        }
}

static void hotplug(void)
{
    static const struct {
        uint32_t cpu, op;
    } cases[] = {
        { 0, 0 }, { 0, 1 }, { 1000, 0 }, { 1000, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 1, 0 },
    };
    char name[48];
    long rc;

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear();
        op->u.cpu_hotplug.cpu = cases[i].cpu;
        op->u.cpu_hotplug.op = cases[i].op;
        snprintf(name, sizeof(name), "cpu_hotplug cpu %u op %u", cases[i].cpu, cases[i].op);
        say(name, call(XEN_SYSCTL_cpu_hotplug), "");
    }
    for (uint32_t cmd = 0; cmd < 5; cmd++) {
        uint32_t *status = (uint32_t *)buffer;

        clear();
        op->u.page_offline.cmd = cmd;
        op->u.page_offline.start = op->u.page_offline.end = 0;
        HANDLE(op->u.page_offline.status, buffer);
        snprintf(name, sizeof(name), "page_offline_op %u", cmd);
        rc = call(XEN_SYSCTL_page_offline_op);
        say(name, rc, cmd == 3 ? " status %#x" : "", status[0]);
    }
    clear();
    op->u.page_offline.cmd = 3;
    op->u.page_offline.start = 0x7fffffff;
    op->u.page_offline.end = 0x7fffffff;
    HANDLE(op->u.page_offline.status, buffer);
    rc = call(XEN_SYSCTL_page_offline_op);
    say("page_offline_op beyond", rc, " status %#x", *(uint32_t *)buffer);
    clear();
    op->u.page_offline.cmd = 3;
    op->u.page_offline.start = 5;
    op->u.page_offline.end = 4;
    HANDLE(op->u.page_offline.status, buffer);
    say("page_offline_op backwards", call(XEN_SYSCTL_page_offline_op), "");
}

static void topology(void)
{
    const xen_sysctl_cputopo_t *t = (void *)buffer;
    const xen_sysctl_meminfo_t *m = (void *)buffer;
    const uint32_t *distance = (void *)(buffer + 4096);
    const physdev_pci_device_t *devices = (void *)buffer;
    long rc;

    (void)devices;
    clear();
    rc = call(XEN_SYSCTL_cputopoinfo);
    say("cputopoinfo null", rc, " num %u", op->u.cputopoinfo.num_cpus);
    clear();
    HANDLE(op->u.cputopoinfo.cputopo, buffer);
    rc = call(XEN_SYSCTL_cputopoinfo);
    say("cputopoinfo 0", rc, " num %u", op->u.cputopoinfo.num_cpus);
    clear();
    op->u.cputopoinfo.num_cpus = 1;
    HANDLE(op->u.cputopoinfo.cputopo, buffer);
    rc = call(XEN_SYSCTL_cputopoinfo);
    say("cputopoinfo 1", rc, " num %u core %u socket %u node %u next %#x",
        op->u.cputopoinfo.num_cpus, t[0].core, t[0].socket, t[0].node, t[1].core);
    clear();
    op->u.cputopoinfo.num_cpus = 64;
    HANDLE(op->u.cputopoinfo.cputopo, buffer);
    rc = call(XEN_SYSCTL_cputopoinfo);
    say("cputopoinfo 64", rc, " num %u core %u socket %u node %u", op->u.cputopoinfo.num_cpus,
        t[1].core, t[1].socket, t[1].node);
    clear();
    op->u.cputopoinfo.num_cpus = 64;
    HANDLE(op->u.cputopoinfo.cputopo, BAD);
    rc = call(XEN_SYSCTL_cputopoinfo);
    say("cputopoinfo bad", rc, " num %u", op->u.cputopoinfo.num_cpus);

    clear();
    rc = call(XEN_SYSCTL_numainfo);
    say("numainfo null", rc, " num %u", op->u.numainfo.num_nodes);
    for (uint32_t n = 0; n < 4; n++) {
        char name[32];

        clear();
        op->u.numainfo.num_nodes = n;
        HANDLE(op->u.numainfo.meminfo, buffer);
        HANDLE(op->u.numainfo.distance, buffer + 4096);
        snprintf(name, sizeof(name), "numainfo %u", n);
        rc = call(XEN_SYSCTL_numainfo);
        say(name, rc, " num %u size %s distance %u next %#x", op->u.numainfo.num_nodes,
            m[0].memsize + 1 == 0    ? "-1"
            : m[0].memsize > 1000000 ? "some"
                                     : "none",
            distance[0], distance[1]);
    }
    say("numainfo memory", rc, " %llu %llu", (unsigned long long)m[0].memsize,
        (unsigned long long)m[0].memfree);
    clear();
    op->u.numainfo.num_nodes = 1;
    HANDLE(op->u.numainfo.meminfo, BAD);
    rc = call(XEN_SYSCTL_numainfo);
    say("numainfo bad", rc, " num %u", op->u.numainfo.num_nodes);

    for (uint32_t n = 0; n < 3; n++) {
        char name[32];
        uint32_t *nodes = (void *)(buffer + 4096);
        physdev_pci_device_t *devs = (void *)buffer;

        clear();
        devs[0] = (physdev_pci_device_t){ .seg = 0, .bus = 0, .devfn = 0 };
        devs[1] = (physdev_pci_device_t){ .seg = 0, .bus = 77, .devfn = 0 };
        op->u.pcitopoinfo.num_devs = n;
        HANDLE(op->u.pcitopoinfo.devs, buffer);
        HANDLE(op->u.pcitopoinfo.nodes, buffer + 4096);
        snprintf(name, sizeof(name), "pcitopoinfo %u", n);
        rc = call(XEN_SYSCTL_pcitopoinfo);
        say(name, rc, " num %u nodes %#x %#x", op->u.pcitopoinfo.num_devs, nodes[0], nodes[1]);
    }
    clear();
    op->u.pcitopoinfo.num_devs = 1;
    rc = call(XEN_SYSCTL_pcitopoinfo);
    say("pcitopoinfo null", rc, " num %u", op->u.pcitopoinfo.num_devs);
    clear();
    op->u.pcitopoinfo.num_devs = 1;
    HANDLE(op->u.pcitopoinfo.devs, BAD);
    HANDLE(op->u.pcitopoinfo.nodes, buffer);
    rc = call(XEN_SYSCTL_pcitopoinfo);
    say("pcitopoinfo bad", rc, " num %u", op->u.pcitopoinfo.num_devs);
}

static long pool_call(const char *name, uint32_t what, uint32_t id, uint32_t sched, uint32_t domid,
                      uint32_t cpu, void *map, uint32_t bits)
{
    struct xen_sysctl_cpupool_op *a = &op->u.cpupool_op;
    long rc;

    clear();
    a->op = what;
    a->cpupool_id = id;
    a->sched_id = sched;
    a->domid = domid;
    a->cpu = cpu;
    HANDLE(a->cpumap.bitmap, map);
    a->cpumap.nr_bits = bits;
    rc = call(XEN_SYSCTL_cpupool_op);
    say(name, rc, " id %u sched %u doms %u map %#x", a->cpupool_id, a->sched_id, a->n_dom,
        (uint8_t)buffer[0]);
    return rc;
}

static void pools(void)
{
    enum { CREATE = 1, DESTROY, INFO, ADD, REMOVE, MOVE, FREE };
    const uint32_t any = XEN_SYSCTL_CPUPOOL_PAR_ANY;

    pool_call("cpupool 0", 0, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool 8", 8, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool info 0", INFO, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool info 1", INFO, 1, 0, 0, 0, buffer, 64);
    pool_call("cpupool info any", INFO, any, 0, 0, 0, buffer, 64);
    pool_call("cpupool info no map", INFO, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool info bad", INFO, 0, 0, 0, 0, BAD, 64);
    pool_call("cpupool free", FREE, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool free no map", FREE, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool create 0", CREATE, 0, XEN_SCHEDULER_CREDIT2, 0, 0, NULL, 0);
    pool_call("cpupool create sched 99", CREATE, any, 99, 0, 0, NULL, 0);
    pool_call("cpupool create sched 0", CREATE, any, 0, 0, 0, NULL, 0);
    pool_call("cpupool create rtds", CREATE, any, XEN_SCHEDULER_RTDS, 0, 0, NULL, 0);
    pool_call("cpupool create", CREATE, any, XEN_SCHEDULER_CREDIT2, 0, 0, NULL, 0);
    pool_call("cpupool create 1", CREATE, 1, XEN_SCHEDULER_CREDIT2, 0, 0, NULL, 0);
    pool_call("cpupool create 7", CREATE, 7, XEN_SCHEDULER_CREDIT2, 0, 0, NULL, 0);
    pool_call("cpupool create any after 1 and 7", CREATE, any, XEN_SCHEDULER_CREDIT2, 0, 0, NULL,
              0);
    pool_call("cpupool destroy 8", DESTROY, 8, 0, 0, 0, NULL, 0);
    pool_call("cpupool destroy 2", DESTROY, 2, 0, 0, 0, NULL, 0);
    pool_call("cpupool create any again", CREATE, any, XEN_SCHEDULER_CREDIT2, 0, 0, NULL, 0);
    pool_call("cpupool destroy 8 again", DESTROY, 8, 0, 0, 0, NULL, 0);
    pool_call("cpupool destroy 2 again", DESTROY, 2, 0, 0, 0, NULL, 0);
    pool_call("cpupool remove 0", REMOVE, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool add 0", ADD, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool remove any of two", REMOVE, 0, 0, 0, any, NULL, 0);
    pool_call("cpupool free is", FREE, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool add any one", ADD, 0, 0, 0, any, NULL, 0);
    pool_call("cpupool info 1 now", INFO, 1, 0, 0, 0, buffer, 64);
    pool_call("cpupool info from 2", INFO, 2, 0, 0, 0, buffer, 64);
    pool_call("cpupool add used", ADD, 1, 0, 0, 1, NULL, 0);
    pool_call("cpupool add beyond", ADD, 1, 0, 0, 1000, NULL, 0);
    pool_call("cpupool add any, none free", ADD, 1, 0, 0, any, NULL, 0);
    pool_call("cpupool remove foreign", REMOVE, 1, 0, 0, 1, NULL, 0);
    pool_call("cpupool remove any, none", REMOVE, 1, 0, 0, any, NULL, 0);
    pool_call("cpupool remove beyond", REMOVE, 0, 0, 0, 1000, NULL, 0);
    pool_call("cpupool move to empty", MOVE, 1, 0, 0, 0, NULL, 0);
    pool_call("cpupool move self", MOVE, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool move nobody", MOVE, 0, 0, 77, 0, NULL, 0);
    pool_call("cpupool move idle", MOVE, 0, 0, DOMID_IDLE, 0, NULL, 0);
    pool_call("cpupool move to none", MOVE, 99, 0, 0, 0, NULL, 0);
    pool_call("cpupool remove 1", REMOVE, 0, 0, 0, 1, NULL, 0);
    pool_call("cpupool remove last", REMOVE, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool remove last, any", REMOVE, 0, 0, 0, any, NULL, 0);
    pool_call("cpupool free now", FREE, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool info 0 now", INFO, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool add 1", ADD, 1, 0, 0, 1, NULL, 0);
    pool_call("cpupool info 1 with CPU", INFO, 1, 0, 0, 0, buffer, 64);
    pool_call("cpupool destroy with CPU", DESTROY, 1, 0, 0, 0, NULL, 0);
    pool_call("cpupool move Dom0", MOVE, 1, 0, 0, 0, NULL, 0);
    pool_call("cpupool info 1 moved", INFO, 1, 0, 0, 0, buffer, 64);
    pool_call("cpupool remove from under", REMOVE, 1, 0, 0, 1, NULL, 0);
    pool_call("cpupool move back", MOVE, 0, 0, 0, 0, NULL, 0);
    pool_call("cpupool remove any", REMOVE, 1, 0, 0, any, NULL, 0);
    pool_call("cpupool destroy none", DESTROY, 99, 0, 0, 0, NULL, 0);
    pool_call("cpupool destroy 7", DESTROY, 7, 0, 0, 0, NULL, 0);
    pool_call("cpupool destroy 1", DESTROY, 1, 0, 0, 0, NULL, 0);
    pool_call("cpupool add any", ADD, 0, 0, 0, any, NULL, 0);
    pool_call("cpupool info 0 whole", INFO, 0, 0, 0, 0, buffer, 64);
    pool_call("cpupool destroy 0", DESTROY, 0, 0, 0, 0, NULL, 0);
}

static void schedule_case(const char *name, uint32_t pool, uint32_t sched, uint32_t cmd,
                          uint32_t limit)
{
    struct xen_sysctl_scheduler_op *a = &op->u.scheduler_op;
    long rc;

    clear();
    a->cpupool_id = pool;
    a->sched_id = sched;
    a->cmd = cmd;
    a->u.sched_credit2.ratelimit_us = limit;
    rc = call(XEN_SYSCTL_scheduler_op);
    say(name, rc, " limit %u", a->u.sched_credit2.ratelimit_us);
}

static void schedule(void)
{
    schedule_case("scheduler_op get", 0, XEN_SCHEDULER_CREDIT2, 1, 0);
    schedule_case("scheduler_op get pool 9", 9, XEN_SCHEDULER_CREDIT2, 1, 0);
    schedule_case("scheduler_op get credit", 0, XEN_SCHEDULER_CREDIT, 1, 0);
    schedule_case("scheduler_op cmd 2", 0, XEN_SCHEDULER_CREDIT2, 2, 0);
    schedule_case("scheduler_op put 2000", 0, XEN_SCHEDULER_CREDIT2, 0, 2000);
    schedule_case("scheduler_op get 2000", 0, XEN_SCHEDULER_CREDIT2, 1, 0);
    schedule_case("scheduler_op put 0", 0, XEN_SCHEDULER_CREDIT2, 0, 0);
    schedule_case("scheduler_op put 99", 0, XEN_SCHEDULER_CREDIT2, 0, 99);
    schedule_case("scheduler_op put 500000", 0, XEN_SCHEDULER_CREDIT2, 0, 500000);
    schedule_case("scheduler_op put 500001", 0, XEN_SCHEDULER_CREDIT2, 0, 500001);
    schedule_case("scheduler_op put 1000", 0, XEN_SCHEDULER_CREDIT2, 0, 1000);
}

static void psr(void)
{
    char name[48];

    for (uint32_t cmd = 0; cmd < 6; cmd++) {
        long rc;

        clear();
        op->u.psr_cmt_op.cmd = cmd;
        snprintf(name, sizeof(name), "psr_cmt_op %u", cmd);
        rc = call(XEN_SYSCTL_psr_cmt_op);
        say(name, rc, " data %llu", (unsigned long long)op->u.psr_cmt_op.u.data);
    }
    for (uint32_t cmd = 0; cmd < 4; cmd++) {
        clear();
        op->u.psr_alloc.cmd = cmd;
        snprintf(name, sizeof(name), "psr_alloc %u", cmd);
        say(name, call(XEN_SYSCTL_psr_alloc), "");
    }
    clear();
    op->u.psr_alloc.target = 1000;
    say("psr_alloc target 1000", call(XEN_SYSCTL_psr_alloc), "");
}

static void livepatch(void)
{
    char name[48];
    long rc;

    for (uint32_t cmd = 0; cmd < 5; cmd++) {
        clear();
        op->u.livepatch.cmd = cmd;
        snprintf(name, sizeof(name), "livepatch_op %u", cmd);
        rc = call(XEN_SYSCTL_livepatch_op);
        say(name, rc, "");
    }
    clear();
    op->u.livepatch.pad = 1;
    say("livepatch_op pad", call(XEN_SYSCTL_livepatch_op), "");
    clear();
    op->u.livepatch.cmd = 2;
    rc = call(XEN_SYSCTL_livepatch_op);
    say("livepatch_op list", rc, " version %u nr %u names %u metadata %u",
        op->u.livepatch.u.list.version, op->u.livepatch.u.list.nr,
        op->u.livepatch.u.list.name_total_size, op->u.livepatch.u.list.metadata_total_size);
    clear();
    op->u.livepatch.cmd = 2;
    op->u.livepatch.u.list.nr = 4;
    say("livepatch_op list 4", call(XEN_SYSCTL_livepatch_op), "");
    clear();
    op->u.livepatch.cmd = 2;
    op->u.livepatch.u.list.nr = 4;
    HANDLE(op->u.livepatch.u.list.status, buffer);
    HANDLE(op->u.livepatch.u.list.name, buffer);
    HANDLE(op->u.livepatch.u.list.len, buffer);
    HANDLE(op->u.livepatch.u.list.metadata, buffer);
    HANDLE(op->u.livepatch.u.list.metadata_len, buffer);
    rc = call(XEN_SYSCTL_livepatch_op);
    say("livepatch_op list into", rc, " nr %u", op->u.livepatch.u.list.nr);
    for (uint32_t cmd = 0; cmd < 4; cmd++) {
        clear();
        strcpy(buffer, "nothing");
        op->u.livepatch.cmd = cmd;
        op->u.livepatch.u.get.name.size = 8;
        HANDLE(op->u.livepatch.u.get.name.name, buffer);
        if (cmd == 3)
            op->u.livepatch.u.action.cmd = 3;
        if (cmd == 2)
            continue;
        snprintf(name, sizeof(name), "livepatch_op %u named", cmd);
        say(name, call(XEN_SYSCTL_livepatch_op), "");
    }
}

static void featureset(uint32_t index)
{
    const uint32_t *f = (void *)buffer;
    char name[48];
    long rc;

    clear();
    op->u.cpu_featureset.index = index;
    snprintf(name, sizeof(name), "get_cpu_featureset %u null", index);
    rc = call(XEN_SYSCTL_get_cpu_featureset);
    say(name, rc, " nr %u", op->u.cpu_featureset.nr_features);
    clear();
    op->u.cpu_featureset.index = index;
    op->u.cpu_featureset.nr_features = 2;
    HANDLE(op->u.cpu_featureset.features, buffer);
    snprintf(name, sizeof(name), "get_cpu_featureset %u short", index);
    rc = call(XEN_SYSCTL_get_cpu_featureset);
    say(name, rc, " nr %u next %#x", op->u.cpu_featureset.nr_features, f[2]);
    clear();
    op->u.cpu_featureset.index = index;
    op->u.cpu_featureset.nr_features = 100;
    HANDLE(op->u.cpu_featureset.features, buffer);
    snprintf(name, sizeof(name), "get_cpu_featureset %u", index);
    rc = call(XEN_SYSCTL_get_cpu_featureset);
    printf("ZT SYSCTL %s: %ld nr %u", name, rc, op->u.cpu_featureset.nr_features);
    if (rc == 0)
        for (uint32_t i = 0; i < op->u.cpu_featureset.nr_features; i++)
            printf(" %08x", f[i]);
    printf("\n");
}

static void policy(uint32_t index, int verbose)
{
    struct xen_sysctl_cpu_policy *a = &op->u.cpu_policy;
    const xen_cpuid_leaf_t *leaves = (void *)buffer;
    const xen_msr_entry_t *msrs = (void *)(buffer + 32768);
    char name[48];
    uint32_t max_leaves, max_msrs;
    long rc;

    clear();
    a->index = index;
    rc = call(XEN_SYSCTL_get_cpu_policy);
    max_leaves = a->nr_leaves;
    max_msrs = a->nr_msrs;
    snprintf(name, sizeof(name), "get_cpu_policy %u null", index);
    say(name, rc, " leaves %u msrs %u", max_leaves, max_msrs);
    clear();
    a->index = index;
    a->_rsvd = 1;
    snprintf(name, sizeof(name), "get_cpu_policy %u reserved", index);
    say(name, call(XEN_SYSCTL_get_cpu_policy), "");
    clear();
    a->index = index;
    a->nr_leaves = 2;
    a->nr_msrs = 100;
    HANDLE(a->leaves, buffer);
    HANDLE(a->msrs, buffer + 32768);
    snprintf(name, sizeof(name), "get_cpu_policy %u short", index);
    rc = call(XEN_SYSCTL_get_cpu_policy);
    say(name, rc, " leaves %u msrs %u", a->nr_leaves, a->nr_msrs);
    clear();
    a->index = index;
    a->nr_leaves = 1000;
    a->nr_msrs = 100;
    HANDLE(a->leaves, buffer);
    HANDLE(a->msrs, buffer + 32768);
    snprintf(name, sizeof(name), "get_cpu_policy %u", index);
    rc = call(XEN_SYSCTL_get_cpu_policy);
    say(name, rc, " leaves %u msrs %u", a->nr_leaves, a->nr_msrs);
    if (rc || !verbose)
        return;
    for (uint32_t i = 0; i < a->nr_leaves; i++)
        printf("ZT POLICY %u leaf %08x.%x: %08x %08x %08x %08x\n", index, leaves[i].leaf,
               leaves[i].subleaf, leaves[i].a, leaves[i].b, leaves[i].c, leaves[i].d);
    for (uint32_t i = 0; i < a->nr_msrs; i++)
        printf("ZT POLICY %u msr %08x: %016llx %x\n", index, msrs[i].idx,
               (unsigned long long)msrs[i].val, msrs[i].flags);
}

static void cpus(void)
{
    long rc;

    clear();
    rc = call(XEN_SYSCTL_get_cpu_levelling_caps);
    say("get_cpu_levelling_caps", rc, " %#x", op->u.cpu_levelling_caps.caps);
    for (uint32_t i = 0; i < 7; i++)
        featureset(i);
    for (uint32_t i = 0; i < 7; i++)
        policy(i, 1);
}

int main(void)
{
    device = open("/dev/xen/privcmd", O_RDWR);
    if (device < 0)
        device = open("/proc/xen/privcmd", O_RDWR);
    op = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    if (device < 0 || op == MAP_FAILED || buffer == MAP_FAILED) {
        perror("privcmd");
        return 1;
    }
    versions();
    readconsole();
    tbuf();
    physinfo();
    perfc();
    domains();
    keys();
    machine();
    pm();
    hotplug();
    topology();
    pools();
    schedule();
    psr();
    livepatch();
    cpus();
    return 0;
}
