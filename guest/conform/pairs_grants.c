/* SPDX-License-Identifier: Apache-2.0 */
/* Two domains: grants of one mapped and copied by the other (xen/grant_table.h). */
#include "child.h"

#include <xen/domctl.h>
#include <xen/grant_table.h>

#define GRANT  __HYPERVISOR_grant_table_op
#define HEADER "grant_table.h, "
#define REF    20u

/* ---- in the child ---- */

static struct grant_entry_v1 *table;

static bool set_up(void)
{
    static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    if (table)
        return true;
    set_xen_guest_handle(setup.frame_list, &frame);
    if (hypercall3(GRANT, GNTTABOP_setup_table, &setup, 1) < 0 || setup.status != GNTST_okay ||
        set_va(page, frame << 12 | WRITABLE) < 0)
        return false;
    table = (struct grant_entry_v1 *)page;
    return true;
}

/* A grant as words: flags, domain, frame (0: of the pool's first page). */
#define GIVE(flags, domain, frame) \
    ((uint64_t)(flags) | (uint64_t)(domain) << 16 | (uint64_t)(frame) << 32)

static long give(uint64_t what)
{
    if (!set_up())
        return -1;
    table[REF].domid = (domid_t)(what >> 16);
    table[REF].frame = (uint32_t)(what >> 32 ? what >> 32 : mfn(pool(0)));
    __atomic_store_n(&table[REF].flags, (uint16_t)what, __ATOMIC_SEQ_CST);
    return (long)mfn(pool(0));
}

static long flags_now(uint64_t unused)
{
    (void)unused;
    return table[REF].flags;
}

static long swap_word(uint64_t value)
{
    volatile uint64_t *at = (volatile uint64_t *)pool(0);
    uint64_t was = *at;

    *at = value;
    return (long)was;
}

/* A page of its own becomes a level-1 table. */
static long make_table(uint64_t unused)
{
    (void)unused;
    __builtin_memset(pool(1), 0, PAGE_SIZE);
    if (read_only(pool(1)) || pin(1, pool(1)))
        return 0;
    return (long)mfn(pool(1));
}

/* ---- in Dom0 ---- */

static struct gnttab_map_grant_ref map(domid_t domain, uint32_t flags)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = (uint64_t)pool(4), .ref = REF, .dom = domain, .flags = flags, .status = 77
    };

    set_va(pool(4), 0);
    EXPECT(hypercall3(GRANT, GNTTABOP_map_grant_ref, &arg, 1), 0);
    if (arg.status != GNTST_okay)
        writable(pool(4));
    return arg;
}

static int unmap(grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref arg = { .host_addr = (uint64_t)pool(4),
                                          .handle = handle,
                                          .status = 77 };

    EXPECT(hypercall3(GRANT, GNTTABOP_unmap_grant_ref, &arg, 1), 0);
    writable(pool(4));
    return arg.status;
}

static int copy(struct gnttab_copy arg)
{
    arg.status = 77;
    EXPECT(hypercall3(GRANT, GNTTABOP_copy, &arg, 1), 0);
    return arg.status;
}

static domid_t child_id(unsigned int n)
{
    struct xen_child *c = conform_child(n);

    return c ? c->domain.id : NO_DOMAIN;
}

static struct gnttab_copy from_child(void)
{
    return (struct gnttab_copy){
        .source = { .u.ref = REF, .domid = child_id(0) },
        .dest = { .u.gmfn = mfn(pool(5)), .domid = DOMID_SELF },
        .len = 8,
        .flags = GNTCOPY_source_gref,
    };
}

static struct gnttab_copy to_child(void)
{
    return (struct gnttab_copy){
        .source = { .u.gmfn = mfn(pool(5)), .domid = DOMID_SELF },
        .dest = { .u.ref = REF, .domid = child_id(0) },
        .len = 8,
        .flags = GNTCOPY_dest_gref,
    };
}

