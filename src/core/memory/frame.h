/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page's life: owner, references, type and type count of every frame of RAM.  No other file
 * writes these fields.  Rules:
 *   - a frame has references (refs); the owner's allocation is one of them (bit ALLOCATED).  At 0
 *     it goes back to page_alloc.
 *   - a frame has at most one type at a time with a count of uses; each use holds a reference too.
 *     The type can change only at count 0.  A page-table type is validated when its count leaves 0
 *     and devalidated when it returns; both are resumable (progress in `aux`, state PARTIAL).
 *   - when a frame that may be cached as writable (or as a page table) gets another type, TLBs are
 *     flushed before the new type is published.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/types.h"
#include "machine/inline.h"

#include <xen/xen.h>

struct domain;

enum frame_type {
    FRAME_NONE,     /* no use that needs a type: read-only mappings at most */
    FRAME_WRITABLE, /* mapped writable */
    FRAME_L1,
    FRAME_L2,
    FRAME_L3,
    FRAME_L4,       /* a page table of a PV guest */
    FRAME_SEGMENTS, /* a page of a PV guest's GDT or LDT */
    FRAME_TYPES,
};

/* 32 bytes: with the M2P 1 % of RAM.  Fields are frame*.c's and core/memory/page_alloc.c's; while a
 * frame is Zeroth's own (fresh from page_alloc), aux, next and prev are its user's.  All zero: a hole. */
struct frame {
    uint64_t type;       /* TYPE_*: count, state and type, TLB clock when a use last went */
    uint64_t refs;       /* REFS_*: count, state, TLB clock when a reference last went */
    uint16_t owner;      /* domid_t; DOMID_INVALID: none; DOMID_XEN: Zeroth's own */
    uint16_t aux;        /* order while free; progress of a PARTIAL page table */
    uint32_t node;       /* NUMA node, while it is the first of a free block */
    uint32_t next, prev; /* list of the owner's, or of the allocator's, pages: mfn, ~0 at the end */
};

/* The words' layout: only for core/memory/frame*.c and core/memory/page_alloc.c. */
#define TYPE_COUNT     0x0000000000fffffful
#define TYPE_SHIFT     24
#define TYPE_MASK      0x0000000007000000ul
#define TYPE_PINNED    0x0000000008000000ul
#define TYPE_VALIDATED 0x0000000010000000ul /* content checked, stale translations flushed */
#define TYPE_BUSY      0x0000000020000000ul /* a CPU is (de)validating it */
#define TYPE_PARTIAL   0x0000000040000000ul /* validation stopped at aux; has a use and a reference */
#define TYPE_DROPPING \
    0x0000000080000000ul /* devalidation stopped at aux; the last use is still there */
#define REFS_COUNT     0x000000000ffffffful
#define REFS_ALLOCATED 0x0000000010000000ul
#define REFS_RAM       0x0000000020000000ul
#define REFS_FOUL      0x0000000040000000ul /* may hold somebody's data: scrub before a domain gets it */
#define REFS_FREE      0x0000000080000000ul /* first frame of a free block */
#define STAMP_SHIFT    32
#define FRAME_LIST_END 0xffffffffu

extern mfn_t frames_end; /* of the frame table; core/memory/frame_table.c's */

/* The frame's struct; NULL if mfn is not RAM known to Zeroth.  Any context. */
static inline struct frame *frame_of(mfn_t mfn)
{
    struct frame *f;

    if (mfn >= frames_end)
        return NULL;
    f = &frame_table()[mfn];
    return __atomic_load_n(&f->refs, __ATOMIC_RELAXED) & REFS_RAM ? f : NULL;
}

static inline mfn_t frame_mfn(const struct frame *f)
{
    return (mfn_t)(f - frame_table());
}

/* Take a reference to a frame if d owns it, and give it back.  Any context. */
bool frame_get(struct frame *f, const struct domain *d);
void frame_put(struct frame *f);
/* As frame_get for a frame to which a reference surely exists. */
void frame_get_more(struct frame *f);

/*
 * Take one use of a type; the caller holds a reference, and for FRAME_L1..L4 the owner's
 * RANK_PAGETABLES lock.  0; -EBUSY: another type is in use, for a page table -EINVAL (as Xen tells its
 * guests); the content's error; -ERESTART: preempted, call again with the same arguments.  Nothing is
 * held unless 0.
 */
int frame_get_type(struct frame *f, enum frame_type type);
/* 0, or -ERESTART only for preemptible: call again until 0. */
int frame_put_type(struct frame *f, bool preemptible);
/* Both at once, as an entry of a page table needs them: frame_get, of which false is -EINVAL, then
 * frame_get_type; and frame_put_type, then frame_put when that is 0. */
