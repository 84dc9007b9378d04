/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the words change.  Both change by compare-and-swap only; each carries the TLB clock of the
 * last time that something was given back, in the same word, so that no swap can succeed with a
 * clock older than a mapping that went meanwhile.
 *
 * A new type at count 0 is taken first and made good after: the count of 1 keeps every other type
 * out, then stale translations are flushed, then a table's content is checked, then VALIDATED is
 * published.  Who meets a type that is not VALIDATED yet does the same work himself (it may be done
 * twice) and never relies on it before.  Page tables are checked under their owner's lock, so that
 * meeting one BUSY means that a table refers to itself.
 */
#include "core/memory/frame.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"
#include "lib/memory.h"

#include <xen/errno.h>

_Static_assert(sizeof(struct frame) == 32, "the frame table costs 32 bytes a page");
_Static_assert(FRAME_TYPES <= (TYPE_MASK >> TYPE_SHIFT) + 1, "a type fits its bits");

/* What guests can reach by mapping a frame over and over; above it is room for Zeroth's own. */
#define REFS_GUEST_MAX (REFS_COUNT / 2)
#define TABLE_ENTRIES  512 /* what aux counts down from */
#define UNLIKELY(x)    __builtin_expect(x, false)

mfn_t frames_end;
static const struct frame_table_ops *table_ops;

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* False, with what is there in *old: somebody else was quicker, which is rare. */
static inline bool swap(uint64_t *word, uint64_t *old, uint64_t new)
{
    return __builtin_expect(
        __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE),
        true);
}

/*
 * The word with the TLB clock of now; 0 in a word means that nothing was ever given back.  The fence
 * keeps the clock from being read before the entry that went is gone for all CPUs: one that flushed
 * in between could have walked it again.
 */
static uint64_t stamp(void)
{
    uint32_t now;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    now = arch_tlb_clock();

    return (uint64_t)(now ? now : 1) << STAMP_SHIFT;
}

static uint64_t stamped(uint64_t word)
{
    return (word & 0xffffffffu) | stamp();
}

/* No TLB of any CPU holds what was mapped when the word was last stamped. */
static void flush_since(uint64_t word)
{
    if (word >> STAMP_SHIFT)
        arch_tlb_flush_stamped(NULL, (uint32_t)(word >> STAMP_SHIFT));
}

/* Of two words the one with the later stamp: a CPU that has flushed since that has done so since both. */
static uint64_t later(uint64_t a, uint64_t b)
{
    uint32_t first = (uint32_t)(a >> STAMP_SHIFT), second = (uint32_t)(b >> STAMP_SHIFT);

    return !first || (second && (int32_t)(second - first) > 0) ? b : a;
}

static void flush_since_both(uint64_t a, uint64_t b)
{
    flush_since(later(a, b));
}

static bool is_table(enum frame_type type)
{
    return type >= FRAME_L1 && type <= FRAME_L4;
}

static enum frame_type type_in(uint64_t word)
{
    return (enum frame_type)((word & TYPE_MASK) >> TYPE_SHIFT);
}

enum frame_type frame_type(const struct frame *f)
{
    uint64_t word = load(&f->type);

    return word & TYPE_COUNT ? type_in(word) : FRAME_NONE;
}

uint64_t frame_type_count(const struct frame *f)
{
    return load(&f->type) & TYPE_COUNT;
}

uint64_t frame_refs(const struct frame *f)
{
    return load(&f->refs) & REFS_COUNT;
}

bool frame_pinned(const struct frame *f)
{
    return load(&f->type) & TYPE_PINNED;
}

/* ---- references ---- */