#define WORD4 (*(volatile uint64_t *)pool(4))
#define WORD5 (*(volatile uint64_t *)pool(5))

CASE(pairs, grant_mapped, HEADER "GNTTABOP_map_grant_ref", PV)
{
    struct gnttab_map_grant_ref m;
    long frame = conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0));

    conform_in_child(0, swap_word, 0x11);
    m = map(child_id(0), GNTMAP_host_map);
    REQUIRE(m.status, GNTST_okay);
    EXPECT(m.dev_bus_addr, (uint64_t)frame << 12);
    EXPECT(WORD4, 0x11);
    WORD4 = 0x22;
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access | GTF_reading | GTF_writing);
    EXPECT(conform_in_child(0, swap_word, 0), 0x22);
    EXPECT(unmap(m.handle), GNTST_okay);
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access);
    EXPECT(unmap(m.handle), GNTST_bad_handle);
}

CASE(pairs, grant_read_only, HEADER "GTF_readonly", PV)
{
    struct gnttab_map_grant_ref m;

    conform_in_child(0, give, GIVE(GTF_permit_access | GTF_readonly, 0, 0));
    EXPECT(map(child_id(0), GNTMAP_host_map).status, GNTST_general_error);
    m = map(child_id(0), GNTMAP_host_map | GNTMAP_readonly);
    REQUIRE(m.status, GNTST_okay);
    EXPECT(probe_write(pool(4), 1), 14);
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access | GTF_readonly | GTF_reading);
    EXPECT(unmap(m.handle), GNTST_okay);
}

CASE(pairs, grant_for_another, HEADER "GNTST_general_error", PV)
{
    conform_in_child(0, give, GIVE(GTF_permit_access, child_id(1), 0));
    EXPECT(map(child_id(0), GNTMAP_host_map).status, GNTST_general_error);
    EXPECT(copy(from_child()), GNTST_general_error);
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access);
    EXPECT(map(child_id(1), GNTMAP_host_map).status, GNTST_general_error);
    EXPECT(map(NO_DOMAIN, GNTMAP_host_map).status, GNTST_bad_domain);
}

/* The mapping stays good; what comes later is refused. */
CASE(pairs, grant_revoked_while_mapped, HEADER "GTF_permit_access", PV)
{
    struct gnttab_map_grant_ref m;
    int status;

    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0));
    m = map(child_id(0), GNTMAP_host_map);
    REQUIRE(m.status, GNTST_okay);
    conform_in_child(0, give, 0);
    EXPECT(probe_write(pool(4), 0x33), NO_FAULT);
    EXPECT(conform_in_child(0, swap_word, 0), 0x33);
    /* Xen looks at the entry no more while it is in use; Zeroth does, each time. */
    status = copy(from_child());
    EXPECT_TRUE(status == GNTST_okay || status == GNTST_general_error);
    EXPECT(unmap(m.handle), GNTST_okay);
    EXPECT(map(child_id(0), GNTMAP_host_map).status, GNTST_general_error);
}

/* What an entry says while it is in use does not count. */
CASE(pairs, grant_changed_while_mapped, HEADER "GTF_permit_access", PV)
{
    struct gnttab_map_grant_ref m;

    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0));
    m = map(child_id(0), GNTMAP_host_map);
    REQUIRE(m.status, GNTST_okay);
    conform_in_child(0, give, GIVE(GTF_permit_access, child_id(1), mfn(pool(5))));
    WORD4 = 0x44;
    EXPECT(conform_in_child(0, swap_word, 0), 0x44);
    EXPECT(unmap(m.handle), GNTST_okay);
}

CASE(pairs, grant_of_dom0_s_frame, HEADER "GNTST_bad_page", PV)
{
    int status;

    conform_in_child(0, give, GIVE(GTF_permit_access, 0, mfn(pool(5))));
    status = map(child_id(0), GNTMAP_host_map).status;
    conform_note("status %d", status);
    EXPECT_TRUE(status < 0);
    EXPECT_TRUE(copy(to_child()) < 0);
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access);
}

