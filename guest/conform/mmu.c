/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_mmu_update, HYPERVISOR_update_va_mapping and direct writes (xen/xen.h). */
#include "mmu.h"

#define UPDATE  __HYPERVISOR_mmu_update
#define MAPPING __HYPERVISOR_update_va_mapping
#define HEADER  "xen.h, HYPERVISOR_mmu_update()"
#define VA      "xen.h, HYPERVISOR_update_va_mapping()"

/* Walks the boot tables, whose pages lie in the image's map. */
const uint64_t *entry_of(const void *va)
{
    const uint64_t *table = (const uint64_t *)xen_start_info->pt_base;

    for (unsigned int level = 4;; level--) {
        const uint64_t *at = &table[(uint64_t)va >> (3 + 9 * level) & 511];

        if (level == 1)
            return at;
        table = pv_virt(machine_to_phys_mapping[(*at & 0xffffffffff000ul) >> 12] << 12);
    }
}

bool table_pin(void *page, unsigned int level)
{
    return EXPECT(read_only(page), 0) && EXPECT(pin(level, page), 0);
}

void table_unpin(void *page)
{
    EXPECT(unpin(page), 0);
    EXPECT(writable(page), 0);
}

static const struct row mmu_update_calls[] = {
    { "count_0", { 0, 0, 0, DOMID_SELF }, 0 },
    { "count_0_bad_pointer", { BAD_UNMAPPED, 0, 0, DOMID_SELF }, 0 },
    { "requests_pointer", { BAD_UNMAPPED, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "requests_pointer_null", { 0, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "requests_pointer_xen", { BAD_XEN, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "requests_pointer_noncanonical", { BAD_HOLE, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "requests_pointer_top", { BAD_TOP, 1, 0, DOMID_SELF }, -XEN_EFAULT },
    { "huge_count", { BAD_UNMAPPED, 0x7fffffff, 0, DOMID_SELF }, -XEN_EFAULT },
    { "foreign_no_domain", { AT(struct mmu_update, 0, 0), 1, 0, NO_DOMAIN }, -XEN_ESRCH },
    { "table_owner_no_domain",
      { AT(struct mmu_update, 0, 0), 1, 0, (FOREIGN + 1) << 16 | DOMID_SELF },
      -XEN_ESRCH },
    { "table_beyond_memory",
      { AT(struct mmu_update, 0xffffffffff000ul, 0), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "table_of_the_bios", { AT(struct mmu_update, 0xf0000, 0), 1, 0, DOMID_SELF }, -XEN_EINVAL },
    { "command_has_three_bits",
      { AT(struct mmu_update, 0xf0004, 0), 1, 0, DOMID_SELF },
      -XEN_ENOSYS },
    { "command_7", { AT(struct mmu_update, 0xf0007, 0), 1, 0, DOMID_SELF }, -XEN_ENOSYS },
    { "machphys_beyond_memory",
      { AT(struct mmu_update, 0xffffffffff001ul, 0), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
    { "machphys_of_the_bios",
      { AT(struct mmu_update, 0xf0001, 0), 1, 0, DOMID_SELF },
      -XEN_EINVAL },
};
ROWS(mmu, mmu_update_calls, UPDATE, HEADER, PV);

static const struct row va_calls[] = {
    { "va_unmapped_table", { BAD_UNMAPPED, 0, 0 }, -XEN_EINVAL },
    { "va_of_xen", { BAD_XEN, 0, 0 }, -XEN_EINVAL },
    { "va_noncanonical", { BAD_HOLE, 0, 0 }, -XEN_EINVAL },
    { "va_of_the_m2p", { HYPERVISOR_VIRT_START, 0, 0 }, -XEN_EINVAL },
};
ROWS(mmu, va_calls, MAPPING, VA, PV);

static const struct row otherdomain_calls[] = {
    { "otherdomain_no_domain", { BAD_UNMAPPED, 0, 0, NO_DOMAIN }, -XEN_ESRCH },
    { "otherdomain_self", { BAD_UNMAPPED, 0, 0, DOMID_SELF }, -XEN_EINVAL },
};
ROWS(mmu, otherdomain_calls, __HYPERVISOR_update_va_mapping_otherdomain,
     "xen.h, HYPERVISOR_update_va_mapping_otherdomain()", PV);

/* ---- mappings of the domain's own pages ---- */

CASE(mmu, map_another_page, VA, PV)
{
    uint64_t *here = pool(0), *other = pool(1);

    *here = 1;
    *other = 2;
    EXPECT(set_va(here, entry(other, WRITABLE)), 0);
    EXPECT(*(volatile uint64_t *)here, 2);
    *(volatile uint64_t *)here = 3;
    EXPECT(*(volatile uint64_t *)other, 3);
    EXPECT(writable(here), 0);
    EXPECT(*(volatile uint64_t *)here, 1);
}

CASE(mmu, unmap_and_fault, VA, PV)
{
    uint64_t value;

    EXPECT(set_va(pool(0), 0), 0);
    EXPECT(probe_read(pool(0), &value), 14);
    EXPECT(fault.address, pool(0));
    EXPECT(fault.error & 1, 0); /* not present */
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, read_only_page_refuses_writes, VA, PV)
{
    EXPECT(read_only(pool(0)), 0);
    EXPECT(probe_write(pool(0), 1), 14);
    EXPECT(fault.error & 3, 3);
    EXPECT(writable(pool(0)), 0);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
}

CASE(mmu, hypercall_writes_to_read_only_page, VA, PV)
{
    EXPECT(read_only(pool(0)), 0);
    EXPECT(hypercall2(__HYPERVISOR_xen_version, 1, pool(0)), -XEN_EFAULT);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, no_execute_is_kept, VA, PV)
{
    *(uint8_t *)pool(0) = 0xc3; /* ret */
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE)), 0);
    EXPECT(*entry_of(pool(0)) >> 63, 1);
    fault.vector = NO_FAULT;
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE & ~P_NX)), 0);
    ((void (*)(void))(uint64_t)pool(0))();
    EXPECT(*entry_of(pool(0)) >> 63, 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, entry_gets_user_bit, "arch-x86/xen-x86_64.h: kernel and user share ring 3", PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE & ~P_USER)), 0);
    conform_note("entry %lx", *entry_of(pool(0)));
    EXPECT(*entry_of(pool(0)) & P_USER, P_USER);
    EXPECT(writable(pool(0)), 0);
}

