/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/grant.h"

#include "abi/copy.h"
#include "abi/narrow.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#define UNMAP_BATCH    32u /* unmapped with one flush */
#define OPERATION_BITS 20  /* Xen keeps what is restarted in those above (measured) */

/* What of a list is still to do. */
struct grant_list {
    uint64_t at;
    uint32_t count;
};

/* A call goes on later with what is left of its list. */
static long restart(const struct grant_list *l)
{
    hypercall_set_argument(1, l->at);
    hypercall_set_argument(2, l->count);
    return DOOR_RESTART;
}

/* Elements in a row before asking whether somebody waits. */
#define AT_ONCE 8u

static bool advance(struct grant_list *l, size_t size, uint32_t done)
{
    l->at += done * size;
    l->count -= done;
    return l->count && l->count % AT_ONCE == 0 && preempt_wanted();
}

/* A peer is asked for once for as many elements in a row as name it. */
struct peer {
    domid_t id;
    struct domain *d; /* held; NULL: there is none */
};
#define NO_PEER \
    { \
        .id = DOMID_INVALID \
    }

static void forget_peer(const struct peer *p)
{
    if (p->d)
        domain_put(p->d);
}

static inline struct domain *find_peer(struct peer *p, domid_t id)
{
    forget_peer(p);
    p->id = id;
    p->d = domain_get(id);
    return p->d;
}

static inline struct domain *peer_of(struct peer *p, domid_t id)
{
    return p->id == id ? p->d : find_peer(p, id);
}

static __attribute__((noinline)) void tell_refused(const struct vcpu *v, domid_t granter,
                                                   grant_ref_t ref, int status)
{
    console_guest_log(v->domain->id, LOG_INFO, "v%u: grant %u of domain %u is refused: %d", v->id,
                      ref, granter, status);
}

static long map_grant_ref(struct vcpu *v, void *arg, uint64_t extra)
{
    struct grant_list l = *(const struct grant_list *)extra;
    struct gnttab_map_grant_ref op;
    struct peer peer = NO_PEER;
    long rc = 0;

    (void)arg;
    while (rc == 0 && l.count) {
        if (!copy_from_guest(&op, l.at, sizeof(op))) {
            rc = -XEN_EFAULT;
            break;
        }
        grant_map(v, peer_of(&peer, op.dom), &op);
        if (__builtin_expect(op.status != GNTST_okay, false))
            tell_refused(v, op.dom, op.ref, op.status);
        if (!copy_to_guest(l.at, &op, sizeof(op)))
            rc = -XEN_EFAULT;
        else if (advance(&l, sizeof(op), 1))
            rc = restart(&l);
    }
    forget_peer(&peer);
    return rc;
}

/* The two kinds of unmapping have structs that differ by a name only. */
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == sizeof(struct gnttab_unmap_and_replace) &&
                   offsetof(struct gnttab_unmap_grant_ref, dev_bus_addr) ==
                       offsetof(struct gnttab_unmap_and_replace, new_addr) &&
                   offsetof(struct gnttab_unmap_grant_ref, handle) ==
                       offsetof(struct gnttab_unmap_and_replace, handle) &&
                   offsetof(struct gnttab_unmap_grant_ref, status) ==
                       offsetof(struct gnttab_unmap_and_replace, status),
               "one struct read for both");
#define STATUS_WORD  offsetof(struct gnttab_unmap_grant_ref, handle) /* of 8 bytes, status in it */
#define STATUS_SHIFT (8 * (offsetof(struct gnttab_unmap_grant_ref, status) - STATUS_WORD))
#define STATUS_MASK  (0xfffful << STATUS_SHIFT)

/* The word that the status is in, as the guest had it but for that. */
static uint64_t word_with(uint64_t word, int16_t status)
{
    return (word & ~STATUS_MASK) | (uint64_t)(uint16_t)status << STATUS_SHIFT;
}

static inline bool read_unmap(struct grant_unmap *u, uint64_t *word, uint64_t at, bool replace)
{
    uint64_t words[sizeof(struct gnttab_unmap_grant_ref) / 8];

    if (!copy_from_guest(words, at, sizeof(words)))
        return false;
    u->host = words[0];
    u->device = replace ? 0 : words[1];
    u->replace = replace ? words[1] : 0;
    u->handle = (uint32_t)words[2];
    *word = words[2];
    return true;
}

