/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-operations of HYPERVISOR_memory_op but XENMEM_exchange (abi/exchange.c), and those of memory
 * maps (abi/memory_map.c). */
#include "abi/memory.h"

#include "abi/copy.h"
#include "abi/exchange.h"
#include "abi/memory_map.h"
#include "abi/physmap.h"
#include "core/assert.h"
#include "core/memory/claim.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/memory.h"

#include <xen/memory.h>

#define M2P_EXTENT 0x40000ul /* frames whose entries fill 2 MiB */

int memory_find_domain(struct vcpu *v, domid_t id, struct domain **out)
{
    if (id == DOMID_SELF)
        id = v->domain->id;
    if (id != v->domain->id && !v->domain->privileged)
        return -XEN_EPERM;
    *out = domain_get(id);
    return *out ? 0 : -XEN_ESRCH;
}

/* ---- reservations ---- */

/* One call in progress. */
struct reservation {
    struct vcpu *v;
    struct domain *d; /* held; its lock is held while extents change */
    uint64_t list, count, done;
    unsigned int order, node, address_bits;
    bool by_demand; /* more than the domain may have, that it is to give back */
};

/* Pages beside its memory that a toolstack populates once this is there: start info, rings. */
#define PAGES_BESIDE 256u

static mfn_t allocate(struct reservation *r)
{
    mfn_t mfn;

    if (!claim_allows(r->d, 1ul << r->order))
        return MFN_NONE;
    mfn = page_alloc(r->order, r->node, r->address_bits);
    if (mfn == MFN_NONE)
        return MFN_NONE;
    if (frame_assign_range(mfn, r->order, r->d)) {
        page_free(mfn, r->order);
        return MFN_NONE;
    }
    claim_use(r->d, 1ul << r->order);
    return mfn;
}

/* The domain may have another extent, and what comes beside its memory, if that extent can be had. */
static mfn_t allocate_beyond(struct reservation *r)
{
    struct domain *d = r->d;
    uint64_t before, needed;
    mfn_t mfn;

    lock_take(&d->page_lock);
    before = d->pages_max;
    needed = d->pages + (1ul << r->order) + PAGES_BESIDE;
    if (before < needed)
        d->pages_max = needed;
    lock_release(&d->page_lock);
    mfn = allocate(r);
    if (mfn == MFN_NONE) {
        lock_take(&d->page_lock);
        if (before < needed && d->pages_max == needed)
            d->pages_max = before; /* unless it was set anew meanwhile */
        lock_release(&d->page_lock);
    }
    return mfn;
}

/* Undo allocate: the domain could not be told. */
static void give_back(struct reservation *r, mfn_t mfn)
{
    for (uint64_t i = 0; i < 1ul << r->order; i++)
        frame_release(frame_of(mfn + i), r->d);
}

static bool increase_one(struct reservation *r)
{
    mfn_t mfn = allocate(r);

    if (mfn == MFN_NONE)
        return false;
    if (!r->list || copy_number_to_guest(r->list, r->done, mfn))
        return true;
    give_back(r, mfn);
    return false;
}

static bool populate_one(struct reservation *r)
{
    gfn_t gfn;
    mfn_t mfn;

    if (!copy_number_from_guest(&gfn, r->list, r->done))
        return false;
    mfn = r->by_demand ? allocate_beyond(r) : allocate(r);
    if (mfn == MFN_NONE)
        return false;
    if (r->d->kind->map) {
        if (r->d->kind->map->add(r->d, gfn, mfn, r->order) == 0)
            return true;
        give_back(r, mfn);
        return false;
    }
    for (uint64_t i = 0; i < 1ul << r->order; i++)
        m2p_set(mfn + i, gfn + i);
    if (copy_number_to_guest(r->list, r->done, mfn))
        return true;
    give_back(r, mfn);
    return false;
}

static bool decrease_one(struct reservation *r)
{
    mfn_t mfn;

    if (!copy_number_from_guest(&mfn, r->list, r->done))
        return false;
    if (mfn + (1ul << r->order) < mfn)
        return false;
    for (uint64_t i = 0; i < 1ul << r->order; i++) {
        struct frame *f;

        if (r->d->kind->map) {
            if (r->d->kind->map->drop(r->d, mfn + i))
                return false;
            continue;
        }
        f = frame_of(mfn + i);
        if (!f || !frame_release(f, r->d))
            return false;
    }
    return true;
}

