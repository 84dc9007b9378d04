/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_tables.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/pv/pte.h"

#define READABLE (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define WRITABLE (READABLE | PTE_WRITABLE | PTE_DIRTY)
#define TABLE    WRITABLE /* rights are the leaf's */
#define PER_PAGE (PAGE_SIZE / sizeof(uint64_t))

/* Pages for tables: gfns [next, end). */
struct builder {
    const struct dom0_memory *m;
    mfn_t top;
    gfn_t next, end;
};

static mfn_t fresh_table(struct builder *b)
{
    mfn_t mfn = dom0_memory_frame(b->m, b->next++);
    void *at = frame_map(mfn);

    ASSERT(b->next <= b->end);
    memset(at, 0, PAGE_SIZE);
    frame_unmap(at);
    return mfn;
}

/* The level-1 table for an address; tables on the way are made. */
static mfn_t level1_of(struct builder *b, uint64_t address)
{
    mfn_t mfn = b->top;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *table = frame_map(mfn), *entry = &table[pte_index(address, level)];

        if (!*entry)
            *entry = fresh_table(b) << PAGE_SHIFT | TABLE;
        mfn = pte_mfn(*entry);
        frame_unmap(table);
    }
    return mfn;
}

static void map(struct builder *b, uint64_t address, gfn_t gfn, uint64_t count, uint64_t rights)
{
    while (count) {
        uint64_t *table = frame_map(level1_of(b, address));

        for (unsigned int i = pte_index(address, 1); i < PTE_COUNT && count; i++, count--) {
            table[i] = dom0_memory_frame(b->m, gfn++) << PAGE_SHIFT | rights;
            address += PAGE_SIZE;
        }
        frame_unmap(table);
    }
}

/* The part of the region between two of its addresses. */
static void map_region(struct builder *b, const struct dom0_layout *l, uint64_t from, uint64_t to,
                       uint64_t rights)
{
    map(b, from, dom0_layout_gfn(l, from), (to - from) >> PAGE_SHIFT, rights);
}

void dom0_tables_build(const struct dom0_memory *m, const struct dom0_layout *l)
{
    struct builder b = { .m = m, .next = dom0_layout_gfn(l, l->tables) };

    b.end = b.next + l->table_pages;
    b.top = fresh_table(&b);
    map_region(&b, l, l->base, l->tables, WRITABLE);
    map_region(&b, l, l->tables, l->stack, READABLE);
    map_region(&b, l, l->stack, l->end, WRITABLE);
    ASSERT(b.next == b.end);
    if (!l->list_outside)
        return;
    b.next = l->list_gfn;
    b.end = b.next + l->list_tables;
    map(&b, l->list, b.end, l->list_pages, WRITABLE);
    ASSERT(b.next == b.end);
}

/* One run's entries of the list, page by page of it; first: gfn of the list itself. */
static void list_run(const struct dom0_memory *m, gfn_t first, const struct dom0_run *run)
{
    gfn_t gfn = run->gfn, end = gfn + run->count;
    mfn_t mfn = run->mfn;

    while (gfn < end) {
        uint64_t *page = frame_map(dom0_memory_frame(m, first + gfn / PER_PAGE));
        uint64_t i = gfn % PER_PAGE, stop = end - gfn < PER_PAGE - i ? i + (end - gfn) : PER_PAGE;

        gfn += stop - i;
        for (; i < stop; i++)
            page[i] = mfn++;
        frame_unmap(page);
    }
}

void dom0_tables_list(const struct dom0_memory *m, const struct dom0_layout *l)
{
    gfn_t first = l->list_gfn + l->list_tables;
    uint64_t used = m->pages % PER_PAGE;
    uint64_t *last;

    for (unsigned int i = 0; i < m->run_count; i++)
        list_run(m, first, &m->runs[i]);
    if (!used)
        return;
    last = frame_map(dom0_memory_frame(m, first + l->list_pages - 1));
    memset(&last[used], 0, (PER_PAGE - used) * sizeof(last[0]));
    frame_unmap(last);
}
