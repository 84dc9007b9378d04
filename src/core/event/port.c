/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: their memory, their locks, and when senders have let go of them. */
#include "core/event/port.h"

#include "core/assert.h"
#include "core/memory/heap.h"
#include "core/softirq.h"

#include <xen/errno.h>

_Static_assert(sizeof(struct event) == 64 && EVENTS_PER_BUCKET <= UINT8_MAX, "counted in a byte");

#define EVENT_NO_PORT (~(port_t)0)
#define BUSY_BUCKETS  16 /* with free ports only that the guest has not taken off a queue */
#define FREE_STEP     16 /* pages freed between two questions whether to stop */

struct event_cpu event_cpus[CPUS_MAX];

/* A CPU that sends all the time is seen to have ended a section at least. */
static void wait_sender(const struct event_cpu *c)
{
    uint64_t first = __atomic_load_n(&c->sections, __ATOMIC_ACQUIRE), now = first;

    while ((now & EVENT_SECTIONS_OPEN) && (now ^ first) < EVENT_SECTIONS_ENDED) {
        cpu_relax();
        now = __atomic_load_n(&c->sections, __ATOMIC_ACQUIRE);
    }
}

void event_wait_senders(void)
{
    ASSERT(!(event_cpus[cpu_id()].sections & EVENT_SECTIONS_OPEN));
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* see event_enter */
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        wait_sender(&event_cpus[cpu]);
}

bool event_lock(struct domain *d, struct domain *peer)
{
    bool irq;

    if (!peer || peer == d)
        return lock_take_irq(&d->event.lock);
    ASSERT(peer->id != d->id);
    irq = lock_take_irq(d->id < peer->id ? &d->event.lock : &peer->event.lock);
    lock_take_second(d->id < peer->id ? &peer->event.lock : &d->event.lock);
    return irq;
}

void event_unlock(struct domain *d, struct domain *peer, bool irq)
{
    if (peer && peer != d)
        lock_release(&peer->event.lock);
    lock_release_irq(&d->event.lock, irq);
}

/* The next bucket, all before it being full. */
static bool add_bucket(struct event_domain *ed, unsigned int bucket)
{
    ASSERT(ed->valid_ports == bucket * EVENTS_PER_BUCKET);
    ed->table->bucket[bucket] = heap_alloc(PAGE_SIZE);
    if (!ed->table->bucket[bucket])
        return false;
    /* Release: who sees the number sees the bucket. */
    __atomic_store_n(&ed->valid_ports, ed->valid_ports + (unsigned int)EVENTS_PER_BUCKET,
                     __ATOMIC_RELEASE);
    return true;
}

/* A port that was closed while it was in a queue stays there until the guest takes it off: were it
 * used anew meanwhile, its events would come to the vCPU of that queue (Xen passes over it too). */
static bool is_usable(const struct event_domain *ed, const struct event *e, port_t port)
{
    return e->state == EVENT_FREE && !(ed->fifo && event_fifo_linked(ed->fifo, port));
}

/* The lowest usable port of a bucket; EVENT_NO_PORT: there is none. */
static port_t usable_in(const struct event_domain *ed, unsigned int bucket)
{
    port_t first = bucket * (unsigned int)EVENTS_PER_BUCKET;

    if (ed->table->used[bucket] == EVENTS_PER_BUCKET)
        return EVENT_NO_PORT;
    for (unsigned int i = 0; i < EVENTS_PER_BUCKET; i++)
        if (is_usable(ed, &ed->table->bucket[bucket][i], first + i))
            return first + i;
    return EVENT_NO_PORT;
}

/*
 * The lowest usable port, in a new bucket when the others are full.  Errors as event.h's.  The
 * guest may say of all its ports that they are queued: after a few buckets it gets none.
 */
static int find_port(struct event_domain *ed, port_t *port)
{
    unsigned int looked = 0;

    while (ed->room < EVENT_BUCKETS && ed->table->used[ed->room] == EVENTS_PER_BUCKET)
        ed->room++;
    for (unsigned int b = ed->room; b * EVENTS_PER_BUCKET < ed->port_limit; b++) {
        if (!ed->table->bucket[b] && !add_bucket(ed, b))
            return -XEN_ENOMEM;
        *port = usable_in(ed, b);
        if (*port != EVENT_NO_PORT)
            return *port < ed->port_limit ? 0 : -XEN_ENOSPC;
        if (ed->table->used[b] != EVENTS_PER_BUCKET && ++looked == BUSY_BUCKETS)
            break;
    }
    return -XEN_ENOSPC;
}

