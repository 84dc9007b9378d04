/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings: what a port is connected to, from its opening to its close. */
#include "core/event/port.h"

#include "core/assert.h"
#include "core/memory/heap.h"
#include "core/event/pirq.h"
#include "core/softirq.h"

#include <xen/errno.h>

#define CLOSE_TRIES 8  /* a peer may change as often while its lock is waited for */
#define CLOSE_STEP  32 /* ports closed between two questions whether to stop */

/* Open a port that needs no other lock. */
static int open_alone(struct domain *d, const struct event *as, port_t *port)
{
    bool irq = event_lock(d, NULL);
    int rc = event_open(d, as, port);

    event_unlock(d, NULL, irq);
    return rc;
}

int event_alloc_unbound(struct domain *d, domid_t remote, port_t *port)
{
    return open_alone(d, &(struct event){ .state = EVENT_UNBOUND, .other = remote }, port);
}

int event_bind_ipi(struct domain *d, unsigned int vcpu, port_t *port)
{
    if (!domain_vcpu(d, vcpu))
        return -XEN_ENOENT;
    return open_alone(d, &(struct event){ .state = EVENT_IPI, .vcpu = (uint16_t)vcpu }, port);
}

/* Both locks held. */
static int join(struct domain *d, struct domain *peer, port_t theirs, port_t *ours)
{
    struct event *remote = event_get(peer, theirs);
    int rc;

    if (!remote || remote->state != EVENT_UNBOUND || remote->other != d->id)
        return -XEN_EINVAL;
    rc = event_open(d, &(struct event){ .state = EVENT_INTERDOMAIN, .peer = peer, .other = theirs },
                    ours);
    if (rc)
        return rc;
    __atomic_store_n(&remote->other, *ours, __ATOMIC_RELAXED);
    __atomic_store_n(&remote->peer, d, __ATOMIC_RELAXED);
    __atomic_store_n(&remote->state, EVENT_INTERDOMAIN, __ATOMIC_RELEASE);
    return 0;
}

int event_bind_interdomain(struct domain *d, struct domain *peer, port_t theirs, port_t *ours)
{
    bool irq = event_lock(d, peer);
    int rc = join(d, peer, theirs, ours);

    event_unlock(d, peer, irq);
    if (rc)
        return rc;
    /* The peer may have sent before there was anybody to be told. */
    event_enter();
    event_raise(d, event_get(d, *ours), *ours);
    event_leave();
    return 0;
}

static bool virq_vcpu_ok(unsigned int virq, unsigned int vcpu)
{
    return virq < NR_VIRQS && (vcpu == 0 || !event_virq_is_global(virq));
}

int event_bind_virq(struct domain *d, unsigned int virq, unsigned int vcpu, port_t *port)
{
    struct vcpu *v = domain_vcpu(d, vcpu);
    bool irq;
    int rc;

    if (!virq_vcpu_ok(virq, vcpu))
        return -XEN_EINVAL;
    if (!v)
        return -XEN_ENOENT;
    irq = event_lock(d, NULL);
    if (v->event.virq_port[virq])
        rc = -XEN_EEXIST;
    else
        rc = event_open(
            d, &(struct event){ .state = EVENT_VIRQ, .other = virq, .vcpu = (uint16_t)vcpu }, port);
    if (rc == 0)
        __atomic_store_n(&v->event.virq_port[virq], *port, __ATOMIC_RELEASE);
    event_unlock(d, NULL, irq);
    return rc;
}

/* The lock of pirqs comes before that of events: the port is SETTLING while that one is taken. */
static void settle(struct domain *d, port_t port, bool open)
{
    bool irq = event_lock(d, NULL);
    struct event *e = event_get(d, port);

    ASSERT(e && e->state == EVENT_SETTLING);
    if (open)
        __atomic_store_n(&e->state, EVENT_PIRQ, __ATOMIC_RELEASE);
    else
        event_free(d, port, e);
    event_unlock(d, NULL, irq);
}

int event_bind_pirq(struct domain *d, unsigned int pirq, bool share, port_t *port)
{
    struct vcpu *v = domain_vcpu(d, 0);
    int rc;

    if (!v)
        return -XEN_ENOENT;
    rc = open_alone(d, &(struct event){ .state = EVENT_SETTLING, .other = pirq }, port);
    if (rc)
        return rc;
    rc = pirq_bind(d, pirq, *port, share, v);
    settle(d, *port, rc == 0);
    return rc;
}

/* ---- close ---- */

static void part(struct domain *d, const struct event *e)
{
    struct event *remote = event_get(e->peer, e->other);

    ASSERT(remote && remote->state == EVENT_INTERDOMAIN && remote->peer == d);
    __atomic_store_n(&remote->state, EVENT_UNBOUND, __ATOMIC_RELEASE);
    __atomic_store_n(&remote->peer, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&remote->other, d->id, __ATOMIC_RELAXED);
}

static void unbind_virq(struct domain *d, port_t port, const struct event *e)
{
    struct vcpu *v = domain_vcpu(d, event_virq_is_global(e->other) ? 0 : e->vcpu);

    ASSERT(v && v->event.virq_port[e->other] == port);
    __atomic_store_n(&v->event.virq_port[e->other], 0, __ATOMIC_RELAXED);
}

/* Locks of d and of the port's peer held.  *settling: it is a pirq's, still to be unbound. */
static int close_held(struct domain *d, port_t port, struct event *e, bool *settling)
{
    switch (e->state) {
    case EVENT_PIRQ:
        __atomic_store_n(&e->state, EVENT_SETTLING, __ATOMIC_RELEASE);
        *settling = true;
        return 0;
    case EVENT_INTERDOMAIN: part(d, e); break;
    case EVENT_VIRQ: unbind_virq(d, port, e); break;
    case EVENT_UNBOUND:
    case EVENT_IPI: break;
    default: return -XEN_EINVAL;
    }
    event_free(d, port, e);
    return 0;
}