/* All three go extent by extent; the result is the number done, whatever stopped them. */
static long each_extent(struct reservation *r, uint64_t command, bool (*one)(struct reservation *))
{
    bool again = false;

    while (r->done < r->count && !again) {
        bool ok;

        lock_take(&r->d->lock);
        ok = one(r);
        lock_release(&r->d->lock);
        if (!ok)
            break;
        r->done++;
        again = r->done < r->count && preempt_wanted();
    }
    if (!again)
        return (long)r->done;
    hypercall_set_argument(0, (command & ((1ul << MEMORY_START_SHIFT) - 1)) |
                                  r->done << MEMORY_START_SHIFT);
    return DOOR_RESTART;
}

static long reserve(struct vcpu *v, const xen_memory_reservation_t *a, uint64_t command,
                    bool (*one)(struct reservation *))
{
    struct reservation r = { .v = v,
                             .list = (uint64_t)a->extent_start.p,
                             .count = a->nr_extents,
                             .done = command >> MEMORY_START_SHIFT,
                             .order = a->extent_order };
    unsigned int bits = XENMEMF_get_address_bits(a->mem_flags);
    long done;

    if (r.count > ~0ul >> MEMORY_START_SHIFT || r.done >= r.count)
        return (long)r.done;
    if (r.order > exchange_max_order(v))
        return (long)r.done;
    r.node = (a->mem_flags >> 8) & 0xff ? XENMEMF_get_node(a->mem_flags) : NODE_ANY;
    r.address_bits = bits && bits < ADDRESS_ANY ? bits : ADDRESS_ANY;
    if (memory_find_domain(v, a->domid, &r.d))
        return (long)r.done; /* measured: no error here either */
    r.by_demand = a->mem_flags & XENMEMF_populate_on_demand && r.d->kind->map && r.d != v->domain;
    done = each_extent(&r, command, one);
    domain_put(r.d);
    return done;
}

static long increase_reservation(struct vcpu *v, void *arg, uint64_t command)
{
    return reserve(v, arg, command, increase_one);
}

static long decrease_reservation(struct vcpu *v, void *arg, uint64_t command)
{
    return reserve(v, arg, command, decrease_one);
}

static long populate_physmap(struct vcpu *v, void *arg, uint64_t command)
{
    return reserve(v, arg, command, populate_one);
}

static long claim_pages(struct vcpu *v, void *arg, uint64_t extra)
{
    const xen_memory_reservation_t *a = arg;
    struct domain *d;
    long rc;

    (void)v, (void)extra;
    if (a->extent_start.p || a->extent_order || a->mem_flags)
        return -XEN_EINVAL;
    d = domain_get(a->domid); /* measured: DOMID_SELF is no domain here */
    if (!d)
        return -XEN_EINVAL;
    lock_take(&d->lock);
    rc = claim_set(d, a->nr_extents);
    lock_release(&d->lock);
    domain_put(d);
    return rc;
}

/* ---- questions ---- */

static long maximum_ram_page(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return (long)page_alloc_highest() + 1; /* the end, whatever its name says (measured) */
}

static long ask(struct vcpu *v, const struct xen_memory_domain *a,
                uint64_t (*answer)(struct domain *))
{
    struct domain *d;
    long rc = memory_find_domain(v, a->domid, &d);

    if (rc)
        return rc;
    rc = (long)answer(d);
    domain_put(d);
    return rc;
}

static uint64_t answer_pages(struct domain *d)
{
    return d->pages;
}

static uint64_t answer_pages_max(struct domain *d)
{
    return d->pages_max;
}

/* A PV guest keeps it itself, in the shared page: nothing depends on it here.  The page goes when the
 * domain dies, which begins under its lock. */
static uint64_t answer_max_gfn(struct domain *d)
{
    uint64_t count = 0;

    if (d->kind->map)
        return d->kind->map->highest(d);
    lock_take(&d->lock);
    if (!d->is_dying)
        count = __atomic_load_n(&d->shared->arch.max_pfn, __ATOMIC_RELAXED);
    lock_release(&d->lock);
    return count ? (count - 1) & (~0ul >> 1) : 0;
}

static long current_reservation(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)extra;
    return ask(v, arg, answer_pages);
}

static long maximum_reservation(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)extra;
    return ask(v, arg, answer_pages_max);
}

static long maximum_gpfn(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)extra;
    return ask(v, arg, answer_max_gfn);
}

static long machphys_mfn_list(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_machphys_mfn_list_t *a = arg;
    uint64_t extents = page_alloc_highest() / M2P_EXTENT + 1, last = 0;
    unsigned int i;

    (void)v, (void)extra;
    for (i = 0; i < a->max_extents && i < extents; i++) {
        uint64_t mfn = arch_m2p_extent(i);

        if (!mfn)
            mfn = last; /* a hole: any frame of the table does */
        last = mfn;
        if (!copy_item_to_guest((uint64_t)a->extent_start.p, i, &mfn, sizeof(mfn)))
            return -XEN_EFAULT;
    }
    a->nr_extents = i;
    return 0;
}

