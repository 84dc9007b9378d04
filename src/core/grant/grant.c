/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's grant table. */
#include "core/grant/grant.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/internal.h"
#include "core/grant/use.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"

#include <xen/errno.h>

#define FRAMES_MAX 2048u
#define TRACKS_MAX 65536u

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

/* ---- entries ---- */

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

int grant_hold_number(struct domain *granter, gfn_t gfn, bool write, struct frame **f)
{
    *f = granter->kind->frame_get(granter, gfn);
    if (!*f)
        return GNTST_bad_page;
    if (write && frame_get_type(*f, FRAME_WRITABLE)) {
        frame_put(*f);
        return GNTST_general_error;
    }
    if (write)
        granter->kind->map->wrote(granter, frame_mfn(*f));
    return GNTST_okay;
}
