/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References to a frame, and uses of it as one of its types.
 *
 * A new type at count 0 is taken first and made good after: the count of 1 keeps every other type
 * out, then stale translations are flushed, then a table's content is checked, then VALIDATED is
 * published.  Who meets a type that is not VALIDATED yet does the same work himself (it may be done
 * twice) and never relies on it before.  Page tables are checked under their owner's lock, so that
 * meeting one BUSY means that a table refers to itself.
 */
#include "core/memory/frame_words.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"

#include <xen/errno.h>

_Static_assert(FRAME_TYPES <= (TYPE_MASK >> TYPE_SHIFT) + 1, "a type fits its bits");

/* What guests can reach by mapping a frame over and over; above it is room for Zeroth's own. */
#define REFS_GUEST_MAX (REFS_COUNT / 2)
#define TABLE_ENTRIES  512 /* what aux counts down from */
#define UNLIKELY(x)    __builtin_expect(x, false)

static bool is_table(enum frame_type type)
{
    return type >= FRAME_L1 && type <= FRAME_L4;
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

void frame_orphan_gone(struct frame *f, uint64_t word)
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
        frame_orphan_gone(f, new);
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
    int rc = frame_table_ops->validate(f, type, &f->aux);

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
int frame_resume_table(struct frame *f, enum frame_type type)
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
        return frame_resume_table(f, type);
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
        rc = frame_table_ops->validate(f, type, &progress);
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
    rc = frame_table_ops->devalidate(f, type_in(old), &f->aux, preemptible);
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
