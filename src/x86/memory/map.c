/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/memory/map.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/frame.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"
#include "x86/features.h"

#include <xen/errno.h>

#define PRESENT  (1ul << 0)
#define WRITABLE (1ul << 1)
#define USER     (1ul << 2)
#define PWT      (1ul << 3)
#define PCD      (1ul << 4)
#define LARGE    (1ul << 7)
#define GLOBAL   (1ul << 8)
#define NX       (1ul << 63)
#define ADDRESS  0x000ffffffffff000ul

#define ENTRIES 512
#define SIZE_2M (ENTRIES * PAGE_SIZE)
#define SIZE_1G (ENTRIES * SIZE_2M)
#define MSR_PAT 0x277
#define PAT_ABI 0x050100070406ul /* WB, WT, UC-, UC, WC, WP, UC, UC */
#define PTE_PAT (1ul << 7)       /* of a 4 KiB entry */

#define VMAP_PAGES (SIZE_1G / PAGE_SIZE) /* of the slot's 512 GiB a first part is used */

/* Shared by all: data is neither executable nor a guest's. */
#define DATA (PRESENT | WRITABLE | NX)

extern uint64_t boot_l3_high[ENTRIES]; /* boot/start.S: maps the image */

uint64_t hypervisor_l4[ENTRIES] __attribute__((aligned(4096)));

static uint64_t tables_at; /* what to add to a table's machine address */
static paddr_t (*early_alloc)(uint64_t size, uint64_t align);
static paddr_t hole; /* 2 MiB of zeros that stand for frames that are not there */

static struct lock lock = LOCK(RANK_MAPPING); /* guards: vmap_used, tables of VMAP and SEGMENTS */
static uint64_t vmap_used[VMAP_PAGES / 64];

static uint64_t *table(uint64_t entry)
{
    return (uint64_t *)((entry & ADDRESS) + tables_at);
}

/* A zeroed page; 0: no memory. */
static paddr_t fresh_page(void)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

    if (mfn == MFN_NONE)
        return early_alloc(PAGE_SIZE, PAGE_SIZE);
    memset(frame_map(mfn), 0, PAGE_SIZE);
    return mfn << PAGE_SHIFT;
}

static paddr_t boot_alloc(uint64_t size)
{
    paddr_t at = early_alloc(size, size);

    if (!at)
        console_fatal("memory: too little below 4 GiB to map all of it");
    return at;
}

/* The entry of level 1, 2 or 3 (want) for an address; tables are made as needed.  NULL: no memory. */
static uint64_t *entry_in(uint64_t *entries, uint64_t va, unsigned int want, paddr_t (*page)(void))
{
    for (unsigned int level = 4;; level--) {
        uint64_t *e = &entries[va >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1)];

        if (level == want)
            return e;
        ASSERT(!(*e & LARGE) || level == 4);
        if (!*e) {
            paddr_t at = page();

            if (!at)
                return NULL;
            /* Whole at once: other CPUs walk these tables. */
            __atomic_store_n(e, at | PRESENT | WRITABLE, __ATOMIC_RELEASE);
        }
        entries = table(*e);
    }
}

static uint64_t *entry_of(uint64_t va, unsigned int want, paddr_t (*page)(void))
{
    return entry_in(hypervisor_l4, va, want, page);
}

static paddr_t boot_page(void)
{
    return boot_alloc(PAGE_SIZE);
}

/* Level of the largest page that may map [va, va + size) from its start on. */
static unsigned int best_level(uint64_t va, paddr_t at, uint64_t size)
{
    if (cpu.pages_1g && !((va | at) & (SIZE_1G - 1)) && size >= SIZE_1G)
        return 3;
    return !((va | at) & (SIZE_2M - 1)) && size >= SIZE_2M ? 2 : 1;
}

static void map_at_boot(uint64_t va, paddr_t at, uint64_t size, uint64_t rights)
{
    while (size) {
        unsigned int level = best_level(va, at, size);
        uint64_t step = PAGE_SIZE << (9 * (level - 1));

        *entry_of(va, level, boot_page) = at | rights | (level > 1 ? LARGE : 0);
        va += step;
        at += step;
        size -= step;
    }
}

static void make_slot(unsigned int slot, uint64_t rights)
{
    hypervisor_l4[slot] = boot_page() | rights;
}