static inline __attribute__((always_inline)) bool get(struct frame *f, const struct domain *d)
{
    uint64_t old = load(&f->refs);

    do {
        if (UNLIKELY((old & REFS_COUNT) - 1 >= REFS_GUEST_MAX - 1)) /* none, or too many */
            return false;
        if (UNLIKELY(__atomic_load_n(&f->owner, __ATOMIC_RELAXED) != d->id))
            return false;
    } while (!swap(&f->refs, &old, old + 1));

    /* It may have changed hands before the swap; from here on it cannot. */
    if (!UNLIKELY(__atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) != d->id))
        return true;
    frame_put(f);
    return false;
}

bool frame_get(struct frame *f, const struct domain *d)
{
    return get(f, d);
}

/* The count cannot run over: the caller's reference came by frame_get, which keeps room. */
void frame_get_more(struct frame *f)
{
    uint64_t old = __atomic_fetch_add(&f->refs, 1, __ATOMIC_SEQ_CST);

    ASSERT((old & REFS_COUNT) != 0 && (old & REFS_COUNT) != REFS_COUNT);
}

/* Nothing refers to the frame: flush, forget, free. */
static void last_reference_gone(struct frame *f, uint64_t word)
{
    uint64_t type = load(&f->type);

    ASSERT(!(type & (TYPE_COUNT | TYPE_PINNED | TYPE_PARTIAL | TYPE_DROPPING | TYPE_BUSY)));
    ASSERT(!(word & REFS_ALLOCATED));
    flush_since_both(word, type);
    m2p_set(frame_mfn(f), M2P_INVALID);
    f->owner = DOMID_INVALID;
    page_free(frame_mfn(f), 0);
}

/* The same for one that its domain had given up before. */
static void orphan_gone(struct frame *f, uint64_t word)
{
    domid_t owner = f->owner;

    last_reference_gone(f, word);
    domain_orphan_gone(owner);
}

void frame_put(struct frame *f)
{
    uint64_t old = load(&f->refs), new;

    do {
        ASSERT((old & REFS_COUNT) != 0);
        new = stamped(old - 1);
    } while (!swap(&f->refs, &old, new));
    if (!(new &REFS_COUNT))
        orphan_gone(f, new);
}

/* ---- types ---- */

/* Add flags to a type word of which a use is held, so that its type stays. */
static void set_flags(struct frame *f, uint64_t flags)
{
    __atomic_fetch_or(&f->type, flags, __ATOMIC_SEQ_CST);
}

/* BUSY ends; other flags come. */
static void end_busy(struct frame *f, uint64_t flags)
{
    uint64_t old = load(&f->type);

    do {
        ASSERT((old & TYPE_BUSY) && (old & TYPE_COUNT));
    } while (!swap(&f->type, &old, (old & ~TYPE_BUSY) | flags));
}

/* The count returns from 1 to 0 and all state goes; the type stays, for the next flush. */
static void drop_last(struct frame *f)
{
    uint64_t old = load(&f->type), new;

    do {
        ASSERT((old & TYPE_COUNT) == 1);
        new = stamped(old & ~(TYPE_COUNT | TYPE_VALIDATED | TYPE_BUSY | TYPE_PARTIAL |
                              TYPE_DROPPING | TYPE_PINNED));
    } while (!swap(&f->type, &old, new));
}

/* Owner's lock held, BUSY is ours, the count is 1: check the content from aux on. */
static int validate_table(struct frame *f, enum frame_type type)
{
    int rc = table_ops->validate(f, type, &f->aux);

    if (rc == 0) {
        f->aux = 0;
        end_busy(f, TYPE_VALIDATED);
        return 0;
    }
    if (rc == -XEN_ERESTART) {
        frame_get_more(f); /* what is counted so far needs the frame */
        end_busy(f, TYPE_PARTIAL);
        return rc;
    }
    f->aux = 0;
    drop_last(f);
    return rc;
}

