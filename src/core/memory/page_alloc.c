/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free blocks hang in lists by node, zone and order.  A zone is the number of bits of a block's last
 * frame number, so that a limit of the address is a limit of the zone; high zones are used first.
 * Only the first frame of a free block is marked: a block of 1 GiB costs one entry.
 */
#include "core/memory/page_alloc.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/lock.h"
#include "core/machine.h"

#define ZONES      32
#define ZONE_BITS  12 /* zone 0: frame numbers of up to 12 bits, that is below 16 MiB */
#define RANGES_MAX 256

struct node {
    struct lock lock; /* RANK_PAGE_ALLOC; guards: all of this and its free frames */
    uint64_t free;
    uint64_t free_in[ZONES]; /* the same, by zone */
    uint32_t orders[ZONES];  /* bit n: the list of order n is not empty */
    uint32_t head[ZONES][ORDER_MAX + 1];
};

struct range {
    mfn_t start, end;
    unsigned int node;
};

_Static_assert(sizeof(struct node) <= PAGE_SIZE, "a node lives in a page of its own memory");

static struct node *nodes[NODES_MAX];
static struct range ranges[RANGES_MAX]; /* written at boot only */
static unsigned int range_count;
static uint64_t total;
static mfn_t highest;

static unsigned int zone_of(mfn_t mfn, unsigned int order)
{
    mfn_t last = mfn + (1ul << order) - 1;
    unsigned int bits = last ? 64 - (unsigned int)__builtin_clzl(last) : 0;

    bits = bits > ZONE_BITS ? bits - ZONE_BITS : 0;
    ASSERT(bits < ZONES);
    return bits;
}

static void list_add(struct node *n, mfn_t mfn, unsigned int order)
{
    struct frame *table = frame_table(), *f = &table[mfn];
    unsigned int zone = zone_of(mfn, order);
    uint32_t *head = &n->head[zone][order];

    n->free_in[zone] += 1ul << order;
    f->refs |= REFS_FREE;
    f->aux = (uint16_t)order;
    f->prev = FRAME_LIST_END;
    f->next = *head;
    if (*head != FRAME_LIST_END)
        table[*head].prev = (uint32_t)mfn;
    *head = (uint32_t)mfn;
    n->orders[zone] |= 1u << order;
}

static void list_remove(struct node *n, mfn_t mfn, unsigned int order)
{
    struct frame *table = frame_table(), *f = &table[mfn];
    unsigned int zone = zone_of(mfn, order);
    uint32_t *head = &n->head[zone][order];

    ASSERT((f->refs & REFS_FREE) && f->aux == order);
    n->free_in[zone] -= 1ul << order;
    if (f->prev != FRAME_LIST_END)
        table[f->prev].next = f->next;
    else
        *head = f->next;
    if (f->next != FRAME_LIST_END)
        table[f->next].prev = f->prev;
    if (*head == FRAME_LIST_END)
        n->orders[zone] &= ~(1u << order);
    f->refs &= ~REFS_FREE;
    f->aux = 0;
}

static unsigned int node_of(mfn_t mfn)
{
    for (unsigned int i = 0; i < range_count; i++) {
        if (mfn >= ranges[i].start && mfn < ranges[i].end)
            return ranges[i].node;
    }
    BUG("a frame of no node");
}

/* Is the block that begins at mfn free as a whole, with this order, in this node? */
static bool is_free_block(mfn_t mfn, unsigned int order, unsigned int node)
{
    const struct frame *f = frame_of(mfn);

    return f && (f->refs & REFS_FREE) && f->aux == order && f->node == node;
}

/* No free block holds the frame: else it is freed twice.  Those that may are of its own zone, as all of
 * a block's frames are but where it begins at 0, and of an order that the zone has. */
