/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/log.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/softirq.h"
#include "lib/memory.h"
#include "x86/hvm/guest.h"

#include <xen/errno.h>

#define WORD        64u
#define CHANGES_MAX 512u       /* between two questions whether somebody waits */
#define SLACK       (1u << 12) /* numbers beyond the highest, which may come later */
#define HOLE        (1u << 20) /* numbers below 4 GiB, in case that none of them is memory */

/* Made with the domain's first log, and kept: markers take no lock. */
struct hvm_log {
    bool on;           /* atomic */
    gfn_t end;         /* of the bits; beyond it all count as written to */
    gfn_t at;          /* how far entries are changed; the domain's pagetable_lock */
    uint64_t *written; /* atomic */
    uint64_t *used;    /* had a use when they were read last; pagetable_lock */
};

static struct hvm_log *log_of(struct domain *d)
{
    return __atomic_load_n(&hvm_domain(d)->log, __ATOMIC_ACQUIRE);
}

static bool is_on(const struct hvm_log *l)
{
    return l && __atomic_load_n(&l->on, __ATOMIC_SEQ_CST);
}

/* ---- marks ---- */

void hvm_log_written(struct domain *d, gfn_t gfn, uint64_t count)
{
    struct hvm_log *l = log_of(d);

    if (!is_on(l))
        return;
    for (; count && gfn < l->end; gfn++, count--)
        __atomic_fetch_or(&l->written[gfn / WORD], 1ul << gfn % WORD, __ATOMIC_SEQ_CST);
}

/* A frame that has no number is nothing that the domain could read. */
void hvm_log_wrote(struct domain *d, mfn_t mfn)
{
    if (is_on(log_of(d)))
        hvm_log_written(d, m2p_get(mfn), 1);
}

/* Where the pool has no page to split a large entry, all of it is let through. */
static void let_through(struct domain *d, gfn_t gfn)
{
    struct p2m *p = hvm_p2m(d);
    struct p2m_entry e = p2m_get(p, gfn);

    if (e.type != P2M_LOGGED)
        return;
    if (p2m_set(p, gfn, e.mfn, 0, P2M_RAM) == 0) {
        hvm_log_written(d, gfn, 1);
        return;
    }
    hvm_log_written(d, gfn & ~((1ul << e.order) - 1), 1ul << e.order);
    p2m_relabel(p, gfn, P2M_LOGGED, P2M_RAM);
}

void hvm_log_fault(struct x86_vcpu *v, gfn_t gfn)
{
    struct domain *d = v->core.domain;

    irq_on();
    lock_take(&d->pagetable_lock);
    let_through(d, gfn);
    lock_release(&d->pagetable_lock);
    irq_off();
}

/* ---- beginning and end ---- */

static struct hvm_log *create(gfn_t end)
{
    struct hvm_log *l = heap_alloc(sizeof(*l));

    if (!l)
        return NULL;
    l->end = end;
    l->written = heap_alloc(end / WORD * sizeof(uint64_t));
    l->used = heap_alloc(end / WORD * sizeof(uint64_t));
    if (l->written && l->used)
        return l;
    heap_free(l->written);
    heap_free(l->used);
    heap_free(l);
    return NULL;
}

void hvm_log_destroy(struct domain *d)
{
    struct hvm_log *l = hvm_domain(d)->log;

    if (!l)
        return;
    heap_free(l->written);
    heap_free(l->used);
    heap_free(l);
    hvm_domain(d)->log = NULL;
}

/* A guest may have a frame at a number as high as it likes, which costs nobody more than that: bits are for as
 * many as it may have frames. */
static gfn_t bits_end(struct domain *d)
{
    gfn_t last = hvm_p2m(d)->highest;

    if (last > HOLE && last - HOLE > d->pages_max)
        last = d->pages_max + HOLE;
    return (last + SLACK) & ~(gfn_t)(SLACK - 1);
}

/* d's lock held: nobody else makes one. */
static struct hvm_log *find_or_create(struct domain *d)
{
    struct hvm_log *l = log_of(d);

    ASSERT(lock_held(&d->lock));
    if (l)
        return l;
    l = create(bits_end(d));
    __atomic_store_n(&hvm_domain(d)->log, l, __ATOMIC_RELEASE);
    return l;
}

