/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables in cases of PV guests. */
#ifndef CONFORM_MMU_H
#define CONFORM_MMU_H

#include "conform.h"

#define P_PRESENT  0x001ul
#define P_WRITE    0x002ul
#define P_USER     0x004ul
#define P_PWT      0x008ul
#define P_PCD      0x010ul
#define P_ACCESSED 0x020ul
#define P_DIRTY    0x040ul
#define P_PSE      0x080ul
#define P_GLOBAL   0x100ul
#define P_AVAIL    0xe00ul
#define P_NX       0x8000000000000000ul

#define WRITABLE  (P_PRESENT | P_WRITE | P_USER | P_ACCESSED | P_DIRTY | P_NX)
#define READ_ONLY (P_PRESENT | P_USER | P_ACCESSED | P_DIRTY | P_NX)
#define TABLE     (P_PRESENT | P_WRITE | P_USER | P_ACCESSED | P_DIRTY)

#define FOREIGN ((uint64_t)NO_DOMAIN)

static inline uint64_t mfn(const void *page)
{
    return xen_frame_of(page);
}

/* An entry that maps a page of the image. */
static inline uint64_t entry(const void *page, uint64_t flags)
{
    return mfn(page) << 12 | flags;
}

static inline long set_va(const void *va, uint64_t value)
{
    return hypercall3(__HYPERVISOR_update_va_mapping, va, value, UVMF_INVLPG);
}

static inline long read_only(const void *page)
{
    return set_va(page, entry(page, READ_ONLY));
}

static inline long writable(const void *page)
{
    return set_va(page, entry(page, WRITABLE));
}

static inline long extended(unsigned int command, uint64_t arg1)
{
    struct mmuext_op op = { .cmd = command, .arg1.linear_addr = arg1 };

    return hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
}

static inline long pin(unsigned int level, const void *page)
{
    return extended(MMUEXT_PIN_L1_TABLE + level - 1, mfn(page));
}

static inline long unpin(const void *page)
{
    return extended(MMUEXT_UNPIN_TABLE, mfn(page));
}

/* One update of an entry of a table in the image. */
static inline long update(const uint64_t *where, uint64_t value, unsigned int command)
{
    struct mmu_update request = {
        mfn((const void *)((uint64_t)where & ~0xffful)) << 12 | ((uint64_t)where & 0xfff) | command,
        value,
    };

    return hypercall4(__HYPERVISOR_mmu_update, &request, 1, 0, DOMID_SELF);
}

/* The level 1 entry that maps an address of the image. */
const uint64_t *entry_of(const void *va);

/* A page made a pinned table of a level; false (and the case failed) when refused. */
bool table_pin(void *page, unsigned int level);
/* The reverse. */
void table_unpin(void *page);

#endif
