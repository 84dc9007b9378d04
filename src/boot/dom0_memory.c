/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_memory.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"

/* The largest order of at most so many frames. */
static unsigned int order_within(uint64_t pages)
{
    unsigned int order = 63 - (unsigned int)__builtin_clzl(pages);

    return order < ORDER_MAX ? order : ORDER_MAX;
}

unsigned int dom0_memory_order(uint64_t pages)
{
    unsigned int order = 0;

    while (1ul << order < pages)
        order++;
    return order;
}

static bool note_run(struct dom0_memory *m, mfn_t mfn, uint64_t count)
{
    struct dom0_run *last = m->run_count ? &m->runs[m->run_count - 1] : NULL;

    if (last && last->mfn + last->count == mfn) {
        last->count += count;
    } else {
        if (m->run_count == DOM0_RUNS)
            return false;
        m->runs[m->run_count++] = (struct dom0_run){ m->pages, mfn, count };
    }
    m->pages += count;
    return true;
}

bool dom0_memory_add(struct dom0_memory *m, mfn_t mfn, uint64_t count)
{
    const struct domain *d = m->domain;
    gfn_t gfn = m->pages;

    if (count > d->pages_max - d->pages || !note_run(m, mfn, count))
        return false;
    m2p_set_range(mfn, gfn, count);
    while (count) {
        unsigned int order = order_within(count);
        int rc = frame_assign_range(mfn, order, m->domain);

        ASSERT(rc == 0); /* the bound was looked at, and nobody else is there */
        mfn += 1ul << order;
        count -= 1ul << order;
    }
    return true;
}

bool dom0_memory_fill(struct dom0_memory *m, uint64_t pages)
{
    unsigned int largest = ORDER_MAX;

    while (m->pages < pages) {
        unsigned int order = order_within(pages - m->pages);
        mfn_t mfn;

        if (order > largest)
            order = largest;
        mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);
        if (mfn == MFN_NONE) {
            if (order == 0)
                return false;
            largest = order - 1; /* no larger one comes again */
            continue;
        }
        if (!dom0_memory_add(m, mfn, 1ul << order)) {
            page_free(mfn, order);
            return false;
        }
    }
    return true;
}

void dom0_memory_free(mfn_t mfn, uint64_t count)
{
    while (count) {
        unsigned int align = mfn ? (unsigned int)__builtin_ctzl(mfn) : 63;
        unsigned int order = order_within(count);

        if (order > align)
            order = align;
        page_free(mfn, order);
        mfn += 1ul << order;
        count -= 1ul << order;
    }
}

mfn_t dom0_memory_frame(const struct dom0_memory *m, gfn_t gfn)
{
    unsigned int low = 0, high = m->run_count;

    ASSERT(gfn < m->pages);
    while (high - low > 1) {
        unsigned int middle = (low + high) / 2;

        if (m->runs[middle].gfn <= gfn)
            low = middle;
        else
            high = middle;
    }
    return m->runs[low].mfn + (gfn - m->runs[low].gfn);
}
