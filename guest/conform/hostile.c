/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of the control domain's calls that make no sense, against a child that runs: each is
 * refused as by Xen, and the child goes on.  And a child that writes over all that it shares with the
 * hypervisor while it is used: nobody else notices.
 */
#include "child.h"

#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#define HERE "domctl.h"

static long add_one(uint64_t n)
{
    return (long)n + 1;
}

static void expect_alive(void)
{
    EXPECT(conform_in_child(0, add_one, 41), 42);
}

/* ---- domctls: the domain is the child ---- */

#define OP(command, ...) AT(struct xen_domctl, .cmd = XEN_DOMCTL_##command, __VA_ARGS__)
#define HANDLE(address) \
    { \
        .p = (void *)(address) \
    }

static const struct row domctls[] = {
    { "createdomain_flags",
      { OP(createdomain, .u.createdomain.flags = ~0u) },
      -XEN_EINVAL,
      -XEN_EOPNOTSUPP },
    { "createdomain_no_vcpus",
      { OP(createdomain, .u.createdomain = { .grant_opts = 1 }) },
      -XEN_EINVAL },
    { "createdomain_many_vcpus",
      { OP(createdomain, .u.createdomain = { .max_vcpus = ~0u, .grant_opts = 1 }) },
      -XEN_EINVAL },
    { "createdomain_grant_version_9",
      { OP(createdomain, .u.createdomain = { .max_vcpus = 1, .grant_opts = 9 }) },
      -XEN_EINVAL },
    { "createdomain_no_pool",
      { OP(createdomain, .u.createdomain = { .max_vcpus = 1, .grant_opts = 1, .cpupool_id = 77 }) },
      -XEN_EINVAL },
    { "max_vcpus_0", { OP(max_vcpus, .u.max_vcpus.max = 0) }, -XEN_EINVAL },
    { "max_vcpus_more", { OP(max_vcpus, .u.max_vcpus.max = 99) }, -XEN_EINVAL },
    { "setvcpucontext_no_vcpu", { OP(setvcpucontext, .u.vcpucontext.vcpu = 7) }, -XEN_EINVAL },
    { "setvcpucontext_pointer",
      { OP(setvcpucontext, .u.vcpucontext.ctxt = HANDLE(BAD_UNMAPPED)) },
      -XEN_EFAULT },
    { "getvcpucontext_no_vcpu", { OP(getvcpucontext, .u.vcpucontext.vcpu = 7) }, -XEN_EINVAL },
    { "getvcpucontext_pointer",
      { OP(getvcpucontext, .u.vcpucontext.ctxt = HANDLE(BAD_UNMAPPED)) },
      -XEN_EFAULT },
    { "getvcpuinfo_no_vcpu", { OP(getvcpuinfo, .u.getvcpuinfo.vcpu = ~0u) }, -XEN_EINVAL },
    { "affinity_no_vcpu", { OP(setvcpuaffinity, .u.vcpuaffinity.vcpu = ~0u) }, -XEN_EINVAL },
    { "affinity_no_flags", { OP(setvcpuaffinity, .u.vcpuaffinity.flags = 0) }, -XEN_EINVAL },
    { "affinity_pointer",
      { OP(setvcpuaffinity, .u.vcpuaffinity = { .flags = XEN_VCPUAFFINITY_HARD,
                                                .cpumap_hard = { HANDLE(BAD_UNMAPPED), 64 } }) },
      -XEN_EFAULT },
    { "affinity_of_no_cpu",
      { OP(setvcpuaffinity, .u.vcpuaffinity = { .flags = XEN_VCPUAFFINITY_HARD,
                                                .cpumap_hard = { HANDLE(conform_pool), 64 } }) },
      -XEN_EINVAL },
    { "scheduler_weight_0",
      { OP(scheduler_op, .u.scheduler_op = { .sched_id = XEN_SCHEDULER_CREDIT2,
                                             .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
                                             .u.credit2 = { .weight = 0, .cap = 0xffff } }) },
      -XEN_EINVAL },
    { "scheduler_of_another_name",
      { OP(scheduler_op, .u.scheduler_op = { .sched_id = 99, .cmd = XEN_DOMCTL_SCHEDOP_putinfo }) },
      -XEN_EINVAL },
    { "hypercall_init_no_frame",
      { OP(hypercall_init, .u.hypercall_init.gmfn = 0xffffffffff) },
      -XEN_EINVAL },
    { "memory_mapping_of_ram",
      { OP(
          memory_mapping,
          .u.memory_mapping = { .first_gfn = 1, .first_mfn = 1, .nr_mfns = 1, .add_mapping = 1 }) },
      -XEN_EPERM },
    { "memory_mapping_wraps",
      { OP(memory_mapping, .u.memory_mapping = { .first_gfn = ~0ul,
                                                 .first_mfn = ~0ul,
                                                 .nr_mfns = ~0ul,
                                                 .add_mapping = 1 }) },
      -XEN_EINVAL },
    { "iomem_wraps",
      { OP(iomem_permission,
           .u.iomem_permission = { .first_mfn = ~0ul, .nr_mfns = ~0ul, .allow_access = 1 }) },
      -XEN_EINVAL },
    { "ioport_beyond_the_last",
      { OP(ioport_permission,
           .u.ioport_permission = { .first_port = 0xffff, .nr_ports = ~0u, .allow_access = 1 }) },
      -XEN_EINVAL },
    { "irq_none", { OP(irq_permission, .u.irq_permission = { .pirq = ~0u }) }, -XEN_EINVAL },
    { "pageframeinfo_of_many",
      { OP(getpageframeinfo3, .u.getpageframeinfo3 = { ~0ul, HANDLE(BAD_UNMAPPED) }) },
      -XEN_E2BIG },
    { "pageframeinfo_pointer",
      { OP(getpageframeinfo3, .u.getpageframeinfo3 = { 1, HANDLE(BAD_UNMAPPED) }) },
      -XEN_EFAULT },
    { "ext_vcpucontext_size",
      { OP(set_ext_vcpucontext, .u.ext_vcpucontext.size = 3) },
      -XEN_EINVAL },
    { "vcpu_msrs_pointer",
      { OP(set_vcpu_msrs, .u.vcpu_msrs = { .msr_count = 1, .msrs = HANDLE(BAD_UNMAPPED) }) },
      -XEN_EFAULT },
    { "vcpu_msrs_no_vcpu", { OP(get_vcpu_msrs, .u.vcpu_msrs.vcpu = 9) }, -XEN_ESRCH },
    { "sendtrigger_nothing", { OP(sendtrigger, .u.sendtrigger.trigger = 99) }, -XEN_ENOSYS },
    { "sendtrigger_no_vcpu",
      { OP(sendtrigger, .u.sendtrigger = { .trigger = XEN_DOMCTL_SENDTRIGGER_NMI, .vcpu = 9 }) },
      -XEN_ESRCH },
    { "address_size_47", { OP(set_address_size, .u.address_size.size = 47) }, -XEN_EINVAL },
    { "unknown_operation", { AT(struct xen_domctl, .cmd = 12345) }, -XEN_ENOSYS },
};

