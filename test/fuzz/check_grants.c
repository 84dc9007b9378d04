/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: each use has a handle, each mapping of another domain's frame has both. */
#include "check.h"

#include "core/grant/internal.h"
#include "core/machine.h"

#include <string.h>

static struct {
    uint32_t mappings, writable; /* in its page tables */
    uint32_t handles, write_handles;
} foreign[FUZZ_DOMAINS][FUZZ_FRAMES];
static uint32_t readers[FUZZ_DOMAINS][1024], writers[FUZZ_DOMAINS][1024];

void begin_grants(void)
{
    memset(foreign, 0, sizeof(foreign));
    memset(readers, 0, sizeof(readers));
    memset(writers, 0, sizeof(writers));
}

/* Of domains beyond those that world.c makes not all is counted. */
static bool is_counted(const struct domain *d)
{
    return d->id < FUZZ_DOMAINS;
}

void count_mapping(const struct domain *d, mfn_t mfn, bool write)
{
    if (!is_counted(d))
        return;
    foreign[d->id][mfn].mappings++;
    foreign[d->id][mfn].writable += write;
}

static void count_uses(const struct domain *d)
{
    const struct grant_domain *g = d->grant;

    for (unsigned int i = 0; i < g->frames * GRANT_ENTRIES; i++) {
        const struct grant_use *u = &g->uses[i / GRANT_ENTRIES][i % GRANT_ENTRIES];

        for (uint32_t n = 0; n < u->readers + u->writers; n++)
            hold_frame(u->mfn, n < u->writers ? FRAME_WRITABLE : FRAME_NONE);
    }
    for (unsigned int i = 0; i < g->frames; i++)
        hold_frame(frame_at(g->shared[i]), FRAME_WRITABLE);
}

static void count_handle(const struct domain *d, const struct grant_track *t)
{
    bool write = !(t->flags & GNTMAP_readonly);

    REQUIRE(t->state == TRACK_MAPPED, "a handle of %u is in state %u", d->id, t->state);
    REQUIRE(check_domain(t->granter->id) == t->granter, "a handle of %u: no granter", d->id);
    if (is_counted(t->granter) && t->ref < ARRAY_SIZE(readers[0])) {
        readers[t->granter->id][t->ref] += !write;
        writers[t->granter->id][t->ref] += write;
    }
    if (is_counted(d) && (t->flags & GNTMAP_host_map)) {
        foreign[d->id][t->mfn].handles++;
        foreign[d->id][t->mfn].write_handles += write;
    }
}

static void count_handles(const struct domain *d)
{
    const struct grant_domain *g = d->grant;
    uint64_t used = 0, free = 0, all = g->track_pages * GRANT_PAGE_TRACKS;

    for (grant_handle_t h = 0; h < all; h++) {
        const struct grant_track *t = &g->tracks[h / GRANT_PAGE_TRACKS][h % GRANT_PAGE_TRACKS];

        if (t->state == TRACK_FREE)
            continue;
        count_handle(d, t);
        used++;
    }
    for (grant_handle_t h = g->track_free; h != GRANT_NONE && free <= all; free++)
        h = g->tracks[h / GRANT_PAGE_TRACKS][h % GRANT_PAGE_TRACKS].ref;
    REQUIRE(used == g->mapped && used + free == all, "domain %u: %lu handles used, %lu free of %lu",
            d->id, used, free, all);
}

void count_grants(const struct domain *d)
{
    if (!d->grant)
        return;
    count_uses(d);
    count_handles(d);
}

static void check_uses(const struct domain *d)
{
    for (unsigned int i = 0; i < d->grant->frames * GRANT_ENTRIES && i < ARRAY_SIZE(readers[0]);
         i++) {
        const struct grant_use *u = &d->grant->uses[i / GRANT_ENTRIES][i % GRANT_ENTRIES];

        REQUIRE(u->readers == readers[d->id][i] && u->writers == writers[d->id][i],
                "reference %u of %u: %u and %u uses, %u and %u handles", i, d->id, u->readers,
                u->writers, readers[d->id][i], writers[d->id][i]);
    }
}

void check_grants(const struct domain *d)
{
    if (!is_counted(d))
        return;
    if (d->grant)
        check_uses(d);
    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES && !d->privileged; mfn++) {
        REQUIRE(foreign[d->id][mfn].mappings <= foreign[d->id][mfn].handles,
                "domain %u maps frame %lx without a handle", d->id, mfn);
        REQUIRE(foreign[d->id][mfn].writable <= foreign[d->id][mfn].write_handles,
                "domain %u may write to frame %lx without a handle for it", d->id, mfn);
    }
}
