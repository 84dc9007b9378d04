/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/event_channel.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/event/event.h"
#include "core/machine.h"
#include "core/vcpu.h"

#include <xen/event_channel.h>

/* The domain that an operation names, held.  *rc: -ESRCH; -EPERM: another's, not for v. */
static struct domain *target(struct vcpu *v, domid_t id, long *rc)
{
    struct domain *d = domain_get(id == DOMID_SELF ? v->domain->id : id);

    *rc = -XEN_ESRCH;
    if (!d || d == v->domain || v->domain->privileged)
        return d;
    domain_put(d);
    *rc = -XEN_EPERM;
    return NULL;
}

static long restart(int rc)
{
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

static long do_bind_interdomain(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_bind_interdomain *a = arg;
    struct domain *peer = domain_get(a->remote_dom == DOMID_SELF ? v->domain->id : a->remote_dom);
    long rc;

    (void)extra;
    if (!peer)
        return -XEN_ESRCH;
    rc = event_bind_interdomain(v->domain, peer, a->remote_port, &a->local_port);
    domain_put(peer);
    return rc;
}

static long do_bind_virq(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_bind_virq *a = arg;

    (void)extra;
    return event_bind_virq(v->domain, a->virq, a->vcpu, &a->port);
}

static long do_bind_pirq(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_bind_pirq *a = arg;

    (void)extra;
    return event_bind_pirq(v->domain, a->pirq, a->flags & BIND_PIRQ__WILL_SHARE, &a->port);
}

static long do_close(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_close *a = arg;

    (void)extra;
    return restart(event_close(v->domain, a->port));
}

static long do_send(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_send *a = arg;

    (void)extra;
    return event_send(v, a->port);
}

static long do_status(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_status *a = arg;
    struct domain *d;
    long rc;

    (void)extra;
    d = target(v, a->dom, &rc);
    if (!d)
        return rc;
    rc = event_status(d, a);
    domain_put(d);
    return rc;
}

static long do_alloc_unbound(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_alloc_unbound *a = arg;
    struct domain *d;
    domid_t remote;
    long rc;

    (void)extra;
    d = target(v, a->dom, &rc);
    if (!d)
        return rc;
    remote = a->remote_dom == DOMID_SELF ? v->domain->id : a->remote_dom;
    rc = event_alloc_unbound(d, remote, &a->port);
    domain_put(d);
    return rc;
}

static long do_bind_ipi(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_bind_ipi *a = arg;

    (void)extra;
    return event_bind_ipi(v->domain, a->vcpu, &a->port);
}

static long do_bind_vcpu(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_bind_vcpu *a = arg;

    (void)extra;
    return event_bind_vcpu(v->domain, a->port, a->vcpu);
}

static long do_unmask(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_unmask *a = arg;

    (void)extra;
    return event_unmask(v->domain, a->port);
}

/* Another domain must be paused: it would bind what is being closed. */
static long do_reset(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_reset *a = arg;
    struct domain *d;
    long rc;

    (void)extra;
    d = target(v, a->dom, &rc);
    if (!d)
        return rc;
    if (d != v->domain && !__atomic_load_n(&d->pause_count, __ATOMIC_RELAXED))
        rc = -XEN_EOPNOTSUPP;
    else
        rc = restart(event_reset(d));
    domain_put(d);
    return rc;
}

/* Xen's own, to go on with a reset; from a guest there is none to go on with (Xen 4.17). */
static long do_reset_cont(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_reset *a = arg;
    struct domain *d;
    long rc;

    (void)extra;
    d = target(v, a->dom, &rc);
    if (!d)
        return rc;
    domain_put(d);
    return -XEN_EBUSY;
}

static long do_init_control(struct vcpu *v, void *arg, uint64_t extra)
{
    struct evtchn_init_control *a = arg;
    int rc = event_init_control(v->domain, a->vcpu, a->control_gfn, a->offset);

    (void)extra;
    if (rc < 0)
        return restart(rc);
    a->link_bits = (uint8_t)rc;
    return 0;
}

static long do_expand_array(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_expand_array *a = arg;

    (void)extra;
    return event_expand_array(v->domain, a->array_gfn);
}

static long do_set_priority(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct evtchn_set_priority *a = arg;

    (void)extra;
    return event_set_priority(v->domain, a->port, a->priority);
}

/* The ABI's header has it for Xen only. */
#define EVTCHNOP_reset_cont 14
#define evtchn_reset_cont   evtchn_reset

#define ROW(name_, direction, duration) \
    { \
        EVTCHNOP_##name_, #name_, sizeof(struct evtchn_##name_), direction, KIND_ALL, AUTH_SELF, \
            duration, false, do_##name_ \
    }

/* In the order of numbers.  Of others' domains only the privileged may say something: target(). */
const struct door_op event_channel_ops[] = {
    ROW(bind_interdomain, DIR_INOUT, BOUNDED),
    ROW(bind_virq, DIR_INOUT, BOUNDED),
    ROW(bind_pirq, DIR_INOUT, BOUNDED),
    ROW(close, DIR_IN, RESUMABLE),
    ROW(send, DIR_IN, BOUNDED),
    ROW(status, DIR_INOUT, BOUNDED),
    ROW(alloc_unbound, DIR_INOUT, BOUNDED),
    ROW(bind_ipi, DIR_INOUT, BOUNDED),
    ROW(bind_vcpu, DIR_IN, BOUNDED),
    ROW(unmask, DIR_IN, BOUNDED),
    ROW(reset, DIR_IN, RESUMABLE),
    ROW(init_control, DIR_INOUT, RESUMABLE),
    ROW(expand_array, DIR_IN, BOUNDED),
    ROW(set_priority, DIR_IN, BOUNDED),
    ROW(reset_cont, DIR_IN, BOUNDED),
};
const uint16_t event_channel_op_count = ARRAY_SIZE(event_channel_ops);

_Static_assert(sizeof(struct evtchn_send) == sizeof(uint32_t), "read as one number");

/* Sub-operation numbers are 32 bits wide in the ABI. */
long event_channel_op(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4,
                      uint64_t a5)
{
    int64_t port;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if ((uint32_t)op != EVTCHNOP_send)
        return door_enter(&door_calls[__HYPERVISOR_event_channel_op], (uint32_t)op, guest, 0);
    port = read_from_guest32(guest);
    if (port < 0)
        return -XEN_EFAULT;
    return event_send(current_vcpu(), (port_t)port);
}