/* Owner's lock held: go on where validation stopped; its use becomes the caller's. */
static int resume_table(struct frame *f, enum frame_type type)
{
    uint64_t old = load(&f->type);
    int rc;

    do {
        ASSERT((old & TYPE_PARTIAL) && (old & TYPE_COUNT) == 1);
    } while (!swap(&f->type, &old, (old & ~TYPE_PARTIAL) | TYPE_BUSY));
    rc = validate_table(f, type);
    frame_put(f); /* the one that PARTIAL had; a new stop took its own */
    return rc;
}

/* First use of a page-table type, owner's lock held. */
static int get_first_table(struct frame *f, enum frame_type type, uint64_t old)
{
    uint64_t new = (old & ~0xfffffffful) | (uint64_t)type << TYPE_SHIFT | TYPE_BUSY | 1;

    if (!swap(&f->type, &old, new))
        return -XEN_EAGAIN;
    if (!(load(&f->refs) & REFS_ALLOCATED)) {
        drop_last(f); /* given back, only still referred to */
        return -XEN_EINVAL;
    }
    if (type_in(old) != FRAME_NONE)
        flush_since(old); /* no CPU writes it by an old mapping from here on */
    f->aux = 0;
    return validate_table(f, type);
}

/* -EAGAIN: the word has changed, look again. */
static int get_table(struct frame *f, enum frame_type type, uint64_t old)
{
    if (!(old & TYPE_COUNT))
        return get_first_table(f, type, old);
    if (type_in(old) != type)
        return -XEN_EINVAL;
    if (old & TYPE_BUSY)
        return -XEN_EINVAL; /* it is being checked above us: it refers to itself */
    if (old & TYPE_DROPPING)
        return -XEN_ERESTART; /* the one who gives it back must finish first */
    if (old & TYPE_PARTIAL)
        return resume_table(f, type);
    if ((old & TYPE_COUNT) == TYPE_COUNT)
        return -XEN_EBUSY;
    return swap(&f->type, &old, old + 1) ? 0 : -XEN_EAGAIN;
}

/* A use is held: make the type good, whoever else does so too. */
static int make_good(struct frame *f, enum frame_type type, uint64_t old)
{
    uint16_t progress = 0;
    int rc = 0;

    flush_since(old);
    if (type == FRAME_SEGMENTS)
        rc = table_ops->validate(f, type, &progress);
    if (rc == 0)
        set_flags(f, TYPE_VALIDATED);
    else
        frame_put_type(f, false);
    return rc;
}

/* FRAME_WRITABLE and FRAME_SEGMENTS need no lock. */
static int get_plain(struct frame *f, enum frame_type type, uint64_t old)
{
    bool same = type_in(old) == type;
    uint64_t new;

    if ((old & TYPE_COUNT) == TYPE_COUNT || ((old & TYPE_COUNT) && !same))
        return -XEN_EBUSY;
    if (same && (old & TYPE_VALIDATED))
        return swap(&f->type, &old, old + 1) ? 0 : -XEN_EAGAIN;
    if (!(old & TYPE_COUNT) && type_in(old) == FRAME_NONE && type == FRAME_WRITABLE)
        new = (uint64_t)type << TYPE_SHIFT | TYPE_VALIDATED | 1; /* nothing to flush */
    else
        new = (old & ~(TYPE_MASK | TYPE_VALIDATED)) + ((uint64_t)type << TYPE_SHIFT) + 1;
    if (!swap(&f->type, &old, new))
        return -XEN_EAGAIN;
    return new &TYPE_VALIDATED ? 0 : make_good(f, type, old);
}

/* The commonest: a validated type gets one more use, whatever it is (such a table is neither BUSY nor
 * stopped), or RAM its first use of all, of which no translation can be stale. */
static inline bool get_one_more(struct frame *f, enum frame_type type)
{
    const uint64_t good = (uint64_t)type << TYPE_SHIFT | TYPE_VALIDATED;
    uint64_t old = load(&f->type);

    if (!UNLIKELY((old & (TYPE_MASK | TYPE_VALIDATED)) != good || (old & TYPE_COUNT) == TYPE_COUNT))
        return swap(&f->type, &old, old + 1);
    return old == 0 && type == FRAME_WRITABLE && swap(&f->type, &old, good | 1);
}