/* All entries from where it stopped on; false: call again. */
static bool relabel_all(struct domain *d, struct hvm_log *l, enum p2m_type from, enum p2m_type to)
{
    struct p2m *p = hvm_p2m(d);

    lock_take(&d->pagetable_lock);
    for (unsigned int i = 1; l->at <= p->highest; i++) {
        l->at = p2m_relabel(p, l->at, from, to);
        if (i % CHANGES_MAX == 0 && preempt_wanted())
            break;
    }
    lock_release(&d->pagetable_lock);
    return l->at > p->highest;
}

static int start_locked(struct domain *d)
{
    struct hvm_log *l = find_or_create(d);

    if (!l)
        return -XEN_ENOMEM;
    if (!is_on(l)) {
        memset(l->written, 0, l->end / WORD * sizeof(uint64_t));
        memset(l->used, 0, l->end / WORD * sizeof(uint64_t));
        l->at = 0;
        __atomic_store_n(&l->on, true, __ATOMIC_SEQ_CST);
    }
    return relabel_all(d, l, P2M_RAM, P2M_LOGGED) ? 0 : -XEN_ERESTART;
}

int hvm_log_start(struct domain *d)
{
    int rc;

    lock_take(&d->lock);
    rc = d->is_dying ? -XEN_EINVAL : start_locked(d);
    lock_release(&d->lock);
    if (rc == 0)
        p2m_flush(hvm_p2m(d));
    return rc;
}

static int stop_locked(struct domain *d)
{
    struct hvm_log *l = log_of(d);

    if (!l)
        return 0;
    if (is_on(l)) {
        __atomic_store_n(&l->on, false, __ATOMIC_SEQ_CST);
        l->at = 0;
    }
    return relabel_all(d, l, P2M_LOGGED, P2M_RAM) ? 0 : -XEN_ERESTART;
}

int hvm_log_stop(struct domain *d)
{
    int rc;

    lock_take(&d->lock);
    rc = stop_locked(d);
    lock_release(&d->lock);
    return rc;
}

/* ---- reading ---- */

static bool has_use(const struct p2m_entry *e)
{
    const struct frame *f = frame_of(e->mfn);

    return f && frame_type_count(f) > 0;
}

/* 64 numbers, those with a use among them. */
static uint64_t uses(const struct p2m *p, gfn_t first)
{
    uint64_t word = 0;

    for (gfn_t gfn = first; gfn < first + WORD;) {
        struct p2m_entry e = p2m_get(p, gfn);
        gfn_t end = (gfn | ((1ul << e.order) - 1)) + 1;

        for (; gfn < end && gfn < first + WORD; gfn++, e.mfn++)
            if ((e.type == P2M_RAM || e.type == P2M_LOGGED) && has_use(&e))
                word |= 1ul << gfn % WORD;
    }
    return word;
}

/* What was written to is not let through any more. */
static void protect(struct p2m *p, gfn_t first, uint64_t word)
{
    for (; word; word &= word - 1)
        p2m_relabel(p, first + (unsigned int)__builtin_ctzl(word), P2M_RAM, P2M_LOGGED);
}

static uint64_t read_word(struct p2m *p, struct hvm_log *l, gfn_t first, bool clear)
{
    uint64_t *at = &l->written[first / WORD], written, used;

    if (!clear)
        return __atomic_load_n(at, __ATOMIC_SEQ_CST) | l->used[first / WORD] | uses(p, first);
    /* The bits before the uses: who takes one sets its bit. */
    written = __atomic_exchange_n(at, 0, __ATOMIC_SEQ_CST);
    protect(p, first, written);
    used = uses(p, first);
    written |= l->used[first / WORD] | used;
    l->used[first / WORD] = used;
    return written;
}

void hvm_log_read(struct domain *d, gfn_t first, uint64_t *words, unsigned int count, bool clear)
{
    struct hvm_log *l = log_of(d);

    ASSERT(first % WORD == 0);
    lock_take(&d->pagetable_lock);
    for (unsigned int i = 0; i < count; i++) {
        gfn_t gfn = first + (gfn_t)i * WORD;

        words[i] = is_on(l) && gfn < l->end ? read_word(hvm_p2m(d), l, gfn, clear) : ~0ul;
    }
    lock_release(&d->pagetable_lock);
}
