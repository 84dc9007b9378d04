/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables made, changed and joined by HYPERVISOR_mmu_update (xen/xen.h). */
#include "mmu.h"

#define UPDATE __HYPERVISOR_mmu_update
#define HEADER "xen.h, HYPERVISOR_mmu_update()"

/* ---- tables ---- */

CASE(mmu, table_cannot_be_mapped_writable, HEADER, PV)
{
    if (!table_pin(pool(0), 1))
        return;
    EXPECT(writable(pool(0)), -XEN_EBUSY);
    EXPECT(set_va(pool(1), entry(pool(0), WRITABLE)), -XEN_EBUSY);
    EXPECT(set_va(pool(1), entry(pool(0), READ_ONLY)), 0);
    EXPECT(writable(pool(1)), 0);
    table_unpin(pool(0));
}

CASE(mmu, writable_page_cannot_become_table, HEADER, PV)
{
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    EXPECT(pin(4, pool(0)), -XEN_EINVAL);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
}

CASE(mmu, second_writable_mapping_keeps_a_page_from_being_a_table, HEADER, PV)
{
    EXPECT(set_va(pool(1), entry(pool(0), WRITABLE)), 0);
    EXPECT(read_only(pool(0)), 0);
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    EXPECT(writable(pool(1)), 0);
    EXPECT(pin(1, pool(0)), 0);
    table_unpin(pool(0));
}

