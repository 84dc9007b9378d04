/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/p2m.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"
#include "lib/memory.h"

#include <xen/errno.h>

#define LEVELS     4u
#define LEVEL_BITS 9u
#define ENTRIES    512u
/* Where both vendors' formats agree: the frame, "this is no table" (AMD APM 2, section 15.25.5; Intel
 * SDM 3, section 28.3.2), and bits that CPUs ignore. */
#define ENTRY_FRAME 0x000ffffffffff000ul
#define ENTRY_LARGE 0x80ul
#define KIND_SHIFT  52
#define KIND_BITS   7ul

static enum p2m_type type_of(uint64_t entry)
{
    return (enum p2m_type)(entry >> KIND_SHIFT & KIND_BITS);
}

static mfn_t frame_in(uint64_t entry)
{
    return (entry & ENTRY_FRAME) >> PAGE_SHIFT;
}

/* level: of the table that the entry stands in, from 0. */
static uint64_t make(const struct p2m *p, mfn_t mfn, unsigned int level, enum p2m_type type)
{
    if (type == P2M_NONE)
        return 0;
    return mfn << PAGE_SHIFT | p->access[type] | (uint64_t)type << KIND_SHIFT |
           (level && type != P2M_TABLE ? ENTRY_LARGE : 0);
}

static unsigned int index_at(gfn_t gfn, unsigned int level)
{
    return (unsigned int)(gfn >> (level * LEVEL_BITS)) & (ENTRIES - 1);
}

/* ---- the pool ---- */

static bool pool_add(struct p2m *p)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    mfn_t *page;

    if (mfn == MFN_NONE)
        return false;
    page = frame_map(mfn);
    *page = p->pool;
    frame_unmap(page);
    p->pool = mfn;
    p->pool_free++;
    p->pool_total++;
    return true;
}

static mfn_t pool_take(struct p2m *p)
{
    mfn_t mfn = p->pool, *page;

    ASSERT(mfn != MFN_NONE && p->pool_free);
    page = frame_map(mfn);
    p->pool = *page;
    memset(page, 0, PAGE_SIZE);
    frame_unmap(page);
    p->pool_free--;
    return mfn;
}

static void pool_drop(struct p2m *p)
{
    page_free(pool_take(p), 0);
    p->pool_total--;
}

int p2m_set_pool(struct p2m *p, uint64_t pages)
{
    uint64_t had = p->pool_total;

    while (p->pool_total < pages) {
        if (!pool_add(p)) {
            while (p->pool_total > had)
                pool_drop(p);
            return -XEN_ENOMEM;
        }
        if (p->pool_total < pages && preempt_wanted())
            return -XEN_ERESTART;
    }
    while (p->pool_total > pages && p->pool_free) {
        pool_drop(p);
        if (p->pool_total > pages && p->pool_free && preempt_wanted())
            return -XEN_ERESTART;
    }
    return 0;
}

/* ---- life ---- */

int p2m_create(struct p2m *p, struct domain *d, const uint64_t *access,
               void (*flush)(struct domain *d))
{
    *p = (struct p2m){ .domain = d, .access = access, .flush = flush, .pool = MFN_NONE };
    if (!pool_add(p)) {
        p->domain = NULL;
        return -XEN_ENOMEM;
    }
    p->root = pool_take(p);
    return 0;
}

/* A table and those below it, as far as the pieces go; true: it is freed. */
static bool free_table(mfn_t mfn, unsigned int level, unsigned int *pieces)
{
    uint64_t *table = frame_map(mfn);
    bool whole = true;

    for (unsigned int i = 0; level && whole && i < ENTRIES; i++) {
        if (type_of(table[i]) != P2M_TABLE)
            continue;
        whole = free_table(frame_in(table[i]), level - 1, pieces);
        if (whole)
            table[i] = 0;
    }
    frame_unmap(table);
    whole = whole && *pieces;
    if (whole) {
        page_free(mfn, 0);
        --*pieces;
    }
    return whole;
}

bool p2m_destroy(struct p2m *p, unsigned int pieces)
{
    if (!p->domain)
        return true;
    if (p->root != MFN_NONE && !free_table(p->root, LEVELS - 1, &pieces))
        return false;
    p->root = MFN_NONE;
    for (; p->pool_free; pieces--) {
        if (!pieces)
            return false;
        pool_drop(p);
    }
    p->domain = NULL;
    return true;
}

/* ---- changes ---- */

static void write_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* An entry of many numbers becomes a table of the same: no translation changes. */
static mfn_t split(struct p2m *p, uint64_t *entry, unsigned int level)
{
    uint64_t old = *entry, step = 1ul << ((level - 1) * LEVEL_BITS);
    mfn_t mfn = pool_take(p);
    uint64_t *table = frame_map(mfn);

    for (unsigned int i = 0; type_of(old) != P2M_NONE && i < ENTRIES; i++)
        table[i] = make(p, frame_in(old) + i * step, level - 1, type_of(old));
    frame_unmap(table);
    write_entry(entry, make(p, mfn, level, P2M_TABLE));
    return mfn;
}