int frame_get_use(struct frame *f, const struct domain *d, enum frame_type type);
int frame_put_use(struct frame *f, bool preemptible);
enum frame_type frame_type(const struct frame *f);
/* The level of a page table of an owner's that is in use and validated, and stays so while the owner's
 * RANK_PAGETABLES lock is held, as it must be; 0: it is none. */
static inline unsigned int frame_table_level(const struct frame *f, domid_t owner)
{
    uint64_t word = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);
    unsigned int type = (unsigned int)((word & TYPE_MASK) >> TYPE_SHIFT);

    if (!(word & TYPE_VALIDATED) || type < FRAME_L1 || type > FRAME_L4 || f->owner != owner)
        return 0;
    return type - FRAME_L1 + 1;
}
uint64_t frame_type_count(const struct frame *f);
uint64_t frame_refs(const struct frame *f);
bool frame_pinned(const struct frame *f);

/* MMUEXT_PIN_*, UNPIN: hold a use and a reference that the guest owns, at most once a frame.  Errors
 * of frame_get_type, -EINVAL: pinned already, or not; -ERESTART: call again. */
int frame_pin(struct frame *f, enum frame_type type);
int frame_unpin(struct frame *f);

/*
 * Give frames fresh from page_alloc to d, scrubbed when they may hold another's data.  All or
 * nothing: -ENOMEM: d would have more than pages_max, those included that it has given back and others
 * or itself still refer to; -EINVAL: d is dying.
 */
int frame_assign(struct frame *f, struct domain *d);
int frame_assign_range(mfn_t mfn, unsigned int order, struct domain *d);
/* The same in place of as many frames that were stolen from d: its limit is not asked.  d's lock has been
 * held since the theft, and d does not die. */
void frame_assign_instead(mfn_t mfn, unsigned int order, struct domain *d);
/* Take the allocation back (freed when unreferenced).  False: not d's, not allocated, or pinned. */
bool frame_release(struct frame *f, struct domain *d);
/* The same only if nobody else uses the frame; it is not freed, the caller has it as if fresh from
 * page_alloc.  False: in use, or not d's. */
bool frame_steal(struct frame *f, struct domain *d);
/* Give a stolen frame back as it was, content and all. */
void frame_unsteal(struct frame *f, struct domain *d);
/* End of a domain: unpin and release its frames; nobody of d runs.  -ERESTART: call again. */
int frame_release_all(struct domain *d);

/* A frame of Zeroth's that d may map: owned by d, writable for good, out of its page count, released
 * by frame_unshare only. */
void frame_share(struct frame *f, struct domain *d);
void frame_unshare(struct frame *f, struct domain *d);

/* Machine to physical of the frame, as the ABI shows it to guests. */
gfn_t m2p_get(mfn_t mfn);
void m2p_set(mfn_t mfn, gfn_t gfn);
/* Frames in a row get numbers in a row; all are RAM. */
void m2p_set_range(mfn_t mfn, gfn_t gfn, uint64_t count);
#define M2P_INVALID (~(uint64_t)0)

/*
 * Bound by x86/pv/ at boot.  Entries [0, *progress) of a page table are counted: validate begins at
 * 0 and counts up, devalidate at 512 and down; bits 10 up are theirs.  0, an error (nothing stays
 * counted), -ERESTART (progress says how far).  validate also checks FRAME_SEGMENTS, which counts nothing, may
 * run on two CPUs at once and is never devalidated.
 */
struct frame_table_ops {
    int (*validate)(struct frame *f, enum frame_type type, uint16_t *progress);
    int (*devalidate)(struct frame *f, enum frame_type type, uint16_t *progress, bool preemptible);
    void (*lock)(struct domain *d); /* RANK_PAGETABLES of d, for its destruction */
    void (*unlock)(struct domain *d);
};
void frame_bind_tables(const struct frame_table_ops *ops);

/* Boot: the frame table is mapped for frames [0, end) and zero: all are holes. */
void frame_init(mfn_t end);
/* Boot: [start, end) is RAM that Zeroth or the boot uses; and: it is used no more and can be freed. */
void frame_reserve(mfn_t start, mfn_t end);
/* Boot: the RAM of these reserved frames is firmware's: who drives the machine's devices may map it,
 * uncounted, as if it were no RAM.  It is never freed. */
void frame_reserve_firmware(mfn_t start, mfn_t end);
void frame_unreserve(mfn_t start, mfn_t end);

#endif