CASE(mmu, update_of_a_pinned_l1, "xen.h, MMU_NORMAL_PT_UPDATE", PV)
{
    uint64_t *table = pool(0);

    if (!table_pin(table, 1))
        return;
    EXPECT(update(&table[5], entry(pool(1), WRITABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(table[5] >> 12 & 0xfffffffffful, mfn(pool(1)));
    EXPECT(update(&table[5], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(table[5], 0);
    table_unpin(table);
}

CASE(mmu, entry_of_a_pinned_l1_is_a_mapping, HEADER, PV)
{
    uint64_t *table = pool(0);

    if (!table_pin(table, 1))
        return;
    EXPECT(update(&table[0], entry(pool(1), WRITABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(read_only(pool(1)), 0);
    EXPECT(pin(1, pool(1)), -XEN_EINVAL); /* still writable through the table */
    EXPECT(update(&table[0], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(pin(1, pool(1)), 0);
    table_unpin(pool(1));
    table_unpin(table);
}

CASE(mmu, l1_maps_itself_read_only, HEADER, PV)
{
    uint64_t *table = pool(0);

    if (!table_pin(table, 1))
        return;
    EXPECT(update(&table[0], entry(table, READ_ONLY), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(update(&table[1], entry(table, WRITABLE), MMU_NORMAL_PT_UPDATE), -XEN_EBUSY);
    EXPECT(table[1], 0);
    table_unpin(table);
}

CASE(mmu, unaligned_entry, HEADER, PV)
{
    uint64_t *table = pool(0);

    if (!table_pin(table, 1))
        return;
    /* Bits 2 of ptr: no entry stands there. */
    conform_note("result %ld", update((uint64_t *)((char *)table + 4), 0, MMU_NORMAL_PT_UPDATE));
    table_unpin(table);
}

CASE(mmu, preserve_accessed_dirty, "xen.h, MMU_PT_UPDATE_PRESERVE_AD", PV)
{
    uint64_t *table = pool(0), clean = WRITABLE & ~(P_ACCESSED | P_DIRTY);

    if (!table_pin(table, 1))
        return;
    EXPECT(update(&table[0], entry(pool(1), WRITABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(update(&table[0], entry(pool(1), clean), MMU_PT_UPDATE_PRESERVE_AD), 0);
    EXPECT(table[0] & (P_ACCESSED | P_DIRTY), P_ACCESSED | P_DIRTY);
    EXPECT(update(&table[0], entry(pool(1), clean), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(table[0] & (P_ACCESSED | P_DIRTY), 0);
    table_unpin(table);
}

CASE(mmu, no_translate_is_the_same_for_pv, "xen.h, MMU_PT_UPDATE_NO_TRANSLATE", PV)
{
    uint64_t *table = pool(0);

    if (!table_pin(table, 1))
        return;
    EXPECT(update(&table[0], entry(pool(1), WRITABLE), MMU_PT_UPDATE_NO_TRANSLATE), 0);
    EXPECT(table[0] >> 12 & 0xfffffffffful, mfn(pool(1)));
    table_unpin(table);
}

CASE(mmu, machphys_update, "xen.h, MMU_MACHPHYS_UPDATE", PV)
{
    uint64_t frame = mfn(pool(0)), old = machine_to_phys_mapping[frame];
    struct mmu_update request = { frame << 12 | MMU_MACHPHYS_UPDATE, 0x12345 };

    EXPECT(hypercall4(UPDATE, &request, 1, 0, DOMID_SELF), 0);
    EXPECT(machine_to_phys_mapping[frame], 0x12345);
    request.val = old;
    EXPECT(hypercall4(UPDATE, &request, 1, 0, DOMID_SELF), 0);
    EXPECT(machine_to_phys_mapping[frame], old);
}

CASE(mmu, m2p_is_read_only, "arch-x86/xen-x86_64.h, machine_to_phys_mapping", PV)
{
    EXPECT(probe_write(&machine_to_phys_mapping[mfn(pool(0))], 1), 14);
    EXPECT(fault.error & 2, 2);
}

CASE(mmu, m2p_matches_the_frame_list, "arch-x86/xen-x86_64.h, machine_to_phys_mapping", PV)
{
    const uint64_t *frames = (const uint64_t *)xen_start_info->mfn_list;

    for (uint64_t i = 0; i < xen_start_info->nr_pages; i += 97)
        if (machine_to_phys_mapping[frames[i]] != i)
            REQUIRE(machine_to_phys_mapping[frames[i]], i);
}

CASE(mmu, update_of_a_writable_page, HEADER, PV)
{
    uint64_t *page = pool(0);

    /* Not a table: its word is simply written. */
    EXPECT(update(&page[3], 0x1234567812345678, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(page[3], 0x1234567812345678);
}

CASE(mmu, update_of_a_page_without_type, HEADER, PV)
{
    uint64_t *page = pool(0);

    EXPECT(read_only(page), 0);
    EXPECT(update(&page[3], 0x77, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(page[3], 0x77);
    EXPECT(writable(page), 0);
}

CASE(mmu, done_count, "xen.h, HYPERVISOR_mmu_update(), done_out", PV)
{
    uint64_t *page = pool(0), base = mfn(page) << 12;
    struct mmu_update requests[4] = {
        { base, 1 },
        { base + 8, 2 },
        { 0xf0000, 0 },
        { base + 16, 3 },
    };
    unsigned int done = 77;

    EXPECT(hypercall4(UPDATE, requests, 4, &done, DOMID_SELF), -XEN_EINVAL);
    EXPECT(done, 2);
    EXPECT(page[0], 1);
    EXPECT(page[1], 2);
    EXPECT(page[2], 0); /* nothing after the one that failed */
    done = 77;
    EXPECT(hypercall4(UPDATE, requests, 2, &done, DOMID_SELF), 0);
    EXPECT(done, 2);
}

CASE(mmu, done_bad_pointer, "xen.h, HYPERVISOR_mmu_update(), done_out", PV)
{
    struct mmu_update request = { mfn(pool(0)) << 12, 9 };

    /* The count cannot be told, and that is no error. */
    EXPECT(hypercall4(UPDATE, &request, 1, BAD_UNMAPPED, DOMID_SELF), 0);
    EXPECT(*(uint64_t *)pool(0), 9);
}

CASE(mmu, batch_of_256, HEADER, PV)
{
    struct mmu_update *requests = pool(1);
    uint64_t *table = pool(0);
    unsigned int done = 0;

    if (!table_pin(table, 1))
        return;
    for (unsigned int i = 0; i < 256; i++)
        requests[i] = (struct mmu_update){ (mfn(table) << 12) + 8 * i, entry(pool(9), READ_ONLY) };
    EXPECT(hypercall4(UPDATE, requests, 256, &done, DOMID_SELF), 0);
    EXPECT(done, 256);
    EXPECT(table[255] >> 12 & 0xfffffffffful, mfn(pool(9)));
    table_unpin(table);
}

/* ---- higher levels ---- */

CASE(mmu, l2_entry_makes_a_table, HEADER, PV)
{
    uint64_t *l2 = pool(0), *l1 = pool(1);

    EXPECT(read_only(l1), 0);
    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], entry(l1, TABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(writable(l1), -XEN_EBUSY); /* it is a table now */
    EXPECT(update(&l2[0], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(writable(l1), 0);
    table_unpin(l2);
}

CASE(mmu, l2_entry_of_a_writable_page, HEADER, PV)
{
    uint64_t *l2 = pool(0);

    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], entry(pool(1), TABLE), MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(l2[0], 0);
    table_unpin(l2);
}

CASE(mmu, l2_entry_of_an_l2, HEADER, PV)
{
    uint64_t *l2 = pool(0), *other = pool(1);

    if (!table_pin(l2, 2) || !table_pin(other, 2))
        return;
    EXPECT(update(&l2[0], entry(other, TABLE), MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    table_unpin(other);
    table_unpin(l2);
}

CASE(mmu, l2_linear_entry_of_itself, HEADER, PV)
{
    uint64_t *l2 = pool(0);
    long result;

    if (!table_pin(l2, 2))
        return;
    result = update(&l2[0], entry(l2, TABLE & ~P_WRITE), MMU_NORMAL_PT_UPDATE);
    conform_note("result %ld", result);
    if (result == 0)
        EXPECT(update(&l2[0], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(update(&l2[1], entry(l2, TABLE), MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    table_unpin(l2);
}

CASE(mmu, l2_superpage_is_refused, HEADER, PV)
{
    uint64_t *l2 = pool(0);

    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], entry(pool(1), TABLE | P_PSE), MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(update(&l2[0], 0x200000 | TABLE | P_PSE, MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(l2[0], 0);
    table_unpin(l2);
}

CASE(mmu, l2_not_present_entry_is_free, HEADER, PV)
{
    uint64_t *l2 = pool(0);

    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], 0xfffffffffffffffeul, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(l2[0], 0xfffffffffffffffeul);
    table_unpin(l2);
}

CASE(mmu, l1_not_present_entry_is_free, HEADER, PV)
{
    uint64_t *l1 = pool(0);

    if (!table_pin(l1, 1))
        return;
    EXPECT(update(&l1[0], 0xfffffffffffffffeul, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(l1[0], 0xfffffffffffffffeul);
    table_unpin(l1);
}

CASE(mmu, l1_with_a_bad_entry_cannot_be_pinned, HEADER, PV)
{
    uint64_t *l1 = pool(0);

    l1[7] = 0x200000 | READ_ONLY; /* a frame of the hypervisor's */
    EXPECT(read_only(l1), 0);
    EXPECT(pin(1, l1), -XEN_EBUSY);
    EXPECT(writable(l1), 0);
}

CASE(mmu, l2_flags_may_change, HEADER, PV)
{
    uint64_t *l2 = pool(0), *l1 = pool(1);

    EXPECT(read_only(l1), 0);
    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], entry(l1, TABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(update(&l2[0], entry(l1, TABLE & ~P_WRITE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(l2[0] & P_WRITE, 0);
    EXPECT(update(&l2[0], entry(l1, TABLE | P_NX), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(l2[0] >> 63, 1);
    EXPECT(update(&l2[0], entry(l1, TABLE | P_PSE), MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(update(&l2[0], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(writable(l1), 0);
    table_unpin(l2);
}

CASE(mmu, two_levels_share_a_table, HEADER, PV)
{
    uint64_t *l2 = pool(0), *other = pool(2), *l1 = pool(1);

    EXPECT(read_only(l1), 0);
    if (!table_pin(l2, 2) || !table_pin(other, 2))
        return;
    EXPECT(update(&l2[0], entry(l1, TABLE), MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(update(&other[9], entry(l1, TABLE), MMU_NORMAL_PT_UPDATE), 0);
    table_unpin(l2); /* drops its reference */
    EXPECT(writable(l1), -XEN_EBUSY);
    table_unpin(other);
    EXPECT(writable(l1), 0);
}

CASE(mmu, tree_of_four_levels, HEADER, PV)
{
    uint64_t *l4 = pool(0), *l3 = pool(1), *l2 = pool(2), *l1 = pool(3);

    l1[0] = entry(pool(4), WRITABLE);
    l2[0] = entry(l1, TABLE);
    l3[0] = entry(l2, TABLE);
    l4[0] = entry(l3, TABLE);
    for (unsigned int i = 0; i < 4; i++)
        EXPECT(read_only(pool(i)), 0);
    REQUIRE(pin(4, l4), 0);
    EXPECT(writable(l1), -XEN_EBUSY);
    EXPECT(unpin(l4), 0);
    for (unsigned int i = 0; i < 4; i++)
        EXPECT(writable(pool(i)), 0);
}

CASE(mmu, tree_with_one_writable_table, HEADER, PV)
{
    uint64_t *l4 = pool(0), *l3 = pool(1), *l2 = pool(2), *l1 = pool(3);

    l2[0] = entry(l1, TABLE);
    l3[0] = entry(l2, TABLE);
    l4[0] = entry(l3, TABLE);
    for (unsigned int i = 0; i < 3; i++)
        EXPECT(read_only(pool(i)), 0);
    EXPECT(pin(4, l4), -XEN_EINVAL);
    for (unsigned int i = 0; i < 3; i++) /* nothing stayed a table */
        EXPECT(writable(pool(i)), 0);
}

CASE(mmu, l4_gets_the_hypervisor_s_slots, "arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START", PV)
{
    uint64_t *l4 = pool(0);

    l4[262] = 1;
    if (!table_pin(l4, 4))
        return;
    EXPECT(l4[256], 0); /* the machine-to-physical table: when it is used */
    EXPECT_TRUE(l4[261] & P_PRESENT);
    EXPECT_TRUE(l4[262] != 1);
    table_unpin(l4);
}

CASE(mmu, l4_slot_of_the_m2p_with_m2p_strict, "xen.h, VMASST_TYPE_m2p_strict", PV)
{
    uint64_t *l4 = pool(0);

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_m2p_strict), 0);
    if (table_pin(l4, 4)) {
        EXPECT_TRUE(l4[256] & P_PRESENT);
        table_unpin(l4);
    }
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict), 0);
}

CASE(mmu, l4_update_of_a_hypervisor_slot, "arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START", PV)
{
    uint64_t *l4 = pool(0), before;

    if (!table_pin(l4, 4))
        return;
    before = l4[261];
    EXPECT(update(&l4[261], 0, MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(update(&l4[256], 0, MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(update(&l4[271], 0, MMU_NORMAL_PT_UPDATE), -XEN_EINVAL);
    EXPECT(l4[261], before);
    EXPECT(update(&l4[272], 0, MMU_NORMAL_PT_UPDATE), 0);
    table_unpin(l4);
}

CASE(mmu, l4_user_half_entry, HEADER, PV)
{
    uint64_t *l4 = pool(0), *l3 = pool(1);

    EXPECT(read_only(l3), 0);
    if (!table_pin(l4, 4))
        return;
    EXPECT(update(&l4[0], entry(l3, TABLE), MMU_NORMAL_PT_UPDATE), 0);
    conform_note("entry %lx", l4[0]);
    EXPECT(update(&l4[0], 0, MMU_NORMAL_PT_UPDATE), 0);
    EXPECT(writable(l3), 0);
    table_unpin(l4);
}

CASE(mmu, directories_refuse_bits, HEADER, PV)
{
    static const uint64_t bits[] = { P_PWT, P_PCD, P_PSE, P_GLOBAL };
    uint64_t *directory = pool(0), *below = pool(1);

    for (unsigned int level = 2; level <= 4; level++) {
        EXPECT(read_only(below), 0);
        if (level > 2)
            REQUIRE(pin(level - 1, below), 0);
        if (!table_pin(directory, level))
            return;
        for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
            EXPECT(update(directory, entry(below, TABLE | bits[i]), MMU_NORMAL_PT_UPDATE),
                   -XEN_EINVAL);
        EXPECT(update(directory, entry(below, TABLE | P_AVAIL), MMU_NORMAL_PT_UPDATE), 0);
        EXPECT(update(directory, 0, MMU_NORMAL_PT_UPDATE), 0);
        table_unpin(directory);
        if (level > 2)
            EXPECT(unpin(below), 0);
        EXPECT(writable(below), 0);
    }
}

CASE(mmu, error_of_an_entry_comes_through_directories, HEADER, PV)
{
    uint64_t *l2 = pool(0), *l1 = pool(1);

    l1[7] = 0x200000 | READ_ONLY; /* a frame of the hypervisor's */
    EXPECT(read_only(l1), 0);
    if (!table_pin(l2, 2))
        return;
    EXPECT(update(&l2[0], entry(l1, TABLE), MMU_NORMAL_PT_UPDATE), -XEN_EBUSY);
    table_unpin(l2);
    l2[0] = entry(l1, TABLE);
    EXPECT(read_only(l2), 0);
    EXPECT(pin(2, l2), -XEN_EBUSY);
    EXPECT(writable(l1), 0);
    l1[7] = 0xfee00000 | READ_ONLY; /* the local APIC's */
    EXPECT(read_only(l1), 0);
    EXPECT(pin(2, l2), -XEN_EPERM);
    EXPECT(writable(l1), 0);
    EXPECT(writable(l2), 0);
}
