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

#include <xen/xen.h>

struct domain;

enum frame_type {
    FRAME_NONE,         /* no use that needs a type: read-only mappings at most */
    FRAME_WRITABLE,     /* mapped writable */
    FRAME_L1, FRAME_L2, FRAME_L3, FRAME_L4,     /* a page table of a PV guest */
    FRAME_SEGMENTS,     /* a page of a PV guest's GDT or LDT */
    FRAME_TYPES,
};

/* 32 bytes: with the M2P 1 % of RAM.  Fields are core/frame.c's and core/page_alloc.c's. */
struct frame {
    uint64_t type;      /* type, PINNED, VALIDATED, PARTIAL and the count */
    uint64_t refs;      /* ALLOCATED and the count of references */
    uint16_t owner;     /* domid_t; DOMID_INVALID: none; DOMID_XEN: Zeroth's own; DOMID_IO: none, a hole */
    uint16_t aux;       /* order while free; progress of a PARTIAL page table */
    uint32_t stamp;     /* TLB clock when the last use of the last type went */
    uint32_t next, prev;/* list of the owner's, or of the allocator's, pages: mfn, ~0 at the end */
};

/* The frame's struct; NULL if mfn is not RAM known to Zeroth.  Any context. */
struct frame *frame_of(mfn_t mfn);
mfn_t frame_mfn(const struct frame *f);

/* Take a reference to a frame if d owns it, and give it back.  Any context. */
bool frame_get(struct frame *f, const struct domain *d);
void frame_put(struct frame *f);
/* As frame_get for a frame to which a reference surely exists. */
void frame_get_more(struct frame *f);

/*
 * Take one use of a type; the caller holds a reference, and for FRAME_L1..L4 the owner's
 * RANK_PAGETABLES lock.  0, -EBUSY: another type is in use; -EINVAL: the content is not valid for
 * it; -ERESTART: preempted, call again with the same arguments.  Nothing is held unless 0.
 */
int frame_get_type(struct frame *f, enum frame_type type);
/* 0, or -ERESTART only for preemptible: call again until 0. */
int frame_put_type(struct frame *f, bool preemptible);
enum frame_type frame_type(const struct frame *f);
uint64_t frame_type_count(const struct frame *f);
uint64_t frame_refs(const struct frame *f);

/* MMUEXT_PIN_*, UNPIN: hold a use and a reference that the guest owns, at most once a frame.  -EINVAL: pinned already, or not. */
int frame_pin(struct frame *f, enum frame_type type);
int frame_unpin(struct frame *f);

/* Give a frame fresh from page_alloc to d, or take the allocation back (freed when unreferenced). */
int frame_assign(struct frame *f, struct domain *d);
bool frame_release(struct frame *f, struct domain *d);  /* false: not d's, or not allocated */

/* A frame of Zeroth's that d may map: owned by d, out of its page count, released by Zeroth only. */
void frame_share(struct frame *f, struct domain *d);

/* Machine to physical of the frame, as the ABI shows it to guests. */
gfn_t m2p_get(mfn_t mfn);
void m2p_set(mfn_t mfn, gfn_t gfn);
#define M2P_INVALID (~(uint64_t)0)

/* Bound by x86/pv/mmu.c at boot: check and count (devalidate: uncount) a page table's entries from
 * *progress on.  0, -EINVAL (nothing stays counted), -ERESTART (progress says how far). */
struct frame_table_ops {
    int (*validate)(struct frame *f, enum frame_type type, uint16_t *progress);
    int (*devalidate)(struct frame *f, enum frame_type type, uint16_t *progress, bool preemptible);
};
void frame_bind_tables(const struct frame_table_ops *ops);

/* Boot: the frame table is mapped for frames [0, end).  All frames start as holes (owner DOMID_IO). */
void frame_init(mfn_t end);

#endif