/* Whether user mode's pages are global is the hypervisor's affair, which no header speaks of: Xen sets
 * the bit in their entries; Zeroth never, so that a write to CR3 leaves nothing of a guest behind. */
CASE(mmu, entry_user_bit_not_global, "arch-x86/xen-x86_64.h", PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE)), 0);
    conform_note("user mode's pages are %sglobal", *entry_of(pool(0)) & P_GLOBAL ? "" : "not ");
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE & ~P_USER)), 0);
    EXPECT(*entry_of(pool(0)) & P_GLOBAL, 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, global_bit_given, HEADER, PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | P_GLOBAL)), 0);
    conform_note("entry %lx", *entry_of(pool(0)));
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, available_bits_are_kept, HEADER, PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | P_AVAIL)), 0);
    EXPECT(*entry_of(pool(0)) & P_AVAIL, P_AVAIL);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, available_bits_52_to_58, HEADER, PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | 0x7ful << 52)), 0);
    conform_note("entry %lx", *entry_of(pool(0)));
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, available_bits_59_to_62, HEADER, PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | 0xful << 59)), 0);
    conform_note("entry %lx", *entry_of(pool(0)));
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, cache_bits_of_own_ram, HEADER, PV)
{
    static const uint64_t bits[] = { P_PWT, P_PCD, P_PWT | P_PCD, P_PSE, P_PSE | P_PWT };

    for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | bits[i])), 0);
        EXPECT(*entry_of(pool(0)) & (P_PSE | P_PCD | P_PWT), bits[i]);
    }
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, cache_bits_reserved_types, HEADER, PV)
{
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | P_PSE | P_PCD)), 0);
    EXPECT(set_va(pool(0), entry(pool(0), WRITABLE | P_PSE | P_PCD | P_PWT)), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, mapping_beyond_memory, HEADER, PV)
{
    EXPECT(set_va(pool(0), 0xffffffff0ul << 12 | WRITABLE), -XEN_EPERM);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, mapping_beyond_physical_width, HEADER, PV)
{
    EXPECT(set_va(pool(0), 0xffffffffffful << 12 | WRITABLE), -XEN_EINVAL);
    EXPECT(*entry_of(pool(0)) >> 12 & 0xfffffffffful, mfn(pool(0)));
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, dom0_maps_the_bios, HEADER, PV)
{
    EXPECT(set_va(pool(0), 0xf0000 | READ_ONLY), 0);
    EXPECT_TRUE(*(volatile uint64_t *)pool(0) != 0xdeadbeef);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, dom0_maps_the_local_apic, HEADER, PV)
{
    EXPECT(set_va(pool(0), 0xfee00000 | WRITABLE), -XEN_EPERM);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, dom0_maps_the_io_apic, HEADER, PV)
{
    EXPECT(set_va(pool(0), 0xfec00000 | READ_ONLY), 0);
    /* The right to write goes out of the entry, without a word. */
    EXPECT(set_va(pool(0), 0xfec00000 | WRITABLE), 0);
    EXPECT(*entry_of(pool(0)) & (P_WRITE | 1), 1);
    EXPECT(set_va(pool(0), 0xfec00000 | WRITABLE), 0);
    EXPECT(*entry_of(pool(0)) & P_WRITE, 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, dom0_maps_the_fabric_of_amd, HEADER, PV)
{
    uint32_t a = 0, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if (b != 0x68747541) {
        conform_skip("only AMD's CPUs send messages by addresses below 1 TiB");
        return;
    }
    EXPECT(set_va(pool(0), 0xfd00000ul << 12 | READ_ONLY), -XEN_EPERM);
    EXPECT(set_va(pool(0), 0xffffffful << 12 | READ_ONLY), -XEN_EPERM);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, dom0_maps_the_hpet, HEADER, PV)
{
    conform_note("writable: %ld", set_va(pool(0), 0xfed00000 | WRITABLE));
    conform_note("result");
    EXPECT(set_va(pool(0), 0xfed00000 | READ_ONLY), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, page_of_xen, HEADER, PV)
{
    /* The m2p's own entry of a frame nobody owns: Xen's image lies at 2 MiB. */
    EXPECT(set_va(pool(0), 0x200000 | READ_ONLY), -XEN_EBUSY);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, domid_io_for_ram, "xen.h, DOMID_IO", PV)
{
    struct mmu_update request = { (uint64_t)entry_of(pool(0)), entry(pool(0), READ_ONLY) };

    request.ptr = mfn((const void *)(request.ptr & ~0xffful)) << 12 | (request.ptr & 0xfff);
    EXPECT(hypercall4(UPDATE, &request, 1, 0, DOMID_IO), -XEN_EBUSY);
    EXPECT(*entry_of(pool(0)) & P_WRITE, P_WRITE);
    request.val = 0xf0000 | READ_ONLY;
    EXPECT(hypercall4(UPDATE, &request, 1, 0, DOMID_IO), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, domid_xen_for_the_m2p, "xen.h, DOMID_XEN", PV)
{
    struct mmu_update request = { (uint64_t)entry_of(pool(0)), 0x1000 | READ_ONLY };

    request.ptr = mfn((const void *)(request.ptr & ~0xffful)) << 12 | (request.ptr & 0xfff);
    EXPECT(hypercall4(UPDATE, &request, 1, 0, DOMID_XEN), -XEN_EPERM);
    EXPECT(writable(pool(0)), 0);
}

CASE(mmu, shared_info_twice, "xen.h, struct start_info", PV)
{
    EXPECT(set_va(pool(0), xen_start_info->shared_info | WRITABLE), 0);
    EXPECT(((struct shared_info *)pool(0))->evtchn_mask[63], xen_shared_info->evtchn_mask[63]);
    EXPECT(writable(pool(0)), 0);
}

/* ---- flushes of update_va_mapping ---- */

CASE(mmu, flush_types, "xen.h, UVMF_*", PV)
{
    uint64_t bitmap = 1;

    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE), UVMF_NONE), 0);
    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE), UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE), UVMF_TLB_FLUSH | UVMF_ALL), 0);
    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE), UVMF_INVLPG | UVMF_ALL), 0);
    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE),
                      UVMF_INVLPG | UVMF_MULTI | (uint64_t)&bitmap),
           0);
}

