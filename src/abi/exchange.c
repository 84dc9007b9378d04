/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work goes by chunks: the larger of an input and an output extent.  For each chunk the outputs are
 * allocated first, then the inputs are stolen (frames that only their owner's allocation holds),
 * then nothing can fail: outputs are given and the guest is told.  Stolen frames hang together by
 * struct frame.next, which is ours while nobody owns them.
 */
#include "abi/exchange.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#include <xen/memory.h>

#define ORDER_GUEST 9 /* 2 MiB; memop-max-order of Xen's command line documents both */
#define ORDER_DOM0  18

/* One chunk. */
struct chunk {
    struct domain *d;
    const xen_memory_exchange_t *a;
    uint64_t inputs, outputs; /* extents in it */
    uint64_t first_input, first_output;
    uint32_t stolen, fresh; /* lists of frames; a fresh extent by its first */
};

unsigned int exchange_max_order(const struct vcpu *v)
{
    return v->domain->privileged ? ORDER_DOM0 : ORDER_GUEST;
}

static void push(uint32_t *list, mfn_t mfn)
{
    frame_table()[mfn].next = *list;
    *list = (uint32_t)mfn;
}

static mfn_t pop(uint32_t *list)
{
    mfn_t mfn = *list;

    ASSERT(mfn != FRAME_LIST_END);
    *list = frame_table()[mfn].next;
    return mfn;
}

static long allocate(struct chunk *c)
{
    unsigned int bits = XENMEMF_get_address_bits(c->a->out.mem_flags);
    unsigned int flags = c->a->out.mem_flags;
    unsigned int node = (flags >> 8) & 0xff ? XENMEMF_get_node(flags) : NODE_ANY;

    for (uint64_t i = 0; i < c->outputs; i++) {
        mfn_t mfn = page_alloc(c->a->out.extent_order, node,
                               bits && bits < ADDRESS_ANY ? bits : ADDRESS_ANY);

        if (mfn == MFN_NONE)
            return -XEN_ENOMEM;
        push(&c->fresh, mfn);
    }
    return 0;
}

static long steal_extent(struct chunk *c, mfn_t mfn)
{
    for (uint64_t i = 0; i < 1ul << c->a->in.extent_order; i++) {
        struct frame *f = frame_of(mfn + i);

        if (!f || !frame_steal(f, c->d))
            return -XEN_EINVAL;
        push(&c->stolen, mfn + i);
    }
    return 0;
}

static long steal(struct chunk *c)
{
    long rc = 0;

    for (uint64_t i = 0; i < c->inputs && rc == 0; i++) {
        mfn_t mfn;

        if (!copy_item_from_guest(&mfn, (uint64_t)c->a->in.extent_start.p, c->first_input + i,
                                  sizeof(mfn)))
            rc = -XEN_EFAULT;
        else
            rc = steal_extent(c, mfn);
    }
    return rc;
}

static void undo(struct chunk *c)
{
    while (c->stolen != FRAME_LIST_END)
        frame_unsteal(&frame_table()[pop(&c->stolen)], c->d);
    while (c->fresh != FRAME_LIST_END)
        page_free(pop(&c->fresh), c->a->out.extent_order);
}

/* The domain is smaller by the stolen frames and its lock is held: nothing keeps the new ones out. */
static long give_extent(struct chunk *c, uint64_t index)
{
    uint64_t list = (uint64_t)c->a->out.extent_start.p;
    mfn_t mfn = pop(&c->fresh);
    gfn_t gfn;

    if (!copy_item_from_guest(&gfn, list, index, sizeof(gfn)))
        gfn = M2P_INVALID;
    frame_assign_instead(mfn, c->a->out.extent_order, c->d);
    for (uint64_t i = 0; i < 1ul << c->a->out.extent_order; i++)
        m2p_set(mfn + i, gfn == M2P_INVALID ? gfn : gfn + i);
    if (gfn == M2P_INVALID || !copy_item_to_guest(list, index, &mfn, sizeof(mfn)))
        return -XEN_EFAULT;
    return 0;
}

/* d's lock held. */
static long exchange_chunk(struct chunk *c)
{
    long rc = c->d->is_dying ? -XEN_EINVAL : allocate(c);

    if (rc == 0)
        rc = steal(c);
    if (rc) {
        undo(c);
        return rc;
    }
    while (c->stolen != FRAME_LIST_END) {
        mfn_t mfn = pop(&c->stolen);

        m2p_set(mfn, M2P_INVALID);
        page_free(mfn, 0);
    }
    for (uint64_t i = 0; i < c->outputs; i++) {
        long failed = give_extent(c, c->first_output + i);

        rc = rc ? rc : failed;
    }
    return rc;
}

/* Does a list of so many extents lie in one piece of addresses? */
static bool list_fits(uint64_t list, uint64_t count)
{
    return count <= ~0ul / sizeof(xen_pfn_t) && list + count * sizeof(xen_pfn_t) >= list;
}

static long check(struct vcpu *v, const xen_memory_exchange_t *a)
{
    unsigned int most = exchange_max_order(v), in = a->in.extent_order, out = a->out.extent_order;
    domid_t id = a->in.domid == DOMID_SELF ? v->domain->id : a->in.domid;

    if (in > most || out > most)
        return -XEN_EPERM;
    if (a->nr_exchanged > a->in.nr_extents)
        return -XEN_EINVAL;
    if (a->in.nr_extents > ~0ul >> in || a->out.nr_extents > ~0ul >> out)
        return -XEN_EINVAL; /* the number of frames does not fit */
    if (a->in.nr_extents << in != a->out.nr_extents << out)
        return -XEN_EINVAL;
    if (!list_fits((uint64_t)a->in.extent_start.p, a->in.nr_extents) ||
        !list_fits((uint64_t)a->out.extent_start.p, a->out.nr_extents))
        return -XEN_EFAULT;
    if (out > in && (a->nr_exchanged & ((1ul << (out - in)) - 1)))
        return -XEN_EINVAL; /* not at the start of an output extent */
    if (a->in.domid != a->out.domid)
        return -XEN_EINVAL;
    if (id != v->domain->id && !v->domain->privileged)
        return -XEN_EPERM;
    return 0;
}

long memory_exchange(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_memory_exchange_t *a = arg;
    unsigned int in = a->in.extent_order, out = a->out.extent_order;
    long rc = check(v, a);
    struct domain *d;

    (void)extra;
    if (rc)
        return rc;
    d = domain_get(a->in.domid == DOMID_SELF ? v->domain->id : a->in.domid);
    if (!d)
        return -XEN_ESRCH;
    if (d->kind->map)
        rc = -XEN_EOPNOTSUPP; /* its frames have numbers, which would go on leading to them */
    while (rc == 0 && a->nr_exchanged < a->in.nr_extents) {
        struct chunk c = { .d = d,
                           .a = a,
                           .inputs = out > in ? 1ul << (out - in) : 1,
                           .outputs = in > out ? 1ul << (in - out) : 1,
                           .first_input = a->nr_exchanged,
                           .first_output = a->nr_exchanged << in >> out,
                           .stolen = FRAME_LIST_END,
                           .fresh = FRAME_LIST_END };

        lock_take(&d->lock);
        rc = exchange_chunk(&c);
        lock_release(&d->lock);
        if (rc == 0)
            a->nr_exchanged += c.inputs;
        if (rc == 0 && a->nr_exchanged < a->in.nr_extents && preempt_wanted())
            rc = DOOR_RESTART;
    }
    domain_put(d);
    return rc;
}