static __attribute__((noinline)) int get_type_any(struct frame *f, enum frame_type type)
{
    int rc;

    do {
        uint64_t old = load(&f->type);

        rc = is_table(type) ? get_table(f, type, old) : get_plain(f, type, old);
    } while (rc == -XEN_EAGAIN);
    return rc;
}

int frame_get_type(struct frame *f, enum frame_type type)
{
    ASSERT(type > FRAME_NONE && type < FRAME_TYPES);
    return get_one_more(f, type) ? 0 : get_type_any(f, type);
}

/* Owner's lock held, the last use of a validated table: uncount its entries below aux. */
static int put_last_table(struct frame *f, uint64_t old, bool preemptible)
{
    int rc;

    ASSERT(!(old & (TYPE_BUSY | TYPE_PARTIAL)));
    if (!swap(&f->type, &old, (old & ~(TYPE_VALIDATED | TYPE_DROPPING)) | TYPE_BUSY))
        return -XEN_EAGAIN;
    if (!(old & TYPE_DROPPING))
        f->aux = TABLE_ENTRIES;
    rc = table_ops->devalidate(f, type_in(old), &f->aux, preemptible);
    if (rc == -XEN_ERESTART) {
        ASSERT(preemptible);
        end_busy(f, TYPE_DROPPING);
        return rc;
    }
    ASSERT(rc == 0);
    f->aux = 0;
    drop_last(f);
    return 0;
}

/* Give back one use; flags that go with it. */
static __attribute__((noinline)) int put_type(struct frame *f, bool preemptible, uint64_t flags)
{
    int rc;

    do {
        uint64_t old = load(&f->type), new = stamped((old & ~flags) - 1);

        ASSERT((old & TYPE_COUNT) != 0);
        if ((old & TYPE_COUNT) == 1 && is_table(type_in(old))) {
            rc = put_last_table(f, old, preemptible);
        } else {
            /* A use that failed before it was made good leaves a type that is not. */
            if ((new &TYPE_COUNT) == 0 && type_in(old) == FRAME_SEGMENTS)
                new &= ~TYPE_VALIDATED; /* others may write it before its next use */
            rc = swap(&f->type, &old, new) ? 0 : -XEN_EAGAIN;
        }
    } while (rc == -XEN_EAGAIN);
    return rc;
}

int frame_put_type(struct frame *f, bool preemptible)
{
    return put_type(f, preemptible, 0);
}

int frame_pin(struct frame *f, enum frame_type type)
{
    int rc;

    if (load(&f->type) & TYPE_PINNED)
        return -XEN_EINVAL;
    rc = frame_get_type(f, type);
    if (rc)
        return rc;
    frame_get_more(f);
    set_flags(f, TYPE_PINNED);
    if (load(&f->refs) & REFS_ALLOCATED)
        return 0;
    rc = put_type(f, false, TYPE_PINNED); /* given back meanwhile: see held_for_good */
    ASSERT(rc == 0);
    frame_put(f);
    return -XEN_EINVAL;
}

int frame_unpin(struct frame *f)
{
    int rc;

    if (!(load(&f->type) & TYPE_PINNED))
        return -XEN_EINVAL;
    rc = put_type(f, true, TYPE_PINNED);
    if (rc == 0)
        frame_put(f);
    return rc;
}

/* ---- both at once ---- */

static __attribute__((noinline)) int get_use_any(struct frame *f, enum frame_type type)
{
    int rc = frame_get_type(f, type);

    if (rc)
        frame_put(f);
    return rc;
}

int frame_get_use(struct frame *f, const struct domain *d, enum frame_type type)
{
    if (!get(f, d))
        return -XEN_EINVAL;
    return get_one_more(f, type) ? 0 : get_use_any(f, type);
}