/* How many tables are missing on the way to the entry's level. */
static unsigned int missing(const struct p2m *p, gfn_t gfn, unsigned int to)
{
    mfn_t mfn = p->root;

    for (unsigned int level = LEVELS - 1; level > to; level--) {
        const uint64_t *table = frame_map(mfn);
        uint64_t entry = table[index_at(gfn, level)];

        frame_unmap(table);
        if (type_of(entry) != P2M_TABLE)
            return level - to;
        mfn = frame_in(entry);
    }
    return 0;
}

/* Over a table that is there: its entries change, it stays. */
static void fill_below(struct p2m *p, mfn_t table_mfn, mfn_t mfn, unsigned int level,
                       enum p2m_type type)
{
    uint64_t *table = frame_map(table_mfn), step;

    ASSERT(level < LEVELS); /* the lowest has no tables below it */
    step = 1ul << (level * LEVEL_BITS);
    for (unsigned int i = 0; i < ENTRIES; i++)
        if (type_of(table[i]) == P2M_TABLE)
            fill_below(p, frame_in(table[i]), mfn + i * step, level - 1, type);
        else
            write_entry(&table[i], make(p, mfn + i * step, level, type));
    frame_unmap(table);
}

/* Nothing can fail any more: the pool has what is missing. */
static void set_at(struct p2m *p, gfn_t gfn, mfn_t mfn, unsigned int to, enum p2m_type type)
{
    mfn_t at = p->root;
    uint64_t *table, *entry;

    for (unsigned int level = LEVELS - 1; level > to; level--) {
        table = frame_map(at);
        entry = &table[index_at(gfn, level)];
        at = type_of(*entry) == P2M_TABLE ? frame_in(*entry) : split(p, entry, level);
        frame_unmap(table);
    }
    table = frame_map(at);
    entry = &table[index_at(gfn, to)];
    if (type_of(*entry) == P2M_TABLE)
        fill_below(p, frame_in(*entry), mfn, to - 1, type);
    else
        write_entry(entry, make(p, mfn, to, type));
    frame_unmap(table);
}

/* As many smaller ones. */
static int set_by_parts(struct p2m *p, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    if (missing(p, gfn, 1) > p->pool_free)
        return -XEN_ENOMEM;
    for (gfn_t i = 0; i < 1ul << P2M_ORDER_1G; i += 1ul << P2M_ORDER_2M)
        set_at(p, gfn + i, mfn + i, 1, type);
    return 0;
}

int p2m_set(struct p2m *p, gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    gfn_t last = gfn + (1ul << order) - 1;

    ASSERT(order == 0 || order == P2M_ORDER_2M || order == P2M_ORDER_1G);
    ASSERT(lock_held(&p->domain->pagetable_lock));
    if (last >> P2M_GFN_BITS || last < gfn || (gfn & ((1ul << order) - 1)))
        return -XEN_EINVAL;
    if (type == P2M_NONE && missing(p, gfn, order / LEVEL_BITS) && p2m_get(p, gfn).type == P2M_NONE)
        return 0;
    if (order == P2M_ORDER_1G && !p->pages_1g && type != P2M_NONE) {
        int rc = set_by_parts(p, gfn, mfn, type);

        if (rc)
            return rc;
    } else {
        if (missing(p, gfn, order / LEVEL_BITS) > p->pool_free)
            return -XEN_ENOMEM;
        set_at(p, gfn, mfn, order / LEVEL_BITS, type);
    }
    if (type != P2M_NONE && last > p->highest)
        p->highest = last;
    return 0;
}

gfn_t p2m_relabel(struct p2m *p, gfn_t gfn, enum p2m_type from, enum p2m_type to)
{
    mfn_t at = p->root;

    ASSERT(lock_held(&p->domain->pagetable_lock) && !(gfn >> P2M_GFN_BITS));
    for (unsigned int level = LEVELS - 1;; level--) {
        uint64_t *table = frame_map(at), *entry = &table[index_at(gfn, level)], value = *entry;

        if (type_of(value) == from)
            write_entry(entry, make(p, frame_in(value), level, to));
        frame_unmap(table);
        if (type_of(value) != P2M_TABLE)
            return (gfn | ((1ul << (level * LEVEL_BITS)) - 1)) + 1;
        at = frame_in(value);
        ASSERT(level > 0);
    }
}

struct p2m_entry p2m_get(const struct p2m *p, gfn_t gfn)
{
    mfn_t mfn = p->root;

    if (gfn >> P2M_GFN_BITS)
        return (struct p2m_entry){ MFN_NONE, P2M_NONE, 0 };
    for (unsigned int level = LEVELS - 1;; level--) {
        const uint64_t *table = frame_map(mfn);
        uint64_t entry = __atomic_load_n(&table[index_at(gfn, level)], __ATOMIC_ACQUIRE);
        unsigned int order = level * LEVEL_BITS;

        frame_unmap(table);
        mfn = frame_in(entry);
        if (type_of(entry) != P2M_TABLE)
            return (struct p2m_entry){ mfn + (gfn & ((1ul << order) - 1)), type_of(entry), order };
        ASSERT(level > 0);
    }
}

void p2m_flush(struct p2m *p)
{
    p->flush(p->domain);
}