static void check_not_free(const struct node *n, mfn_t mfn)
{
    const struct frame *first = frame_of(0);

    for (uint32_t orders = n->orders[zone_of(mfn, 0)]; orders; orders &= orders - 1) {
        unsigned int order = (unsigned int)__builtin_ctz(orders);
        const struct frame *f = frame_of(mfn & ~((1ul << order) - 1));

        ASSERT(!f || !(f->refs & REFS_FREE) || f->aux < order);
    }
    ASSERT(!first || !(first->refs & REFS_FREE) || mfn >> first->aux);
}

/* Lock held: put a block back, joined with its free neighbours. */
static void insert(unsigned int node, mfn_t mfn, unsigned int order)
{
    struct node *n = nodes[node];

    n->free += 1ul << order;
    while (order < ORDER_MAX && is_free_block(mfn ^ (1ul << order), order, node)) {
        list_remove(n, mfn ^ (1ul << order), order);
        mfn &= ~(1ul << order);
        order++;
    }
    frame_table()[mfn].node = node;
    list_add(n, mfn, order);
}

static struct node *node_create(mfn_t home)
{
    struct node *n = frame_map(home);

    *n = (struct node){ .lock = LOCK(RANK_PAGE_ALLOC) };
    for (unsigned int zone = 0; zone < ZONES; zone++) {
        for (unsigned int order = 0; order <= ORDER_MAX; order++)
            n->head[zone][order] = FRAME_LIST_END;
    }
    return n;
}

static void add_range(mfn_t start, mfn_t end, unsigned int node)
{
    struct range *last = range_count ? &ranges[range_count - 1] : NULL;

    if (last && last->node == node && last->end == start) {
        last->end = end;
        return;
    }
    ASSERT(range_count < RANGES_MAX);
    ranges[range_count++] = (struct range){ start, end, node };
}

/* Frames become known as some that can be freed. */
static void take_note(mfn_t start, mfn_t end, unsigned int node)
{
    ASSERT(node < NODES_MAX && start < end && end < FRAME_LIST_END);
    frame_unreserve(start, end);
    add_range(start, end, node);
    total += end - start;
    if (end - 1 > highest)
        highest = end - 1;
}

bool page_alloc_add_taken(mfn_t start, mfn_t end, unsigned int node)
{
    if (!nodes[node])
        return false;
    take_note(start, end, node);
    return true;
}

void page_alloc_add(mfn_t start, mfn_t end, unsigned int node)
{
    bool on;

    take_note(start, end, node);
    if (!nodes[node])
        nodes[node] = node_create(start++);
    on = lock_take_irq(&nodes[node]->lock);
    while (start < end) {
        unsigned int order = start ? (unsigned int)__builtin_ctzl(start) : ORDER_MAX;

        if (order > ORDER_MAX)
            order = ORDER_MAX;
        while (start + (1ul << order) > end) {
            ASSERT(order); /* one frame fits */
            order--;
        }
        insert(node, start, order);
        start += 1ul << order;
    }
    lock_release_irq(&nodes[node]->lock, on);
}

/* The first block of a list whose frames are all below limit; FRAME_LIST_END: none. */
static uint32_t first_below(uint32_t at, unsigned int order, mfn_t limit)
{
    while (at != FRAME_LIST_END && at + (1ul << order) > limit)
        at = frame_table()[at].next;
    return at;
}

/* Lock held. */
static mfn_t take_from_zone(struct node *n, unsigned int zone, unsigned int order, mfn_t limit)
{
    uint32_t orders = n->orders[zone] & ~((1u << order) - 1);

    for (; orders; orders &= orders - 1) {
        unsigned int have = (unsigned int)__builtin_ctz(orders);
        uint32_t at = first_below(n->head[zone][have], order, limit);
        unsigned int node;

        if (at == FRAME_LIST_END)
            continue;
        node = frame_table()[at].node;
        list_remove(n, at, have);
        while (have > order) { /* the lower half is kept, the upper goes back */
            have--;
            frame_table()[at + (1u << have)].node = node;
            list_add(n, at + (1ul << have), have);
        }
        n->free -= 1ul << order;
        return at;
    }
    return MFN_NONE;
}

