/* SPDX-License-Identifier: Apache-2.0 */
/* All frames of a domain that has come to its end. */
#include "core/memory/frame_words.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"

#include <xen/errno.h>

/* A table whose check or undoing was stopped: bring it to an end; at count 0 after it. */
static int settle(struct frame *f)
{
    uint64_t word = load(&f->type);
    int rc = 0;

    if (word & TYPE_PARTIAL) {
        rc = frame_resume_table(f, type_in(word));
        if (rc == 0)
            rc = frame_put_type(f, true);
        return rc == -XEN_ERESTART ? rc : 0;
    }
    /* The last use of a table that is DROPPING, and not pinned, is its parent's to give back, once
     * that is settled; until then the parent's reference keeps the frame. */
    if (word & TYPE_PINNED)
        rc = frame_unpin(f);
    return rc;
}

/* The same where there is something to settle; -XEN_ERESTART: call again. */
static int settle_if_stopped(struct domain *d, struct frame *f)
{
    int rc;

    if (!(load(&f->type) & (TYPE_PARTIAL | TYPE_PINNED)))
        return 0;
    frame_table_ops->lock(d);
    rc = settle(f);
    frame_table_ops->unlock(d);
    return rc == -XEN_ERESTART ? rc : 0;
}

/* The frame that settling stopped at, if the domain still has it, else the list's first; NULL: none. */
static struct frame *settle_from(const struct domain *d)
{
    struct frame *f = &frame_table()[d->settle_at];

    ASSERT(lock_held(&d->page_lock));
    if (d->settle_at && (load(&f->refs) & REFS_ALLOCATED) && f->owner == d->id)
        return f;
    return d->pages_first == FRAME_LIST_END ? NULL : &frame_table()[d->pages_first];
}

/* All pins and stopped checks go before any frame is given back: what the tables referred to is then
 * still the domain's, and one flush serves for freeing all of it.  Were it given back before, the last
 * reference would go with the entry, and each frame would need a flush of all CPUs of its own. */
static int settle_all(struct domain *d)
{
    while (d->settle_at != FRAME_LIST_END) {
        struct frame *f;

        lock_take(&d->page_lock);
        f = settle_from(d);
        d->settle_at = f ? (uint32_t)frame_mfn(f) : FRAME_LIST_END;
        lock_release(&d->page_lock);
        if (!f)
            return 0;
        if (settle_if_stopped(d, f))
            return -XEN_ERESTART;
        lock_take(&d->page_lock);
        d->settle_at = settle_from(d) == f ? f->next : 0;
        lock_release(&d->page_lock);
        if (preempt_wanted())
            return -XEN_ERESTART;
    }
    return 0;
}

/* Frames one behind the other, which are freed as one. */
struct run {
    mfn_t start, end;
    uint64_t latest; /* a word with the latest stamp */
};
#define RUN_MAX 64u

/* One more from the head of the list, which runs up or down. */
static bool run_grow(struct run *r, struct domain *d)
{
    mfn_t mfn = d->pages_first;
    struct frame *f = &frame_table()[mfn];
    bool first = r->start == r->end;
    uint64_t word;

    if (mfn == FRAME_LIST_END || r->end - r->start == RUN_MAX)
        return false;
    if (!first && mfn != r->end && mfn + 1 != r->start)
        return false;
    word = frame_take_alone(f, d);
    if (!word)
        return false;
    r->latest = later(r->latest, later(word, load(&f->type)));
    if (first || mfn < r->start)
        r->start = mfn;
    if (first || mfn == r->end)
        r->end = mfn + 1;
    return true;
}

/* Free what the list begins with, as far as nothing else refers to it; false: something does. */
static bool release_run(struct domain *d)
{
    struct run r = { 0 };

    lock_take(&d->page_lock);
    while (run_grow(&r, d))
        continue;
    lock_release(&d->page_lock);
    if (r.start == r.end)
        return false;
    flush_since(r.latest);
    for (mfn_t mfn = r.start; mfn < r.end; mfn++) {
        m2p_set(mfn, M2P_INVALID);
        frame_table()[mfn].owner = DOMID_INVALID;
    }
    page_free_range(r.start, r.end);
    return true;
}

int frame_release_all(struct domain *d)
{
    ASSERT(d->is_dying);
    if (settle_all(d))
        return -XEN_ERESTART;
    while (d->pages_first != FRAME_LIST_END) {
        struct frame *f = &frame_table()[d->pages_first];

        if (settle_if_stopped(d, f))
            return -XEN_ERESTART;
        if (!release_run(d))
            frame_release(f, d);
        if (preempt_wanted())
            return -XEN_ERESTART;
    }
    return 0;
}
