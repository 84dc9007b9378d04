/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls of 32-bit code in a hardware guest (xen/arch-x86/xen-x86_32.h): numbers and pointers of the
 * machine's width have 4 bytes, and nothing is aligned to more than that.
 */
#include "conform.h"

#include <pv/cpu.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define HEADER  "arch-x86/xen-x86_32.h; "
#define CODE_32 0x38u       /* a free place in the library's descriptor table */
#define NOTHING 0xd0000000u /* no memory there */

uint32_t narrow_call(uint32_t nr, const uint32_t args[5], uint32_t selector);

static int32_t call(uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
    const uint32_t args[5] = { a0, a1, a2, a3, 0 };

    pv_this_cpu()->gdt[CODE_32 / 8] = 0x00cf9b000000ffff;
    return (int32_t)narrow_call(nr, args, CODE_32);
}

/* A struct's address, as 32-bit code has it. */
static uint32_t at(const void *argument)
{
    return (uint32_t)pv_phys(argument);
}

#define CALL0(name)          call(__HYPERVISOR_##name, 0, 0, 0, 0)
#define CALL1(name, a)       call(__HYPERVISOR_##name, a, 0, 0, 0)
#define CALL2(name, a, b)    call(__HYPERVISOR_##name, a, b, 0, 0)
#define CALL3(name, a, b, c) call(__HYPERVISOR_##name, a, b, c, 0)

/* ---- version ---- */

CASE(narrow, version_number, HEADER "version.h", PVH)
{
    EXPECT(CALL1(xen_version, XENVER_version), 4 << 16 | 17);
    EXPECT(CALL1(xen_version, XENVER_pagesize), 4096);
    EXPECT(CALL1(xen_version, 99), -XEN_ENOSYS);
}

CASE(narrow, version_texts, HEADER "version.h", PVH)
{
    char *wide = pool(0), *text = pool(1);

    EXPECT(hypercall2(__HYPERVISOR_xen_version, XENVER_extraversion, wide), 0);
    EXPECT(CALL2(xen_version, XENVER_extraversion, at(text)), 0);
    EXPECT(__builtin_memcmp(text, wide, 16), 0);
    EXPECT(CALL2(xen_version, XENVER_extraversion, NOTHING), -XEN_EFAULT);
}

CASE(narrow, version_features, HEADER "version.h, XENVER_get_features", PVH)
{
    struct xen_feature_info *wide = pool(0), *narrow = pool(1);

    EXPECT(hypercall2(__HYPERVISOR_xen_version, XENVER_get_features, wide), 0);
    EXPECT(CALL2(xen_version, XENVER_get_features, at(narrow)), 0);
    EXPECT(narrow->submap, wide->submap);
}

CASE(narrow, version_platform_parameters, HEADER "version.h, struct xen_platform_parameters", PVH)
{
    uint32_t *start = pool(0);

    start[1] = 0xa5a5a5a5;
    conform_note("%d", CALL2(xen_version, XENVER_platform_parameters, at(start)));
    EXPECT(start[1], 0xa5a5a5a5); /* the number has 4 bytes */
}

/* ---- memory ---- */

struct narrow_reservation {
    uint32_t extents, count, order, flags;
    uint16_t domid;
};

CASE(narrow, memory_reservation_of_oneself, HEADER "memory.h, XENMEM_current_reservation", PVH)
{
    domid_t *self = pool(0);

    *self = DOMID_SELF;
    EXPECT(CALL2(memory_op, XENMEM_current_reservation, at(self)),
           hypercall2(__HYPERVISOR_memory_op, XENMEM_current_reservation, self));
    EXPECT(CALL2(memory_op, XENMEM_maximum_gpfn, at(self)),
           hypercall2(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, self));
    EXPECT(CALL2(memory_op, XENMEM_current_reservation, NOTHING), -XEN_EFAULT);
}