CASE(mmu, flush_type_3, "xen.h, UVMF_FLUSHTYPE_MASK", PV)
{
    conform_note("result %ld", hypercall3(MAPPING, pool(0), entry(pool(0), WRITABLE), 3));
}

CASE(mmu, flush_bad_bitmap, "xen.h, UVMF_MULTI", PV)
{
    EXPECT(hypercall3(MAPPING, pool(0), entry(pool(0), READ_ONLY),
                      UVMF_INVLPG | UVMF_MULTI | BAD_UNMAPPED),
           -XEN_EFAULT);
    /* The entry has changed nevertheless. */
    EXPECT(*entry_of(pool(0)) & P_WRITE, 0);
    EXPECT(writable(pool(0)), 0);
}

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

/* ---- whose frames ---- */

static const struct row named_calls[] = {
    { "frames_by_ones_own_number", { 0, 0, 0, 0 }, -XEN_ESRCH },
    { "tables_by_ones_own_number", { 0, 0, 0, 1ul << 16 | DOMID_SELF }, 0 },
    { "tables_by_domid_self", { 0, 0, 0, (DOMID_SELF + 1ul) << 16 | DOMID_SELF }, -XEN_ESRCH },
    { "tables_by_domid_io", { 0, 0, 0, (DOMID_IO + 1ul) << 16 | DOMID_SELF }, -XEN_ESRCH },
    { "no_domain_and_nothing_to_do", { 0, 0, 0, NO_DOMAIN }, -XEN_ESRCH },
    { "machphys_of_the_hypervisor",
      { AT(struct mmu_update, 0x200001, 0), 1, 0, DOMID_XEN },
      -XEN_EINVAL },
};
ROWS(mmu, named_calls, UPDATE, "xen.h, foreigndom", PV);

