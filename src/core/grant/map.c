/* SPDX-License-Identifier: Apache-2.0 */
/* Grants mapped into a domain: handles, mapping, unmapping in two steps, and the mapper's end. */
#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/grant/internal.h"
#include "core/grant/use.h"
#include "core/memory/heap.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#include <xen/errno.h>

#define KINDS (GNTMAP_device_map | GNTMAP_host_map)

static struct grant_track *track_of(struct grant_domain *g, grant_handle_t handle)
{
    unsigned int page = handle / GRANT_PAGE_TRACKS;

    return page < g->track_pages ? &g->tracks[page][handle % GRANT_PAGE_TRACKS] : NULL;
}

/* One more page of handles, all free, the lowest first. */
static __attribute__((noinline)) bool add_page(struct grant_domain *g)
{
    uint32_t first = g->track_pages * GRANT_PAGE_TRACKS;
    struct grant_track *page;

    if (g->track_pages == g->track_pages_max)
        return false;
    page = heap_alloc(GRANT_PAGE_TRACKS * sizeof(*page));
    if (!page)
        return false;
    for (uint32_t i = 0; i < GRANT_PAGE_TRACKS; i++)
        page[i].ref = i + 1 < GRANT_PAGE_TRACKS ? first + i + 1 : g->track_free;
    g->tracks[g->track_pages++] = page;
    g->track_free = first;
    return true;
}

static struct grant_track *take_track(struct grant_domain *g, grant_handle_t *handle)
{
    struct grant_track *t = NULL;

    lock_take(&g->lock);
    if (g->track_free != GRANT_NONE || add_page(g)) {
        *handle = g->track_free;
        t = track_of(g, *handle);
        g->track_free = t->ref;
        g->mapped++;
        t->state = TRACK_MAPPING;
    }
    lock_release(&g->lock);
    return t;
}

static void give_track(struct grant_domain *g, grant_handle_t handle, struct grant_track *t)
{
    lock_take(&g->lock);
    t->ref = g->track_free;
    t->state = TRACK_FREE;
    g->track_free = handle;
    g->mapped--;
    lock_release(&g->lock);
}

static bool flags_ok(uint32_t flags)
{
    /* What a PV guest's application is given by host_addr of its own is left out, as by Xen. */
    return (flags & KINDS) && !((flags & GNTMAP_contains_pte) && !(flags & GNTMAP_host_map));
}

/* Release: who finds it MAPPED finds the rest of it, too. */
static void set_mapped(struct grant_track *t)
{
    __atomic_store_n(&t->state, (uint8_t)TRACK_MAPPED, __ATOMIC_RELEASE);
}

static inline int map_acquired(struct vcpu *v, struct domain *granter,
                               struct gnttab_map_grant_ref *op, struct grant_track *t, mfn_t mfn)
{
    int rc = GNTST_okay;

    if (op->flags & GNTMAP_host_map)
        rc = v->domain->kind->grant_map(v, op->host_addr, op->flags, granter, mfn);
    if (rc)
        return rc;
    domain_get_more(granter);
    t->granter = granter;
    t->ref = op->ref;
    t->mfn = (uint32_t)mfn;
    t->flags = (uint16_t)(op->flags & (KINDS | GNTMAP_readonly | GNTMAP_contains_pte));
    set_mapped(t);
    op->dev_bus_addr = mfn << PAGE_SHIFT; /* asked for or not (measured) */
    return GNTST_okay;
}

void grant_map(struct vcpu *v, struct domain *granter, struct gnttab_map_grant_ref *op)
{
    bool write = !(op->flags & GNTMAP_readonly);
    struct grant_track *t;
    grant_handle_t handle;
    struct frame *f;
    int rc;

    if (!flags_ok(op->flags)) {
        op->status = GNTST_bad_gntref;
        return;
    }
    if (!granter) {
        op->status = GNTST_bad_domain;
        return;
    }
    t = take_track(v->domain->grant, &handle);
    if (!t) {
        op->status = GNTST_no_space;
        return;
    }
    rc = grant_acquire(granter, op->ref, v->domain, write, &f);
    if (rc == GNTST_okay) {
        rc = map_acquired(v, granter, op, t, frame_mfn(f));
        if (rc)
            grant_release(granter, op->ref, write, f);
    }
    if (rc)
        give_track(v->domain->grant, handle, t);
    else
        op->handle = handle;
    op->status = (int16_t)rc;
}

bool grant_maps(struct domain *d, mfn_t mfn)
{
    struct grant_domain *g = d->grant;
    bool found = false;

    for (unsigned int page = 0; g->mapped && !found && page < g->track_pages; page++) {
        lock_take(&g->lock); /* for a page at a time: others want it */
        for (unsigned int i = 0; i < GRANT_PAGE_TRACKS; i++)
            found |= g->tracks[page][i].state == TRACK_MAPPED && g->tracks[page][i].mfn == mfn;
        lock_release(&g->lock);
    }
    return found;
}

/* Of two that unmap one handle at once, one finds it. */
static inline struct grant_track *begin_unmapping(struct grant_domain *g, grant_handle_t handle)
{
    struct grant_track *t;

    lock_take(&g->lock);
    t = track_of(g, handle);
    if (t && __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == TRACK_MAPPED)
        t->state = TRACK_UNMAPPING;
    else
        t = NULL;
    lock_release(&g->lock);
    return t;
}

/* A use ends, and its handle. */
static void give_back(struct grant_domain *g, grant_handle_t handle, struct grant_track *t)
{
    struct domain *granter = t->granter;

    grant_release(granter, t->ref, !(t->flags & GNTMAP_readonly), &frame_table()[t->mfn]);
    give_track(g, handle, t);
    domain_put(granter);
}

static inline int take_mapping(struct vcpu *v, const struct grant_unmap *u, struct grant_track *t)
{
    int rc;

    if (u->device && (t->flags & GNTMAP_device_map)) {
        if (u->device >> PAGE_SHIFT != t->mfn)
            return GNTST_general_error;
        t->flags &= (uint16_t)~GNTMAP_device_map;
    }
    if (u->host && (t->flags & GNTMAP_host_map)) {
        rc = v->domain->kind->grant_unmap(v, u->host, t->flags, u->replace, t->mfn);
        if (rc)
            return rc;
        t->flags &= (uint16_t)~GNTMAP_host_map;
    }
    return GNTST_okay;
}

void grant_unmap_begin(struct vcpu *v, struct grant_unmap *u)
{
    u->track = begin_unmapping(v->domain->grant, u->handle);
    u->status = GNTST_bad_handle;
    if (u->track)
        u->status = (int16_t)take_mapping(v, u, u->track);
}

void grant_unmap_end(struct vcpu *v, struct grant_unmap *u)
{
    struct grant_track *t = u->track;

    if (!t)
        return;
    ASSERT(t->state == TRACK_UNMAPPING);
    if (t->flags & KINDS) /* not wholly gone: the handle lives on */
        set_mapped(t);
    else
        give_back(v->domain->grant, u->handle, t);
}

static void relinquish(struct grant_domain *g, grant_handle_t handle)
{
    struct grant_track *t = begin_unmapping(g, handle);

    if (t)
        give_back(g, handle, t);
}

/* The mapper's page tables are gone or go with it: only the uses are given back. */
int grant_domain_relinquish(struct domain *d)
{
    struct grant_domain *g = d->grant;

    ASSERT(d->is_dying);
    while (g && g->mapped && g->relinquished < g->track_pages * GRANT_PAGE_TRACKS) {
        relinquish(g, g->relinquished++);
        if (preempt_wanted())
            return -XEN_ERESTART;
    }
    return 0;
}
