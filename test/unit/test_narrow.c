/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts of 32-bit callers, against structs laid out as i386 does it. */
#include "cmocka_all.h"

#include "abi/narrow.h"

#include <stdint.h>
#include <string.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

const struct door_call door_calls[DOOR_CALLS];

#define CALL(name) (&door_calls[__HYPERVISOR_##name])

// As i386 has them: nothing is aligned to more than 4 bytes.
#pragma pack(push, 4)
struct narrow_physmap {
    uint16_t domid, size;
    uint32_t space, idx, gpfn;
};
struct narrow_reservation {
    uint32_t extent_start, nr_extents, extent_order, mem_flags;
    uint16_t domid;
};
struct narrow_poll {
    uint32_t ports, nr_ports;
    uint64_t timeout;
};
struct narrow_singleshot {
    uint64_t timeout_abs_ns;
    uint32_t flags;
};
struct narrow_map {
    uint32_t nr_entries, buffer;
};
struct narrow_batch {
    uint16_t domid, space, size, foreign;
    uint32_t idxs, gpfns, errs;
};
struct narrow_copy {
    struct {
        uint32_t ref;
        uint16_t domid, offset;
    } source, dest;
    uint16_t len, flags;
    int16_t status;
};
struct narrow_setup {
    uint16_t dom;
    uint32_t nr_frames;
    int16_t status;
    uint32_t frame_list;
};
struct narrow_runstate {
    uint32_t state;
    uint64_t state_entry_time, time[4];
};
#pragma pack(pop)

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(narrow_size(narrow_form(CALL(memory_op), XENMEM_add_to_physmap)),
                     sizeof(struct narrow_physmap));
    assert_int_equal(narrow_size(narrow_form(CALL(memory_op), XENMEM_populate_physmap)),
                     sizeof(struct narrow_reservation));
    assert_int_equal(narrow_size(narrow_form(CALL(sched_op), SCHEDOP_poll)),
                     sizeof(struct narrow_poll));
    assert_int_equal(narrow_size(narrow_form(CALL(vcpu_op), VCPUOP_set_singleshot_timer)),
                     sizeof(struct narrow_singleshot));
    assert_int_equal(narrow_size(narrow_form(CALL(memory_op), XENMEM_memory_map)),
                     sizeof(struct narrow_map));
    assert_int_equal(narrow_size(narrow_form(CALL(memory_op), XENMEM_add_to_physmap_batch)),
                     sizeof(struct narrow_batch));
    assert_int_equal(narrow_size(COPY_FORM), sizeof(struct narrow_copy));
    assert_int_equal(narrow_size(SETUP_FORM), sizeof(struct narrow_setup));
    assert_int_equal(narrow_size(RUNSTATE_FORM), sizeof(struct narrow_runstate));
    assert_int_equal(narrow_size(MULTICALL_FORM), 32);
}

/* Structs inside of structs; and a struct that goes back. */
static void grants(void **state)
{
    const struct narrow_copy c = { { 0xffffffff, 7, 100 }, { 5, 8, 200 }, 300, 1, -3 };
    struct narrow_setup s = { 3, 4, -1, 0xb0000000 }, back;
    gnttab_copy_t wide;
    gnttab_setup_table_t wide_s;

    (void)state;
    narrow_expand(COPY_FORM, &c, &wide, sizeof(wide));
    assert_int_equal(wide.source.u.gmfn, 0xffffffff);
    assert_int_equal(wide.source.domid, 7);
    assert_int_equal(wide.source.offset, 100);
    assert_int_equal(wide.dest.u.ref, 5);
    assert_int_equal(wide.dest.domid, 8);
    assert_int_equal(wide.dest.offset, 200);
    assert_int_equal(wide.len, 300);
    assert_int_equal(wide.flags, 1);
    assert_int_equal(wide.status, -3);
    narrow_expand(SETUP_FORM, &s, &wide_s, sizeof(wide_s));
    assert_int_equal(wide_s.nr_frames, 4);
    assert_int_equal(wide_s.status, -1);
    assert_ptr_equal(wide_s.frame_list.p, (void *)0xb0000000ul);
    wide_s.status = -9;
    assert_true(narrow_shrink(SETUP_FORM, &wide_s, &back));
    assert_int_equal(back.status, -9);
    assert_int_equal(back.frame_list, s.frame_list);
}

static void wider(void **state)
{
    const struct narrow_reservation r = { 0x80001000, 7, 9, 0x20, DOMID_SELF };
    const struct narrow_poll p = { 0x80002000, 3, 0x123456789abcdef0 };
    const struct narrow_batch b = { 1, XENMAPSPACE_grant_table, 5, 2, 0xa0, 0xb0, 0xfffffff0 };
    xen_memory_reservation_t wide_r;
    sched_poll_t wide_p;
    xen_add_to_physmap_batch_t wide_b;

    (void)state;
    narrow_expand(narrow_form(CALL(memory_op), XENMEM_populate_physmap), &r, &wide_r,
                  sizeof(wide_r));
    assert_ptr_equal(wide_r.extent_start.p, (void *)0x80001000ul);
    assert_int_equal(wide_r.nr_extents, 7);
    assert_int_equal(wide_r.extent_order, 9);
    assert_int_equal(wide_r.mem_flags, 0x20);
    assert_int_equal(wide_r.domid, DOMID_SELF);
    narrow_expand(narrow_form(CALL(sched_op), SCHEDOP_poll), &p, &wide_p, sizeof(wide_p));
    assert_ptr_equal(wide_p.ports.p, (void *)0x80002000ul);
    assert_int_equal(wide_p.nr_ports, 3);
    assert_int_equal(wide_p.timeout, 0x123456789abcdef0);
    narrow_expand(narrow_form(CALL(memory_op), XENMEM_add_to_physmap_batch), &b, &wide_b,
                  sizeof(wide_b));
    assert_int_equal(wide_b.space, XENMAPSPACE_grant_table);
    assert_int_equal(wide_b.u.foreign_domid, 2);
    assert_ptr_equal(wide_b.errs.p, (void *)0xfffffff0ul);
}

static void narrower(void **state)
{
    const char *form = narrow_form(CALL(memory_op), XENMEM_memory_map);
    xen_memory_map_t wide = { .nr_entries = 4 };
    struct narrow_map narrow;

    (void)state;
    wide.buffer.p = (void *)0xfffffffful;
    assert_true(narrow_shrink(form, &wide, &narrow));
    assert_int_equal(narrow.nr_entries, 4);
    assert_int_equal(narrow.buffer, 0xffffffff);
    wide.buffer.p = (void *)0x100000000ul;
    assert_false(narrow_shrink(form, &wide, &narrow));
}

static void only_what_is_named(void **state)
{
    (void)state;
    assert_null(narrow_form(CALL(memory_op), XENMEM_exchange));
    assert_null(narrow_form(CALL(domctl), 1));
    assert_null(narrow_form(CALL(vcpu_op), VCPUOP_get_physid));
    assert_null(narrow_form(CALL(grant_table_op), GNTTABOP_transfer));
    assert_string_equal(narrow_form(CALL(event_channel_op), 4), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(grants),
        cmocka_unit_test(wider),
        cmocka_unit_test(narrower),
        cmocka_unit_test(only_what_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
