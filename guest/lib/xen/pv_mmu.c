/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of a PV guest.  Entries hold machine frames; the kernel's hold its own (pseudo-
 * physical) ones, translated here in both directions (xen/xen.h, HYPERVISOR_mmu_update()).
 */
#include "internal.h"

#include <pv/boot.h>

#define PAGE_SHIFT     12
#define PAGE_SIZE      4096ul
#define FRAME_MASK     0x000ffffffffff000ul
#define PRESENT        1ul
#define LEAF_READ_ONLY 0x8000000000000061ul /* no execute, accessed, dirty, present */
#define LEAF_WRITABLE  0x8000000000000063ul
#define CR0_TS         8ul

void xen_do_set_pte(uint64_t *entry, uint64_t value);
uint64_t xen_do_get_pte(const uint64_t *entry);
void xen_do_write_cr3(uint64_t value);
uint64_t xen_do_read_cr3(void);
void xen_do_write_cr0(uint64_t value);
uint64_t xen_do_read_cr0(void);
void xen_do_flush_tlb(void);
void xen_do_flush_page(const void *address);
void xen_do_switch_stack(uint64_t top);
void xen_do_set_fs_base(uint64_t base);

static uint64_t to_machine(uint64_t value)
{
    const uint64_t *frames = (const uint64_t *)xen_start_info->mfn_list;
    uint64_t frame = (value & FRAME_MASK) >> PAGE_SHIFT;

    if (!(value & PRESENT) || frame >= xen_start_info->nr_pages)
        return value;
    return (value & ~FRAME_MASK) | frames[frame] << PAGE_SHIFT;
}

static uint64_t to_physical(uint64_t value)
{
    if (!(value & PRESENT))
        return value;
    return (value & ~FRAME_MASK) |
           (machine_to_phys_mapping[(value & FRAME_MASK) >> PAGE_SHIFT] << PAGE_SHIFT & FRAME_MASK);
}

uint64_t xen_frame_of(const void *page)
{
    uint64_t frame = pv_phys(page) >> PAGE_SHIFT;

    if (!xen_start_info)
        return frame;
    return ((const uint64_t *)xen_start_info->mfn_list)[frame];
}

static uint64_t machine_of(const void *address)
{
    return xen_frame_of(address) << PAGE_SHIFT | ((uint64_t)address & (PAGE_SIZE - 1));
}

static long extended(unsigned int command, uint64_t arg)
{
    struct mmuext_op op = { .cmd = command, .arg1.linear_addr = arg };

    return hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
}

void xen_do_set_pte(uint64_t *entry, uint64_t value)
{
    struct mmu_update update = { machine_of(entry) | MMU_NORMAL_PT_UPDATE, to_machine(value) };

    xen_must(hypercall4(__HYPERVISOR_mmu_update, &update, 1, 0, DOMID_SELF), "set_pte");
}

uint64_t xen_do_get_pte(const uint64_t *entry)
{
    return to_physical(*(const volatile uint64_t *)entry);
}

void xen_do_write_cr3(uint64_t value)
{
    uint64_t frame = ((const uint64_t *)xen_start_info->mfn_list)[value >> PAGE_SHIFT];

    xen_must(extended(MMUEXT_NEW_BASEPTR, frame), "write_cr3");
    pv_this_cpu()->private[XEN_CR3] = value;
}

uint64_t xen_do_read_cr3(void)
{
    return pv_this_cpu()->private[XEN_CR3];
}

uint64_t xen_do_read_cr0(void)
{
    return pv_this_cpu()->private[XEN_CR0];
}

/* TS is all that a PV guest may change. */
void xen_do_write_cr0(uint64_t value)
{
    struct pv_cpu *cpu = pv_this_cpu();

    if ((value ^ cpu->private[XEN_CR0]) & CR0_TS)
        xen_must(hypercall1(__HYPERVISOR_fpu_taskswitch, !!(value & CR0_TS)), "write_cr0");
    cpu->private[XEN_CR0] = (cpu->private[XEN_CR0] & ~CR0_TS) | (value & CR0_TS);
}

void xen_do_flush_tlb(void)
{
    extended(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

void xen_do_flush_page(const void *address)
{
    extended(MMUEXT_INVLPG_LOCAL, (uint64_t)address);
}

static void flush_all(void)
{
    extended(MMUEXT_TLB_FLUSH_ALL, 0);
}

void xen_do_switch_stack(uint64_t top)
{
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, top);
}

void xen_do_set_fs_base(uint64_t base)
{
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, base);
}

static void map_page(const void *page, uint64_t flags)
{
    xen_must(hypercall3(__HYPERVISOR_update_va_mapping, page,
                        xen_frame_of(page) << PAGE_SHIFT | flags, UVMF_INVLPG | UVMF_ALL),
             "rights of a page table");
}

static void clear(uint64_t *page)
{
    uint64_t count = PAGE_SIZE / sizeof(*page);

    __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ul) : "memory");
}

static bool table_new(uint64_t *page, unsigned int level)
{
    clear(page);
    map_page(page, LEAF_READ_ONLY);
    if (extended(MMUEXT_PIN_L1_TABLE + level - 1, xen_frame_of(page)) == 0)
        return true;
    map_page(page, LEAF_WRITABLE);
    return false;
}

static void table_free(uint64_t *page)
{
    extended(MMUEXT_UNPIN_TABLE, xen_frame_of(page));
    map_page(page, LEAF_WRITABLE);
    clear(page);
}

void xen_pv_bind_mmu(struct pv_code codes[PV_OPS])
{
    extern const char xen_pv_read_cr0[], xen_pv_write_cr0[], xen_pv_read_cr2[], xen_pv_read_cr3[],
        xen_pv_write_cr3[], xen_pv_get_pte[], xen_pv_set_pte[], xen_pv_flush_tlb[],
        xen_pv_flush_page[], xen_pv_switch_stack[], xen_pv_write_msr[];

    PV_BIND(codes, read_cr0, xen_pv_read_cr0);
    PV_BIND(codes, write_cr0, xen_pv_write_cr0);
    PV_BIND(codes, read_cr2, xen_pv_read_cr2);
    PV_BIND(codes, read_cr3, xen_pv_read_cr3);
    PV_BIND(codes, write_cr3, xen_pv_write_cr3);
    PV_BIND(codes, get_pte, xen_pv_get_pte);
    PV_BIND(codes, set_pte, xen_pv_set_pte);
    PV_BIND(codes, flush_tlb, xen_pv_flush_tlb);
    PV_BIND(codes, flush_page, xen_pv_flush_page);
    PV_BIND(codes, switch_stack, xen_pv_switch_stack);
    PV_BIND(codes, write_msr, xen_pv_write_msr);
    PV_BIND(codes, flush_all, flush_all);
    PV_BIND(codes, table_new, table_new);
    PV_BIND(codes, table_free, table_free);
}