CASE(pairs, grant_of_no_frame, HEADER "GNTST_bad_page", PV)
{
    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0xffffffffu));
    EXPECT_TRUE(map(child_id(0), GNTMAP_host_map).status < 0);
    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0xfee00));
    EXPECT_TRUE(map(child_id(0), GNTMAP_host_map).status < 0);
}

CASE(pairs, grant_of_a_page_table, HEADER "GNTST_general_error", PV)
{
    long frame = conform_in_child(0, make_table, 0);
    struct gnttab_map_grant_ref m;

    EXPECT_TRUE(frame != 0);
    conform_in_child(0, give, GIVE(GTF_permit_access, 0, frame));
    EXPECT(map(child_id(0), GNTMAP_host_map).status, GNTST_general_error);
    EXPECT(copy(to_child()), GNTST_general_error);
    m = map(child_id(0), GNTMAP_host_map | GNTMAP_readonly);
    EXPECT(m.status, GNTST_okay);
    EXPECT(unmap(m.handle), GNTST_okay);
    conform_end_child(0);
}

CASE(pairs, grant_copied, HEADER "GNTTABOP_copy", PV)
{
    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0));
    conform_in_child(0, swap_word, 0x55);
    EXPECT(copy(from_child()), GNTST_okay);
    EXPECT(WORD5, 0x55);
    WORD5 = 0x66;
    EXPECT(copy(to_child()), GNTST_okay);
    EXPECT(conform_in_child(0, swap_word, 0), 0x66);
    EXPECT(conform_in_child(0, flags_now, 0), GTF_permit_access);
    conform_in_child(0, give, GIVE(GTF_permit_access | GTF_readonly, 0, 0));
    EXPECT(copy(from_child()), GNTST_okay);
    EXPECT(copy(to_child()), GNTST_general_error);
}

/* Nobody may name frames of others without a grant, the control domain neither. */
CASE(pairs, copy_by_frame, HEADER "GNTTABOP_copy", PV)
{
    struct gnttab_copy arg = from_child();

    conform_in_child(0, swap_word, 0x77);
    arg.flags = 0;
    arg.source.u.gmfn = (xen_pfn_t)conform_in_child(0, give, 0);
    EXPECT(copy(arg), GNTST_permission_denied);
    EXPECT(WORD5, 0);
}

static long copy_dom0_s(uint64_t frame)
{
    struct gnttab_copy arg = { .source = { .u.gmfn = frame, .domid = 0 },
                               .dest = { .u.gmfn = mfn(pool(2)), .domid = DOMID_SELF },
                               .len = 8,
                               .status = 77 };
    long error = hypercall3(GRANT, GNTTABOP_copy, &arg, 1);

    return error ? error : arg.status;
}

CASE(pairs, copy_by_frame_of_dom0, HEADER "GNTST_permission_denied", PV)
{
    EXPECT(conform_in_child(0, copy_dom0_s, mfn(pool(5))), GNTST_permission_denied);
}

/* The granter's frame is held, and its number with it, until the mapping goes. */
CASE(pairs, granter_dies, HEADER "GNTST_bad_domain", PV)
{
    struct gnttab_map_grant_ref m;
    domid_t id = child_id(0);

    conform_in_child(0, give, GIVE(GTF_permit_access, 0, 0));
    conform_in_child(0, swap_word, 0x88);
    m = map(id, GNTMAP_host_map);
    REQUIRE(m.status, GNTST_okay);
    conform_end_child(0);
    EXPECT(WORD4, 0x88);
    EXPECT(probe_write(pool(4), 0x99), NO_FAULT);
    EXPECT_TRUE(xen_domain_flags(id) != ~0u);
    EXPECT(unmap(m.handle), GNTST_okay);
    conform_delay(10000000);
    EXPECT(xen_domain_flags(id), ~0u);
    EXPECT(map(id, GNTMAP_host_map).status, GNTST_bad_domain);
    writable(pool(4));
}