CASE(narrow, memory_map, HEADER "memory.h, struct xen_memory_map", PVH)
{
    struct {
        uint32_t count, buffer;
    } *map = pool(0);
    struct xen_memory_map wide = { .nr_entries = 64 };

    set_xen_guest_handle(wide.buffer, pool(2));
    EXPECT(hypercall2(__HYPERVISOR_memory_op, XENMEM_memory_map, &wide), 0);
    map->count = 64;
    map->buffer = at(pool(1));
    EXPECT(CALL2(memory_op, XENMEM_memory_map, at(map)), 0);
    EXPECT(map->count, wide.nr_entries);
    EXPECT(__builtin_memcmp(pool(1), pool(2), wide.nr_entries * 20ul), 0);
    map->count = 1;
    EXPECT(CALL2(memory_op, XENMEM_memory_map, at(map)), 0);
    EXPECT(map->count, 1);
}

/* A page is given back, and another one comes in its place. */
CASE(narrow, memory_out_and_in, HEADER "memory.h, struct xen_memory_reservation", PVH)
{
    struct narrow_reservation *r = pool(0);
    volatile uint32_t *page = pool(8), *list = pool(1);

    page[0] = 1;
    list[0] = at((const void *)page) >> 12;
    *r = (struct narrow_reservation){ at((const void *)list), 1, 0, 0, DOMID_SELF };
    EXPECT(CALL2(memory_op, XENMEM_decrease_reservation, at(r)), 1);
    EXPECT(page[0], 0xffffffff);
    EXPECT(CALL2(memory_op, XENMEM_populate_physmap, at(r)), 1);
    EXPECT_TRUE(page[0] != 0xffffffff);
    EXPECT(list[0], at((const void *)page) >> 12);
    r->extents = NOTHING;
    EXPECT(CALL2(memory_op, XENMEM_populate_physmap, at(r)), 0);
    r->extents = at((const void *)list);
    r->domid = NO_DOMAIN;
    conform_note("%d", CALL2(memory_op, XENMEM_decrease_reservation, at(r)));
}

CASE(narrow, memory_grant_frame, HEADER "memory.h, struct xen_add_to_physmap", PVH)
{
    struct {
        uint16_t domid, size;
        uint32_t space, index, gfn;
    } *add = pool(0);
    struct {
        uint16_t domid;
        uint32_t gfn;
    } *remove = pool(1);
    uint32_t gfn = at(pool(9)) >> 12;

    add->domid = DOMID_SELF;
    add->space = XENMAPSPACE_grant_table;
    add->index = 3;
    add->gfn = gfn;
    EXPECT(CALL2(memory_op, XENMEM_add_to_physmap, at(add)), 0);
    add->index = 0x10000;
    EXPECT(CALL2(memory_op, XENMEM_add_to_physmap, at(add)), -XEN_EINVAL);
    add->space = 77;
    EXPECT_TRUE(CALL2(memory_op, XENMEM_add_to_physmap, at(add)) < 0);
    remove->domid = DOMID_SELF;
    remove->gfn = gfn;
    EXPECT(CALL2(memory_op, XENMEM_remove_from_physmap, at(remove)), 0);
    /* Its page is needed again. */
    EXPECT(hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                      AT(struct xen_memory_reservation, .extent_start.p = (xen_pfn_t[]){ gfn },
                         .nr_extents = 1, .domid = DOMID_SELF)),
           1);
}

CASE(narrow, memory_unknown, HEADER "memory.h", PVH)
{
    EXPECT(CALL2(memory_op, 61, at(pool(0))), -XEN_ENOSYS);
}

/* ---- event channels ---- */

CASE(narrow, events, HEADER "event_channel.h", PVH)
{
    struct evtchn_alloc_unbound *port = pool(0);
    struct evtchn_status *status = pool(1);
    struct evtchn_close *closed = pool(2);
    struct evtchn_send *send = pool(3);

    port->dom = DOMID_SELF;
    port->remote_dom = DOMID_SELF;
    EXPECT(CALL2(event_channel_op, EVTCHNOP_alloc_unbound, at(port)), 0);
    status->dom = DOMID_SELF;
    status->port = port->port;
    EXPECT(CALL2(event_channel_op, EVTCHNOP_status, at(status)), 0);
    EXPECT(status->status, EVTCHNSTAT_unbound);
    send->port = port->port;
    EXPECT(CALL2(event_channel_op, EVTCHNOP_send, at(send)), 0);
    closed->port = port->port;
    EXPECT(CALL2(event_channel_op, EVTCHNOP_close, at(closed)), 0);
    EXPECT(CALL2(event_channel_op, EVTCHNOP_send, at(send)), -XEN_EINVAL);
    EXPECT(CALL2(event_channel_op, 99, at(send)), -XEN_ENOSYS);
    EXPECT(CALL2(event_channel_op, EVTCHNOP_send, NOTHING), -XEN_EFAULT);
}

