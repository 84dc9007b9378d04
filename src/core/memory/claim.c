/* SPDX-License-Identifier: Apache-2.0 */
#include "core/memory/claim.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/page_alloc.h"

#include <xen/errno.h>

static uint64_t total; /* sum of all domains' pages_claimed; atomic */

uint64_t claim_total(void)
{
    return __atomic_load_n(&total, __ATOMIC_RELAXED);
}

static uint64_t others(const struct domain *d)
{
    return claim_total() - d->pages_claimed;
}

int claim_set(struct domain *d, uint64_t pages)
{
    uint64_t more = pages > d->pages ? pages - d->pages : 0;

    ASSERT(lock_held(&d->lock));
    if (pages && (pages > d->pages_max || !more || d->is_dying))
        return -XEN_EINVAL;
    if (more && more + others(d) > page_alloc_free_count(NODE_ANY))
        return -XEN_ENOMEM;
    __atomic_fetch_add(&total, more - d->pages_claimed, __ATOMIC_RELAXED);
    d->pages_claimed = more;
    return 0;
}

bool claim_allows(struct domain *d, uint64_t pages)
{
    uint64_t kept = others(d), free;

    ASSERT(lock_held(&d->lock));
    if (!kept)
        return true;
    free = page_alloc_free_count(NODE_ANY);
    return free >= kept && pages <= free - kept;
}

void claim_use(struct domain *d, uint64_t pages)
{
    ASSERT(lock_held(&d->lock));
    if (pages > d->pages_claimed)
        pages = d->pages_claimed;
    d->pages_claimed -= pages;
    __atomic_fetch_sub(&total, pages, __ATOMIC_RELAXED);
}
