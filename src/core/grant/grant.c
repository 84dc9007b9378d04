/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's grant table, and uses of its entries. */
#include "core/grant/grant.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/internal.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"

#include <xen/errno.h>

#define FRAMES_MAX 2048u
#define TRACKS_MAX 65536u
#define TRIES      8 /* with an entry that the guest changes meanwhile */

/* A frame for entries, which the domain may map; NULL: no memory. */
static grant_entry_v1_t *share_frame(struct domain *d)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    void *at;

    if (mfn == MFN_NONE)
        return NULL;
    at = frame_map(mfn);
    memset(at, 0, PAGE_SIZE);
    frame_share(frame_of(mfn), d);
    return at;
}

static bool add_frame(struct domain *d)
{
    struct grant_domain *g = d->grant;
    struct grant_use *uses = heap_alloc(GRANT_ENTRIES * sizeof(*uses));

    if (!uses)
        return false;
    g->shared[g->frames] = share_frame(d);
    if (!g->shared[g->frames]) {
        heap_free(uses);
        return false;
    }
    g->uses[g->frames++] = uses;
    return true;
}

int grant_grow(struct domain *d, unsigned int frames)
{
    struct grant_domain *g = d->grant;
    int rc = 0;

    lock_take(&g->lock);
    if (frames > g->frames_max)
        rc = -XEN_EINVAL;
    while (rc == 0 && g->frames < frames)
        if (!add_frame(d))
            rc = -XEN_ENOMEM;
    lock_release(&g->lock);
    return rc;
}

void grant_domain_destroy(struct domain *d)
{
    struct grant_domain *g = d->grant;

    if (!g)
        return;
    ASSERT(g->mapped == 0);
    for (unsigned int i = 0; i < g->frames; i++) {
        ASSERT(g->shared && g->uses);
        frame_unshare(frame_of(frame_at(g->shared[i])), d);
        heap_free(g->uses[i]);
    }
    for (unsigned int i = 0; i < g->track_pages; i++) {
        ASSERT(g->tracks);
        heap_free(g->tracks[i]);
    }
    heap_free(g->shared);
    heap_free(g->uses);
    heap_free(g->tracks);
    heap_free(g);
    d->grant = NULL;
}

int grant_domain_create(struct domain *d, unsigned int frames_max, unsigned int track_pages_max)
{
    struct grant_domain *g;

    if (!frames_max || frames_max > FRAMES_MAX || track_pages_max > TRACKS_MAX)
        return -XEN_EINVAL;
    ASSERT(!d->grant);
    g = heap_alloc(sizeof(*g));
    if (!g)
        return -XEN_ENOMEM;
    lock_init(&g->lock, RANK_GRANT);
    g->frames_max = frames_max;
    g->track_pages_max = track_pages_max;
    g->track_free = GRANT_NONE;
    g->shared = heap_alloc(frames_max * sizeof(*g->shared));
    g->uses = heap_alloc(frames_max * sizeof(*g->uses));
    g->tracks = heap_alloc(track_pages_max * sizeof(*g->tracks));
    d->grant = g;
    if (g->shared && g->uses && g->tracks && grant_grow(d, 1) == 0)
        return 0;
    grant_domain_destroy(d);
    return -XEN_ENOMEM;
}

/* ---- uses ---- */

static struct grant_use *use_of(struct grant_domain *g, grant_ref_t ref)
{
    return &g->uses[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES];
}

static grant_entry_v1_t *entry_of(struct grant_domain *g, grant_ref_t ref)
{
    return &g->shared[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES];
}

/* Flags and domid are one word, that is exchanged whole. */
static uint32_t *word_of(grant_entry_v1_t *e)
{
    return (uint32_t *)e;
}

static bool word_permits(uint32_t word, const struct domain *user, bool write)
{
    uint16_t flags = (uint16_t)word;

    if ((flags & GTF_type_mask) != GTF_permit_access || (flags & GTF_sub_page))
        return false;
    return word >> 16 == user->id && !(write && (flags & GTF_readonly));
}

/* Say in the entry that it is in use, if it permits it. */
static int mark_used(grant_entry_v1_t *e, const struct domain *user, bool write)
{
    uint32_t old = __atomic_load_n(word_of(e), __ATOMIC_ACQUIRE);

    for (unsigned int i = 0; i < TRIES; i++) {
        uint32_t new = old | GTF_reading | (write ? GTF_writing : 0u);

        if (!word_permits(old, user, write))
            return GNTST_general_error;
        if (__atomic_compare_exchange_n(word_of(e), &old, new, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE))
            return GNTST_okay;
    }
    return GNTST_general_error; /* the guest changes it all the time */
}

