/* SPDX-License-Identifier: Apache-2.0 */
/* Uses of grants' entries, in line: every map, unmap and copy begins or ends one. */
#ifndef CORE_GRANT_USE_H
#define CORE_GRANT_USE_H

#include "core/assert.h"
#include "core/domain.h"
#include "core/grant/internal.h"
#include "core/memory/frame.h"

#include <xen/errno.h>

#define GRANT_TRIES 8 /* with an entry that the guest changes meanwhile */

static inline struct grant_use *use_of(struct grant_domain *g, grant_ref_t ref)
{
    return &g->uses[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES];
}

static inline grant_entry_v1_t *entry_of(struct grant_domain *g, grant_ref_t ref)
{
    return &g->shared[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES];
}

/* Flags and domid are one word, that is exchanged whole. */
static inline uint32_t *word_of(grant_entry_v1_t *e)
{
    return (uint32_t *)e;
}

static inline bool word_permits(uint32_t word, const struct domain *user, bool write)
{
    uint32_t matters = 0xffff0000u | GTF_type_mask | GTF_sub_page | (write ? GTF_readonly : 0u);

    return (word & matters) == ((uint32_t)user->id << 16 | GTF_permit_access);
}

/* Say in the entry that it is in use, if it permits it. */
static inline int mark_used(grant_entry_v1_t *e, const struct domain *user, bool write)
{
    uint32_t old = __atomic_load_n(word_of(e), __ATOMIC_ACQUIRE);

    for (unsigned int i = 0; i < GRANT_TRIES; i++) {
        uint32_t new = old | GTF_reading | (write ? GTF_writing : 0u);

        if (!word_permits(old, user, write))
            return GNTST_general_error;
        if (__atomic_compare_exchange_n(word_of(e), &old, new, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE))
            return GNTST_okay;
    }
    return GNTST_general_error; /* the guest changes it all the time */
}

static inline void mark_unused(grant_entry_v1_t *e, const struct grant_use *u)
{
    uint16_t gone = 0;

    if (!u->writers)
        gone |= GTF_writing;
    if (!u->readers && !u->writers)
        gone |= GTF_reading;
    if (gone)
        __atomic_fetch_and(&e->flags, (uint16_t)~gone, __ATOMIC_SEQ_CST);
}

/* One use of a frame of the granter's: a reference, and the type.  It names its frames by their own
 * numbers when they have no others. */
static inline int hold_frame(struct domain *granter, struct frame *f, bool write)
{
    int rc;

    if (!write)
        return frame_get(f, granter) ? GNTST_okay : GNTST_bad_page;
    rc = frame_get_use(f, granter, FRAME_WRITABLE);
    if (rc == 0)
        return GNTST_okay;
    return rc == -XEN_EINVAL ? GNTST_bad_page : GNTST_general_error;
}

/* A frame by the number that its domain names it by, held, and writable when write; GNTST_*. */
static inline int grant_hold(struct domain *d, gfn_t gfn, bool write, struct frame **f)
{
    if (d->kind->map)
        return grant_hold_number(d, gfn, write, f);
    *f = frame_of(gfn);
    return *f ? hold_frame(d, *f, write) : GNTST_bad_page;
}

/* The frame that an entry names, for its first use; what the entry says later does not count. */
static inline int hold_named(struct domain *granter, const grant_entry_v1_t *e, bool write,
                             struct frame **f)
{
    return grant_hold(granter, __atomic_load_n(&e->frame, __ATOMIC_ACQUIRE), write, f);
}

/* A further use: as many references as can be counted, or the granter has died. */
static inline int hold_fixed(struct domain *granter, const struct grant_use *u, bool write,
                             struct frame **f)
{
    *f = frame_of(u->mfn);
    if (hold_frame(granter, *f, write))
        return GNTST_general_error;
    if (write && granter->kind->map)
        granter->kind->map->wrote(granter, u->mfn);
    return GNTST_okay;
}

/* The granter's lock is held. */
static inline int acquire(struct domain *granter, grant_ref_t ref, const struct domain *user,
                          bool write, struct frame **frame)
{
    struct grant_domain *g = granter->grant;
    struct grant_use *u;
    grant_entry_v1_t *e;
    uint32_t uses;
    int rc;

    if (ref / GRANT_ENTRIES >= g->frames)
        return GNTST_bad_gntref;
    if (granter->is_dying)
        return GNTST_bad_domain;
    u = use_of(g, ref);
    e = entry_of(g, ref);
    uses = u->readers + u->writers;
    if (uses && u->user != user->id)
        return GNTST_general_error;
    if (uses >= GRANT_USES_MAX)
        return GNTST_no_space;
    rc = mark_used(e, user, write);
    if (rc)
        return rc;
    rc = uses ? hold_fixed(granter, u, write, frame) : hold_named(granter, e, write, frame);
    if (rc) {
        mark_unused(e, u);
        return rc;
    }
    u->mfn = (uint32_t)frame_mfn(*frame);
    u->user = user->id;
    *(write ? &u->writers : &u->readers) += 1;
    return GNTST_okay;
}

/*
 * Begin and end a use of an entry of granter's by user; GNTST_*.  The frame in *frame is held, and
 * writable when write, until the release with the same arguments.  No lock held.
 */
static inline int grant_acquire(struct domain *granter, grant_ref_t ref, const struct domain *user,
                                bool write, struct frame **frame)
{
    struct grant_domain *g = granter->grant;
    int rc;

    if (!g)
        return GNTST_bad_domain;
    lock_take(&g->lock);
    rc = acquire(granter, ref, user, write, frame);
    lock_release(&g->lock);
    return rc;
}

static inline void grant_release(struct domain *granter, grant_ref_t ref, bool write,
                                 struct frame *frame)
{
    struct grant_domain *g = granter->grant;
    struct grant_use *u = use_of(g, ref);

    lock_take(&g->lock);
    ASSERT(write ? u->writers : u->readers);
    ASSERT(u->mfn == (uint32_t)frame_mfn(frame));
    *(write ? &u->writers : &u->readers) -= 1;
    mark_unused(entry_of(g, ref), u);
    lock_release(&g->lock);
    if (write)
        frame_put_use(frame, false);
    else
        frame_put(frame);
}

#endif
