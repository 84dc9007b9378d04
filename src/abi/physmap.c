/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/physmap.h"

#include "abi/copy.h"
#include "abi/memory.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/time.h"
#include "core/vcpu.h"

#include <xen/memory.h>

/* The domain that a call is about, held, if its numbers are its own. */
static int find(struct vcpu *v, domid_t id, struct domain **out)
{
    int rc = 0;

    *out = domain_get(id == DOMID_SELF ? v->domain->id : id);
    if (!*out)
        return -XEN_ESRCH;
    if (!(*out)->kind->map) /* is told first (measured) */
        rc = -XEN_EACCES;
    else if (*out != v->domain && !v->domain->privileged)
        rc = -XEN_EPERM;
    if (rc)
        domain_put(*out);
    return rc;
}

static bool is_at(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct frame *f = domain_frame_get(d, gfn);
    bool same = f && frame_mfn(f) == mfn;

    if (f)
        frame_put(f);
    return same;
}

/* Where a domain has a shared_info of its own: its layout is that of the code that asks for it. */
static void choose_layout(const struct vcpu *v, struct domain *d)
{
    if (d != v->domain)
        return;
    __atomic_store_n(&d->shared_narrow, v->narrow, __ATOMIC_RELAXED);
    time_publish_wallclock(d);
}

/* A frame of Zeroth's that the domain may see: at one number at most. */
static int add_shared(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    gfn_t old = m2p_get(mfn);
    mfn_t had;

    if (old == gfn && is_at(d, gfn, mfn))
        return 0;
    if (old != M2P_INVALID && is_at(d, old, mfn))
        d->kind->map->take(d, old, &had);
    return d->kind->map->add(d, gfn, mfn, 0);
}

static int add_grant_frame(struct domain *d, gfn_t gfn, uint64_t index)
{
    struct grant_domain *g = d->grant;
    int rc;

    if (index & XENMAPIDX_grant_table_status)
        return -XEN_EINVAL; /* of version 2, which is left out */
    if (!g || index >= g->frames_max)
        return -XEN_EINVAL;
    rc = grant_grow(d, (unsigned int)index + 1);
    return rc ? rc : add_shared(d, gfn, frame_at(g->shared[index]));
}

static int move(struct domain *d, gfn_t gfn, gfn_t from)
{
    mfn_t mfn;
    int rc = d->kind->map->take(d, from, &mfn);

    if (rc)
        return rc;
    rc = d->kind->map->add(d, gfn, mfn, 0);
    if (rc)
        d->kind->map->add(d, from, mfn, 0); /* where it was, there are tables */
    return rc;
}

static int add_one(struct domain *d, unsigned int space, uint64_t index, gfn_t gfn)
{
    switch (space) {
    case XENMAPSPACE_shared_info: return index ? -XEN_EINVAL : add_shared(d, gfn, d->shared_mfn);
    case XENMAPSPACE_grant_table: return add_grant_frame(d, gfn, index);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range: return move(d, gfn, index);
    }
    return -XEN_ENOSYS;
}

static int add_locked(struct domain *d, unsigned int space, uint64_t index, gfn_t gfn)
{
    int rc = -XEN_EINVAL;

    lock_take(&d->lock);
    if (!d->is_dying)
        rc = add_one(d, space, index, gfn);
    lock_release(&d->lock);
    return rc;
}

/* A range's progress is in the command word. */
static long add_range(struct domain *d, const xen_add_to_physmap_t *a, uint64_t command)
{
    uint64_t done = command >> MEMORY_START_SHIFT, count = a->size;

    for (; done < count; done++) {
        int rc = add_locked(d, a->space, a->idx + done, a->gpfn + done);

        if (rc)
            return rc;
        if (done + 1 < count && preempt_wanted()) {
            hypercall_set_argument(0, (command & ((1ul << MEMORY_START_SHIFT) - 1)) |
                                          (done + 1) << MEMORY_START_SHIFT);
            return DOOR_RESTART;
        }
    }
    return 0;
}

long physmap_add(struct vcpu *v, void *arg, uint64_t command)
{
    const xen_add_to_physmap_t *a = arg;
    struct domain *d;
    long rc;

    if (a->space == XENMAPSPACE_gmfn_foreign)
        return -XEN_ENOSYS; /* by the batch only */
    rc = find(v, a->domid, &d);
    if (rc)
        return rc;
    if (a->space == XENMAPSPACE_gmfn_range)
        rc = add_range(d, a, command);
    else
        rc = add_locked(d, a->space, a->idx, a->gpfn);
    if (rc == 0 && a->space == XENMAPSPACE_shared_info)
        choose_layout(v, d);
    domain_put(d);
    return rc;
}

/* One element of the three lists; false: they cannot be reached. */
static bool batch_one(struct domain *d, const xen_add_to_physmap_batch_t *a, uint64_t i)
{
    uint64_t index, gfn;
    int32_t rc;

    if (!copy_number_from_guest(&index, (uint64_t)a->idxs.p, i) ||
        !copy_number_from_guest(&gfn, (uint64_t)a->gpfns.p, i))
        return false;
    rc = a->space == XENMAPSPACE_gmfn_range ? -XEN_EINVAL : add_locked(d, a->space, index, gfn);
    return copy_item_to_guest((uint64_t)a->errs.p, i, &rc, sizeof(rc));
}

long physmap_add_batch(struct vcpu *v, void *arg, uint64_t command)
{
    const xen_add_to_physmap_batch_t *a = arg;
    uint64_t done = command >> MEMORY_START_SHIFT;
    struct domain *d;
    long rc = find(v, a->domid, &d);

    if (rc)
        return rc;
    for (; rc == 0 && done < a->size; done++) {
        if (!batch_one(d, a, done)) {
            rc = -XEN_EFAULT;
        } else if (done + 1 < a->size && preempt_wanted()) {
            hypercall_set_argument(0, (command & ((1ul << MEMORY_START_SHIFT) - 1)) |
                                          (done + 1) << MEMORY_START_SHIFT);
            rc = DOOR_RESTART;
        }
    }
    domain_put(d);
    return rc;
}

long physmap_remove(struct vcpu *v, void *arg, uint64_t command)
{
    const xen_remove_from_physmap_t *a = arg;
    struct domain *d;
    mfn_t mfn;
    long rc = find(v, a->domid, &d);

    (void)command;
    if (rc)
        return rc;
    lock_take(&d->lock);
    rc = d->kind->map->take(d, a->gpfn, &mfn);
    lock_release(&d->lock);
    domain_put(d);
    return rc;
}