static void mark_unused(grant_entry_v1_t *e, const struct grant_use *u)
{
    uint16_t gone = 0;

    if (!u->writers)
        gone |= GTF_writing;
    if (!u->readers && !u->writers)
        gone |= GTF_reading;
    if (gone)
        __atomic_fetch_and(&e->flags, (uint16_t)~gone, __ATOMIC_SEQ_CST);
}

/* The frame that an entry names, for its first use; what the entry says later does not count. */
static int fix_frame(struct domain *granter, grant_entry_v1_t *e, struct grant_use *u)
{
    gfn_t gfn = __atomic_load_n(&e->frame, __ATOMIC_ACQUIRE);
    struct frame *f = granter->kind->frame_get(granter, gfn);

    if (!f)
        return GNTST_bad_page;
    u->mfn = (uint32_t)frame_mfn(f);
    return GNTST_okay;
}

/* The reference and type of one use. */
static int hold_frame(struct domain *granter, grant_entry_v1_t *e, struct grant_use *u, bool write)
{
    struct frame *f;
    int rc = GNTST_okay;

    if (!u->readers && !u->writers) {
        rc = fix_frame(granter, e, u);
        if (rc)
            return rc;
        f = frame_of(u->mfn);
    } else {
        f = frame_of(u->mfn);
        if (!frame_get(f, granter))
            return GNTST_general_error; /* as many references as can be counted, or it died */
    }
    if (write && frame_get_type(f, FRAME_WRITABLE)) {
        frame_put(f);
        return GNTST_general_error;
    }
    return GNTST_okay;
}

static int acquire(struct domain *granter, grant_ref_t ref, const struct domain *user, bool write,
                   struct frame **frame)
{
    struct grant_domain *g = granter->grant;
    struct grant_use *u;
    grant_entry_v1_t *e;
    int rc;

    ASSERT(lock_held(&g->lock));
    if (ref / GRANT_ENTRIES >= g->frames)
        return GNTST_bad_gntref;
    if (granter->is_dying)
        return GNTST_bad_domain;
    u = use_of(g, ref);
    e = entry_of(g, ref);
    if ((u->readers || u->writers) && u->user != user->id)
        return GNTST_general_error;
    if (u->readers + u->writers >= GRANT_USES_MAX)
        return GNTST_no_space;
    rc = mark_used(e, user, write);
    if (rc)
        return rc;
    rc = hold_frame(granter, e, u, write);
    if (rc) {
        mark_unused(e, u);
        return rc;
    }
    u->user = user->id;
    u->readers += !write;
    u->writers += write;
    *frame = frame_of(u->mfn);
    return GNTST_okay;
}

int grant_acquire(struct domain *granter, grant_ref_t ref, const struct domain *user, bool write,
                  struct frame **frame)
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

void grant_release(struct domain *granter, grant_ref_t ref, bool write, struct frame *frame)
{
    struct grant_domain *g = granter->grant;
    struct grant_use *u = use_of(g, ref);

    lock_take(&g->lock);
    ASSERT(write ? u->writers : u->readers);
    ASSERT(frame_of(u->mfn) == frame);
    u->readers -= !write;
    u->writers -= write;
    mark_unused(entry_of(g, ref), u);
    lock_release(&g->lock);
    if (write)
        frame_put_use(frame, false);
    else
        frame_put(frame);
}

static bool in_use(struct grant_domain *g, grant_ref_t ref)
{
    return use_of(g, ref)->readers || use_of(g, ref)->writers;
}

int grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b)
{
    struct grant_domain *g = d->grant;
    int rc = GNTST_okay;

    lock_take(&g->lock);
    if (a / GRANT_ENTRIES >= g->frames || b / GRANT_ENTRIES >= g->frames) {
        rc = GNTST_bad_gntref;
    } else if (a != b && (in_use(g, a) || in_use(g, b))) {
        rc = GNTST_eagain;
    } else if (a != b) {
        grant_entry_v1_t kept = *entry_of(g, a);

        *entry_of(g, a) = *entry_of(g, b);
        *entry_of(g, b) = kept;
    }
    lock_release(&g->lock);
    return rc;
}