static const struct row other_named[] = {
    { "otherdomain_own_number", { BAD_UNMAPPED, 0, 0, 0 }, -XEN_ESRCH },
    { "otherdomain_io", { BAD_UNMAPPED, 0, 0, DOMID_IO }, -XEN_EINVAL },
};
ROWS(mmu, other_named, __HYPERVISOR_update_va_mapping_otherdomain,
     "xen.h, HYPERVISOR_update_va_mapping_otherdomain()", PV);

CASE(mmu, done_is_told_of_nothing, "xen.h, HYPERVISOR_mmu_update(), done_out", PV)
{
    struct mmu_update request = { mfn(pool(0)) << 12, 0 };
    unsigned int done = 77;

    EXPECT(hypercall4(UPDATE, &request, 1, &done, NO_DOMAIN), -XEN_ESRCH);
    EXPECT(done, 0); /* nobody's frames: told */
    done = 77;
    EXPECT(hypercall4(UPDATE, &request, 1, &done, (NO_DOMAIN + 1ul) << 16 | DOMID_SELF),
           -XEN_ESRCH);
    EXPECT(done, 77); /* nobody's tables: not told */
    EXPECT(hypercall4(UPDATE, &request, 1, BAD_UNMAPPED, NO_DOMAIN), -XEN_ESRCH);
}

/* ---- the table's slot in level 4 ---- */

CASE(mmu, m2p_slot_comes_with_the_kernel, "xen.h, VMASST_TYPE_m2p_strict", PV)
{
    const uint64_t *boot = (const uint64_t *)xen_start_info->pt_base;
    uint64_t *l4 = pool(0);

    for (unsigned int i = 0; i < 512; i++)
        l4[i] = i < 256 || i > 271 ? boot[i] : 0;
    if (!table_pin(l4, 4))
        return;
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
    EXPECT(l4[256], 0);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0);
    EXPECT_TRUE(l4[256] & P_PRESENT);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(boot)), 0);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
    EXPECT_TRUE(l4[256] & P_PRESENT);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    table_unpin(l4);
}

CASE(mmu, m2p_slot_goes_with_user_mode, "xen.h, VMASST_TYPE_m2p_strict", PV)
{
    uint64_t *l4 = pool(0);

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_m2p_strict), 0);
    if (table_pin(l4, 4)) {
        EXPECT_TRUE(l4[256] & P_PRESENT);
        EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
        EXPECT(l4[256], 0);
        EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
        table_unpin(l4);
    }
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict), 0);
}

/* ---- direct writes ---- */

CASE(mmu, direct_write_without_the_assist, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), *loose = pool(1);

    /* The assist is on or off, the write is taken: for a table in use and for one that is not. */
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(table, *table & ~P_WRITE), NO_FAULT);
    EXPECT(*table & P_WRITE, 0);
    EXPECT(writable(pool(0)), 0);
    if (!table_pin(loose, 1))
        return;
    conform_note("loose table: vector %lx", probe_write(loose, entry(pool(0), READ_ONLY)));
    table_unpin(loose);
}

CASE(mmu, direct_write_with_the_assist, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0));

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(table, entry(pool(1), READ_ONLY)), NO_FAULT);
    EXPECT(*table >> 12 & 0xfffffffffful, mfn(pool(1)));
    EXPECT(writable(pool(0)), 0);
    EXPECT(probe_write(table, 0x200000 | WRITABLE), 14); /* a frame of the hypervisor's */
    EXPECT(*table >> 12 & 0xfffffffffful, mfn(pool(0)));
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_of_parts, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), old = *table;

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    PROBE("movb %1, (%0)", : : "r"(table), "q"((uint8_t)(old & ~P_WRITE)) : "memory");
    conform_note("byte: vector %lx, entry %lx", fault.vector, *table);
    PROBE("movl %1, (%0)", : : "r"(table), "r"((uint32_t)old) : "memory");
    EXPECT(writable(pool(0)), 0);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_by_other_instructions, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), old = *table, value = old & ~P_DIRTY;

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    PROBE("lock cmpxchgq %2, (%1)", : "+a"(old) : "r"(table), "r"(value) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, 0);
    PROBE("xchgq %1, (%0)", : : "r"(table), "r"(old) : "memory");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, P_DIRTY);
    PROBE("lock andq %1, (%0)", : : "r"(table), "r"(~P_DIRTY) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    PROBE("lock btsq $6, (%0)", : : "r"(table) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, P_DIRTY);
    EXPECT(writable(pool(0)), 0);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_to_an_l2, "xen.h, VMASST_TYPE_writable_pagetables: directories cannot be",
     PV)
{
    uint64_t *l2 = pool(0);

    if (!table_pin(l2, 2))
        return;
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(&l2[3], 0), 14);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
    table_unpin(l2);
}