static mfn_t take_from_node(struct node *n, unsigned int order, unsigned int bits)
{
    mfn_t limit = bits >= 64 ? ~0ul : 1ul << (bits - PAGE_SHIFT), got = MFN_NONE;
    unsigned int zone = zone_of(limit > 1ul << 32 ? (1ul << 32) - 1 : limit - 1, 0);
    bool on = lock_take_irq(&n->lock);

    for (zone++; zone-- > 0 && got == MFN_NONE;)
        got = take_from_zone(n, zone, order, limit);
    lock_release_irq(&n->lock, on);
    return got;
}

mfn_t page_alloc(unsigned int order, unsigned int node, unsigned int address_bits)
{
    mfn_t got = MFN_NONE;

    if (order > ORDER_MAX || address_bits <= PAGE_SHIFT)
        return MFN_NONE;
    if (node < NODES_MAX && nodes[node])
        got = take_from_node(nodes[node], order, address_bits);
    for (unsigned int i = 0; i < NODES_MAX && got == MFN_NONE; i++) {
        if (nodes[i] && i != node)
            got = take_from_node(nodes[i], order, address_bits);
    }
    return got;
}

/* What a frame must look like to be free; its next user finds it so. */
static void make_clean(mfn_t mfn)
{
    struct frame *f = frame_of(mfn);

    ASSERT(f && !(f->refs & (REFS_COUNT | REFS_ALLOCATED)) && !(f->type & TYPE_COUNT));
    ASSERT(f->owner == DOMID_INVALID);
    f->refs = REFS_RAM | REFS_FOUL;
    f->type = 0;
    f->aux = 0;
}

void page_free(mfn_t mfn, unsigned int order)
{
    unsigned int node = node_of(mfn);
    bool on;

    ASSERT(order <= ORDER_MAX && !(mfn & ((1ul << order) - 1)));
    on = lock_take_irq(&nodes[node]->lock);
    check_not_free(nodes[node], mfn);
    for (mfn_t i = mfn; i < mfn + (1ul << order); i++)
        make_clean(i);
    insert(node, mfn, order);
    lock_release_irq(&nodes[node]->lock, on);
}

void page_free_range(mfn_t mfn, mfn_t end)
{
    while (mfn < end) {
        unsigned int order = mfn ? (unsigned int)__builtin_ctzl(mfn) : ORDER_MAX;

        if (order > ORDER_MAX)
            order = ORDER_MAX;
        while (mfn + (1ul << order) > end || node_of(mfn) != node_of(mfn + (1ul << order) - 1))
            order--;
        page_free(mfn, order);
        mfn += 1ul << order;
    }
}

uint64_t page_alloc_free_count(unsigned int node)
{
    uint64_t count = 0;

    for (unsigned int i = 0; i < NODES_MAX; i++) {
        if (nodes[i] && (node == NODE_ANY || node == i))
            count += nodes[i]->free;
    }
    return count;
}

/* The zone of addresses of at most so many bits; -1: even the lowest has more. */
static int zone_of_width(unsigned int bits)
{
    int zone = (int)bits - ZONE_BITS - PAGE_SHIFT;

    return zone < 0 ? -1 : zone < ZONES ? zone : ZONES;
}

uint64_t page_alloc_free_between(unsigned int node, unsigned int least, unsigned int most)
{
    int first = zone_of_width(least), last = most ? zone_of_width(most) : ZONES;
    uint64_t count = 0;

    for (unsigned int i = 0; i < NODES_MAX; i++)
        for (int zone = first < 0 ? 0 : first; zone <= last && zone < ZONES; zone++)
            if (nodes[i] && (node == NODE_ANY || node == i))
                count += nodes[i]->free_in[zone];
    return count;
}

uint64_t page_alloc_total(void)
{
    return total;
}

mfn_t page_alloc_highest(void)
{
    return highest;
}
