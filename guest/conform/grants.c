/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_grant_table_op (xen/grant_table.h).  A domain may map and copy what it grants to itself,
 * so that all of it can be tried with one domain.
 */
#include "mmu.h"

#include <xen/grant_table.h>

#define GRANT  __HYPERVISOR_grant_table_op
#define HEADER "grant_table.h, "
#define REF    100u
#define NO_REF 0x7fffffffu

static struct grant_entry_v1 *table;

static const struct row calls[] = {
    { "unknown_operation", { 13, 0, 0 }, -XEN_ENOSYS },
    { "unknown_operation_with_count", { 13, 0, 1 }, -XEN_ENOSYS },
    { "unknown_operation_far", { 0x7fffffff, 0, 0 }, -XEN_EINVAL },
    { "count_negative", { GNTTABOP_map_grant_ref, 0, 0x80000000 }, -XEN_EINVAL },
    { "map_pointer", { GNTTABOP_map_grant_ref, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "map_nothing", { GNTTABOP_map_grant_ref, BAD_UNMAPPED, 0 }, 0 },
    { "unmap_pointer", { GNTTABOP_unmap_grant_ref, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "copy_pointer", { GNTTABOP_copy, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "copy_pointer_xen", { GNTTABOP_copy, BAD_XEN, 1 }, -XEN_EFAULT },
    { "setup_pointer", { GNTTABOP_setup_table, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "setup_count_2", { GNTTABOP_setup_table, BAD_UNMAPPED, 2 }, -XEN_EINVAL },
    { "query_size_pointer", { GNTTABOP_query_size, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "query_size_count_2", { GNTTABOP_query_size, BAD_UNMAPPED, 2 }, -XEN_EINVAL },
    { "get_version_pointer", { GNTTABOP_get_version, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "set_version_pointer", { GNTTABOP_set_version, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "set_version_0",
      { GNTTABOP_set_version, AT(struct gnttab_set_version, .version = 0), 1 },
      -XEN_EINVAL },
    { "set_version_3",
      { GNTTABOP_set_version, AT(struct gnttab_set_version, .version = 3), 1 },
      -XEN_EINVAL },
    { "cache_flush_pointer", { GNTTABOP_cache_flush, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "swap_pointer", { GNTTABOP_swap_grant_ref, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "unmap_and_replace_pointer", { GNTTABOP_unmap_and_replace, BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "get_version_no_domain",
      { GNTTABOP_get_version, AT(struct gnttab_get_version, .dom = NO_DOMAIN), 1 },
      -XEN_ESRCH },
};
ROWS(grants, calls, GRANT, "grant_table.h", PV);

static long op(unsigned int command, void *argument, unsigned int count)
{
    return hypercall3(GRANT, command, argument, count);
}

/* The table's first frame mapped, with entries for tests above REF. */
static bool ready(void)
{
    static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    if (table)
        return true;
    set_xen_guest_handle(setup.frame_list, &frame);
    if (!EXPECT(op(GNTTABOP_setup_table, &setup, 1), 0) || !EXPECT(setup.status, GNTST_okay) ||
        !EXPECT(set_va(page, frame << 12 | WRITABLE), 0))
        return false;
    table = (struct grant_entry_v1 *)page;
    return true;
}

static void grant(unsigned int ref, const void *page, uint16_t flags)
{
    table[ref].domid = 0;
    table[ref].frame = (uint32_t)mfn(page);
    __atomic_store_n(&table[ref].flags, flags, __ATOMIC_SEQ_CST);
}

static struct gnttab_map_grant_ref map(unsigned int ref, void *where, uint32_t flags)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = (uint64_t)where, .flags = flags, .ref = ref, .dom = DOMID_SELF, .status = 77
    };

    arg.dom = 0;
    /* What the page mapped before goes first: a mapping over it would not be flushed. */
    if (where >= pool(0) && where < pool(POOL_PAGES))
        EXPECT(set_va(where, 0), 0);
    EXPECT(op(GNTTABOP_map_grant_ref, &arg, 1), 0);
    return arg;
}

static int unmap(void *where, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref arg = { .host_addr = (uint64_t)where,
                                          .handle = handle,
                                          .status = 77 };

    EXPECT(op(GNTTABOP_unmap_grant_ref, &arg, 1), 0);
    return arg.status;
}

CASE(grants, version_is_1, HEADER "GNTTABOP_get_version", ANY)
{
    struct gnttab_get_version arg = { .dom = DOMID_SELF };

    EXPECT(op(GNTTABOP_get_version, &arg, 1), 0);
    EXPECT(arg.version, 1);
}

CASE(grants, query_size, HEADER "GNTTABOP_query_size", ANY)
{
    struct gnttab_query_size arg = { .dom = DOMID_SELF };

    EXPECT(op(GNTTABOP_query_size, &arg, 1), 0);
    EXPECT(arg.status, GNTST_okay);
    conform_note("%u of %u frames", arg.nr_frames, arg.max_nr_frames);
    EXPECT_TRUE(arg.max_nr_frames >= arg.nr_frames && arg.max_nr_frames > 0);
}

CASE(grants, query_size_no_domain, HEADER "GNTTABOP_query_size", ANY)
{
    struct gnttab_query_size arg = { .dom = NO_DOMAIN };

    EXPECT(op(GNTTABOP_query_size, &arg, 1), 0);
    EXPECT(arg.status, GNTST_bad_domain);
}

CASE(grants, setup_table, HEADER "GNTTABOP_setup_table", PV)
{
    EXPECT_TRUE(ready());
}

CASE(grants, setup_table_too_many, HEADER "GNTTABOP_setup_table", PV)
{
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 100000 };

    set_xen_guest_handle(setup.frame_list, (xen_pfn_t *)pool(0));
    EXPECT(op(GNTTABOP_setup_table, &setup, 1), 0);
    EXPECT(setup.status, GNTST_general_error);
}

CASE(grants, setup_table_no_domain, HEADER "GNTTABOP_setup_table", PV)
{
    struct gnttab_setup_table setup = { .dom = NO_DOMAIN, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, (xen_pfn_t *)pool(0));
    EXPECT(op(GNTTABOP_setup_table, &setup, 1), 0);
    EXPECT(setup.status, GNTST_bad_domain);
}

CASE(grants, setup_table_list_pointer, HEADER "GNTTABOP_setup_table", PV)
{
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, (xen_pfn_t *)BAD_UNMAPPED);
    EXPECT(op(GNTTABOP_setup_table, &setup, 1), 0);
    EXPECT(setup.status, GNTST_bad_virt_addr);
}

CASE(grants, map_and_unmap, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    *(uint64_t *)pool(0) = 0x1111;
    grant(REF, pool(0), GTF_permit_access);
    arg = map(REF, pool(1), GNTMAP_host_map);
    REQUIRE(arg.status, GNTST_okay);
    EXPECT(arg.dev_bus_addr, mfn(pool(0)) << 12);
    EXPECT(*(volatile uint64_t *)pool(1), 0x1111);
    *(volatile uint64_t *)pool(1) = 0x2222;
    EXPECT(*(volatile uint64_t *)pool(0), 0x2222);
    EXPECT(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(table[REF].flags, GTF_permit_access);
    EXPECT(*entry_of(pool(1)), 0); /* the page that was there before is not put back */
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, map_read_only, HEADER "GNTMAP_readonly", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access | GTF_readonly);
    EXPECT(map(REF, pool(1), GNTMAP_host_map).status, GNTST_general_error);
    arg = map(REF, pool(1), GNTMAP_host_map | GNTMAP_readonly);
    REQUIRE(arg.status, GNTST_okay);
    EXPECT(probe_write(pool(1), 1), 14);
    EXPECT(table[REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, map_what_is_not_granted, HEADER "GNTST_bad_gntref", PV)
{
    if (!ready())
        return;
    EXPECT(map(REF, pool(1), GNTMAP_host_map).status, GNTST_general_error);
    EXPECT(map(NO_REF, pool(1), GNTMAP_host_map).status, GNTST_bad_gntref);
    EXPECT(map(512, pool(1), GNTMAP_host_map).status, GNTST_bad_gntref);
    EXPECT(*entry_of(pool(1)), 0);
    EXPECT(writable(pool(1)), 0);
}

CASE(grants, map_of_another_s_grant, HEADER "struct grant_entry_v1", PV)
{
    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    table[REF].domid = 5;
    EXPECT(map(REF, pool(1), GNTMAP_host_map).status, GNTST_general_error);
    EXPECT(table[REF].flags, GTF_permit_access);
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, map_a_frame_that_is_not_the_granter_s, HEADER "GNTST_bad_page", PV)
{
    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    table[REF].frame = 0x200;
    conform_note("status %d", map(REF, pool(1), GNTMAP_host_map).status);
    EXPECT(table[REF].flags, GTF_permit_access);
    table[REF].flags = 0;
    EXPECT(writable(pool(1)), 0);
}

CASE(grants, map_no_domain, HEADER "GNTST_bad_domain", PV)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = (uint64_t)pool(1), .flags = GNTMAP_host_map, .ref = REF, .dom = NO_DOMAIN
    };

    EXPECT(op(GNTTABOP_map_grant_ref, &arg, 1), 0);
    EXPECT(arg.status, GNTST_bad_domain);
}

CASE(grants, map_flags, HEADER "GNTMAP_*", PV)
{
    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    EXPECT(map(REF, pool(1), 0).status, GNTST_bad_gntref); /* neither host nor device */
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, map_at_a_bad_address, HEADER "GNTST_bad_virt_addr", PV)
{
    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    conform_note("status %d", map(REF, (void *)BAD_UNMAPPED, GNTMAP_host_map).status);
    EXPECT_TRUE(map(REF, (void *)BAD_UNMAPPED, GNTMAP_host_map).status < 0);
    EXPECT_TRUE(map(REF, (void *)BAD_XEN, GNTMAP_host_map).status < 0);
    EXPECT_TRUE(map(REF, (void *)BAD_HOLE, GNTMAP_host_map).status < 0);
    EXPECT(table[REF].flags, GTF_permit_access);
    table[REF].flags = 0;
}

CASE(grants, map_over_a_used_entry, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = (uint64_t)pool(1), .flags = GNTMAP_host_map, .ref = REF, .dom = 0
    };

    if (!ready())
        return;
    *(uint64_t *)pool(0) = 0x3333;
    grant(REF, pool(0), GTF_permit_access);
    EXPECT(op(GNTTABOP_map_grant_ref, &arg, 1), 0);
    EXPECT(arg.status, GNTST_okay); /* the entry is replaced, and not flushed */
    EXPECT(extended(MMUEXT_INVLPG_LOCAL, (uint64_t)pool(1)), 0);
    EXPECT(*(volatile uint64_t *)pool(1), 0x3333);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, map_with_the_entry_s_address, HEADER "GNTMAP_contains_pte", PV)
{
    const uint64_t *at = entry_of(pool(1));
    void *where = (void *)((mfn((const void *)((uint64_t)at & ~0xffful)) << 12) |
                           ((uint64_t)at & 0xfff));
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    arg = map(REF, where, GNTMAP_host_map | GNTMAP_contains_pte);
    REQUIRE(arg.status, GNTST_okay);
    EXPECT(*at >> 12 & 0xfffffffffful, mfn(pool(0)));
    EXPECT(unmap(where, arg.handle), GNTST_okay);
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, unmap_twice, HEADER "GNTST_bad_handle", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    arg = map(REF, pool(1), GNTMAP_host_map);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(unmap(pool(1), arg.handle), GNTST_bad_handle);
    EXPECT(unmap(pool(1), 0x7fffffff), GNTST_bad_handle);
    EXPECT(unmap(pool(1), ~0u), GNTST_bad_handle);
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, unmap_at_another_address, HEADER "GNTTABOP_unmap_grant_ref", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    arg = map(REF, pool(1), GNTMAP_host_map);
    EXPECT(unmap(pool(2), arg.handle), GNTST_general_error);
    EXPECT(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(writable(pool(1)), 0);
    EXPECT(probe_write(pool(2), 1), NO_FAULT);
    table[REF].flags = 0;
}

CASE(grants, two_mappings_of_one_grant, HEADER "GTF_reading", PV)
{
    struct gnttab_map_grant_ref one, two;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    one = map(REF, pool(1), GNTMAP_host_map);
    two = map(REF, pool(2), GNTMAP_host_map | GNTMAP_readonly);
    EXPECT(one.status, GNTST_okay);
    EXPECT(two.status, GNTST_okay);
    EXPECT_TRUE(one.handle != two.handle);
    EXPECT(unmap(pool(1), one.handle), GNTST_okay);
    EXPECT(table[REF].flags, GTF_permit_access | GTF_reading);
    EXPECT(unmap(pool(2), two.handle), GNTST_okay);
    EXPECT(table[REF].flags, GTF_permit_access);
    EXPECT(writable(pool(1)), 0);
    EXPECT(writable(pool(2)), 0);
    table[REF].flags = 0;
}

CASE(grants, a_granted_page_cannot_become_a_table, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    arg = map(REF, pool(1), GNTMAP_host_map);
    EXPECT(read_only(pool(0)), 0);
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    EXPECT(unmap(pool(1), arg.handle), GNTST_okay);
    EXPECT(pin(1, pool(0)), 0);
    table_unpin(pool(0));
    EXPECT(writable(pool(1)), 0);
    table[REF].flags = 0;
}

CASE(grants, mapping_lost_by_set_va, HEADER "GNTTABOP_unmap_grant_ref", PV)
{
    struct gnttab_map_grant_ref arg;

    if (!ready())
        return;
    grant(REF + 200, pool(60), GTF_permit_access);
    arg = map(REF + 200, pool(61), GNTMAP_host_map);
    /* The mapping goes by the ordinary road: the grant is held on, and cannot be given back any more. */
    EXPECT(writable(pool(61)), 0);
    EXPECT(table[REF + 200].flags, GTF_permit_access | GTF_reading | GTF_writing);
    EXPECT(unmap(pool(61), arg.handle), GNTST_general_error);
    EXPECT(table[REF + 200].flags, GTF_permit_access | GTF_reading | GTF_writing);
}

CASE(grants, batch_of_64, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref *maps = pool(150);
    struct gnttab_unmap_grant_ref *unmaps = pool(155);

    if (!ready())
        return;
    for (unsigned int i = 0; i < 64; i++) {
        grant(REF + i, pool(i), GTF_permit_access);
        EXPECT(set_va(pool(70 + i), 0), 0);
        maps[i] = (struct gnttab_map_grant_ref){
            .host_addr = (uint64_t)pool(70 + i), .ref = REF + i, .flags = GNTMAP_host_map, .dom = 0
        };
    }
    EXPECT(op(GNTTABOP_map_grant_ref, maps, 64), 0);
    for (unsigned int i = 0; i < 64; i++) {
        EXPECT(maps[i].status, GNTST_okay);
        unmaps[i] = (struct gnttab_unmap_grant_ref){ .host_addr = maps[i].host_addr,
                                                     .handle = maps[i].handle };
    }
    EXPECT(op(GNTTABOP_unmap_grant_ref, unmaps, 64), 0);
    for (unsigned int i = 0; i < 64; i++) {
        EXPECT(unmaps[i].status, GNTST_okay);
        EXPECT(table[REF + i].flags, GTF_permit_access);
        EXPECT(writable(pool(70 + i)), 0);
        table[REF + i].flags = 0;
    }
}

CASE(grants, batch_goes_on_after_a_bad_one, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref maps[3] = {
        { .host_addr = (uint64_t)pool(1), .ref = REF, .flags = GNTMAP_host_map },
        { .host_addr = (uint64_t)pool(2), .ref = NO_REF, .flags = GNTMAP_host_map },
        { .host_addr = (uint64_t)pool(3), .ref = REF, .flags = GNTMAP_host_map },
    };

    if (!ready())
        return;
    grant(REF, pool(0), GTF_permit_access);
    for (unsigned int i = 1; i < 4; i++)
        EXPECT(set_va(pool(i), 0), 0);
    EXPECT(op(GNTTABOP_map_grant_ref, maps, 3), 0);
    EXPECT(maps[0].status, GNTST_okay);
    EXPECT(maps[1].status, GNTST_bad_gntref);
    EXPECT(maps[2].status, GNTST_okay);
    EXPECT(unmap(pool(1), maps[0].handle), GNTST_okay);
    EXPECT(unmap(pool(3), maps[2].handle), GNTST_okay);
    for (unsigned int i = 1; i < 4; i++)
        EXPECT(writable(pool(i)), 0);
    table[REF].flags = 0;
}

/* ---- copies ---- */

static int copy(struct gnttab_copy arg)
{
    arg.status = 77;
    EXPECT(op(GNTTABOP_copy, &arg, 1), 0);
    return arg.status;
}

#define BY_REF(r, at) \
    { \
        .u.ref = r, .domid = 0, .offset = at \
    }
#define BY_FRAME(p, at) \
    { \
        .u.gmfn = mfn(p), .domid = DOMID_SELF, .offset = at \
    }

CASE(grants, copy_from_a_grant, HEADER "GNTTABOP_copy", PV)
{
    if (!ready())
        return;
    *(uint64_t *)((char *)pool(0) + 8) = 0x1234;
    grant(REF, pool(0), GTF_permit_access | GTF_readonly);
    EXPECT(copy((struct gnttab_copy){ .source = BY_REF(REF, 8),
                                      .dest = BY_FRAME(pool(1), 16),
                                      .len = 8,
                                      .flags = GNTCOPY_source_gref }),
           GNTST_okay);
    EXPECT(*(uint64_t *)((char *)pool(1) + 16), 0x1234);
    EXPECT(table[REF].flags, GTF_permit_access | GTF_readonly);
    table[REF].flags = 0;
}

CASE(grants, copy_to_a_grant, HEADER "GNTTABOP_copy", PV)
{
    if (!ready())
        return;
    *(uint64_t *)pool(0) = 0x4321;
    grant(REF, pool(1), GTF_permit_access);
    EXPECT(copy((struct gnttab_copy){ .source = BY_FRAME(pool(0), 0),
                                      .dest = BY_REF(REF, 4088),
                                      .len = 8,
                                      .flags = GNTCOPY_dest_gref }),
           GNTST_okay);
    EXPECT(*(uint64_t *)((char *)pool(1) + 4088), 0x4321);
    table[REF].flags = GTF_permit_access | GTF_readonly;
    EXPECT(copy((struct gnttab_copy){ .source = BY_FRAME(pool(0), 0),
                                      .dest = BY_REF(REF, 0),
                                      .len = 8,
                                      .flags = GNTCOPY_dest_gref }),
           GNTST_general_error);
    EXPECT(*(uint64_t *)pool(1), 0);
    table[REF].flags = 0;
}

CASE(grants, copy_between_own_frames, HEADER "GNTTABOP_copy", PV)
{
    *(uint64_t *)pool(0) = 0x77;
    EXPECT(copy((struct gnttab_copy){
               .source = BY_FRAME(pool(0), 0), .dest = BY_FRAME(pool(1), 0), .len = 4096 }),
           GNTST_okay);
    EXPECT(*(uint64_t *)pool(1), 0x77);
}

CASE(grants, copy_over_a_page_end, HEADER "GNTST_bad_copy_arg", PV)
{
    EXPECT(copy((struct gnttab_copy){
               .source = BY_FRAME(pool(0), 1), .dest = BY_FRAME(pool(1), 0), .len = 4096 }),
           GNTST_bad_copy_arg);
    EXPECT(copy((struct gnttab_copy){
               .source = BY_FRAME(pool(0), 0), .dest = BY_FRAME(pool(1), 4095), .len = 2 }),
           GNTST_bad_copy_arg);
    EXPECT(copy((struct gnttab_copy){
               .source = BY_FRAME(pool(0), 0), .dest = BY_FRAME(pool(1), 0), .len = 0 }),
           GNTST_okay);
}

CASE(grants, copy_into_a_page_table, HEADER "GNTTABOP_copy", PV)
{
    *(uint64_t *)pool(0) = 0x200000 | WRITABLE;
    if (!table_pin(pool(1), 1))
        return;
    EXPECT(copy((struct gnttab_copy){
               .source = BY_FRAME(pool(0), 0), .dest = BY_FRAME(pool(1), 0), .len = 8 }),
           GNTST_general_error);
    EXPECT(*(uint64_t *)pool(1), 0);
    table_unpin(pool(1));
}

CASE(grants, copy_of_a_frame_that_is_not_ours, HEADER "GNTST_bad_page", PV)
{
    struct gnttab_copy arg = { .source = { .u.gmfn = 0x200, .domid = DOMID_SELF },
                               .dest = BY_FRAME(pool(1), 0),
                               .len = 8 };
    int status = copy(arg);

    conform_note("status %d", status);
    EXPECT_TRUE(status < 0);
    EXPECT(*(uint64_t *)pool(1), 0);
}

CASE(grants, copy_by_frame_of_another_domain, HEADER "GNTST_permission_denied", PV)
{
    struct gnttab_copy arg = { .source = { .u.gmfn = 1, .domid = NO_DOMAIN },
                               .dest = BY_FRAME(pool(1), 0),
                               .len = 8 };
    int status = copy(arg);

    conform_note("status %d", status);
    EXPECT_TRUE(status < 0);
}

static long flush(uint64_t at, unsigned int offset, unsigned int length, uint32_t how)
{
    struct gnttab_cache_flush arg = {
        .a.dev_bus_addr = at, .offset = (uint16_t)offset, .length = (uint16_t)length, .op = how
    };

    return op(GNTTABOP_cache_flush, &arg, 1);
}

CASE(grants, cache_flush_own, HEADER "GNTTABOP_cache_flush", PV)
{
    uint64_t at = mfn(pool(0)) << 12;

    EXPECT(flush(at, 0, 64, GNTTAB_CACHE_CLEAN), 0);
    EXPECT(flush(at, 0, 64, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL), 0);
    EXPECT(flush(at, 0, 64, GNTTAB_CACHE_INVAL), -XEN_EOPNOTSUPP);
    EXPECT(flush(at, 0, PAGE_SIZE, GNTTAB_CACHE_CLEAN), 0);
    EXPECT(flush(at, PAGE_SIZE - 1, 1, GNTTAB_CACHE_CLEAN), 0);
    EXPECT(flush(at + 4000, 0, 200, GNTTAB_CACHE_CLEAN), 0);
}

CASE(grants, cache_flush_refused, HEADER "GNTTABOP_cache_flush", PV)
{
    uint64_t at = mfn(pool(0)) << 12;

    EXPECT(flush(at, 0, PAGE_SIZE + 1, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    EXPECT(flush(at, PAGE_SIZE, 0, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    EXPECT(flush(at, PAGE_SIZE - 1, 2, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    EXPECT(flush(at, PAGE_SIZE, 64, 0), -XEN_EINVAL);
    EXPECT(flush(0, 0, 0, 4), -XEN_EINVAL);
    EXPECT(flush(REF, 0, 64, GNTTAB_CACHE_SOURCE_GREF | GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    EXPECT(flush(0, 0, 64, GNTTAB_CACHE_CLEAN), -XEN_EPERM);
    EXPECT(flush(0x400000, 0, 64, GNTTAB_CACHE_CLEAN), -XEN_EPERM);
    EXPECT(flush(1ul << 45, 0, 64, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    EXPECT(flush(~0ul, 0, 64, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
}

CASE(grants, cache_flush_of_nothing, HEADER "GNTTABOP_cache_flush", PV)
{
    EXPECT(flush(0, 0, 0, 0), 0);
    EXPECT(flush(0, 0, 0, GNTTAB_CACHE_INVAL), 0);
    EXPECT(flush(1ul << 45, 0, 0, GNTTAB_CACHE_CLEAN), 0);
    EXPECT(flush(1ul << 45, 0, 64, 0), 0);
    EXPECT(op(GNTTABOP_cache_flush, (void *)0, 0), 0);
}
