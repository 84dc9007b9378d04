/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_memory_op (xen/memory.h). */
#include "mmu.h"

#include <xen/memory.h>

#define MEMORY           __HYPERVISOR_memory_op
#define RESERVATION(...) AT(struct xen_memory_reservation, __VA_ARGS__)
#define WHO(domain)      AT(struct xen_memory_domain, .domid = domain)
#define LIST(address) \
    { \
        (xen_pfn_t *)(address) \
    }

static xen_pfn_t frames[64];

static const struct row calls[] = {
    { "unknown_operation", { 29, 0 }, -XEN_ENOSYS },
    { "unknown_operation_63", { 63, 0 }, -XEN_ENOSYS },
    { "translate_gpfn_list_is_gone", { 8, 0 }, -XEN_ENOSYS },
    { "current_reservation_pointer", { XENMEM_current_reservation, BAD_UNMAPPED }, -XEN_EFAULT },
    { "current_reservation_no_domain", { XENMEM_current_reservation, WHO(NO_DOMAIN) }, -XEN_ESRCH },
    { "maximum_reservation_no_domain", { XENMEM_maximum_reservation, WHO(NO_DOMAIN) }, -XEN_ESRCH },
    { "maximum_gpfn_pointer", { XENMEM_maximum_gpfn, BAD_UNMAPPED }, -XEN_EFAULT },
    { "maximum_gpfn_no_domain", { XENMEM_maximum_gpfn, WHO(NO_DOMAIN) }, -XEN_ESRCH },
    { "increase_pointer", { XENMEM_increase_reservation, BAD_UNMAPPED }, 0 },
    { "decrease_pointer", { XENMEM_decrease_reservation, BAD_UNMAPPED }, 0 },
    { "populate_pointer", { XENMEM_populate_physmap, BAD_UNMAPPED }, 0 },
    { "increase_nothing", { XENMEM_increase_reservation, RESERVATION(.domid = DOMID_SELF) }, 0 },
    { "decrease_nothing", { XENMEM_decrease_reservation, RESERVATION(.domid = DOMID_SELF) }, 0 },
    { "populate_nothing", { XENMEM_populate_physmap, RESERVATION(.domid = DOMID_SELF) }, 0 },
    { "increase_no_domain",
      { XENMEM_increase_reservation, RESERVATION(.nr_extents = 1, .domid = NO_DOMAIN) },
      0 },
    { "decrease_no_domain",
      { XENMEM_decrease_reservation, RESERVATION(.nr_extents = 1, .domid = NO_DOMAIN) },
      0 },
    { "populate_list_pointer",
      { XENMEM_populate_physmap, RESERVATION(LIST(BAD_UNMAPPED), 1, .domid = DOMID_SELF) },
      0 },
    { "populate_list_pointer_xen",
      { XENMEM_populate_physmap, RESERVATION(LIST(BAD_XEN), 1, .domid = DOMID_SELF) },
      0 },
    { "decrease_list_pointer",
      { XENMEM_decrease_reservation, RESERVATION(LIST(BAD_UNMAPPED), 1, .domid = DOMID_SELF) },
      0 },
    { "increase_list_pointer",
      { XENMEM_increase_reservation, RESERVATION(LIST(BAD_UNMAPPED), 1, .domid = DOMID_SELF) },
      0 },
    { "populate_huge_count",
      { XENMEM_populate_physmap, RESERVATION(LIST(frames), ~0ul, .domid = DOMID_SELF) },
      0 },
    { "decrease_huge_count",
      { XENMEM_decrease_reservation, RESERVATION(LIST(frames), ~0ul, .domid = DOMID_SELF) },
      0 },
    { "increase_huge_order",
      { XENMEM_increase_reservation, RESERVATION(LIST(frames), 1, 30, .domid = DOMID_SELF) },
      0 },
    { "increase_order_64",
      { XENMEM_increase_reservation, RESERVATION(LIST(frames), 1, 64, .domid = DOMID_SELF) },
      0 },
    { "decrease_order_20",
      { XENMEM_decrease_reservation, RESERVATION(LIST(frames), 1, 20, .domid = DOMID_SELF) },
      0 },
    { "machphys_mapping_pointer", { XENMEM_machphys_mapping, BAD_UNMAPPED }, -XEN_EFAULT },
    { "machphys_list_pointer", { XENMEM_machphys_mfn_list, BAD_UNMAPPED }, -XEN_EFAULT },
    { "memory_map_pointer", { XENMEM_memory_map, BAD_UNMAPPED }, -XEN_EFAULT },
    { "machine_memory_map_pointer", { XENMEM_machine_memory_map, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_memory_map_pointer", { XENMEM_set_memory_map, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_memory_map_no_domain",
      { XENMEM_set_memory_map, AT(struct xen_foreign_memory_map, .domid = NO_DOMAIN) },
      -XEN_ESRCH },
    { "set_memory_map_too_many",
      { XENMEM_set_memory_map,
        AT(struct xen_foreign_memory_map, .domid = DOMID_SELF, .map.nr_entries = 10000) },
      -XEN_EINVAL },
    { "exchange_pointer", { XENMEM_exchange, BAD_UNMAPPED }, -XEN_EFAULT },
    { "exchange_of_different_domains",
      { XENMEM_exchange, AT(struct xen_memory_exchange, .in.domid = DOMID_SELF, .out.domid = 1) },
      -XEN_EINVAL },
    { "exchange_of_different_sizes",
      { XENMEM_exchange,
        AT(struct xen_memory_exchange, .in = { .domid = DOMID_SELF, .nr_extents = 2 },
           .out = { .domid = DOMID_SELF, .nr_extents = 1 }) },
      -XEN_EINVAL },
    { "exchange_done_more_than_there_is",
      { XENMEM_exchange,
        AT(struct xen_memory_exchange, .in = { .domid = DOMID_SELF, .nr_extents = 1 },
           .out = { .domid = DOMID_SELF, .nr_extents = 1 }, .nr_exchanged = 2) },
      -XEN_EINVAL },
    { "exchange_huge_orders",
      { XENMEM_exchange, AT(struct xen_memory_exchange,
                            .in = { .domid = DOMID_SELF, .nr_extents = 1, .extent_order = 63 },
                            .out = { .domid = DOMID_SELF, .nr_extents = 1, .extent_order = 63 }) },
      -XEN_EPERM },
    { "exchange_list_pointer",
      { XENMEM_exchange,
        AT(struct xen_memory_exchange, .in = { LIST(BAD_UNMAPPED), 1, .domid = DOMID_SELF },
           .out = { LIST(BAD_UNMAPPED), 1, .domid = DOMID_SELF }) },
      -XEN_EFAULT },
    { "exchange_list_of_xen",
      { XENMEM_exchange,
        AT(struct xen_memory_exchange, .in = { LIST(BAD_XEN), 1, .domid = DOMID_SELF },
           .out = { LIST(BAD_XEN), 1, .domid = DOMID_SELF }) },
      -XEN_EFAULT },
    { "exchange_nothing",
      { XENMEM_exchange, AT(struct xen_memory_exchange, .in = { .domid = DOMID_SELF },
                            .out = { .domid = DOMID_SELF }) },
      0 },
    { "add_to_physmap_pointer", { XENMEM_add_to_physmap, BAD_UNMAPPED }, -XEN_EFAULT },
    { "add_to_physmap_of_pv",
      { XENMEM_add_to_physmap,
        AT(struct xen_add_to_physmap, .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info) },
      -XEN_EACCES },
    { "add_to_physmap_no_domain",
      { XENMEM_add_to_physmap, AT(struct xen_add_to_physmap, .domid = NO_DOMAIN) },
      -XEN_ESRCH },
    { "remove_from_physmap_pointer", { XENMEM_remove_from_physmap, BAD_UNMAPPED }, -XEN_EFAULT },
    { "remove_from_physmap_no_frame",
      { XENMEM_remove_from_physmap,
        AT(struct xen_remove_from_physmap, .domid = DOMID_SELF, .gpfn = 0xffffffffff) },
      -XEN_EACCES },
    { "claim_pages_pointer", { XENMEM_claim_pages, BAD_UNMAPPED }, -XEN_EFAULT },
    { "claim_pages_self_by_word",
      { XENMEM_claim_pages, RESERVATION(.domid = DOMID_SELF) },
      -XEN_EINVAL },
    { "claim_pages_none", { XENMEM_claim_pages, RESERVATION(.domid = 0) }, 0 },
    { "claim_pages_no_domain",
      { XENMEM_claim_pages, RESERVATION(.domid = NO_DOMAIN) },
      -XEN_EINVAL },
    { "claim_pages_with_a_list",
      { XENMEM_claim_pages, RESERVATION(LIST(frames), 1, .domid = DOMID_SELF) },
      -XEN_EINVAL },
    { "claim_pages_of_an_order",
      { XENMEM_claim_pages, RESERVATION(LIST(0), 1, 1, .domid = DOMID_SELF) },
      -XEN_EINVAL },
    { "claim_pages_with_flags",
      { XENMEM_claim_pages, RESERVATION(LIST(0), 1, 0, 1, .domid = DOMID_SELF) },
      -XEN_EINVAL },
    { "claim_pages_huge",
      { XENMEM_claim_pages, RESERVATION(LIST(0), ~0ul, .domid = 0) },
      -XEN_EINVAL },
    { "vnuma_pointer", { XENMEM_get_vnumainfo, BAD_UNMAPPED }, -XEN_EFAULT },
    { "vnuma_of_none",
      { XENMEM_get_vnumainfo, AT(struct xen_vnuma_topology_info, .domid = DOMID_SELF) },
      -XEN_EOPNOTSUPP },
    { "acquire_resource_pointer", { XENMEM_acquire_resource, BAD_UNMAPPED }, -XEN_EFAULT },
    { "acquire_resource_no_domain",
      { XENMEM_acquire_resource, AT(struct xen_mem_acquire_resource, .domid = NO_DOMAIN) },
      -XEN_ESRCH },
    { "acquire_resource_padding",
      { XENMEM_acquire_resource,
        AT(struct xen_mem_acquire_resource, .domid = DOMID_SELF, .pad = 1) },
      -XEN_EINVAL },
    { "pod_target_of_pv",
      { XENMEM_get_pod_target, AT(struct xen_pod_target, .domid = DOMID_SELF) },
      -XEN_EINVAL },
    { "sharing_freed_pages", { XENMEM_get_sharing_freed_pages, 0 }, 0 },
    { "sharing_shared_pages", { XENMEM_get_sharing_shared_pages, 0 }, 0 },
    { "paging_op", { XENMEM_paging_op, BAD_UNMAPPED }, -XEN_ENOSYS },
    { "access_op_pointer", { XENMEM_access_op, BAD_UNMAPPED }, -XEN_EFAULT },
    { "sharing_op", { XENMEM_sharing_op, BAD_UNMAPPED }, -XEN_ENOSYS },
    { "reserved_device_memory_pointer",
      { XENMEM_reserved_device_memory_map, BAD_UNMAPPED },
      -XEN_EFAULT },
};
ROWS(memory, calls, MEMORY, "memory.h", PV);

static long reserve(unsigned int op, xen_pfn_t *list, uint64_t count, unsigned int order)
{
    struct xen_memory_reservation arg = { .nr_extents = count,
                                          .extent_order = order,
                                          .domid = DOMID_SELF };

    set_xen_guest_handle(arg.extent_start, list);
    return hypercall2(MEMORY, op, &arg);
}

static long pages_now(void)
{
    struct xen_memory_domain who = { .domid = DOMID_SELF };

    return hypercall2(MEMORY, XENMEM_current_reservation, &who);
}

CASE(memory, maximum_ram_page, "memory.h, XENMEM_maximum_ram_page", ANY)
{
    long last = hypercall2(MEMORY, XENMEM_maximum_ram_page, 0);

    conform_note("%lx", (uint64_t)last);
    EXPECT_TRUE(last > 0x10000 && last < 0x1000000);
}

/*
 * SIF_PM_MASK names what Dom0 is to tell of its CPUs' power states: Px and Cx for a Xen that chooses
 * them; none with cpufreq=none cpuidle=0, nor for Zeroth, which leaves the choice to the hardware.
 */
CASE(memory, start_info_flags, "xen.h, struct start_info", PV)
{
    EXPECT(xen_start_info->flags & ~SIF_PM_MASK, SIF_PRIVILEGED | SIF_INITDOMAIN);
}

CASE(memory, current_reservation_is_the_start_info_s, "memory.h, XENMEM_current_reservation", PV)
{
    long more = pages_now() - (long)xen_start_info->nr_pages;

    /* One page may be the domain's that is not in the list: Xen 4.17 counts one. */
    conform_note("%ld more", more);
    EXPECT_TRUE(more == 0 || more == 1);
}

CASE(memory, maximum_reservation, "memory.h, XENMEM_maximum_reservation", ANY)
{
    struct xen_memory_domain who = { .domid = DOMID_SELF };

    EXPECT_TRUE(hypercall2(MEMORY, XENMEM_maximum_reservation, &who) >= pages_now());
}

CASE(memory, own_number_is_self, "memory.h, struct xen_memory_domain", ANY)
{
    struct xen_memory_domain who = { .domid = 0 };

    EXPECT(hypercall2(MEMORY, XENMEM_current_reservation, &who), pages_now());
}

CASE(memory, maximum_gpfn, "memory.h, XENMEM_maximum_gpfn", PV)
{
    struct xen_memory_domain who = { .domid = DOMID_SELF };

    conform_note("%ld", hypercall2(MEMORY, XENMEM_maximum_gpfn, &who));
}

CASE(memory, decrease_and_populate, "memory.h, XENMEM_decrease_reservation", PV)
{
    xen_pfn_t frame = mfn(pool(0)), pfn = pv_phys(pool(0)) >> 12;
    long before = pages_now();

    EXPECT(set_va(pool(0), 0), 0);
    EXPECT(reserve(XENMEM_decrease_reservation, &frame, 1, 0), 1);
    EXPECT(pages_now(), before - 1);
    EXPECT(set_va(pool(0), frame << 12 | WRITABLE), -XEN_EBUSY); /* not ours any more */
    frame = pfn;
    EXPECT(reserve(XENMEM_populate_physmap, &frame, 1, 0), 1);
    EXPECT(pages_now(), before);
    EXPECT(machine_to_phys_mapping[frame], pfn);
    EXPECT(set_va(pool(0), frame << 12 | WRITABLE), 0);
    EXPECT(*(uint64_t *)pool(0), 0); /* and it is clean */
    ((uint64_t *)xen_start_info->mfn_list)[pfn] = frame;
}

CASE(memory, decrease_of_a_mapped_page, "memory.h, XENMEM_decrease_reservation", PV)
{
    xen_pfn_t frame = mfn(pool(0)), pfn = pv_phys(pool(0)) >> 12;
    long before = pages_now(), result = reserve(XENMEM_decrease_reservation, &frame, 1, 0);

    /* The call succeeds; the page itself goes when its last mapping does. */
    conform_note("result %ld, pages less %ld", result, before - pages_now());
    EXPECT(result, 1);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
    EXPECT(set_va(pool(0), 0), 0);
    EXPECT(pages_now(), before - 1);
    frame = pfn;
    EXPECT(reserve(XENMEM_populate_physmap, &frame, 1, 0), 1);
    EXPECT(set_va(pool(0), frame << 12 | WRITABLE), 0);
    ((uint64_t *)xen_start_info->mfn_list)[pfn] = frame;
}

CASE(memory, decrease_of_a_foreign_frame, "memory.h, XENMEM_decrease_reservation", PV)
{
    xen_pfn_t frame = 0x200;

    EXPECT(reserve(XENMEM_decrease_reservation, &frame, 1, 0), 0);
    frame = ~0ul;
    EXPECT(reserve(XENMEM_decrease_reservation, &frame, 1, 0), 0);
}

CASE(memory, decrease_stops_at_a_bad_one, "memory.h, XENMEM_decrease_reservation", PV)
{
    xen_pfn_t list[3] = { mfn(pool(0)), 0x200, mfn(pool(1)) }, pfn = pv_phys(pool(0)) >> 12;
    xen_pfn_t frame = pfn;

    EXPECT(set_va(pool(0), 0), 0);
    EXPECT(reserve(XENMEM_decrease_reservation, list, 3, 0), 1); /* how many were done */
    EXPECT(reserve(XENMEM_populate_physmap, &frame, 1, 0), 1);
    EXPECT(set_va(pool(0), frame << 12 | WRITABLE), 0);
    ((uint64_t *)xen_start_info->mfn_list)[pfn] = frame;
}

CASE(memory, populate_order_9, "memory.h, XENMEM_populate_physmap", PV)
{
    xen_pfn_t list[1] = { 0x200000 }, frame;
    long result;

    /* Dom0 has its maximum: nothing more is given. */
    result = reserve(XENMEM_populate_physmap, list, 1, 9);
    conform_note("result %ld, frame %lx", result, list[0]);
    for (unsigned int i = 0; result == 1 && i < 512; i++) {
        frame = list[0] + i;
        reserve(XENMEM_decrease_reservation, &frame, 1, 0);
    }
}

CASE(memory, increase_gives_machine_frames, "memory.h, XENMEM_increase_reservation", PV)
{
    xen_pfn_t list[2] = { 0, 0 };
    long before = pages_now(), result = reserve(XENMEM_increase_reservation, list, 2, 0);

    conform_note("result %ld", result);
    if (result > 0)
        EXPECT(reserve(XENMEM_decrease_reservation, list, (uint64_t)result, 0), result);
    EXPECT(pages_now(), before);
}

CASE(memory, populate_continuation_bits, "memory.h: upper bits of the command are a start", PV)
{
    struct xen_memory_reservation arg = { .nr_extents = 1, .domid = DOMID_SELF };

    /* Begin at 5 of 1: the start comes back. */
    EXPECT(hypercall2(MEMORY, XENMEM_populate_physmap | 5ul << 6, &arg), 5);
}

CASE(memory, machphys_mapping, "memory.h, struct xen_machphys_mapping", PV)
{
    struct xen_machphys_mapping map;

    EXPECT(hypercall2(MEMORY, XENMEM_machphys_mapping, &map), 0);
    EXPECT(map.v_start, MACH2PHYS_VIRT_START);
    EXPECT(map.v_end, MACH2PHYS_VIRT_END);
    conform_note("max_mfn %lx", map.max_mfn);
    EXPECT_TRUE(map.max_mfn >= mfn(pool(0)));
}

CASE(memory, machphys_mfn_list, "memory.h, struct xen_machphys_mfn_list", PV)
{
    struct xen_machphys_mfn_list list = { .max_extents = 4 };

    set_xen_guest_handle(list.extent_start, (xen_pfn_t *)pool(0));
    EXPECT(hypercall2(MEMORY, XENMEM_machphys_mfn_list, &list), 0);
    conform_note("%u extents, first %lx", list.nr_extents, *(uint64_t *)pool(0));
    EXPECT_TRUE(list.nr_extents >= 1 && list.nr_extents <= 4);
    EXPECT_TRUE(*(uint64_t *)pool(0) != 0);
}

CASE(memory, machphys_mfn_list_pointer_inside, "memory.h, struct xen_machphys_mfn_list", PV)
{
    struct xen_machphys_mfn_list list = { .max_extents = 4 };

    set_xen_guest_handle(list.extent_start, (xen_pfn_t *)BAD_UNMAPPED);
    EXPECT(hypercall2(MEMORY, XENMEM_machphys_mfn_list, &list), -XEN_EFAULT);
}

CASE(memory, machine_memory_map, "memory.h, XENMEM_machine_memory_map", PV)
{
    struct xen_memory_map map = { .nr_entries = 128 };
    const uint8_t *entries = pool(0);
    unsigned int ram = 0;

    set_xen_guest_handle(map.buffer, pool(0));
    EXPECT(hypercall2(MEMORY, XENMEM_machine_memory_map, &map), 0);
    EXPECT_TRUE(map.nr_entries > 2 && map.nr_entries < 128);
    for (unsigned int i = 0; i < map.nr_entries && i < 128; i++)
        ram += entries[20 * i + 16] == 1;
    EXPECT_TRUE(ram >= 1);
}

CASE(memory, machine_memory_map_too_small, "memory.h, XENMEM_machine_memory_map", PV)
{
    struct xen_memory_map map = { .nr_entries = 1 };

    set_xen_guest_handle(map.buffer, pool(0));
    EXPECT(hypercall2(MEMORY, XENMEM_machine_memory_map, &map), -XEN_EINVAL);
    conform_note("entries %u", map.nr_entries);
    EXPECT(((uint64_t *)pool(0))[3], 0); /* only one was written: 20 bytes */
}

CASE(memory, machine_memory_map_null_buffer, "memory.h: NULL asks for the number", PV)
{
    struct xen_memory_map map = { .nr_entries = 0 };

    EXPECT(hypercall2(MEMORY, XENMEM_machine_memory_map, &map), 0);
    EXPECT_TRUE(map.nr_entries > 2);
}

CASE(memory, memory_map_of_dom0, "memory.h, XENMEM_memory_map", PV)
{
    struct xen_memory_map map = { .nr_entries = 128 };

    set_xen_guest_handle(map.buffer, pool(0));
    EXPECT(hypercall2(MEMORY, XENMEM_memory_map, &map), -XEN_ENOSYS);
}

CASE(memory, exchange_one_page, "memory.h, XENMEM_exchange", PV)
{
    xen_pfn_t in = mfn(pool(0)), pfn = pv_phys(pool(0)) >> 12, out = pfn;
    struct xen_memory_exchange arg = { .in = { .nr_extents = 1, .domid = DOMID_SELF },
                                       .out = { .nr_extents = 1, .domid = DOMID_SELF } };

    set_xen_guest_handle(arg.in.extent_start, &in);
    set_xen_guest_handle(arg.out.extent_start, &out);
    EXPECT(set_va(pool(0), 0), 0);
    EXPECT(hypercall2(MEMORY, XENMEM_exchange, &arg), 0);
    EXPECT(arg.nr_exchanged, 1);
    EXPECT(machine_to_phys_mapping[out], pfn);
    EXPECT(set_va(pool(0), out << 12 | WRITABLE), 0);
    ((uint64_t *)xen_start_info->mfn_list)[pfn] = out;
}

CASE(memory, exchange_for_a_contiguous_block, "memory.h, XENMEM_exchange", PV)
{
    xen_pfn_t in[8], pfn = pv_phys(pool(8)) >> 12, out = pfn;
    struct xen_memory_exchange arg = {
        .in = { .nr_extents = 8, .domid = DOMID_SELF },
        .out = { .nr_extents = 1, .extent_order = 3, .domid = DOMID_SELF, .mem_flags = 32 },
    };

    for (unsigned int i = 0; i < 8; i++) {
        in[i] = mfn(pool(8 + i));
        EXPECT(set_va(pool(8 + i), 0), 0);
    }
    set_xen_guest_handle(arg.in.extent_start, in);
    set_xen_guest_handle(arg.out.extent_start, &out);
    EXPECT(hypercall2(MEMORY, XENMEM_exchange, &arg), 0);
    EXPECT(arg.nr_exchanged, 8);
    for (unsigned int i = 0; i < 8; i++) {
        EXPECT(machine_to_phys_mapping[out + i], pfn + i);
        EXPECT(set_va(pool(8 + i), (out + i) << 12 | WRITABLE), 0);
        ((uint64_t *)xen_start_info->mfn_list)[pfn + i] = out + i;
    }
}

CASE(memory, exchange_of_a_frame_that_is_not_ours, "memory.h, XENMEM_exchange", PV)
{
    xen_pfn_t in = 0x200, out = pv_phys(pool(0)) >> 12;
    struct xen_memory_exchange arg = { .in = { .nr_extents = 1, .domid = DOMID_SELF },
                                       .out = { .nr_extents = 1, .domid = DOMID_SELF } };

    set_xen_guest_handle(arg.in.extent_start, &in);
    set_xen_guest_handle(arg.out.extent_start, &out);
    EXPECT(hypercall2(MEMORY, XENMEM_exchange, &arg), -XEN_EINVAL);
    EXPECT(arg.nr_exchanged, 0);
    EXPECT(machine_to_phys_mapping[mfn(pool(0))], pv_phys(pool(0)) >> 12);
}

CASE(memory, add_to_physmap_shared_info, "memory.h, XENMAPSPACE_shared_info", PVH)
{
    struct xen_add_to_physmap add = { .domid = DOMID_SELF,
                                      .space = XENMAPSPACE_shared_info,
                                      .gpfn = pv_phys(xen_shared_info) >> 12 };

    EXPECT(hypercall2(MEMORY, XENMEM_add_to_physmap, &add), 0); /* there already */
}

CASE(memory, add_to_physmap_no_space, "memory.h, enum phys_map_space", PVH)
{
    struct xen_add_to_physmap add = { .domid = DOMID_SELF,
                                      .space = 77,
                                      .gpfn = pv_phys(pool(0)) >> 12 };

    conform_note("result %ld", hypercall2(MEMORY, XENMEM_add_to_physmap, &add));
    EXPECT_TRUE(hypercall2(MEMORY, XENMEM_add_to_physmap, &add) < 0);
}