/* The state comes last: senders take it first. */
static void fill(struct event *e, const struct event *as)
{
    ASSERT(e->state == EVENT_FREE && !e->peer);
    __atomic_store_n(&e->other, as->other, __ATOMIC_RELAXED);
    __atomic_store_n(&e->vcpu, as->vcpu, __ATOMIC_RELAXED);
    e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    e->lost = false;
    __atomic_store_n(&e->peer, as->peer, __ATOMIC_RELAXED);
    __atomic_store_n(&e->state, as->state, __ATOMIC_RELEASE);
}

int event_open(struct domain *d, const struct event *as, port_t *port)
{
    struct event_domain *ed = &d->event;
    int rc;

    ASSERT(lock_held(&ed->lock));
    if (ed->closed)
        return -XEN_EINVAL;
    rc = find_port(ed, port);
    if (rc)
        return rc;
    fill(event_get(d, *port), as);
    ed->table->used[*port / EVENTS_PER_BUCKET]++;
    return 0;
}

void event_free(struct domain *d, port_t port, struct event *e)
{
    struct event_domain *ed = &d->event;
    unsigned int bucket = port / (unsigned int)EVENTS_PER_BUCKET;

    ASSERT(lock_held(&ed->lock));
    ASSERT(e->state > EVENT_RESERVED && ed->table->used[bucket]);
    __atomic_store_n(&e->state, EVENT_FREE, __ATOMIC_RELEASE);
    __atomic_store_n(&e->peer, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&e->other, 0, __ATOMIC_RELAXED);
    e->lost = false;
    __atomic_store_n(&e->vcpu, 0, __ATOMIC_RELAXED);
    if (ed->fifo)
        event_fifo_clear(ed->fifo, port);
    else
        event_2l_clear(d, port);
    ed->table->used[bucket]--;
    if (bucket < ed->room)
        ed->room = bucket;
}

int event_domain_create(struct domain *d)
{
    struct event_domain *ed = &d->event;

    *ed = (struct event_domain){ .quota = EVTCHN_FIFO_NR_CHANNELS,
                                 .port_limit = EVTCHN_2L_NR_CHANNELS };
    lock_init(&ed->lock, RANK_EVENT);
    ed->table = heap_alloc(sizeof(*ed->table));
    if (!ed->table)
        return -XEN_ENOMEM;
    if (!add_bucket(ed, 0)) {
        heap_free(ed->table);
        ed->table = NULL;
        return -XEN_ENOMEM;
    }
    ed->table->bucket[0][0].state = EVENT_RESERVED;
    ed->table->used[0] = 1;
    return 0;
}

bool event_free_buckets(struct domain *d)
{
    struct event_domain *ed = &d->event;
    bool irq = event_lock(d, NULL);

    ASSERT(ed->closed && !ed->fifo);
    __atomic_store_n(&ed->valid_ports, 0, __ATOMIC_RELEASE);
    event_unlock(d, NULL, irq);
    event_wait_senders();
    for (unsigned int i = 0; i < EVENT_BUCKETS && ed->table->bucket[i]; i++)
        ASSERT(ed->table->used[i] == (i == 0));
    for (unsigned int i = EVENT_BUCKETS; i-- > 0;) {
        heap_free(ed->table->bucket[i]);
        ed->table->bucket[i] = NULL;
        if (i % FREE_STEP == 0 && i && ed->table->bucket[i - 1] && preempt_wanted())
            return false;
    }
    return true;
}

void event_set_max_port(struct domain *d, port_t highest)
{
    struct event_domain *ed = &d->event;
    bool irq = event_lock(d, NULL);
    unsigned int abi = ed->fifo ? EVTCHN_FIFO_NR_CHANNELS : (unsigned int)EVTCHN_2L_NR_CHANNELS;

    ed->quota = highest < EVTCHN_FIFO_NR_CHANNELS ? highest + 1 : EVTCHN_FIFO_NR_CHANNELS;
    ed->port_limit = ed->quota < abi ? ed->quota : abi;
    event_unlock(d, NULL, irq);
}
