/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a frame is: the list of a domain's, what comes into it and what goes. */
#include "core/memory/frame_words.h"

#include "core/assert.h"
#include "core/domain.h"
#include "lib/memory.h"

#include <xen/errno.h>

static void list_remove(struct domain *d, struct frame *f)
{
    ASSERT(lock_held(&d->page_lock) && d->pages > 0);
    if (f->prev != FRAME_LIST_END)
        frame_table()[f->prev].next = f->next;
    else
        d->pages_first = f->next;
    if (f->next != FRAME_LIST_END)
        frame_table()[f->next].prev = f->prev;
    d->pages--;
}

/* Memory that was never anybody's since the boot goes to Dom0 as it is: scrubbing all RAM would
 * cost more than the rest of the boot. */
static void scrub(struct frame *f, uint64_t count, const struct domain *d)
{
    for (uint64_t i = 0; i < count; i++) {
        void *at;

        if (d->privileged && !(f[i].refs & REFS_FOUL))
            continue;
        at = frame_map(frame_mfn(&f[i]));
        memset(at, 0, PAGE_SIZE);
        frame_unmap(at);
    }
}

static void give(struct frame *f, struct domain *d)
{
    ASSERT(!(f->refs & (REFS_COUNT | REFS_FREE)) && f->owner == DOMID_INVALID && f->type == 0);
    __atomic_store_n(&f->owner, d->id, __ATOMIC_RELEASE);
    __atomic_store_n(&f->refs, REFS_RAM | REFS_FOUL | REFS_ALLOCATED | 1, __ATOMIC_RELEASE);
}

/* Frames in a row become the head of the owner's list, the lowest first: all of a machine's RAM goes
 * through here when Dom0 is built. */
static void list_add_range(struct domain *d, struct frame *f, uint64_t count)
{
    uint32_t mfn = (uint32_t)frame_mfn(f), first = mfn;

    ASSERT(lock_held(&d->page_lock));
    for (uint64_t i = 0; i < count; i++, mfn++) {
        f[i].prev = mfn - 1;
        f[i].next = mfn + 1;
        give(&f[i], d);
    }
    f[0].prev = FRAME_LIST_END;
    f[count - 1].next = d->pages_first;
    if (d->pages_first != FRAME_LIST_END)
        frame_table()[d->pages_first].prev = mfn - 1;
    d->pages_first = first;
    d->pages += count;
}

/* May it have so many more?  What it has given back and still refers to is its own, too: else a guest
 * could give back what it maps, be given other frames for that, and have more and more. */
static bool has_room(const struct domain *d, uint64_t count)
{
    uint64_t used = d->pages + domain_orphans(d->id);

    return used <= d->pages_max && count <= d->pages_max - used;
}

int frame_assign_range(mfn_t mfn, unsigned int order, struct domain *d)
{
    struct frame *f = &frame_table()[mfn];
    uint64_t count = 1ul << order;
    int rc = 0;

    scrub(f, count, d);
    lock_take(&d->page_lock);
    if (d->is_dying)
        rc = -XEN_EINVAL;
    else if (!has_room(d, count))
        rc = -XEN_ENOMEM;
    else
        list_add_range(d, f, count);
    lock_release(&d->page_lock);
    return rc;
}

void frame_assign_instead(mfn_t mfn, unsigned int order, struct domain *d)
{
    struct frame *f = &frame_table()[mfn];

    scrub(f, 1ul << order, d);
    lock_take(&d->page_lock);
    ASSERT(!d->is_dying);
    list_add_range(d, f, 1ul << order);
    lock_release(&d->page_lock);
}

int frame_assign(struct frame *f, struct domain *d)
{
    return frame_assign_range(frame_mfn(f), 0, d);
}

/* Take ALLOCATED away, but not yet its reference. */
static bool take_allocation(struct frame *f, struct domain *d)
{
    uint64_t old = load(&f->refs);

    ASSERT(lock_held(&d->page_lock));
    do {
        if (!(old & REFS_ALLOCATED) || f->owner != d->id)
            return false;
    } while (!swap(&f->refs, &old, old & ~REFS_ALLOCATED));
    return true;
}

uint64_t frame_take_alone(struct frame *f, struct domain *d)
{
    uint64_t old = load(&f->refs);

    ASSERT(lock_held(&d->page_lock));
    do {
        if ((old & (REFS_ALLOCATED | REFS_COUNT)) != (REFS_ALLOCATED | 1) || f->owner != d->id)
            return 0;
        if (load(&f->type) & TYPE_COUNT)
            return 0;
    } while (!swap(&f->refs, &old, old & ~(REFS_ALLOCATED | REFS_COUNT)));
    ASSERT(!(load(&f->type) & TYPE_COUNT));
    list_remove(d, f);
    return old;
}

/* A pin, or validation that stopped, holds a frame for good: it must stay in its owner's list, where
 * the owner's end finds it.  Who sets PINNED or BUSY looks at ALLOCATED after it; here it is the other
 * way round, so that one of the two sees the other. */
static bool held_for_good(const struct frame *f)
{
    return load(&f->type) & (TYPE_PINNED | TYPE_PARTIAL | TYPE_BUSY);
}

/* The allocation's own reference: no mapping went, the clock stays.  The frame was made an orphan before:
 * while others refer to it it keeps its owner's number, and counts against what the owner may have. */
static void put_allocation(struct frame *f)
{
    uint64_t left = __atomic_sub_fetch(&f->refs, 1, __ATOMIC_SEQ_CST);

    if (!(left & REFS_COUNT))
        frame_orphan_gone(f, left);
}

bool frame_release(struct frame *f, struct domain *d)
{
    bool taken;

    lock_take(&d->page_lock);
    taken = take_allocation(f, d);
    if (taken && held_for_good(f)) {
        __atomic_fetch_or(&f->refs, REFS_ALLOCATED, __ATOMIC_SEQ_CST);
        taken = false;
    }
    if (taken) {
        list_remove(d, f);
        domain_orphan(d->id);
    }
    lock_release(&d->page_lock);
    if (taken)
        put_allocation(f);
    return taken;
}

bool frame_steal(struct frame *f, struct domain *d)
{
    uint64_t word;

    lock_take(&d->page_lock);
    word = frame_take_alone(f, d);
    lock_release(&d->page_lock);
    if (!word)
        return false;
    flush_since_both(word, load(&f->type));
    f->type = 0;
    f->owner = DOMID_INVALID;
    f->refs = REFS_RAM | REFS_FOUL;
    return true;
}

void frame_unsteal(struct frame *f, struct domain *d)
{
    lock_take(&d->page_lock);
    list_add_range(d, f, 1);
    lock_release(&d->page_lock);
}
/* A guest must never make a page table of what Zeroth itself writes: one writable use for good. */
void frame_share(struct frame *f, struct domain *d)
{
    f->type = (uint64_t)FRAME_WRITABLE << TYPE_SHIFT | TYPE_VALIDATED | 1;
    __atomic_store_n(&f->owner, d->id, __ATOMIC_RELEASE);
    __atomic_store_n(&f->refs, REFS_RAM | REFS_FOUL | 1, __ATOMIC_RELEASE);
    __atomic_fetch_add(&d->pages_shared, 1, __ATOMIC_RELAXED);
}

void frame_unshare(struct frame *f, struct domain *d)
{
    ASSERT(f->owner == d->id && !(f->refs & REFS_ALLOCATED));
    frame_put_type(f, false);
    __atomic_fetch_sub(&d->pages_shared, 1, __ATOMIC_RELAXED);
    domain_orphan(d->id);
    put_allocation(f);
}