/* The peer's lock may have to come first, so the peer is read before any is held, and again after;
 * the section keeps it from being freed in between.  -EAGAIN: it was another then. */
static int close_once(struct domain *d, port_t port, bool *settling)
{
    struct event *e = event_get(d, port);
    struct domain *peer = e ? __atomic_load_n(&e->peer, __ATOMIC_RELAXED) : NULL;
    bool irq = event_lock(d, peer);
    int rc;

    e = event_get(d, port);
    if (!e)
        rc = -XEN_EINVAL;
    else if (e->peer != peer)
        rc = -XEN_EAGAIN;
    else
        rc = close_held(d, port, e, settling);
    event_unlock(d, peer, irq);
    return rc;
}

int event_close(struct domain *d, port_t port)
{
    bool settling = false;
    int rc = -XEN_EAGAIN;

    event_enter();
    for (unsigned int i = 0; i < CLOSE_TRIES && rc == -XEN_EAGAIN; i++)
        rc = close_once(d, port, &settling);
    event_leave();
    if (settling) {
        pirq_unbind(d, event_get(d, port)->other, port);
        settle(d, port, false);
    }
    return rc == -XEN_EAGAIN ? -XEN_ERESTART : rc;
}

/* ---- all at once ---- */

static bool has_open_ports(const struct event_table *table, unsigned int bucket)
{
    return table->used[bucket] > (bucket == 0); /* port 0 is never open */
}

/* False: not all of them were tried, call again. */
static bool close_bucket(struct domain *d, unsigned int bucket)
{
    port_t first = bucket * (unsigned int)EVENTS_PER_BUCKET;

    for (port_t port = first; port < first + EVENTS_PER_BUCKET; port++) {
        const struct event *e = event_get(d, port);

        if (!e || !event_is_open(e))
            continue;
        if (event_close(d, port) == -XEN_ERESTART)
            return false;
        if (port % CLOSE_STEP == 0 && preempt_wanted())
            return false;
    }
    return true;
}

/* The progress stands in the table: buckets that are empty cost nothing the next time. */
static int close_all(struct domain *d)
{
    struct event_domain *ed = &d->event;

    for (unsigned int i = 0; i * EVENTS_PER_BUCKET < ed->valid_ports; i++)
        if (has_open_ports(ed->table, i) && !close_bucket(d, i))
            return -XEN_ERESTART;
    return 0;
}

int event_reset(struct domain *d)
{
    int rc = close_all(d);

    if (rc == 0)
        event_fifo_leave(d);
    return rc;
}

int event_domain_close(struct domain *d)
{
    bool irq;
    int rc;

    if (!d->event.table)
        return 0;
    irq = event_lock(d, NULL);
    d->event.closed = true;
    event_unlock(d, NULL, irq);
    rc = close_all(d);
    if (rc)
        return rc;
    event_drop_owner(d);
    event_fifo_leave(d);
    return event_free_buckets(d) ? 0 : -XEN_ERESTART;
}

void event_domain_destroy(struct domain *d)
{
    /* Without buckets all has been closed. */
    while (d->event.table && d->event.table->bucket[0] && event_domain_close(d))
        ;
    heap_free(d->event.table);
    d->event.table = NULL;
}

/* ---- looks and changes ---- */

static void describe(const struct event *e, struct evtchn_status *status)
{
    static const uint8_t status_of[] = {
        [EVENT_UNBOUND] = EVTCHNSTAT_unbound, [EVENT_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [EVENT_PIRQ] = EVTCHNSTAT_pirq,       [EVENT_VIRQ] = EVTCHNSTAT_virq,
        [EVENT_IPI] = EVTCHNSTAT_ipi,         [EVENT_SETTLING] = EVTCHNSTAT_closed,
    };

    status->status = status_of[e->state];
    status->vcpu = e->vcpu;
    if (e->state == EVENT_UNBOUND)
        status->u.unbound.dom = (domid_t)e->other;
    if (e->state == EVENT_INTERDOMAIN) {
        status->u.interdomain.dom = e->peer->id;
        status->u.interdomain.port = e->other;
    }
    if (e->state == EVENT_PIRQ)
        status->u.pirq = e->other;
    if (e->state == EVENT_VIRQ)
        status->u.virq = e->other;
}

int event_status(struct domain *d, struct evtchn_status *status)
{
    bool irq = event_lock(d, NULL);
    const struct event *e = event_get(d, status->port);

    if (e)
        describe(e, status);
    event_unlock(d, NULL, irq);
    return e ? 0 : -XEN_EINVAL;
}

static bool may_move(const struct event *e)
{
    if (e->state == EVENT_VIRQ)
        return event_virq_is_global(e->other);
    return e->state == EVENT_UNBOUND || e->state == EVENT_INTERDOMAIN || e->state == EVENT_PIRQ;
}

int event_bind_vcpu(struct domain *d, port_t port, unsigned int vcpu)
{
    struct vcpu *v = domain_vcpu(d, vcpu);
    unsigned int pirq = 0;
    int rc = -XEN_EINVAL;
    bool is_pirq = false, irq;
    struct event *e;

    if (!v)
        return -XEN_ENOENT;
    irq = event_lock(d, NULL);
    e = event_get(d, port);
    if (e && may_move(e)) {
        __atomic_store_n(&e->vcpu, (uint16_t)vcpu, __ATOMIC_RELAXED);
        is_pirq = e->state == EVENT_PIRQ;
        pirq = e->other;
        rc = 0;
    }
    event_unlock(d, NULL, irq);
    if (is_pirq)
        pirq_move(d, pirq, v);
    return rc;
}
