/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_mmu_update and HYPERVISOR_update_va_mapping (xen/xen.h): calls, and mappings of pages. */
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
