/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the loader's memory map to the allocator.  The boot calls, in this order: boot_memory_init;
 * map_init with what it found; boot_memory_frames; boot_memory_give once ACPI's SRAT is read (before
 * it there is only the early allocator); boot_memory_release_modules when Dom0 is built.
 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include "boot/multiboot.h"
#include "boot/options.h"
#include "x86/memory/map.h"

/* Whole pages of RAM, ascending, apart from each other. */
extern struct map_range boot_memory_ranges[BOOT_REGIONS];
extern unsigned int boot_memory_range_count;
extern mfn_t boot_memory_end; /* one above the highest frame of RAM */

/*
 * Find the RAM and what of it is in use: the first MiB, the image, modules.  limit: bytes, RAM above
 * that address is left unused (option mem=); 0: none.  Does not return when there is too little.
 */
void boot_memory_init(const struct boot_info *info, uint64_t limit, struct options_area *crash);

/*
 * The early allocator: memory below 4 GiB, zeroed through the map one to one, taken for good until
 * boot_memory_give.  size and align in bytes, align a power of two, at least a page.  Consecutive
 * calls give ascending addresses.  0: no memory.
 */
paddr_t boot_memory_early(uint64_t size, uint64_t align);

/* After map_init: make all RAM known to core/memory/frame.h, as Zeroth's own for the moment. */
void boot_memory_frames(void);

/*
 * Give what is free to page_alloc.  node_of(at, end): the NUMA node of the RAM at a machine address,
 * and in *end where that stops being so; NULL: all is node 0.
 */
void boot_memory_give(unsigned int (*node_of)(paddr_t at, paddr_t *end));

/* Is all of a range of machine addresses RAM that Zeroth has mapped? */
bool boot_memory_covers(paddr_t start, paddr_t end);

/* Frames that boot_memory_release_modules would give. */
uint64_t boot_memory_module_pages(void);

/*
 * Take the whole pages of a module, [start, end) as in boot_info, out of what
 * boot_memory_release_modules gives: they are the caller's as if from page_alloc, content and all.
 * False: it does not begin with a page, or something else lies in its pages; nothing has changed.
 */
bool boot_memory_take_module(paddr_t start, paddr_t end);

/* The modules' memory is used no more.  A second call does nothing. */
void boot_memory_release_modules(void);

#endif