static long call_domctl(const struct conform_case *test, const struct row *row)
{
    struct xen_domctl op = *(const struct xen_domctl *)row->args[0];
    struct xen_child *c = conform_child(0);
    bool creates = op.cmd == XEN_DOMCTL_createdomain;
    long result;

    (void)test;
    if (!c)
        return 0;
    result = xen_domctl(&op, op.cmd, creates ? 0 : c->domain.id);
    expect_alive();
    return result;
}

#define ROWS_BY(subject_, id, section_, by_) \
    CONFORM_RECORD(subject_##_##id) = { \
        .subject = #subject_, \
        .section = section_, \
        .kinds = PV, \
        .cpus = 1, \
        .rows = id, \
        .count = sizeof(id) / sizeof((id)[0]), \
        .by = by_, \
    }
ROWS_BY(hostile, domctls, "domctl.h", call_domctl);

/* ---- memory operations: args[0] is the operation, args[1] a reservation ---- */

#define RESERVE(...) AT(struct xen_memory_reservation, __VA_ARGS__)
static const struct row reservations[] = {
    { "populate_order_63",
      { XENMEM_populate_physmap,
        RESERVE(.nr_extents = 1, .extent_order = 63, .extent_start = HANDLE(conform_pool)) },
      0 },
    { "populate_beyond_its_limit",
      { XENMEM_populate_physmap,
        RESERVE(.nr_extents = 1, .extent_order = 12, .extent_start = HANDLE(conform_pool)) },
      0 },
    { "populate_pointer",
      { XENMEM_populate_physmap, RESERVE(.nr_extents = 1, .extent_start = HANDLE(BAD_UNMAPPED)) },
      0 },
    { "populate_many",
      { XENMEM_populate_physmap,
        RESERVE(.nr_extents = ~0ul, .extent_start = HANDLE(conform_pool)) },
      0 },
    { "decrease_frame_of_dom0",
      { XENMEM_decrease_reservation,
        RESERVE(.nr_extents = 1, .extent_start = HANDLE(conform_pool)) },
      0 },
    { "claim_all", { XENMEM_claim_pages, RESERVE(.nr_extents = 1ul << 40) }, -XEN_EINVAL },
    { "claim_order",
      { XENMEM_claim_pages, RESERVE(.nr_extents = 1, .extent_order = 9) },
      -XEN_EINVAL },
};

