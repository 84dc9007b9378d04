/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/map.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/log.h"

#include <xen/errno.h>

static unsigned int piece(unsigned int order)
{
    return order >= P2M_ORDER_1G ? P2M_ORDER_1G : order >= P2M_ORDER_2M ? P2M_ORDER_2M : 0;
}

/* The frames that some numbers had are the domain's no more; they were flushed.  Zeroth's own that are
 * shared with it stay what they are. */
static void release(struct domain *d, mfn_t mfn, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct frame *f = frame_of(mfn + i);

        if (f)
            frame_release(f, d);
    }
}

static bool is_own(enum p2m_type type)
{
    return type == P2M_RAM || type == P2M_LOGGED || type == P2M_READONLY;
}

/* What is granted by another goes by unmapping it only, and so do devices. */
static bool is_free_to_go(const struct p2m *p, gfn_t gfn, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        enum p2m_type type = p2m_get(p, gfn + i).type;

        if (type != P2M_NONE && !is_own(type))
            return false;
    }
    return true;
}

/* One number gives up what it has; *was says what that is.  Lock held; flushed. */
static int clear_one(struct p2m *p, gfn_t gfn, struct p2m_entry *was)
{
    int rc;

    *was = p2m_get(p, gfn);
    if (was->type == P2M_NONE)
        return 0;
    rc = p2m_set(p, gfn, 0, 0, P2M_NONE);
    if (rc == 0)
        p2m_flush(p);
    return rc;
}

/* Whatever the numbers have goes, so that others can come. */
static int clear(struct domain *d, gfn_t gfn, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct p2m_entry was;
        int rc = clear_one(hvm_p2m(d), gfn + i, &was);

        if (rc)
            return rc;
        if (was.type == P2M_NONE)
            continue;
        m2p_set(was.mfn, M2P_INVALID);
        release(d, was.mfn, 1);
    }
    return 0;
}

/* Entries that enter has made go again: there are tables for them. */
static void undo(struct p2m *p, gfn_t gfn, uint64_t count, unsigned int order)
{
    for (uint64_t i = 0; i < count; i += 1ul << order) {
        int rc = p2m_set(p, gfn + i, 0, order, P2M_NONE);

        ASSERT(rc == 0);
    }
    if (count)
        p2m_flush(p);
}

/* In entries of an order: all, or none of them; the caller frees the frames then.  Lock held. */
static int enter(struct p2m *p, gfn_t gfn, mfn_t mfn, uint64_t count, unsigned int order)
{
    for (uint64_t i = 0; i < count; i += 1ul << order) {
        int rc = p2m_set(p, gfn + i, mfn + i, order, P2M_RAM);

        if (rc) {
            undo(p, gfn, i, order);
            return rc;
        }
    }
    return 0;
}

static int add(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    struct p2m *p = hvm_p2m(d);
    unsigned int part = (gfn | mfn) & ((1ul << piece(order)) - 1) ? 0 : piece(order);
    int rc;

    lock_take(&d->pagetable_lock);
    rc = is_free_to_go(p, gfn, 1ul << order) ? clear(d, gfn, 1ul << order) : -XEN_EINVAL;
    if (rc == 0)
        rc = enter(p, gfn, mfn, 1ul << order, part);
    lock_release(&d->pagetable_lock);
    if (rc)
        return rc;
    m2p_set_range(mfn, gfn, 1ul << order);
    hvm_log_written(d, gfn, 1ul << order);
    return 0;
}

static int take(struct domain *d, gfn_t gfn, mfn_t *mfn)
{
    struct p2m_entry was;
    int rc;

    lock_take(&d->pagetable_lock);
    was = p2m_get(hvm_p2m(d), gfn);
    rc = is_own(was.type) ? clear_one(hvm_p2m(d), gfn, &was) : -XEN_EINVAL;
    lock_release(&d->pagetable_lock);
    *mfn = was.mfn;
    if (rc)
        return rc;
    m2p_set(was.mfn, M2P_INVALID);
    hvm_log_written(d, gfn, 1);
    return 0;
}

static int drop(struct domain *d, gfn_t gfn)
{
    mfn_t mfn;
    int rc = take(d, gfn, &mfn);

    if (rc == 0)
        release(d, mfn, 1);
    return rc;
}

static int map_device_locked(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct p2m_entry was = p2m_get(hvm_p2m(d), gfn);
    int rc;

    if (was.type == P2M_DEVICE)
        return was.mfn == mfn ? 0 : -XEN_EPERM;
    if (was.type != P2M_NONE && !is_own(was.type))
        return -XEN_EPERM;
    rc = clear(d, gfn, 1);
    return rc ? rc : p2m_set(hvm_p2m(d), gfn, mfn, 0, P2M_DEVICE);
}

int hvm_map_device(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    const struct frame *f = frame_of(mfn);
    int rc;

    if (gfn >> P2M_GFN_BITS)
        return -XEN_ENOENT;
    if (f && f->owner != DOMID_IO)
        return -XEN_EPERM;
    lock_take(&d->pagetable_lock);
    rc = map_device_locked(d, gfn, mfn);
    lock_release(&d->pagetable_lock);
    if (rc == 0)
        hvm_log_written(d, gfn, 1); /* it may have been the domain's own */
    return rc;
}

int hvm_unmap_device(struct domain *d, gfn_t gfn)
{
    struct p2m_entry was;
    int rc;

    lock_take(&d->pagetable_lock);
    was = p2m_get(hvm_p2m(d), gfn);
    rc = was.type == P2M_DEVICE ? clear_one(hvm_p2m(d), gfn, &was) : -XEN_EINVAL;
    lock_release(&d->pagetable_lock);
    return rc;
}

static gfn_t highest(const struct domain *d)
{
    return hvm_p2m((struct domain *)d)->highest;
}

static uint64_t pool(struct domain *d)
{
    return __atomic_load_n(&hvm_p2m(d)->pool_total, __ATOMIC_RELAXED);
}

static int set_pool(struct domain *d, uint64_t pages)
{
    int rc;

    lock_take(&d->pagetable_lock);
    rc = p2m_set_pool(hvm_p2m(d), pages);
    lock_release(&d->pagetable_lock);
    return rc;
}

const struct guest_map hvm_map = {
    .add = add,
    .drop = drop,
    .take = take,
    .highest = highest,
    .pool = pool,
    .set_pool = set_pool,
    .log_start = hvm_log_start,
    .log_stop = hvm_log_stop,
    .log_read = hvm_log_read,
    .wrote = hvm_log_wrote,
};