/* Up to UNMAP_BATCH of a list.  All that was begun is ended, whatever cannot be told to the guest. */
static inline __attribute__((always_inline)) long unmap_some(struct vcpu *v,
                                                             const struct grant_list *l,
                                                             bool replace, uint32_t *done)
{
    const size_t size = sizeof(struct gnttab_unmap_grant_ref);
    struct grant_unmap batch[UNMAP_BATCH];
    uint64_t words[UNMAP_BATCH];
    uint32_t count = 0;
    long rc = 0;

    for (; count < UNMAP_BATCH && count < l->count; count++) {
        if (!read_unmap(&batch[count], &words[count], l->at + count * size, replace)) {
            rc = -XEN_EFAULT;
            break;
        }
        grant_unmap_begin(v, &batch[count]);
    }
    if (count)
        v->domain->kind->flush(v->domain);
    for (uint32_t i = 0; i < count; i++) {
        grant_unmap_end(v, &batch[i]);
        if (!write_to_guest64(l->at + i * size + STATUS_WORD, word_with(words[i], batch[i].status)))
            rc = -XEN_EFAULT;
    }
    *done = count;
    return rc;
}

static inline __attribute__((always_inline)) long unmap_list(struct vcpu *v, struct grant_list l,
                                                             bool replace)
{
    while (l.count) {
        uint32_t done;
        long rc = unmap_some(v, &l, replace, &done);

        if (rc)
            return rc;
        l.at += done * sizeof(struct gnttab_unmap_grant_ref);
        l.count -= done;
        if (l.count && preempt_wanted())
            return restart(&l);
    }
    return 0;
}

static long unmap_grant_ref(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg;
    return unmap_list(v, *(const struct grant_list *)extra, false);
}

static long unmap_and_replace(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg;
    return unmap_list(v, *(const struct grant_list *)extra, true);
}

#define COPY_WORD  offsetof(struct gnttab_copy, len) /* of 8 bytes, status in it */
#define COPY_SHIFT (8 * (offsetof(struct gnttab_copy, status) - COPY_WORD))
_Static_assert(COPY_WORD % 8 == 0 && COPY_SHIFT == STATUS_SHIFT, "the status stands in both alike");

union copy_op {
    struct gnttab_copy op;
    uint64_t words[sizeof(struct gnttab_copy) / 8];
};

/* 32-bit callers have the last word at another place, two bytes of it nobody's. */
static size_t copy_size(const struct vcpu *v)
{
    return v->narrow ? narrow_size(COPY_FORM) : sizeof(struct gnttab_copy);
}

static bool read_copy(const struct vcpu *v, uint64_t at, union copy_op *c)
{
    uint8_t narrow[sizeof(*c)];

    if (!v->narrow)
        return copy_from_guest(c, at, sizeof(*c));
    if (!copy_from_guest(narrow, at, narrow_size(COPY_FORM)))
        return false;
    narrow_expand(COPY_FORM, narrow, c, sizeof(*c));
    return true;
}

static bool write_copy(const struct vcpu *v, uint64_t at, const union copy_op *c)
{
    uint64_t word = c->words[COPY_WORD / 8];

    if (v->narrow)
        return copy_to_guest(at + copy_size(v) - sizeof(word), &word, sizeof(word));
    return write_to_guest64(at + COPY_WORD, word);
}

/* The sides of a list's copies, often the same two. */
struct peers {
    struct peer source, dest;
};

static struct domain *side_of(struct vcpu *v, struct peer *p, domid_t id)
{
    return id == DOMID_SELF ? v->domain : peer_of(p, id);
}

static long copy_some(struct vcpu *v, struct grant_list *l, struct peers *p)
{
    union copy_op c;

    while (l->count) {
        if (!read_copy(v, l->at, &c))
            return -XEN_EFAULT;
        grant_copy(v, side_of(v, &p->source, c.op.source.domid),
                   side_of(v, &p->dest, c.op.dest.domid), &c.op);
        if (!write_copy(v, l->at, &c))
            return -XEN_EFAULT;
        if (advance(l, copy_size(v), 1))
            return restart(l);
    }
    return 0;
}