/* ---- grants ---- */

CASE(narrow, grant_table_size, HEADER "grant_table.h, GNTTABOP_query_size", PVH)
{
    struct gnttab_query_size *narrow = pool(0), *wide = pool(1);

    narrow->dom = wide->dom = DOMID_SELF;
    EXPECT(hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, wide, 1), 0);
    EXPECT(CALL3(grant_table_op, GNTTABOP_query_size, at(narrow), 1), 0);
    EXPECT(__builtin_memcmp(narrow, wide, sizeof(*wide)), 0);
    EXPECT(CALL3(grant_table_op, GNTTABOP_query_size, at(narrow), 2), -XEN_EINVAL);
}

CASE(narrow, grant_copy, HEADER "grant_table.h, struct gnttab_copy", PVH)
{
    struct side {
        uint32_t frame;
        uint16_t domid, offset;
    };
    struct {
        struct side from, to;
        uint16_t length, flags;
        int16_t status;
    } *copy = pool(0);
    char *from = pool(1), *to = pool(2);

    __builtin_memset(from, 0x5a, 64);
    copy->from = (struct side){ at(from) >> 12, DOMID_SELF, 8 };
    copy->to = (struct side){ at(to) >> 12, DOMID_SELF, 16 };
    copy->length = 4;
    EXPECT(CALL3(grant_table_op, GNTTABOP_copy, at(copy), 1), 0);
    EXPECT(copy->status, GNTST_okay);
    EXPECT(*(uint64_t *)(to + 16), 0x5a5a5a5a);
    copy->to.frame = NOTHING >> 12;
    EXPECT(CALL3(grant_table_op, GNTTABOP_copy, at(copy), 1), 0);
    conform_note("%d", copy->status);
}

CASE(narrow, grant_map_of_nobody, HEADER "grant_table.h, struct gnttab_map_grant_ref", PVH)
{
    struct gnttab_map_grant_ref *map = pool(0);

    map->flags = GNTMAP_host_map;
    map->dom = NO_DOMAIN;
    EXPECT(CALL3(grant_table_op, GNTTABOP_map_grant_ref, at(map), 1), 0);
    EXPECT(map->status, GNTST_bad_domain);
    EXPECT(CALL3(grant_table_op, 99, at(map), 1), -XEN_ENOSYS);
}

/* ---- vCPUs, time, scheduling ---- */

CASE(narrow, vcpu_runstate, HEADER "vcpu.h, struct vcpu_runstate_info", PVH)
{
    struct {
        uint32_t state, entered[2], time[8], behind;
    } *info = pool(0);

    info->behind = 0xa5a5a5a5;
    EXPECT(CALL3(vcpu_op, VCPUOP_get_runstate_info, 0, at(info)), 0);
    EXPECT(info->state, RUNSTATE_running);
    EXPECT_TRUE(info->entered[0] || info->entered[1]);
    EXPECT_TRUE(info->time[0] || info->time[1]);
    EXPECT(info->behind, 0xa5a5a5a5);
    EXPECT(CALL3(vcpu_op, VCPUOP_get_runstate_info, 500, at(info)), -XEN_ENOENT);
    EXPECT(CALL3(vcpu_op, VCPUOP_is_up, 0, 0), 1);
    EXPECT(CALL3(vcpu_op, 99, 0, 0), -XEN_ENOSYS);
}

CASE(narrow, vcpu_timer_that_was_due, HEADER "vcpu.h, struct vcpu_set_singleshot_timer", PVH)
{
    struct {
        uint32_t time[2], flags;
    } *timer = pool(0);

    timer->time[0] = 1;
    timer->flags = VCPU_SSHOTTMR_future; /* nothing to Xen 4.17 */
    EXPECT(CALL3(vcpu_op, VCPUOP_set_singleshot_timer, 0, at(timer)), 0);
    EXPECT(CALL3(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0), 0);
}

