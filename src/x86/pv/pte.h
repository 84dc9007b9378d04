/* SPDX-License-Identifier: Apache-2.0 */
/* A page-table entry (AMD APM 2, section 5.3). */
#ifndef X86_PV_PTE_H
#define X86_PV_PTE_H

#include "core/types.h"

#define PTE_PRESENT   0x1ul
#define PTE_WRITABLE  0x2ul
#define PTE_USER      0x4ul
#define PTE_PWT       0x8ul
#define PTE_PCD       0x10ul
#define PTE_ACCESSED  0x20ul
#define PTE_DIRTY     0x40ul
#define PTE_LARGE     0x80ul /* levels 2 and 3; level 1: PTE_PAT */
#define PTE_PAT       0x80ul
#define PTE_GLOBAL    0x100ul
#define PTE_AVAILABLE 0xe00ul /* the guest's; a grant mapping is to be marked here */
#define PTE_ADDRESS   0x000ffffffffff000ul
#define PTE_HIGH      0x7ff0000000000000ul /* ignored by the CPU without CR4.PKE */
#define PTE_NX        0x8000000000000000ul
#define PTE_CACHE     (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_COUNT     512u

/* No entry of a directory may have these (Xen 4.17, measured). */
#define PTE_FORBIDDEN (PTE_LARGE | PTE_PWT | PTE_PCD | PTE_GLOBAL)

/* Bits of a present entry that may change without a new check: they give no right to anything. */
#define PTE_HARMLESS (PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE | PTE_HIGH)

static inline mfn_t pte_mfn(uint64_t entry)
{
    return (entry & PTE_ADDRESS) >> PAGE_SHIFT;
}

/* Index into the table of a level (1 to 4) for an address. */
static inline unsigned int pte_index(uint64_t address, unsigned int level)
{
    return (unsigned int)(address >> (PAGE_SHIFT + 9 * (level - 1))) & (PTE_COUNT - 1);
}

#endif