static long copy_list(struct vcpu *v, void *arg, uint64_t extra)
{
    struct grant_list l = *(const struct grant_list *)extra;
    struct peers peers = { NO_PEER, NO_PEER };
    long rc = copy_some(v, &l, &peers);

    (void)arg;
    forget_peer(&peers.source);
    forget_peer(&peers.dest);
    return rc;
}

/* ---- one struct each ---- */

static const struct grant_list *list(uint64_t extra)
{
    return (const struct grant_list *)extra;
}

/* The domain that an operation is about, held; NULL and why not. */
static struct domain *subject(struct vcpu *v, domid_t id, int16_t *status)
{
    struct domain *d;

    if (id == DOMID_SELF)
        id = v->domain->id;
    if (id != v->domain->id && !v->domain->privileged) {
        *status = GNTST_permission_denied;
        return NULL;
    }
    d = domain_get(id);
    if (!d)
        *status = GNTST_bad_domain;
    return d;
}

static int16_t list_frames(struct domain *d, const struct gnttab_setup_table *op)
{
    for (uint32_t i = 0; i < op->nr_frames; i++) {
        if (!copy_number_to_guest((uint64_t)op->frame_list.p, i, frame_at(d->grant->shared[i])))
            return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

/* The struct of a call that takes one, no list. */
static long take_one(uint64_t extra, void *op, size_t size)
{
    if (list(extra)->count != 1)
        return -XEN_EINVAL;
    return copy_from_guest(op, list(extra)->at, size) ? 0 : -XEN_EFAULT;
}

static long setup_table(struct vcpu *v, void *arg, uint64_t extra)
{
    struct gnttab_setup_table op;
    size_t size = v->narrow ? narrow_size(SETUP_FORM) : sizeof(op);
    uint8_t narrow[sizeof(op)];
    struct domain *d;
    long rc = take_one(extra, v->narrow ? (void *)narrow : &op, size);

    (void)arg;
    if (rc)
        return rc;
    if (v->narrow)
        narrow_expand(SETUP_FORM, narrow, &op, sizeof(op));
    d = subject(v, op.dom, &op.status);
    if (d) {
        op.status = GNTST_general_error;
        if (grant_grow(d, op.nr_frames) == 0)
            op.status = list_frames(d, &op);
        domain_put(d);
    }
    if (v->narrow)
        narrow_shrink(SETUP_FORM, &op, narrow); /* it fits: it came so */
    return copy_to_guest(list(extra)->at, v->narrow ? (void *)narrow : &op, size) ? 0 : -XEN_EFAULT;
}

static long query_size(struct vcpu *v, void *arg, uint64_t extra)
{
    struct gnttab_query_size op;
    struct domain *d;
    long rc = take_one(extra, &op, sizeof(op));

    (void)arg;
    if (rc)
        return rc;
    d = subject(v, op.dom, &op.status);
    if (d) {
        op.nr_frames = d->grant->frames;
        op.max_nr_frames = d->grant->frames_max;
        op.status = GNTST_okay;
        domain_put(d);
    }
    return copy_to_guest(list(extra)->at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
}

/* Xen 4.17 has the number only (measured); what a guest could have printed at will is no loss. */
static long dump_table(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return -XEN_ENOSYS;
}

static long set_version(struct vcpu *v, void *arg, uint64_t extra)
{
    struct gnttab_set_version op;
    long rc = take_one(extra, &op, sizeof(op));

    (void)v, (void)arg;
    if (rc)
        return rc;
    if (op.version == 2)
        return -XEN_ENOSYS; /* left out, as Xen with gnttab=max-ver:1 */
    return op.version == 1 ? 0 : -XEN_EINVAL;
}

static long get_version(struct vcpu *v, void *arg, uint64_t extra)
{
    struct gnttab_get_version op;
    int16_t status;
    struct domain *d;

    (void)arg;
    if (!copy_from_guest(&op, list(extra)->at, sizeof(op)))
        return -XEN_EFAULT;
    d = subject(v, op.dom, &status);
    if (!d)
        return status == GNTST_permission_denied ? -XEN_EPERM : -XEN_ESRCH;
    op.version = 1;
    domain_put(d);
    return copy_to_guest(list(extra)->at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
}

/* There are status frames with version 2 only. */
static long get_status_frames(struct vcpu *v, void *arg, uint64_t extra)
{
    struct gnttab_get_status_frames op;
    struct domain *d;
    long rc = take_one(extra, &op, sizeof(op));

    (void)arg;
    if (rc)
        return rc;
    d = subject(v, op.dom, &op.status);
    if (d) {
        op.status = op.nr_frames ? GNTST_general_error : GNTST_okay;
        domain_put(d);
    }
    return copy_to_guest(list(extra)->at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
}

static long swap_grant_ref(struct vcpu *v, void *arg, uint64_t extra)
{
    struct grant_list l = *list(extra);
    struct gnttab_swap_grant_ref op;

    (void)arg;
    while (l.count) {
        if (!copy_from_guest(&op, l.at, sizeof(op)))
            return -XEN_EFAULT;
        op.status = (int16_t)grant_swap(v->domain, op.ref_a, op.ref_b);
        if (!copy_to_guest(l.at, &op, sizeof(op)))
            return -XEN_EFAULT;
        if (advance(&l, sizeof(op), 1))
            return restart(&l);
    }
    return 0;
}

/* A domain's pages stay its own. */
static long transfer(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v, (void)arg, (void)extra;
    return -XEN_EOPNOTSUPP;
}

/* One element, errors as on Xen 4.17.  The lines are written back and dropped; to drop them alone is no
 * operation of this machine's for a guest. */
static long flush_one(struct domain *d, const struct gnttab_cache_flush *op)
{
    mfn_t mfn = op->a.dev_bus_addr >> PAGE_SHIFT;
    struct frame *f = frame_of(mfn);
    bool own;

    if (op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL) || op->offset >= PAGE_SIZE ||
        op->length > PAGE_SIZE - op->offset)
        return -XEN_EINVAL;
    if (!op->length || !op->op)
        return 0;
    if (mfn >= frames_end)
        return -XEN_EINVAL;
    own = f && frame_get(f, d);
    if (!own && (!f || !grant_maps(d, mfn)))
        return -XEN_EPERM;
    if (op->op & GNTTAB_CACHE_CLEAN)
        arch_cache_flush((const char *)frame_map(mfn) + op->offset, op->length);
    if (own)
        frame_put(f);
    return op->op & GNTTAB_CACHE_CLEAN ? 0 : -XEN_EOPNOTSUPP;
}

static long cache_flush(struct vcpu *v, void *arg, uint64_t extra)
{
    struct grant_list l = *list(extra);
    struct gnttab_cache_flush op;
    long rc;

    (void)arg;
    while (l.count) {
        if (!copy_from_guest(&op, l.at, sizeof(op)))
            return -XEN_EFAULT;
        rc = flush_one(v->domain, &op);
        if (rc)
            return rc;
        if (advance(&l, sizeof(op), 1))
            return restart(&l);
    }
    return 0;
}

#define ROW(name_, duration, fn) \
    { \
        GNTTABOP_##name_, #name_, 0, DIR_LIST, KIND_ALL, AUTH_SELF, duration, false, fn \
    }

const struct door_op grant_ops[] = {
    ROW(map_grant_ref, RESUMABLE, map_grant_ref),
    ROW(unmap_grant_ref, RESUMABLE, unmap_grant_ref),
    ROW(setup_table, BOUNDED, setup_table),
    ROW(dump_table, BOUNDED, dump_table),
    ROW(transfer, BOUNDED, transfer),
    ROW(copy, RESUMABLE, copy_list),
    ROW(query_size, BOUNDED, query_size),
    ROW(unmap_and_replace, RESUMABLE, unmap_and_replace),
    ROW(set_version, BOUNDED, set_version),
    ROW(get_status_frames, BOUNDED, get_status_frames),
    ROW(get_version, BOUNDED, get_version),
    ROW(swap_grant_ref, RESUMABLE, swap_grant_ref),
    ROW(cache_flush, RESUMABLE, cache_flush),
};
const uint16_t grant_op_count = ARRAY_SIZE(grant_ops);

long grant_table_op(uint64_t op, uint64_t guest, uint64_t count, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    struct grant_list l = { guest, (uint32_t)count };

    (void)a3, (void)a4, (void)a5;
    if ((int32_t)count < 0 || (uint32_t)op >> OPERATION_BITS)
        return -XEN_EINVAL;
    if (!current_vcpu()->domain->grant)
        return -XEN_ENOSYS;
    return door_enter(&door_calls[__HYPERVISOR_grant_table_op], (uint32_t)op, 0, (uint64_t)&l);
}