CASE(narrow, timer_in_two_halves, HEADER "xen.h, HYPERVISOR_set_timer_op", PVH)
{
    uint64_t end = pv_time_ns() + 3600ul * 1000000000;

    EXPECT(CALL2(set_timer_op, (uint32_t)end, (uint32_t)(end >> 32)), 0);
    EXPECT(CALL2(set_timer_op, 0, 0), 0);
}

CASE(narrow, sched, HEADER "sched.h", PVH)
{
    struct {
        uint32_t ports, count, until[2];
    } *poll = pool(0);

    EXPECT(CALL1(sched_op, SCHEDOP_yield), 0);
    poll->until[0] = 1; /* long ago */
    EXPECT(CALL2(sched_op, SCHEDOP_poll, at(poll)), 0);
    poll->count = 129;
    EXPECT(CALL2(sched_op, SCHEDOP_poll, at(poll)), -XEN_EINVAL);
    poll->count = 1;
    poll->ports = NOTHING;
    EXPECT(CALL2(sched_op, SCHEDOP_poll, at(poll)), -XEN_EFAULT);
    EXPECT(CALL1(sched_op, 99), -XEN_ENOSYS);
}

/* ---- what hardware guests have for themselves ---- */

CASE(narrow, parameters, HEADER "hvm/hvm_op.h, struct xen_hvm_param", PVH)
{
    struct xen_hvm_param *p = pool(0);
    struct xen_hvm_param wide = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ };

    EXPECT(hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &wide), 0);
    p->domid = DOMID_SELF;
    p->index = HVM_PARAM_CALLBACK_IRQ;
    EXPECT(CALL2(hvm_op, HVMOP_get_param, at(p)), 0);
    EXPECT(p->value, wide.value);
    p->index = HVM_NR_PARAMS;
    EXPECT(CALL2(hvm_op, HVMOP_get_param, at(p)), -XEN_EINVAL);
    EXPECT(CALL2(hvm_op, 99, at(p)), -XEN_ENOSYS);
}

/* ---- several at once ---- */

CASE(narrow, multicall, HEADER "xen.h, struct multicall_entry", PVH)
{
    struct {
        uint32_t op, result, args[6];
    } *calls = pool(0);

    calls[0].op = __HYPERVISOR_xen_version;
    calls[0].args[0] = XENVER_version;
    calls[1].op = __HYPERVISOR_xen_version;
    calls[1].args[0] = XENVER_extraversion;
    calls[1].args[1] = NOTHING;
    calls[2].op = 63;
    EXPECT(CALL2(multicall, at(calls), 3), 0);
    EXPECT(calls[0].result, 4 << 16 | 17);
    EXPECT((int32_t)calls[1].result, -XEN_EFAULT);
    EXPECT((int32_t)calls[2].result, -XEN_ENOSYS);
    EXPECT(CALL2(multicall, NOTHING, 1), -XEN_EFAULT);
}

CASE(narrow, console, HEADER "xen.h, CONSOLEIO_write", PVH)
{
    EXPECT(CALL3(console_io, CONSOLEIO_write, 0, at(pool(0))), 0);
    EXPECT(CALL3(console_io, 99, 0, at(pool(0))), -XEN_ENOSYS);
}

/* Calls that are not a hardware guest's, or not 32-bit code's. */
CASE(narrow, others, HEADER "xen.h, __HYPERVISOR_*", PVH)
{
    static const uint8_t numbers[] = {
        __HYPERVISOR_set_trap_table, __HYPERVISOR_mmu_update,
        __HYPERVISOR_set_gdt,        __HYPERVISOR_stack_switch,
        __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_update_va_mapping,
        __HYPERVISOR_iret,           __HYPERVISOR_nmi_op,
        __HYPERVISOR_callback_op,    60,
    };

    for (unsigned int i = 0; i < sizeof(numbers); i++)
        EXPECT(call(numbers[i], 0, 0, 0, 0), -XEN_ENOSYS);
}
