/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of core/memory/heap.c that nobody points to: found as by a collector of garbage, from all
 * variables on, through all objects.  The form of the heap's pages is core/memory/heap.c's.
 */
#include "fuzz.h"

#include "core/machine.h"

#include <string.h>

#define NOT_SANITIZED __attribute__((no_sanitize("address")))
#define AUX_PAGES     0x8000u
#define AUX_SLAB      0x4000u
#define LEAST_SHIFT   5
#define NO_OBJECT     0xffffu
#define PER_PAGE      (PAGE_SIZE >> LEAST_SHIFT)

extern char world_start[], world_end[];

enum { NOTHING, UNSEEN, SEEN };

static uint8_t state[FUZZ_FRAMES][PER_PAGE]; /* of the object that begins there */
static uint32_t first_page[FUZZ_FRAMES];     /* of an object of pages; 0: none */
static uint32_t sizes[FUZZ_FRAMES];          /* of the objects in a page, or of those pages */

static NOT_SANITIZED void find_slab(mfn_t mfn, unsigned int class)
{
    const char *page = frame_map(mfn);
    unsigned int size = 1u << (class + LEAST_SHIFT);

    sizes[mfn] = size;
    for (unsigned int at = size; at + size <= PAGE_SIZE; at += size)
        state[mfn][at >> LEAST_SHIFT] = UNSEEN;
    for (uint16_t at = *(const uint16_t *)page; at != NO_OBJECT;
         at = *(const uint16_t *)(page + at))
        state[mfn][at >> LEAST_SHIFT] = NOTHING;
}

static void find_objects(void)
{
    memset(state, NOTHING, sizeof(state));
    memset(first_page, 0, sizeof(first_page));
    memset(sizes, 0, sizeof(sizes));
    for (mfn_t mfn = FUZZ_FIRST; mfn < FUZZ_FRAMES; mfn++) {
        const struct frame *f = frame_of(mfn);

        if (f->owner != DOMID_INVALID || (f->refs & (REFS_COUNT | REFS_FREE)))
            continue;
        if (f->aux & AUX_PAGES) {
            uint32_t pages = f->aux & ~AUX_PAGES;

            state[mfn][0] = UNSEEN;
            for (uint32_t i = 0; i < pages; i++)
                first_page[mfn + i] = (uint32_t)mfn;
            sizes[mfn] = pages * (uint32_t)PAGE_SIZE;
        } else if (f->aux & AUX_SLAB)
            find_slab(mfn, f->aux & 0xff);
    }
}

static void scan(const char *at, size_t size);

static void see(uint64_t value)
{
    mfn_t mfn = (value - (uint64_t)workbench_ram) >> PAGE_SHIFT;
    unsigned int offset;

    if (value < (uint64_t)workbench_ram || mfn >= FUZZ_FRAMES)
        return;
    if (first_page[mfn])
        mfn = first_page[mfn];
    if (!sizes[mfn])
        return;
    offset = first_page[mfn] ? 0 : (unsigned int)((value & PAGE_MASK) / sizes[mfn] * sizes[mfn]);
    if (state[mfn][offset >> LEAST_SHIFT] != UNSEEN)
        return;
    state[mfn][offset >> LEAST_SHIFT] = SEEN;
    scan((const char *)frame_map(mfn) + offset, sizes[mfn]);
}

static NOT_SANITIZED void scan(const char *at, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8)
        see(*(const uint64_t *)(at + i));
}

/* ---- pages that are no domain's and no object's: tables of maps among them ---- */

static uint64_t raw_pages(void)
{
    uint64_t count = 0;

    for (mfn_t mfn = FUZZ_FIRST; mfn < FUZZ_FRAMES;) {
        const struct frame *f = frame_of(mfn);

        if (f->refs & REFS_FREE) {
            mfn += 1ul << f->aux;
            continue;
        }
        count += f->owner == DOMID_INVALID && !(f->refs & REFS_COUNT) && !sizes[mfn] &&
                 !first_page[mfn];
        mfn++;
    }
    return count;
}

static unsigned int others;

static void count_other(struct domain *d)
{
    others += d != dom0;
}

/* As many as in a world in which nothing has happened; what Dom0 refers to keeps a domain. */
static void check_raw_pages(void)
{
    static KEPT uint64_t at_most;
    uint64_t now = raw_pages();

    others = 0;
    domain_for_each(count_other);
    if (others)
        return;
    if (!at_most)
        at_most = now;
    REQUIRE(now <= at_most, "%lu pages have been given to nobody, not %lu", now, at_most);
}

void check_leaks(void)
{
    find_objects();
    scan(world_start, (size_t)(world_end - world_start));
    for (mfn_t mfn = FUZZ_FIRST; mfn < FUZZ_FRAMES; mfn++)
        for (unsigned int i = 0; i < PER_PAGE; i++)
            REQUIRE(state[mfn][i] != UNSEEN, "nobody has the object at %lx + %x, %u bytes", mfn,
                    i << LEAST_SHIFT, sizes[mfn]);
    check_raw_pages();
}
