/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: what a domain's frames are, which were written to, and its interrupts. */
#include "abi/domctl/rows.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/event/pirq.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/memory.h"

#define FRAMES_MAX 1024u       /* of one call; measured */
#define LOG_MAX    (1ul << 26) /* frames that are told of at once */
#define MIB_PAGES  256u

static uint32_t type_of(struct domain *d, gfn_t gfn)
{
    static const uint32_t types[FRAME_TYPES] = {
        [FRAME_L1] = XEN_DOMCTL_PFINFO_L1TAB,
        [FRAME_L2] = XEN_DOMCTL_PFINFO_L2TAB,
        [FRAME_L3] = XEN_DOMCTL_PFINFO_L3TAB,
        [FRAME_L4] = XEN_DOMCTL_PFINFO_L4TAB,
    };
    struct frame *f = d->kind->frame_get(d, gfn);
    uint32_t type;

    if (!f)
        return XEN_DOMCTL_PFINFO_XTAB;
    type = types[frame_type(f)];
    if (frame_pinned(f))
        type |= XEN_DOMCTL_PFINFO_LPINTAB;
    frame_put(f);
    return type;
}

/* Each number in the array is replaced by what it is. */
DOMCTL(getpageframeinfo3)
{
    DOMCTL_ENTER(getpageframeinfo3);
    uint64_t list = (uint64_t)a->array.p, gfn;

    if (a->num > FRAMES_MAX)
        return -XEN_E2BIG;
    for (uint64_t i = 0; i < a->num; i++) {
        if (!copy_item_from_guest(&gfn, list, i, sizeof(gfn)))
            return -XEN_EFAULT;
        gfn = type_of(d, gfn);
        if (!copy_item_to_guest(list, i, &gfn, sizeof(gfn)))
            return -XEN_EFAULT;
    }
    return 0;
}

/* ---- pages for the tables behind a map ---- */

DOMCTL(get_paging_mempool_size)
{
    DOMCTL_ENTER(paging_mempool);

    if (!d->kind->map)
        return -XEN_EOPNOTSUPP;
    a->size = d->kind->map->pool(d) << PAGE_SHIFT;
    return 0;
}

static long set_pool(struct domain *d, uint64_t pages)
{
    int rc = d->is_dying ? -XEN_EINVAL : d->kind->map->set_pool(d, pages);

    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

DOMCTL(set_paging_mempool_size)
{
    DOMCTL_ENTER(paging_mempool);

    if (!d->kind->map)
        return -XEN_EOPNOTSUPP;
    if (a->size & PAGE_MASK)
        return -XEN_EINVAL;
    return set_pool(d, a->size >> PAGE_SHIFT);
}

/* ---- log of writes ---- */

#define WORDS_AT_ONCE 64u

static unsigned int count_bits(uint64_t word)
{
    unsigned int n = 0;

    for (; word; word &= word - 1)
        n++;
    return n;
}

/* What is beyond the numbers that were asked for is nobody's; how many are told of. */
static unsigned int cut_words(uint64_t *words, uint64_t left)
{
    unsigned int found = 0;

    for (uint64_t i = 0; i < WORDS_AT_ONCE; i++) {
        if (left < (i + 1) * 64)
            words[i] &= left > i * 64 ? (1ul << (left - i * 64)) - 1 : 0;
        found += count_bits(words[i]);
    }
    return found;
}

static bool give_words(uint64_t list, uint64_t first, uint64_t pages, const uint64_t *words)
{
    uint64_t bytes = (pages - first + 7) / 8;

    if (bytes > WORDS_AT_ONCE * sizeof(words[0]))
        bytes = WORDS_AT_ONCE * sizeof(words[0]);
    return copy_to_guest(list + first / 8, words, bytes);
}

/*
 * Of a domain without a map nobody counts single writes: while it runs none is reported, and when it is
 * stopped, which is the round that counts, every frame is.  So all that was written since the start of the
 * log is told in the end, and a migration costs the time of a copy in which the domain stands still.
 */
static void read_words(struct domain *d, uint64_t first, uint64_t *words, bool clear)
{
    bool stopped = d->is_shut_down || __atomic_load_n(&d->pauses, __ATOMIC_RELAXED);

    if (d->kind->map)
        d->kind->map->log_read(d, first, words, WORDS_AT_ONCE, clear);
    else
        memset(words, stopped ? 0xff : 0, WORDS_AT_ONCE * sizeof(words[0]));
}

/* In pieces; what is told of is out of the log for good when all translations are flushed.  How far it is
 * stands in the domain: what was cleared would be lost with it. */
static long read_log(struct domain *d, struct xen_domctl_shadow_op *a)
{
    uint64_t list = (uint64_t)a->dirty_bitmap.p, done = 0, found = 0, words[WORDS_AT_ONCE];
    bool clear = a->op == XEN_DOMCTL_SHADOW_OP_CLEAN;
    long rc = 0;

    if (!d->logs_writes)
        return -XEN_EINVAL;
    if (a->pages > LOG_MAX)
        return -XEN_E2BIG;
    if (d->log.list == list && d->log.done < a->pages) {
        done = d->log.done;
        found = d->log.found;
    }
    d->log.done = 0;
    while (rc == 0 && done < a->pages) {
        read_words(d, done, words, clear);
        found += cut_words(words, a->pages - done);
        if (list && !give_words(list, done, a->pages, words))
            rc = -XEN_EFAULT;
        done += WORDS_AT_ONCE * 64;
        if (rc == 0 && done < a->pages && preempt_wanted())
            rc = DOOR_RESTART;
    }
    if (rc == DOOR_RESTART) {
        d->log.list = list;
        d->log.done = done;
        d->log.found = found;
        return rc;
    }
    if (clear && d->kind->map)
        d->kind->flush(d);
    a->stats = (struct xen_domctl_shadow_op_stats){ .dirty_count = (uint32_t)found };
    return rc;
}

static long start_log(struct domain *d)
{
    int rc = 0;

    if (d->logs_writes)
        return -XEN_EINVAL;
    if (d->kind->map)
        rc = d->kind->map->log_start(d);
    if (rc == 0)
        d->logs_writes = true;
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

static long stop_log(struct domain *d)
{
    int rc;

    d->logs_writes = false;
    rc = d->kind->map ? d->kind->map->log_stop(d) : 0;
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

DOMCTL(shadow_op)
{
    DOMCTL_ENTER(shadow_op);

    if (d == v->domain || !domain_vcpu(d, 0))
        return -XEN_EINVAL;
    switch (a->op) {
    case XEN_DOMCTL_SHADOW_OP_OFF: return stop_log(d);
    case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY: return start_log(d);
    case XEN_DOMCTL_SHADOW_OP_ENABLE:
        return a->mode == XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY ? start_log(d) : -XEN_EINVAL;
    case XEN_DOMCTL_SHADOW_OP_CLEAN:
    case XEN_DOMCTL_SHADOW_OP_PEEK: return read_log(d, a);
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        /* There are no shadow page tables, but perhaps nested ones. */
        a->mb = d->kind->map ? (uint32_t)((d->kind->map->pool(d) + MIB_PAGES - 1) / MIB_PAGES) : 0;
        return 0;
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        return d->kind->map ? set_pool(d, (uint64_t)a->mb * MIB_PAGES) : -XEN_EINVAL;
    default: return -XEN_EINVAL;
    }
}

/* ---- interrupts ---- */

DOMCTL(irq_permission)
{
    DOMCTL_ENTER(irq_permission);

    return pirq_permit(v->domain, d, a->pirq, a->allow_access);
}