static void make_slots(void)
{
    for (unsigned int slot = HYPERVISOR_SLOT; slot < HYPERVISOR_SLOT + HYPERVISOR_SLOTS; slot++) {
        if (slot == VIRT_L4)
            hypervisor_l4[slot] = image_paddr(boot_l3_high) | PRESENT | WRITABLE;
        else if (slot != M2P_SLOT && slot != M2P_SLOT + 1)
            make_slot(slot, DATA);
    }
    make_slot(M2P_SLOT, PRESENT | USER | NX); /* guests read it, nobody writes here */
    hypervisor_l4[M2P_SLOT + 1] = (hypervisor_l4[M2P_SLOT] & ADDRESS) | DATA;
}

/* Is any of frames [first, end) RAM? */
static bool any_ram(const struct map_range *ranges, unsigned int count, mfn_t first, mfn_t end)
{
    for (unsigned int i = 0; i < count; i++) {
        if (ranges[i].start < end << PAGE_SHIFT && ranges[i].end > first << PAGE_SHIFT)
            return true;
    }
    return false;
}

/* The M2P: 2 MiB tell of 1 GiB of frames.  Of holes that large nothing is mapped.  Not global, as a
 * guest may hide it from its user mode. */
static void map_m2p(const struct map_range *ranges, unsigned int count, mfn_t end)
{
    const mfn_t each = SIZE_2M / sizeof(uint64_t);

    for (mfn_t first = 0; first < end; first += each) {
        if (any_ram(ranges, count, first, first + each)) {
            uint64_t *e = entry_of(M2P_WRITABLE + first * sizeof(uint64_t), 2, boot_page);

            *e = boot_alloc(SIZE_2M) | DATA | USER | LARGE;
        }
    }
    /* Between the shared level-3 table and the leaves nothing restricts: level 4 does. */
    for (unsigned int i = 0; i < ENTRIES; i++) {
        uint64_t *l3 = table(hypervisor_l4[M2P_SLOT]);

        if (l3[i])
            l3[i] |= USER;
    }
}

/* The frame table: holes are read, too, so that what stands for them is zeros. */
static void map_frames(const struct map_range *ranges, unsigned int count, mfn_t end)
{
    const mfn_t each = SIZE_2M / sizeof(struct frame);

    for (mfn_t first = 0; first < end; first += each) {
        uint64_t *e = entry_of(FRAME_BASE + first * sizeof(struct frame), 2, boot_page);

        if (any_ram(ranges, count, first, first + each)) {
            *e = boot_alloc(SIZE_2M) | DATA | LARGE | GLOBAL;
            continue;
        }
        if (!hole)
            hole = boot_alloc(SIZE_2M);
        *e = hole | PRESENT | NX | LARGE | GLOBAL;
    }
}

void map_init(const struct map_range *ranges, unsigned int count, mfn_t end,
              paddr_t (*alloc)(uint64_t size, uint64_t align))
{
    uint64_t cr3;

    ASSERT(end << PAGE_SHIFT <= DIRECT_SIZE);
    early_alloc = alloc;
    make_slots();
    for (unsigned int i = 0; i < count; i++)
        map_at_boot(DIRECT_BASE + ranges[i].start, ranges[i].start, ranges[i].end - ranges[i].start,
                    DATA | GLOBAL);
    map_m2p(ranges, count, end);
    map_frames(ranges, count, end);

    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    hypervisor_l4[0] = *table(cr3); /* the map one to one, for a while */
    map_init_cpu();
    __asm__ volatile("mov %0, %%cr3" : : "r"(image_paddr(hypervisor_l4)) : "memory");
    tables_at = DIRECT_BASE;
}

void map_low_drop(void)
{
    uint64_t cr3;

    hypervisor_l4[0] = 0;
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
}

void map_init_cpu(void)
{
    wrmsr(MSR_PAT, PAT_ABI);
}

static bool vmap_is_used(size_t page)
{
    return vmap_used[page / 64] >> (page % 64) & 1;
}

static void vmap_mark(size_t first, size_t count, bool used)
{
    for (size_t page = first; page < first + count; page++) {
        ASSERT(vmap_is_used(page) != used);
        vmap_used[page / 64] ^= 1ul << (page % 64);
    }
}

/* Reserve pages of addresses in a row, first fit; VMAP_PAGES: there are not so many.  Lock held. */
static size_t vmap_reserve(size_t count)
{
    size_t free = 0;

    for (size_t page = 0; page < VMAP_PAGES; page++) {
        free = vmap_is_used(page) ? 0 : free + 1;
        if (free == count) {
            vmap_mark(page + 1 - count, count, true);
            return page + 1 - count;
        }
    }
    return VMAP_PAGES;
}

