/* SPDX-License-Identifier: Apache-2.0 */
/* Zeroth's own address space: direct map, device mappings, stacks. */
#ifndef X86_MAP_H
#define X86_MAP_H

#include "core/types.h"
#include "x86/layout.h"

enum map_cache { MAP_CACHED, MAP_UNCACHED, MAP_WRITE_COMBINING };

struct map_range {
    paddr_t start, end;
};

/*
 * Boot, on the first CPU: build Zeroth's level-4 table with all shared level-3 tables, the direct
 * map of the RAM ranges, the frame table and the M2P for frames [0, end); load it; the map one to
 * one of the first 4 GiB goes (map_low_drop) once nothing uses it.  alloc(size, align) gives zeroed
 * memory below 4 GiB, 0: none; once page_alloc has memory, it is asked no more.
 */
void map_init(const struct map_range *ranges, unsigned int count, mfn_t end,
              paddr_t (*alloc)(uint64_t size, uint64_t align));
void map_low_drop(void);

/* Each CPU: memory types as the ABI promises them to PV guests (MSR PAT). */
void map_init_cpu(void);

/* A machine address of RAM in the direct map, and back. */
static inline void *direct(paddr_t at)
{
    return (void *)(DIRECT_BASE + at);
}

static inline paddr_t direct_paddr(const void *at)
{
    return (uint64_t)at - DIRECT_BASE;
}

/* Machine address of an object in the image. */
static inline paddr_t image_paddr(const void *symbol)
{
    return (uint64_t)symbol - VIRT_OFFSET;
}

/* Map a device's registers or firmware's tables (any machine address, any size): NULL: no room. */
void *map_device(paddr_t at, size_t size, enum map_cache cache);
void map_device_end(const void *at, size_t size);

/* size bytes of fresh memory, zeroed, with an unmapped guard page below and above; the lowest byte. NULL: no memory. */
void *map_stack(size_t size);

/* The level-3 tables of slots HYPERVISOR_SLOT.. : what a PV guest's level-4 table holds there. */
extern uint64_t hypervisor_l4[512]; /* Zeroth's own level-4 table; idle vCPUs run on it */

/*
 * Tables of their own for firmware that runs at machine addresses: Zeroth's slots, and below them the
 * pages that map_firmware_page maps (at: page-aligned; MAP_*), which Zeroth's own tables do not have.
 * Under the direct map, for good; NULL, false: no memory, or no such address.  Boot only.
 */
enum { MAP_WRITE = 1, MAP_RUN = 2, MAP_DEVICE = 4 };
#define FIRMWARE_END (1ul << 47)
uint64_t *map_firmware_tables(void);
bool map_firmware_page(uint64_t *tables, paddr_t at, unsigned int rights);

/* Set a 4 KiB entry of the segment windows (SEGMENTS_BASE + page * 4096); 0 unmaps. -ENOMEM. */
int map_segment_page(unsigned int page, uint64_t entry);

#endif
