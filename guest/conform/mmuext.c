/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_mmuext_op (xen/xen.h). */
#include "mmu.h"

#define MMUEXT  __HYPERVISOR_mmuext_op
#define HEADER  "xen.h, HYPERVISOR_mmuext_op()"
#define OP(...) AT(struct mmuext_op, __VA_ARGS__)

static const struct row calls[] = {
    { "count_0", { 0, 0, 0, DOMID_SELF }, 0 },
    { "count_0_bad_pointer", { BAD_UNMAPPED, 0, 0, DOMID_SELF }, 0 },
    { "ops_pointer", { BAD_UNMAPPED, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "ops_pointer_null", { 0, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "ops_pointer_xen", { BAD_XEN, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "ops_pointer_noncanonical", { BAD_HOLE, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "huge_count", { BAD_UNMAPPED, 0x7fffffff, 0, DOMID_SELF }, -XEN_EFAULT },
    { "foreign_no_domain", { OP(MMUEXT_TLB_FLUSH_LOCAL), 1, 0, NO_DOMAIN }, -XEN_ESRCH },
    { "foreign_is_oneself_by_number", { OP(MMUEXT_TLB_FLUSH_LOCAL), 1, 0, 0 }, -XEN_ESRCH },
    { "foreign_io", { OP(MMUEXT_TLB_FLUSH_LOCAL), 1, 0, DOMID_IO }, -XEN_EPERM },
    { "foreign_io_pin", { OP(MMUEXT_PIN_L1_TABLE, { .mfn = 0xf0 }), 1, 0, DOMID_IO }, -XEN_EINVAL },
    { "foreign_io_unknown_command", { OP(99), 1, 0, DOMID_IO }, -XEN_ENOSYS },
    { "foreign_xen_nothing_to_do", { 0, 0, 0, DOMID_XEN }, 0 },
    { "unknown_command", { OP(99), 1, 0, DOMID_SELF }, -XEN_ENOSYS },
    { "unknown_command_14", { OP(14), 1, 0, DOMID_SELF }, -XEN_ENOSYS },
    { "unknown_command_max", { OP(~0u), 1, 0, DOMID_SELF }, -XEN_ENOSYS },
    { "mark_super", { OP(MMUEXT_MARK_SUPER), 1, 0, DOMID_SELF }, -XEN_EOPNOTSUPP },
    { "unmark_super", { OP(MMUEXT_UNMARK_SUPER), 1, 0, DOMID_SELF }, -XEN_EOPNOTSUPP },
    { "tlb_flush_local", { OP(MMUEXT_TLB_FLUSH_LOCAL), 1, 0, DOMID_SELF }, 0 },
    { "tlb_flush_all", { OP(MMUEXT_TLB_FLUSH_ALL), 1, 0, DOMID_SELF }, 0 },
    { "invlpg_local", { OP(MMUEXT_INVLPG_LOCAL, { .linear_addr = 0x1000 }), 1, 0, DOMID_SELF }, 0 },
    { "invlpg_all", { OP(MMUEXT_INVLPG_ALL, { .linear_addr = 0x1000 }), 1, 0, DOMID_SELF }, 0 },
    { "invlpg_local_of_xen",
      { OP(MMUEXT_INVLPG_LOCAL, { .linear_addr = BAD_XEN }), 1, 0, DOMID_SELF },
      0 },
    { "invlpg_local_noncanonical",
      { OP(MMUEXT_INVLPG_LOCAL, { .linear_addr = BAD_HOLE }), 1, 0, DOMID_SELF },
      0 },
    { "invlpg_all_noncanonical",
      { OP(MMUEXT_INVLPG_ALL, { .linear_addr = BAD_HOLE }), 1, 0, DOMID_SELF },
      0 },
    { "tlb_flush_multi_pointer",
      { OP(MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = { (void *)BAD_UNMAPPED }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "invlpg_multi_pointer",
      { OP(MMUEXT_INVLPG_MULTI, .arg2.vcpumask = { (void *)BAD_UNMAPPED }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "flush_cache", { OP(MMUEXT_FLUSH_CACHE), 1, 0, DOMID_SELF }, 0 },
    { "flush_cache_global", { OP(MMUEXT_FLUSH_CACHE_GLOBAL), 1, 0, DOMID_SELF }, 0 },
    { "pin_l1_beyond_memory",
      { OP(MMUEXT_PIN_L1_TABLE, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "pin_l4_beyond_memory",
      { OP(MMUEXT_PIN_L4_TABLE, { .mfn = ~0ul }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "pin_frame_of_xen",
      { OP(MMUEXT_PIN_L1_TABLE, { .mfn = 0x200 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "pin_frame_of_the_bios",
      { OP(MMUEXT_PIN_L1_TABLE, { .mfn = 0xf0 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "unpin_beyond_memory",
      { OP(MMUEXT_UNPIN_TABLE, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "unpin_frame_of_xen",
      { OP(MMUEXT_UNPIN_TABLE, { .mfn = 0x200 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "new_baseptr_beyond_memory",
      { OP(MMUEXT_NEW_BASEPTR, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "new_user_baseptr_beyond_memory",
      { OP(MMUEXT_NEW_USER_BASEPTR, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "new_user_baseptr_none", { OP(MMUEXT_NEW_USER_BASEPTR, { .mfn = 0 }), 1, 0, DOMID_SELF }, 0 },
    { "clear_page_beyond_memory",
      { OP(MMUEXT_CLEAR_PAGE, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "clear_page_of_xen",
      { OP(MMUEXT_CLEAR_PAGE, { .mfn = 0x200 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "copy_page_beyond_memory",
      { OP(MMUEXT_COPY_PAGE, { .mfn = 0xffffffffff }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "set_ldt_none",
      { OP(MMUEXT_SET_LDT, { .linear_addr = 0 }, { .nr_ents = 0 }), 1, 0, DOMID_SELF },
      0 },
    { "set_ldt_none_of_xen",
      { OP(MMUEXT_SET_LDT, { .linear_addr = BAD_XEN + 8 }, { .nr_ents = 0 }), 1, 0, DOMID_SELF },
      0 },
    { "set_ldt_at_the_end_of_user_mode",
      { OP(MMUEXT_SET_LDT, { .linear_addr = BAD_HOLE - 4096 }, { .nr_ents = 513 }), 1, 0,
        DOMID_SELF },
      0 },
    { "set_ldt_unaligned",
      { OP(MMUEXT_SET_LDT, { .linear_addr = 0x1008 }, { .nr_ents = 1 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "set_ldt_8193_entries",
      { OP(MMUEXT_SET_LDT, { .linear_addr = 0x1000 }, { .nr_ents = 8193 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "set_ldt_in_xen",
      { OP(MMUEXT_SET_LDT, { .linear_addr = BAD_XEN }, { .nr_ents = 1 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "set_ldt_noncanonical",
      { OP(MMUEXT_SET_LDT, { .linear_addr = BAD_HOLE }, { .nr_ents = 1 }), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
};
ROWS(mmuext, calls, MMUEXT, HEADER, PV);

CASE(mmuext, pin_and_unpin_each_level, "xen.h, MMUEXT_PIN_L1_TABLE", PV)
{
    for (unsigned int level = 1; level <= 4; level++)
        if (table_pin(pool(0), level))
            table_unpin(pool(0));
}

CASE(mmuext, pin_twice, "xen.h, MMUEXT_PIN_L1_TABLE", PV)
{
    if (!table_pin(pool(0), 1))
        return;
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    table_unpin(pool(0));
}

CASE(mmuext, pin_as_another_level, "xen.h, MMUEXT_PIN_L1_TABLE", PV)
{
    if (!table_pin(pool(0), 2))
        return;
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    EXPECT(pin(3, pool(0)), -XEN_EINVAL);
    table_unpin(pool(0));
    EXPECT(writable(pool(0)), 0);
}

CASE(mmuext, unpin_what_is_not_pinned, "xen.h, MMUEXT_UNPIN_TABLE", PV)
{
    EXPECT(unpin(pool(0)), -XEN_EINVAL);
    EXPECT(read_only(pool(0)), 0);
    EXPECT(unpin(pool(0)), -XEN_EINVAL);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmuext, unpin_twice, "xen.h, MMUEXT_UNPIN_TABLE", PV)
{
    if (!table_pin(pool(0), 1))
        return;
    table_unpin(pool(0));
    EXPECT(unpin(pool(0)), -XEN_EINVAL);
}

CASE(mmuext, done_count, "xen.h, HYPERVISOR_mmuext_op(), pdone", PV)
{
    struct mmuext_op ops[3] = {
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
        { .cmd = 99 },
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
    };
    unsigned int done = 77;

    EXPECT(hypercall4(MMUEXT, ops, 3, &done, DOMID_SELF), -XEN_ENOSYS);
    EXPECT(done, 1);
    EXPECT(hypercall4(MMUEXT, ops, 1, &done, DOMID_SELF), 0);
    EXPECT(done, 1);
}

CASE(mmuext, done_bad_pointer, "xen.h, HYPERVISOR_mmuext_op(), pdone", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

    EXPECT(hypercall4(MMUEXT, &op, 1, BAD_UNMAPPED, DOMID_SELF), 0);
}

CASE(mmuext, batch_of_64, HEADER, PV)
{
    struct mmuext_op *ops = pool(0);
    unsigned int done = 0;

    for (unsigned int i = 0; i < 64; i++)
        ops[i] = (struct mmuext_op){ .cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = i << 12 };
    EXPECT(hypercall4(MMUEXT, ops, 64, &done, DOMID_SELF), 0);
    EXPECT(done, 64);
}

CASE(mmuext, flush_multi, "xen.h, MMUEXT_TLB_FLUSH_MULTI", PV)
{
    uint64_t mask = 1;
    struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_MULTI };

    set_xen_guest_handle(op.arg2.vcpumask, (void *)&mask);
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
    mask = ~0ul; /* CPUs that do not exist are left out */
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
    mask = 0;
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
    op.cmd = MMUEXT_INVLPG_MULTI;
    op.arg1.linear_addr = (uint64_t)pool(0);
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
}

CASE(mmuext, clear_page, "xen.h, MMUEXT_CLEAR_PAGE", PV)
{
    uint64_t *page = pool(0);

    page[0] = page[511] = 7;
    EXPECT(extended(MMUEXT_CLEAR_PAGE, mfn(page)), 0);
    EXPECT(page[0] | page[511], 0);
}

CASE(mmuext, clear_page_of_a_table, "xen.h, MMUEXT_CLEAR_PAGE", PV)
{
    uint64_t *table = pool(0);

    table[0] = entry(pool(1), READ_ONLY);
    if (!table_pin(table, 1))
        return;
    EXPECT(extended(MMUEXT_CLEAR_PAGE, mfn(table)), -XEN_EINVAL);
    EXPECT_TRUE(table[0] & P_PRESENT);
    table_unpin(table);
}

CASE(mmuext, copy_page, "xen.h, MMUEXT_COPY_PAGE", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE,
                            .arg1.mfn = mfn(pool(1)),
                            .arg2.src_mfn = mfn(pool(0)) };
    uint64_t *from = pool(0), *to = pool(1);

    from[0] = 5;
    from[511] = 6;
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
    EXPECT(to[0], 5);
    EXPECT(to[511], 6);
}

CASE(mmuext, copy_page_onto_a_table, "xen.h, MMUEXT_COPY_PAGE", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE,
                            .arg1.mfn = mfn(pool(0)),
                            .arg2.src_mfn = mfn(pool(1)) };

    *(uint64_t *)pool(1) = 0x200000 | WRITABLE;
    if (!table_pin(pool(0), 1))
        return;
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), -XEN_EINVAL);
    EXPECT(*(uint64_t *)pool(0), 0);
    table_unpin(pool(0));
}

CASE(mmuext, copy_page_of_a_bad_source, "xen.h, MMUEXT_COPY_PAGE", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE,
                            .arg1.mfn = mfn(pool(0)),
                            .arg2.src_mfn = 0x200 };

    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), -XEN_EINVAL);
    EXPECT(*(uint64_t *)pool(0), 0);
}

/* A second level 4 table with the entries of the boot one. */
static bool clone_l4(uint64_t *l4)
{
    const uint64_t *boot = (const uint64_t *)xen_start_info->pt_base;

    for (unsigned int i = 0; i < 512; i++)
        l4[i] = i < 256 || i > 271 ? boot[i] : 0;
    return EXPECT(read_only(l4), 0);
}

CASE(mmuext, new_baseptr, "xen.h, MMUEXT_NEW_BASEPTR", PV)
{
    uint64_t *l4 = pool(0), boot = mfn((const void *)xen_start_info->pt_base);

    if (!clone_l4(l4))
        return;
    REQUIRE(pin(4, l4), 0);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0); /* the same again */
    EXPECT(extended(MMUEXT_NEW_BASEPTR, boot), 0);
    table_unpin(l4);
}

CASE(mmuext, new_baseptr_without_a_pin, "xen.h, MMUEXT_NEW_BASEPTR", PV)
{
    uint64_t *l4 = pool(0), boot = mfn((const void *)xen_start_info->pt_base);

    if (!clone_l4(l4))
        return;
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0); /* validated by its use */
    EXPECT(writable(l4), -XEN_EBUSY);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, boot), 0);
    EXPECT(writable(l4), 0);
}

CASE(mmuext, unpin_while_in_use, "xen.h, MMUEXT_UNPIN_TABLE", PV)
{
    uint64_t *l4 = pool(0), boot = mfn((const void *)xen_start_info->pt_base);

    if (!clone_l4(l4))
        return;
    REQUIRE(pin(4, l4), 0);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0);
    EXPECT(unpin(l4), 0);
    EXPECT(writable(l4), -XEN_EBUSY); /* CR3 holds it */
    EXPECT(extended(MMUEXT_NEW_BASEPTR, boot), 0);
    EXPECT(writable(l4), 0);
}

CASE(mmuext, new_baseptr_of_a_writable_page, "xen.h, MMUEXT_NEW_BASEPTR", PV)
{
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(pool(0))), -XEN_EINVAL);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
}

CASE(mmuext, new_baseptr_of_an_l1, "xen.h, MMUEXT_NEW_BASEPTR", PV)
{
    if (!table_pin(pool(0), 1))
        return;
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(pool(0))), -XEN_EINVAL);
    table_unpin(pool(0));
}

CASE(mmuext, cr3_as_read, "arch-x86/xen.h, ctrlreg[3]", PV)
{
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    EXPECT(cr3, mfn((const void *)xen_start_info->pt_base) << 12);
}

CASE(mmuext, new_user_baseptr, "xen.h, MMUEXT_NEW_USER_BASEPTR", PV)
{
    uint64_t *l4 = pool(0);

    if (!table_pin(l4, 4))
        return;
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
    EXPECT(unpin(l4), 0);
    EXPECT(writable(l4), -XEN_EBUSY);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    EXPECT(writable(l4), 0);
}

CASE(mmuext, new_user_baseptr_of_a_writable_page, "xen.h, MMUEXT_NEW_USER_BASEPTR", PV)
{
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(pool(0))), -XEN_EINVAL);
}

CASE(mmuext, set_ldt_and_clear, "xen.h, MMUEXT_SET_LDT", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_SET_LDT,
                            .arg1.linear_addr = (uint64_t)pool(0),
                            .arg2.nr_ents = 512 };

    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
    EXPECT(probe_write(pool(0), 0), NO_FAULT); /* its pages are looked at when they are used */
    op.arg2.nr_ents = 0;
    EXPECT(hypercall4(MMUEXT, &op, 1, 0, DOMID_SELF), 0);
}

/* ---- between CPUs ---- */

static volatile bool stop;
static volatile uint64_t seen;

static void read_until_stopped(void *argument)
{
    while (!stop) {
        seen = *(volatile uint64_t *)argument;
        __asm__ volatile("pause");
    }
}

/* What the other CPU reads becomes a value, before patience ends. */
static void wait_seen(uint64_t value)
{
    uint64_t end = pv_time_ns() + 10000000000ul;

    while (seen != value && pv_time_ns() < end)
        __asm__ volatile("pause");
    EXPECT(seen, value);
}

CASE_CPUS(mmuext, remap_is_seen_by_another_cpu, "xen.h, UVMF_INVLPG, UVMF_ALL", PV, 2)
{
    *(uint64_t *)pool(0) = 1;
    *(uint64_t *)pool(1) = 2;
    stop = false;
    seen = 0;
    if (!conform_start_on_cpu(1, read_until_stopped, pool(0)))
        return;
    wait_seen(1);
    EXPECT(hypercall3(__HYPERVISOR_update_va_mapping, pool(0), entry(pool(1), WRITABLE),
                      UVMF_INVLPG | UVMF_ALL),
           0);
    wait_seen(2);
    EXPECT(writable(pool(0)), 0);
    EXPECT(extended(MMUEXT_TLB_FLUSH_ALL, 0), 0);
    wait_seen(1);
    stop = true;
    conform_wait_cpu(1);
}

static void pin_and_unpin(void *argument)
{
    for (unsigned int i = 0; i < 300; i++)
        if (pin(1, argument) == 0)
            unpin(argument);
}

/* Two CPUs pin and unpin one page: at the end it must be free again. */
CASE_CPUS(mmuext, pin_race, "xen.h, MMUEXT_PIN_L1_TABLE", PV, 2)
{
    EXPECT(read_only(pool(0)), 0);
    if (!conform_start_on_cpu(1, pin_and_unpin, pool(0)))
        return;
    pin_and_unpin(pool(0));
    conform_wait_cpu(1);
    EXPECT(unpin(pool(0)), -XEN_EINVAL);
    EXPECT(writable(pool(0)), 0);
}

static void map_and_unmap(void *argument)
{
    for (unsigned int i = 0; i < 300; i++) {
        set_va(pool(1), entry(argument, WRITABLE));
        writable(pool(1));
    }
}

/* One CPU maps a page writable, the other makes it a table: never both. */
CASE_CPUS(mmuext, pin_against_writable_mapping, "xen.h, HYPERVISOR_mmu_update()", PV, 2)
{
    unsigned int pinned = 0;

    EXPECT(read_only(pool(0)), 0);
    if (!conform_start_on_cpu(1, map_and_unmap, pool(0)))
        return;
    for (unsigned int i = 0; i < 300; i++)
        if (pin(1, pool(0)) == 0) {
            pinned++;
            if (*entry_of(pool(1)) >> 12 == mfn(pool(0)) && (*entry_of(pool(1)) & P_WRITE))
                FAILED("a table is mapped writable");
            EXPECT(unpin(pool(0)), 0);
        }
    conform_wait_cpu(1);
    conform_note("%u of 300 pins", pinned);
    EXPECT(writable(pool(0)), 0);
}