static uint64_t vmap_address(size_t page)
{
    return VMAP_BASE + page * PAGE_SIZE;
}

/* Not global: a change is flushed as a guest's mappings are.  False: no memory for tables. */
static bool vmap_set(size_t page, uint64_t entry)
{
    uint64_t *e = entry_of(vmap_address(page), 1, fresh_page);

    if (e)
        __atomic_store_n(e, entry, __ATOMIC_RELEASE);
    return e;
}

static void vmap_release(size_t first, size_t count)
{
    lock_take(&lock);
    vmap_mark(first, count, false);
    lock_release(&lock);
}

void *map_device(paddr_t at, size_t size, enum map_cache cache)
{
    static const uint64_t types[] = { 0, PCD | PWT, PTE_PAT };
    size_t count = ((at & PAGE_MASK) + size + PAGE_MASK) >> PAGE_SHIFT, first;
    bool good = count > 0 && count <= VMAP_PAGES;

    if (!good)
        return NULL;
    lock_take(&lock);
    first = vmap_reserve(count);
    good = first < VMAP_PAGES;
    for (size_t i = 0; good && i < count; i++)
        good = vmap_set(first + i, (at & ~PAGE_MASK) + i * PAGE_SIZE + (DATA | types[cache]));
    lock_release(&lock);
    if (good)
        return (void *)(vmap_address(first) + (at & PAGE_MASK));
    if (first < VMAP_PAGES)
        map_device_end((void *)vmap_address(first), count * PAGE_SIZE);
    return NULL;
}

void map_device_end(const void *at, size_t size)
{
    size_t count = (((uint64_t)at & PAGE_MASK) + size + PAGE_MASK) >> PAGE_SHIFT;
    size_t first = ((uint64_t)at - VMAP_BASE) >> PAGE_SHIFT;

    ASSERT(first + count <= VMAP_PAGES);
    lock_take(&lock);
    for (size_t i = 0; i < count; i++)
        vmap_set(first + i, 0);
    lock_release(&lock);
    arch_tlb_flush_stamped(NULL, arch_tlb_clock());
    vmap_release(first, count); /* only now may the addresses be used again */
}

void *map_stack(size_t size)
{
    size_t count = (size + PAGE_MASK) >> PAGE_SHIFT, first;
    bool good;

    lock_take(&lock);
    first = vmap_reserve(count + 2); /* the first and the last stay unmapped */
    good = first < VMAP_PAGES;
    for (size_t i = 1; good && i <= count; i++) {
        paddr_t page = fresh_page();

        good = page && vmap_set(first + i, page | DATA);
    }
    lock_release(&lock);
    return good ? (void *)vmap_address(first + 1) : NULL;
}

uint64_t *map_firmware_tables(void)
{
    paddr_t page = fresh_page();

    if (!page)
        return NULL;
    memcpy((uint64_t *)direct(page) + HYPERVISOR_SLOT, hypervisor_l4 + HYPERVISOR_SLOT,
           HYPERVISOR_SLOTS * sizeof(uint64_t));
    return direct(page);
}

bool map_firmware_page(uint64_t *tables, paddr_t at, unsigned int rights)
{
    uint64_t *e = at < FIRMWARE_END ? entry_in(tables, at, 1, fresh_page) : NULL;

    if (e)
        *e = at | PRESENT | (rights & MAP_WRITE ? WRITABLE : 0) | (rights & MAP_RUN ? 0 : NX) |
             (rights & MAP_DEVICE ? PCD | PWT : 0);
    return e;
}

int map_segment_page(unsigned int page, uint64_t entry)
{
    uint64_t *e;

    lock_take(&lock);
    e = entry_of(SEGMENTS_BASE + (uint64_t)page * PAGE_SIZE, 1, fresh_page);
    if (e)
        __atomic_store_n(e, entry, __ATOMIC_RELEASE);
    lock_release(&lock);
    return e ? 0 : -XEN_ENOMEM;
}

mfn_t arch_m2p_extent(unsigned int index)
{
    uint64_t va = M2P_BASE + index * SIZE_2M, l3, l2;

    if (va >= M2P_WRITABLE)
        return 0;
    l3 = table(hypervisor_l4[M2P_SLOT])[va / SIZE_1G % ENTRIES];
    l2 = l3 ? table(l3)[va / SIZE_2M % ENTRIES] : 0;
    return (l2 & ADDRESS) >> PAGE_SHIFT;
}
