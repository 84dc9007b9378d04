/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_layout.h"

#define REGION_ALIGN (4ul << 20) /* the end of the region; rules 2 and 7 of xen/xen.h */
#define PADDING      (512ul << 10)
#define LOW_END      (1ul << 47)          /* of the addresses before those not canonical */
#define HIGH_START   0xffff880000000000ul /* first address behind Zeroth's */
#define L1_SHIFT     21                   /* what a table of a level maps: a power of two, bytes */
#define L2_SHIFT     30
#define L3_SHIFT     39

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes >> PAGE_SHIFT) + ((bytes & PAGE_MASK) != 0);
}

/* Bytes from an address of a guest's to the end of the half it lies in, but the last page. */
static uint64_t room_from(uint64_t address)
{
    if (address < LOW_END)
        return LOW_END - address - PAGE_SIZE;
    return address >= HIGH_START ? 0 - address - PAGE_SIZE : 0;
}

/* Aligned pieces of 2^shift bytes that a range, not empty, touches. */
static uint64_t pieces(uint64_t start, uint64_t end, unsigned int shift)
{
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* Pieces that two ranges both touch. */
static uint64_t common(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end, unsigned int shift)
{
    uint64_t first = (a > b ? a : b) >> shift;
    uint64_t last = ((a_end < b_end ? a_end : b_end) - 1) >> shift;

    return last >= first ? last - first + 1 : 0;
}

/* Tables of all levels that map the region. */
static uint64_t region_tables(uint64_t start, uint64_t end)
{
    return pieces(start, end, L1_SHIFT) + pieces(start, end, L2_SHIFT) +
           pieces(start, end, L3_SHIFT) + 1;
}

/* Tables that a list outside needs beside those. */
static uint64_t list_tables(const struct dom0_layout *l)
{
    uint64_t end = l->list + l->list_pages * PAGE_SIZE, count = 0;

    for (unsigned int shift = L1_SHIFT; shift <= L3_SHIFT; shift += L2_SHIFT - L1_SHIFT)
        count += pieces(l->list, end, shift) - common(l->list, end, l->base, l->end, shift);
    return count;
}

/* From the tables on; the more there are the further it reaches, and so the more are needed. */
static void place_tables(struct dom0_layout *l)
{
    uint64_t need = 1;

    do {
        l->table_pages = need;
        l->stack = l->tables + need * PAGE_SIZE;
        l->end = round_up(l->stack + PAGE_SIZE + PADDING, REGION_ALIGN);
        need = region_tables(l->base, l->end);
    } while (need > l->table_pages);
}

static void place_region(struct dom0_layout *l, const struct elf_kernel *k)
{
    uint64_t at = round_up(k->end, PAGE_SIZE);

    if (l->initrd_pages && !k->mod_start_pfn) {
        l->initrd = at;
        l->initrd_gfn = dom0_layout_gfn(l, at);
        at += l->initrd_pages * PAGE_SIZE;
    }
    if (!l->list_outside) {
        l->list = at;
        at += l->list_pages * PAGE_SIZE;
    }
    l->info = at;
    l->tables = at + PAGE_SIZE;
    place_tables(l);
    l->region_pages = dom0_layout_gfn(l, l->end);
}

static void place_behind(struct dom0_layout *l)
{
    l->least = l->region_pages;
    if (l->initrd_pages && !l->initrd) {
        l->initrd_gfn = l->least;
        l->least += l->initrd_pages;
    }
    l->list_gfn = l->list_outside ? l->least : dom0_layout_gfn(l, l->list);
    if (l->list_outside) {
        l->list_tables = list_tables(l);
        l->least += l->list_tables + l->list_pages;
    }
}

/* Is there room for so many bytes at an address of its own choice? */
static const char *check_list(const struct dom0_layout *l)
{
    uint64_t bytes = l->list_pages * PAGE_SIZE;

    if (bytes > room_from(l->list))
        return "the P2M list does not fit at the address that the kernel wants it at";
    if (l->list < l->end && l->list + bytes > l->base)
        return "the kernel wants the P2M list at addresses of its own";
    return NULL;
}

/* Can the region be addressed?  Its tables are less than 1/256 of it and 4 pages. */
static bool region_fits(const struct dom0_layout *l, const struct elf_kernel *k)
{
    uint64_t room = room_from(l->base), bytes = k->end - l->base;
    uint64_t more[] = { k->mod_start_pfn ? 0 : l->initrd_pages,
                        l->list_outside ? 0 : l->list_pages };

    if (k->end < l->base || bytes > room)
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(more); i++) {
        if (more[i] > (room - bytes) >> PAGE_SHIFT)
            return false;
        bytes += more[i] << PAGE_SHIFT;
    }
    return bytes + (bytes >> 8) + 3 * REGION_ALIGN <= room;
}

const char *dom0_layout(struct dom0_layout *l, const struct elf_kernel *k, uint64_t pages,
                        uint64_t initrd_bytes)
{
    *l = (struct dom0_layout){ .base = k->virt_base,
                               .initrd_pages = pages_of(initrd_bytes),
                               .list_pages = pages_of(pages * sizeof(uint64_t)),
                               .list_outside = k->init_p2m != ELF_NONE,
                               .list = k->init_p2m };
    if (pages == 0)
        return "there is no memory for it";
    if (l->base & PAGE_MASK)
        return "its base address is not that of a page";
    if (!region_fits(l, k))
        return "its memory does not fit into its addresses";
    place_region(l, k);
    place_behind(l);
    return l->list_outside ? check_list(l) : NULL;
}
