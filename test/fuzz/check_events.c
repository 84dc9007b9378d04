/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels: none half bound, and the ends of each name each other. */
#include "check.h"

#include "core/event/pirq_internal.h"

static void check_port(const struct domain *d, port_t port, const struct event *e)
{
    const struct event *other;
    const struct vcpu *v;

    switch (e->state) {
    case EVENT_FREE:
    case EVENT_UNBOUND:
    case EVENT_IPI: break;
    case EVENT_RESERVED: REQUIRE(port == 0, "port %u of %u", port, d->id); break;
    case EVENT_INTERDOMAIN:
        REQUIRE(e->peer && check_domain(e->peer->id) == e->peer, "port %u of %u: no peer", port,
                d->id);
        other = event_get(e->peer, e->other);
        REQUIRE(other && other->state == EVENT_INTERDOMAIN && other->peer == d &&
                    other->other == port,
                "port %u of %u is half bound", port, d->id);
        return;
    case EVENT_VIRQ:
        v = domain_vcpu(d, event_virq_is_global(e->other) ? 0 : e->vcpu);
        REQUIRE(v && v->event.virq_port[e->other] == port, "port %u of %u: virq %u", port, d->id,
                e->other);
        break;
    case EVENT_PIRQ:
        REQUIRE(d->pirq && e->other < d->pirq->count, "port %u of %u: pirq %u", port, d->id,
                e->other);
        break;
    default: REQUIRE(false, "port %u of %u has state %u", port, d->id, e->state);
    }
    REQUIRE(!e->peer, "port %u of %u has a peer", port, d->id);
}

static void check_ports(const struct domain *d)
{
    const struct event_domain *ed = &d->event;

    for (unsigned int bucket = 0; bucket * EVENTS_PER_BUCKET < ed->valid_ports; bucket++) {
        unsigned int used = 0;

        for (unsigned int i = 0; i < EVENTS_PER_BUCKET; i++) {
            port_t port = bucket * (unsigned int)EVENTS_PER_BUCKET + i;
            const struct event *e = event_get(d, port);

            check_port(d, port, e);
            used += e->state != EVENT_FREE;
        }
        REQUIRE(used == ed->table->used[bucket], "%u ports are used, not %u", used,
                ed->table->used[bucket]);
        REQUIRE(bucket >= ed->room || used == EVENTS_PER_BUCKET, "bucket %u has room", bucket);
    }
}

static void check_virqs(const struct domain *d, const struct vcpu *v)
{
    for (unsigned int virq = 0; virq < NR_VIRQS; virq++) {
        port_t port = v->event.virq_port[virq];
        const struct event *e = port ? event_get(d, port) : NULL;

        REQUIRE(!port || (e && e->state == EVENT_VIRQ && e->other == virq),
                "virq %u of vCPU %u of %u is bound to port %u", virq, v->id, d->id, port);
    }
    REQUIRE(!v->event.block == !v->event.frame && (!v->event.block || d->event.fifo),
            "vCPU %u of %u has a control block", v->id, d->id);
}

void check_events(const struct domain *d)
{
    if (d->event.table)
        check_ports(d);
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            check_virqs(d, d->vcpus[id]);
    for (unsigned int i = 0; d->pirq && i < d->pirq->count; i++) {
        const struct pirq *p = &d->pirq->table[i];
        const struct event *e = p->port ? event_get(d, p->port) : NULL;

        REQUIRE(!p->port || (e && e->state == EVENT_PIRQ && e->other == i && p->irq >= 0),
                "pirq %u is bound to port %u", i, p->port);
    }
}