static long call_reservation(const struct conform_case *test, const struct row *row)
{
    struct xen_memory_reservation op = *(const struct xen_memory_reservation *)row->args[1];
    struct xen_child *c = conform_child(0);
    long result;

    (void)test;
    if (!c)
        return 0;
    op.domid = c->domain.id;
    result = hypercall2(__HYPERVISOR_memory_op, row->args[0], &op);
    expect_alive();
    return result;
}
ROWS_BY(hostile, reservations, "memory.h", call_reservation);

/* ---- a child that writes over everything ---- */

#define JUNK 0x5a5a5a5a5a5a5a5aul

static uint8_t table[PAGE_SIZE] __attribute__((aligned(4096)));

static void fill(void *page, uint64_t seed)
{
    volatile uint64_t *words = page;

    for (unsigned int i = 0; i < PAGE_SIZE / 8; i++)
        words[i] = seed * (i + 1) ^ JUNK;
}

/* Its grant table and its shared info, again and again: it does not come back. */
static long scribble(uint64_t rounds)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, &frame);
    hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, 1);
    set_va(table, frame << 12 | WRITABLE);
    pv_irq_disable();
    for (uint64_t i = 1; i < rounds; i++) {
        fill(table, i);
        fill(xen_shared_info, i);
        __builtin_memset(xen_vcpu_info(), (int)i, 48);
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    }
    for (;;)
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    return 0;
}

/* What Dom0 does with such a child meanwhile: anything may be refused, nothing may hang or go wrong. */
static void use(const struct xen_child *c, unsigned int i)
{
    struct evtchn_send send = { .port = c->bell };
    struct gnttab_map_grant_ref m = { .host_addr = (uint64_t)pool(4),
                                      .ref = i % 512,
                                      .dom = c->domain.id,
                                      .flags = GNTMAP_host_map };
    struct gnttab_copy copy = { .source = { .u.ref = i % 512, .domid = c->domain.id },
                                .dest = { .u.gmfn = mfn(pool(5)), .domid = DOMID_SELF },
                                .len = 64,
                                .flags = GNTCOPY_source_gref };
    struct gnttab_unmap_grant_ref u = { .host_addr = m.host_addr };

    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send), 0);
    EXPECT(hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &copy, 1), 0);
    set_va(pool(4), 0);
    EXPECT(hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &m, 1), 0);
    if (m.status == GNTST_okay) {
        u.handle = m.handle;
        EXPECT(hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1), 0);
    }
    writable(pool(4));
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

CASE(hostile, scribbles_on_what_is_shared, "xen.h, struct shared_info", PV)
{
    struct xen_child *c;

    conform_end_child(0);
    c = conform_child(0);
    if (!c)
        return;
    conform_start_in_child(0, scribble, 1000);
    for (unsigned int i = 0; i < 500; i++)
        use(c, i);
    EXPECT(xen_domain_pause(&c->domain), 0);
    EXPECT_TRUE(xen_domain_flags(c->domain.id) != ~0u);
    conform_end_child(0);
    expect_alive();
}

/* Every entry of its level-1 tables but those of the code that runs, by each road. */
static long scribble_tables(uint64_t rounds)
{
    uint64_t refused = 0;

    for (uint64_t i = 1; i < rounds; i++) {
        uint64_t value = i * 0x9e3779b97f4a7c15ul, *entry;

        entry = (uint64_t *)entry_of(pool((unsigned int)(i % 64)));
        refused += update(entry, value | P_PRESENT, MMU_NORMAL_PT_UPDATE) != 0;
        refused += probe_write(entry, value | P_PRESENT | P_WRITE) != NO_FAULT;
        refused += set_va(pool((unsigned int)(i % 64)), value | P_PRESENT | P_USER) != 0;
        refused += extended(MMUEXT_PIN_L4_TABLE, value >> 40) != 0;
        refused += extended(MMUEXT_NEW_BASEPTR, value >> 40) != 0;
        refused += extended(MMUEXT_UNPIN_TABLE, value >> 40) != 0;
    }
    return (long)refused;
}

CASE(hostile, scribbles_on_its_page_tables, "xen.h, HYPERVISOR_mmu_update()", PV)
{
    struct xen_domctl before = { 0 }, after = { 0 };
    long refused;

    EXPECT(xen_domctl(&before, XEN_DOMCTL_getdomaininfo, 0), 0);
    refused = conform_in_child(0, scribble_tables, 200);
    EXPECT_TRUE(refused > 0);
    EXPECT(xen_domctl(&after, XEN_DOMCTL_getdomaininfo, 0), 0);
    EXPECT(after.u.getdomaininfo.tot_pages, before.u.getdomaininfo.tot_pages);
    conform_end_child(0);
    expect_alive();
    conform_end_child(0);
    conform_end_child(1);
}