static long machphys_mapping(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_machphys_mapping_t *a = arg;

    (void)extra;
    a->v_start = MACH2PHYS_VIRT_START;
    a->v_end = MACH2PHYS_VIRT_END;
    /* Dom0 maps devices and would look up their frames, in vain and by a fault each (so does Xen 4.17,
     * measured); another domain may come to a machine that has more. */
    a->max_mfn = v->domain->privileged ? page_alloc_highest() : MACH2PHYS_NR_ENTRIES - 1;
    return 0;
}

/* What is to be populated by demand is so at once: a guest of less memory than it may have has all of it at
 * first, and its balloon gives back what is too much.  There is no target to keep, and no page waits. */
static long pod_target(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_pod_target_t *a = arg;
    struct domain *d;
    long rc = memory_find_domain(v, a->domid, &d);

    (void)extra;
    if (rc)
        return rc;
    if (d->kind->map) {
        a->tot_pages = d->pages;
        a->pod_cache_pages = a->pod_entries = 0;
    } else {
        rc = -XEN_EINVAL;
    }
    domain_put(d);
    return rc;
}

/* ---- what is left out ---- */

static long nothing_shared(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return 0;
}

static long left_out(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return -XEN_ENOSYS;
}

static long no_compat(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return -XEN_EOPNOTSUPP;
}

/* A domain that is not the caller; DOMID_SELF is none.  -ESRCH, -EPERM. */
static int find_other(struct vcpu *v, domid_t id, struct domain **out)
{
    if (id == v->domain->id)
        return -XEN_EPERM;
    *out = domain_get(id);
    return *out ? 0 : -XEN_ESRCH;
}

static long access_op(struct vcpu *v, void *arg, uint64_t extra)
{
    struct domain *d;
    long rc = find_other(v, ((const xen_mem_access_op_t *)arg)->domid, &d);

    (void)extra;
    if (rc)
        return rc;
    domain_put(d);
    return -XEN_ENODEV; /* nobody listens: there is no monitor ring */
}

static long get_vnumainfo(struct vcpu *v, void *arg, uint64_t extra)
{
    const xen_vnuma_topology_info_t *a = arg;
    struct domain *d;
    long rc;

    (void)extra;
    if (a->pad)
        return -XEN_EINVAL;
    rc = memory_find_domain(v, a->domid, &d);
    if (rc)
        return rc;
    domain_put(d);
    return -XEN_EOPNOTSUPP; /* no domain has virtual NUMA nodes */
}

/* Without an IOMMU no device has memory of its own. */
static long reserved_device_memory_map(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_reserved_device_memory_map_t *a = arg;

    (void)v, (void)extra;
    if (a->flags & ~XENMEM_RDM_ALL)
        return -XEN_EINVAL;
    a->nr_entries = 0;
    return 0;
}

/* The frames of a domain's grant table, which grows as far as is asked for. */
static long grant_frames(struct domain *d, xen_mem_acquire_resource_t *a)
{
    uint64_t end = a->frame + a->nr_frames;

    if (a->id != XENMEM_resource_grant_table_id_shared)
        return -XEN_EINVAL;
    if (!a->frame_list.p) { /* how many can there be? */
        if (a->nr_frames)
            return -XEN_EINVAL;
        a->nr_frames = d->grant->frames_max;
        return 0;
    }
    if (!a->nr_frames || end < a->frame || end > d->grant->frames_max)
        return -XEN_EINVAL;
    if (grant_grow(d, (unsigned int)end))
        return -XEN_ENOMEM;
    for (uint32_t i = 0; i < a->nr_frames; i++) {
        uint64_t mfn = frame_at(d->grant->shared[a->frame + i]);

        if (!copy_item_to_guest((uint64_t)a->frame_list.p, i, &mfn, sizeof(mfn)))
            return -XEN_EFAULT;
    }
    return 0;
}

static long acquire_resource(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_mem_acquire_resource_t *a = arg;
    struct domain *d;
    long rc;

    (void)extra;
    if (a->pad)
        return -XEN_EINVAL;
    rc = find_other(v, a->domid, &d);
    if (rc)
        return rc;
    if (a->type == XENMEM_resource_grant_table)
        rc = grant_frames(d, a);
    else /* measured: none of I/O servers and of traces in a PV domain */
        rc = a->type <= XENMEM_resource_vmtrace_buf ? -XEN_EINVAL : -XEN_EOPNOTSUPP;
    domain_put(d);
    return rc;
}

