/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things stand in Dom0's memory and addresses when it starts: "Initial start-of-day memory
 * layout" of xen/xen.h.  The region of addresses from base to end is gfn 0 and following; behind it
 * come, when the kernel's notes allow it, the initrd and then the P2M list, outside of the region.
 */
#ifndef BOOT_DOM0_LAYOUT_H
#define BOOT_DOM0_LAYOUT_H

#include "boot/elf.h"
#include "core/types.h"

struct dom0_layout {
    uint64_t base, end;                 /* virtual addresses of the region, end not included */
    uint64_t initrd;                    /* virtual addresses of what it holds; 0: no initrd in it */
    uint64_t list, info, tables, stack; /* list: of the P2M, in the region or not */
    uint64_t region_pages, table_pages; /* table_pages: of the region's and the level-4 table */
    uint64_t initrd_pages;
    gfn_t initrd_gfn;
    uint64_t list_pages, list_tables; /* list_tables: tables that only a list outside needs */
    gfn_t list_gfn;                   /* of those tables and then the list */
    bool list_outside;
    uint64_t least; /* frames that all of this takes */
};

/* Lay out a kernel in so many frames.  NULL, or why it cannot be. */
const char *dom0_layout(struct dom0_layout *l, const struct elf_kernel *k, uint64_t pages,
                        uint64_t initrd_bytes);

/* The frame of the region at a virtual address. */
static inline gfn_t dom0_layout_gfn(const struct dom0_layout *l, uint64_t address)
{
    return (address - l->base) >> PAGE_SHIFT;
}

#endif
