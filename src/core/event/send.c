/* SPDX-License-Identifier: Apache-2.0 */
/* The way of an event from its sender to the port that it is for. */
#include "core/event/port.h"

#include "core/assert.h"

#include <xen/errno.h>

/* Who handles global VIRQs; NULL: Dom0.  Read in a section. */
static struct domain *virq_owner[NR_VIRQS];

void event_raise(struct domain *d, struct event *e, port_t port)
{
    struct event_fifo *fifo = __atomic_load_n(&d->event.fifo, __ATOMIC_ACQUIRE);

    if (fifo)
        event_fifo_raise(d, fifo, e, port);
    else
        event_2l_raise(d, e, port);
}

/* Both ends name each other, else one was closed meanwhile, and perhaps used anew. */
static long send_to_peer(struct domain *d, const struct event *e, port_t port)
{
    struct domain *peer;

    event_enter();
    peer = __atomic_load_n(&e->peer, __ATOMIC_ACQUIRE);
    if (peer) {
        port_t theirs = __atomic_load_n(&e->other, __ATOMIC_RELAXED);
        struct event *r = event_get(peer, theirs);

        if (r && event_state(r) == EVENT_INTERDOMAIN &&
            __atomic_load_n(&r->peer, __ATOMIC_RELAXED) == d &&
            __atomic_load_n(&r->other, __ATOMIC_RELAXED) == port)
            event_raise(peer, r, theirs);
    }
    event_leave();
    return 0;
}

static long send_to_self(struct domain *d, struct event *e, port_t port)
{
    event_enter();
    event_raise(d, e, port);
    event_leave();
    return 0;
}

/* Nobody listens at an unbound port: the event is dropped, without an error. */
static inline long send_from(struct domain *d, port_t port)
{
    struct event *e = event_get(d, port);

    if (!e)
        return -XEN_EINVAL;
    switch (event_state(e)) {
    case EVENT_UNBOUND: return 0;
    case EVENT_INTERDOMAIN: return send_to_peer(d, e, port);
    case EVENT_IPI: return send_to_self(d, e, port);
    default: return -XEN_EINVAL;
    }
}

long event_send(struct vcpu *v, port_t port)
{
    return send_from(v->domain, port);
}

long event_send_for(struct domain *d, port_t port)
{
    return send_from(d, port);
}

int event_unmask(struct domain *d, port_t port)
{
    struct event_fifo *fifo;
    struct event *e;

    event_enter();
    e = event_get(d, port);
    fifo = __atomic_load_n(&d->event.fifo, __ATOMIC_ACQUIRE);
    if (e && event_is_open(e)) {
        if (fifo)
            event_fifo_unmask(d, fifo, e, port);
        else
            event_2l_unmask(d, e, port);
    }
    event_leave();
    return e ? 0 : -XEN_EINVAL;
}

/* The port may have been closed, and used anew, since it was read. */
void event_send_virq(struct vcpu *v, unsigned int virq)
{
    struct event *e;
    port_t port;

    ASSERT(virq < NR_VIRQS);
    port = __atomic_load_n(&v->event.virq_port[virq], __ATOMIC_ACQUIRE);
    if (!port)
        return;
    event_enter();
    e = event_get(v->domain, port);
    if (e && event_state(e) == EVENT_VIRQ && __atomic_load_n(&e->other, __ATOMIC_RELAXED) == virq)
        event_raise(v->domain, e, port);
    event_leave();
}

void event_send_domain_virq(struct domain *d, unsigned int virq)
{
    struct vcpu *v = domain_vcpu(d, 0);

    if (v)
        event_send_virq(v, virq);
}

void event_send_global_virq(unsigned int virq)
{
    struct domain *d;

    ASSERT(virq < NR_VIRQS);
    event_enter();
    d = __atomic_load_n(&virq_owner[virq], __ATOMIC_ACQUIRE);
    if (!d)
        d = dom0;
    if (d)
        event_send_domain_virq(d, virq);
    event_leave();
}

bool event_virq_is_global(unsigned int virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

int event_set_virq_owner(unsigned int virq, struct domain *d)
{
    int rc = 0;
    bool irq;

    if (virq >= NR_VIRQS || !event_virq_is_global(virq))
        return -XEN_EINVAL;
    if (!d || d == dom0) {
        __atomic_store_n(&virq_owner[virq], NULL, __ATOMIC_RELEASE);
        return 0;
    }
    irq = event_lock(d, NULL);
    if (d->event.closed)
        rc = -XEN_EINVAL;
    else
        __atomic_store_n(&virq_owner[virq], d, __ATOMIC_RELEASE);
    event_unlock(d, NULL, irq);
    return rc;
}

void event_drop_owner(struct domain *d)
{
    ASSERT(d->event.closed);
    for (unsigned int virq = 0; virq < NR_VIRQS; virq++) {
        struct domain *owner = d;

        __atomic_compare_exchange_n(&virq_owner[virq], &owner, NULL, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED);
    }
}

/* The pirq may be bound before its port says so (EVENT_SETTLING). */
unsigned int event_send_pirq(struct domain *d, port_t port)
{
    const struct vcpu *v = NULL;
    unsigned int cpu;
    struct event *e;

    event_enter();
    e = event_get(d, port);
    if (e && (event_state(e) == EVENT_PIRQ || event_state(e) == EVENT_SETTLING)) {
        event_raise(d, e, port);
        v = domain_vcpu(d, __atomic_load_n(&e->vcpu, __ATOMIC_RELAXED));
    }
    cpu = v ? __atomic_load_n(&v->cpu, __ATOMIC_RELAXED) : cpu_id();
    event_leave();
    return cpu;
}

bool event_pending(const struct vcpu *v)
{
    return v->info->evtchn_upcall_pending;
}

/* Whoever set a pending bit and then wrote to the old place did so before the pointer changed, so
 * that the guest, made to look at all words now, finds it. */
void event_vcpu_moved(struct vcpu *v)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!v->domain->event.fifo)
        event_2l_select_all(v);
    event_signal(v);
}

/* ---- polls ---- */

/* The flag is taken back before the vCPUs are looked at: a vCPU that sets it again has said before
 * what it waits for, and will see that the port is pending. */
void event_wake_pollers(struct domain *d, struct event *e, port_t port)
{
    __atomic_store_n(&e->polled, false, __ATOMIC_SEQ_CST);
    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        struct vcpu *v = d->vcpus[id];
        port_t waits = v ? __atomic_load_n(&v->poll_port, __ATOMIC_ACQUIRE) : 0;

        if (waits == port || waits == ~0u)
            vcpu_wake(v, WAIT_POLL);
    }
}

int event_poll(struct vcpu *v, port_t port)
{
    struct domain *d = v->domain;
    struct event *e = event_get(d, port);
    struct event_fifo *fifo;
    bool pending;

    if (!e || !event_is_open(e))
        return -XEN_EINVAL;
    event_enter();
    __atomic_store_n(&e->polled, true, __ATOMIC_SEQ_CST);
    fifo = __atomic_load_n(&d->event.fifo, __ATOMIC_ACQUIRE);
    pending = fifo ? event_fifo_pending(fifo, port) : event_2l_pending(d, port);
    event_leave();
    return pending;
}