static __attribute__((noinline)) int put_use_any(struct frame *f, bool preemptible)
{
    int rc = put_type(f, preemptible, 0);

    if (rc == 0)
        frame_put(f);
    return rc;
}

/* Both words have been read before the clock is, so one reading is right for both swaps. */
int frame_put_use(struct frame *f, bool preemptible)
{
    uint64_t type = load(&f->type), refs = load(&f->refs), now;

    if ((type & TYPE_COUNT) > 1 || ((type & TYPE_COUNT) && type_in(type) == FRAME_WRITABLE)) {
        now = stamp();
        if (swap(&f->type, &type, ((type - 1) & 0xffffffffu) | now)) {
            if (UNLIKELY((refs & REFS_COUNT) <= 1) ||
                !swap(&f->refs, &refs, ((refs - 1) & 0xffffffffu) | now))
                frame_put(f);
            return 0;
        }
    }
    return put_use_any(f, preemptible);
}

/* ---- owners ---- */

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

/* Take a frame that nothing refers to but its allocation out of its owner's list, that with it; nobody can
 * get a reference any more.  Its refs as they were, 0: it is not so. */
static uint64_t take_alone(struct frame *f, struct domain *d)
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
        orphan_gone(f, left);
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
    word = take_alone(f, d);
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

/* A table whose check or undoing was stopped: bring it to an end; at count 0 after it. */
static int settle(struct frame *f)
{
    uint64_t word = load(&f->type);
    int rc = 0;

    if (word & TYPE_PARTIAL) {
        rc = resume_table(f, type_in(word));
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
    table_ops->lock(d);
    rc = settle(f);
    table_ops->unlock(d);
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
    word = take_alone(f, d);
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

/* ---- boot, and the machine-to-physical table ---- */

gfn_t m2p_get(mfn_t mfn)
{
    return frame_of(mfn) ? __atomic_load_n(&m2p_table()[mfn], __ATOMIC_RELAXED) : M2P_INVALID;
}

void m2p_set(mfn_t mfn, gfn_t gfn)
{
    ASSERT(frame_of(mfn));
    __atomic_store_n(&m2p_table()[mfn], gfn, __ATOMIC_RELAXED);
}

void m2p_set_range(mfn_t mfn, gfn_t gfn, uint64_t count)
{
    uint64_t *entry = &m2p_table()[mfn];

    ASSERT(count && frame_of(mfn) && frame_of(mfn + count - 1));
    for (uint64_t i = 0; i < count; i++)
        __atomic_store_n(&entry[i], gfn + i, __ATOMIC_RELAXED);
}

void frame_bind_tables(const struct frame_table_ops *ops)
{
    table_ops = ops;
}

void frame_init(mfn_t end)
{
    ASSERT(end < FRAME_LIST_END);
    frames_end = end;
}

void frame_reserve(mfn_t start, mfn_t end)
{
    struct frame *f = &frame_table()[start];
    uint64_t *m2p = &m2p_table()[start];

    ASSERT(end <= frames_end);
    for (; start < end; start++, f++, m2p++) {
        *f = (struct frame){ .refs = REFS_RAM | 1, .owner = DOMID_XEN };
        *m2p = M2P_INVALID;
    }
}

void frame_reserve_firmware(mfn_t start, mfn_t end)
{
    for (; start < end; start++)
        if (frame_of(start))
            frame_table()[start].owner = DOMID_IO;
}

void frame_unreserve(mfn_t start, mfn_t end)
{
    struct frame *f = &frame_table()[start];
    uint64_t *m2p = &m2p_table()[start];

    ASSERT(end <= frames_end);
    for (; start < end; start++, f++, m2p++) {
        ASSERT(!(f->refs & (REFS_FREE | REFS_ALLOCATED)));
        f->refs = REFS_RAM;
        f->owner = DOMID_INVALID;
        *m2p = M2P_INVALID;
    }
}