#define ROW(name, type, direction, kinds, auth, duration, fn) \
    { \
        XENMEM_##name, #name, sizeof(type), direction, kinds, auth, duration, false, fn \
    }
#define BARE(name, auth, fn) \
    { \
        XENMEM_##name, #name, 0, DIR_NONE, KIND_ALL, auth, BOUNDED, false, fn \
    }

const struct door_op memory_ops[] = {
    ROW(increase_reservation, xen_memory_reservation_t, DIR_IN, KIND_ALL, AUTH_SELF, RESUMABLE,
        increase_reservation),
    ROW(decrease_reservation, xen_memory_reservation_t, DIR_IN, KIND_ALL, AUTH_SELF, RESUMABLE,
        decrease_reservation),
    BARE(maximum_ram_page, AUTH_SELF, maximum_ram_page),
    ROW(current_reservation, struct xen_memory_domain, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED,
        current_reservation),
    ROW(maximum_reservation, struct xen_memory_domain, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED,
        maximum_reservation),
    ROW(machphys_mfn_list, xen_machphys_mfn_list_t, DIR_INOUT, KIND_ALL, AUTH_SELF, BOUNDED,
        machphys_mfn_list),
    ROW(populate_physmap, xen_memory_reservation_t, DIR_IN, KIND_ALL, AUTH_SELF, RESUMABLE,
        populate_physmap),
    ROW(add_to_physmap, xen_add_to_physmap_t, DIR_IN, KIND_ALL, AUTH_SELF, RESUMABLE, physmap_add),
    ROW(memory_map, xen_memory_map_t, DIR_INOUT, KIND_ALL, AUTH_SELF, BOUNDED, memory_map),
    ROW(machine_memory_map, xen_memory_map_t, DIR_INOUT, KIND_ALL, AUTH_DOM0, BOUNDED,
        memory_map_of_machine),
    { XENMEM_exchange, "exchange", sizeof(xen_memory_exchange_t), DIR_INOUT, KIND_PV, AUTH_SELF,
      RESUMABLE, true, memory_exchange },
    ROW(machphys_mapping, xen_machphys_mapping_t, DIR_OUT, KIND_ALL, AUTH_SELF, BOUNDED,
        machphys_mapping),
    ROW(set_memory_map, xen_foreign_memory_map_t, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED,
        memory_map_set),
    ROW(maximum_gpfn, struct xen_memory_domain, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED, maximum_gpfn),
    ROW(remove_from_physmap, xen_remove_from_physmap_t, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED,
        physmap_remove),
    ROW(set_pod_target, xen_pod_target_t, DIR_INOUT, KIND_ALL, AUTH_DOM0, RESUMABLE, pod_target),
    ROW(get_pod_target, xen_pod_target_t, DIR_INOUT, KIND_ALL, AUTH_DOM0, BOUNDED, pod_target),
    BARE(get_sharing_freed_pages, AUTH_SELF, nothing_shared),
    BARE(get_sharing_shared_pages, AUTH_SELF, nothing_shared),
    BARE(paging_op, AUTH_SELF, left_out),
    ROW(access_op, xen_mem_access_op_t, DIR_IN, KIND_ALL, AUTH_DOM0, RESUMABLE, access_op),
    BARE(sharing_op, AUTH_SELF, left_out),
    ROW(add_to_physmap_batch, xen_add_to_physmap_batch_t, DIR_IN, KIND_ALL, AUTH_SELF, RESUMABLE,
        physmap_add_batch),
    ROW(claim_pages, xen_memory_reservation_t, DIR_IN, KIND_ALL, AUTH_DOM0, BOUNDED, claim_pages),
    BARE(machphys_compat_mfn_list, AUTH_SELF, no_compat),
    ROW(get_vnumainfo, xen_vnuma_topology_info_t, DIR_IN, KIND_ALL, AUTH_SELF, BOUNDED,
        get_vnumainfo),
    ROW(reserved_device_memory_map, xen_reserved_device_memory_map_t, DIR_INOUT, KIND_ALL,
        AUTH_SELF, BOUNDED, reserved_device_memory_map),
    ROW(acquire_resource, xen_mem_acquire_resource_t, DIR_INOUT, KIND_ALL, AUTH_DOM0, BOUNDED,
        acquire_resource),
};
const uint16_t memory_op_count = ARRAY_SIZE(memory_ops);
