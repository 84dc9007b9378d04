/* SPDX-License-Identifier: Apache-2.0 */
/* Calls HYPERVISOR_domctl and HYPERVISOR_sysctl from Dom0, each operation with arguments that nobody means:
 * zeros, ones, addresses where nothing is, huge counts; of Dom0 itself, of nobody and of an empty domain.  Prints
 * what comes back: "ZT HOSTILE domctl NR DOMAIN: a result for each pattern". */
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sysctl.h>

struct privcmd_hypercall { /* Linux: include/uapi/xen/privcmd.h */
    uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

#define NOBODY 77
#define BUFFER_AT \
    ((void *)0x7e55aaaa1000ul) /* its low 16 bits name no domain, the low 32 no small count */
#define DOMCTL_LAST 90
#define SYSCTL_LAST 31

static int device;
static union {
    struct xen_domctl domctl;
    struct xen_sysctl sysctl;
    uint64_t words[512];
} * op;
static char *buffer;

static long hypercall(uint64_t nr)
{
    struct privcmd_hypercall h = { nr, { (uint64_t)op } };
    long rc = ioctl(device, IOCTL_PRIVCMD_HYPERCALL, &h);

    return rc < 0 ? -errno : rc;
}

static long domctl(uint32_t cmd, domid_t domain)
{
    op->domctl.cmd = cmd;
    op->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domctl.domain = domain;
    return hypercall(__HYPERVISOR_domctl);
}

static long sysctl(uint32_t cmd)
{
    op->sysctl.cmd = cmd;
    op->sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl);
}

/* Each of the argument's words. */
static void fill(unsigned int pattern)
{
    const uint64_t words[] = { 0,
                               ~0ul,
                               0x10000,          /* nothing is mapped there */
                               1ul << 63,        /* no address */
                               (uint64_t)buffer, /* counts without end, but memory */
                               0x100000001,      /* two ones */
                               0x7ffffffffffff000 };

    for (unsigned int i = 0; i < 512; i++)
        op->words[i] = words[pattern];
}
#define PATTERNS 7u

static domid_t make_domain(void)
{
    fill(0);
    op->domctl.u.createdomain = (struct xen_domctl_createdomain){
        .max_vcpus = 1,
        .max_evtchn_port = 63,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };
    if (domctl(XEN_DOMCTL_createdomain, 0)) {
        printf("ZT HOSTILE no domain\n");
        exit(1);
    }
    return op->domctl.domain;
}

static void end_domain(domid_t id)
{
    long rc;

    do {
        fill(0);
        rc = domctl(XEN_DOMCTL_destroydomain, id);
    } while (rc == -EAGAIN);
}

/* What would do what it says to those that the test needs. */
static int is_meant(uint32_t cmd, domid_t domain)
{
    switch (cmd) {
    case XEN_DOMCTL_destroydomain: return domain && domain != NOBODY;
    case XEN_DOMCTL_max_mem:
    case XEN_DOMCTL_sendtrigger:
    case XEN_DOMCTL_set_virq_handler:
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_scheduler_op: return domain == 0;
    }
    return 0;
}

static void domctls(const char *name, domid_t domain)
{
    for (uint32_t cmd = 0; cmd <= DOMCTL_LAST; cmd++) {
        if (is_meant(cmd, domain))
            continue;
        printf("ZT HOSTILE domctl %u %s:", cmd, name);
        for (unsigned int pattern = 0; pattern < PATTERNS; pattern++) {
            long rc;

            fill(pattern);
            rc = domctl(cmd, domain);
            printf(" %ld", rc);
            if (cmd == XEN_DOMCTL_createdomain && rc == 0)
                end_domain(op->domctl.domain);
        }
        printf("\n");
        fflush(stdout);
    }
}

/* It would take a CPU or a page away; or keep Xen at its keys without end. */
static int is_too_much(uint32_t cmd, unsigned int pattern)
{
    if (pattern == 5 && (cmd == XEN_SYSCTL_cpu_hotplug || cmd == XEN_SYSCTL_page_offline_op))
        return 1;
    return cmd == XEN_SYSCTL_debug_keys && pattern != 0;
}

static void sysctls(void)
{
    for (uint32_t cmd = 0; cmd <= SYSCTL_LAST; cmd++) {
        printf("ZT HOSTILE sysctl %u:", cmd);
        for (unsigned int pattern = 0; pattern < PATTERNS; pattern++) {
            if (is_too_much(cmd, pattern))
                continue;
            fill(pattern);
            printf(" %ld", sysctl(cmd));
        }
        printf("\n");
        fflush(stdout);
    }
}

/* The CPU's last frame, by CPUID. */
static uint64_t last_frame(void)
{
    uint32_t a, b, c, d;

    __cpuid(0x80000008, a, b, c, d);
    return (1ull << ((a & 0xff) - 12)) - 1;
}

/* Where devices' memory is mapped that the CPU has no address for, or at its last; and how much at once. */
static void mappings(const char *name, domid_t domain)
{
    const uint64_t device_frame = 0xfd000, last = last_frame();
    const struct {
        const char *what;
        uint64_t gfn, mfn, count;
    } cases[] = {
        { "one", device_frame, device_frame, 1 },
        { "none", device_frame, device_frame, 0 },
        { "64", device_frame, device_frame, 64 },
        { "65", device_frame, device_frame, 65 },
        { "the last", 0, last, 1 },
        { "the last and one more", 0, last, 2 },
        { "beyond the last", 0, last + 1, 1 },
        { "at the guest's last", last, device_frame, 1 },
        { "at the guest's last and one more", last, device_frame, 2 },
        { "beyond the guest's last", last + 1, device_frame, 1 },
        { "around", ~0ull, device_frame, 2 },
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill(0);
        op->domctl.u.memory_mapping.first_gfn = cases[i].gfn;
        op->domctl.u.memory_mapping.first_mfn = cases[i].mfn;
        op->domctl.u.memory_mapping.nr_mfns = cases[i].count;
        op->domctl.u.memory_mapping.add_mapping = DPCI_ADD_MAPPING;
        printf("ZT HOSTILE mapping %s, %s: %ld\n", cases[i].what, name,
               domctl(XEN_DOMCTL_memory_mapping, domain));
    }
    fflush(stdout);
}

int main(void)
{
    cpu_set_t first;
    domid_t id;

    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof(first), &first); /* the vCPU that asks is always the same */
    device = open("/dev/xen/privcmd", O_RDWR);
    op = mmap(NULL, sizeof(*op), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
              -1, 0);
    buffer = mmap(BUFFER_AT, 1 << 16, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_FIXED_NOREPLACE, -1, 0);
    if (device < 0 || op == MAP_FAILED || buffer == MAP_FAILED) {
        perror("privcmd");
        return 1;
    }
    memset(op, 0, sizeof(*op));
    memset(buffer, 0, 1 << 16);
    mappings("Dom0", 0);
    sysctls();
    domctls("Dom0", 0);
    domctls("self", DOMID_SELF);
    domctls("nobody", NOBODY);
    id = make_domain();
    mappings("empty", id);
    domctls("empty", id);
    end_domain(id);
    return 0;
}
