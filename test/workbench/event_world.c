/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/cmocka_all.h"

#include "event_world.h"

#include "machine.h"
#include "abi/event_channel.h"
#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FRAME 256

struct domain *world[DOMAINS], *dom0;
mfn_t world_frames[DOMAINS][FRAMES];
unsigned int world_kicks[DOMAINS][VCPUS], world_wakes[DOMAINS][VCPUS];
port_t world_pirqs[DOMAINS][PIRQS];
unsigned int world_moves, world_fail, world_references, world_slowness, cpu_count = 4;
static unsigned int objects;

static const struct guest_kind kind = { .name = "test", .bit = KIND_PV };
static const struct frame_table_ops no_tables;

/* ---- what the rooms call ---- */

void *heap_alloc(size_t size)
{
    if (world_fail && --world_fail == 0)
        return NULL;
    __atomic_fetch_add(&objects, 1, __ATOMIC_SEQ_CST);
    return calloc(1, size);
}

void heap_free(void *object)
{
    if (object)
        __atomic_fetch_sub(&objects, 1, __ATOMIC_SEQ_CST);
    free(object);
}

void vcpu_kick(struct vcpu *v)
{
    if (world_slowness)
        usleep(world_slowness);
    __atomic_fetch_add(&world_kicks[v->domain->id][v->id], 1, __ATOMIC_SEQ_CST);
}

void vcpu_wake(struct vcpu *v, uint32_t why)
{
    assert_int_equal(why, WAIT_POLL);
    if (world_slowness)
        usleep(world_slowness);
    world_wakes[v->domain->id][v->id]++;
    v->poll_port = 0;
}

struct domain *domain_get(domid_t id)
{
    if (id >= DOMAINS || !world[id])
        return NULL;
    world_references++;
    return world[id];
}

void domain_put(struct domain *d)
{
    assert_true(d == world[d->id] && world_references);
    world_references--;
}

int pirq_bind(struct domain *d, unsigned int pirq, port_t port, bool share, struct vcpu *target)
{
    (void)share;
    assert_int_equal(target->id, 0);
    assert_false(lock_held(&d->event.lock));
    if (pirq >= PIRQS - 2)
        return -XEN_EPERM;
    if (world_pirqs[d->id][pirq])
        return -XEN_EEXIST;
    world_pirqs[d->id][pirq] = port;
    event_send_pirq(d, port); /* the first interrupt may come at once */
    return 0;
}

void pirq_unbind(struct domain *d, unsigned int pirq, port_t port)
{
    assert_false(lock_held(&d->event.lock));
    if (world_pirqs[d->id][pirq] == port)
        world_pirqs[d->id][pirq] = 0;
}

void pirq_move(struct domain *d, unsigned int pirq, struct vcpu *target)
{
    assert_true(world_pirqs[d->id][pirq] && target->domain == d);
    world_moves++;
}

bool arch_copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return guest && memcpy(to, (void *)guest, size);
}

bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return guest && memcpy((void *)guest, from, size);
}

bool arch_write_guest64(uint64_t guest, uint64_t value)
{
    return arch_copy_to_guest(guest, &value, sizeof(value));
}

int64_t arch_read_guest32(uint64_t guest)
{
    uint32_t value;

    return arch_copy_from_guest(&value, guest, sizeof(value)) ? (int64_t)value : -1;
}

static const uint16_t no_ops;
const struct door_call door_calls[DOOR_CALLS] = {
    [0] = { "none", 0, NULL, &no_ops, 0, NULL },
    [__HYPERVISOR_event_channel_op] = { "event_channel_op", KIND_ALL, event_channel_ops,
                                        &event_channel_op_count, -XEN_ENOSYS, event_channel_op },
};

/* ---- domains ---- */

void world_create(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->id = id;
    d->kind = &kind;
    d->privileged = id == 0;
    d->pages_first = FRAME_LIST_END;
    d->pages_max = FRAMES;
    lock_init(&d->page_lock, RANK_PAGE_LIST);
    d->max_vcpus = VCPUS + 1; /* the last one is not created */
    d->vcpus = calloc(VCPUS + 1, sizeof(d->vcpus[0]));
    d->shared = calloc(1, sizeof(*d->shared));
    for (unsigned int i = 0; i < VCPUS; i++) {
        d->vcpus[i] = calloc(1, sizeof(*d->vcpus[i]));
        d->vcpus[i]->domain = d;
        d->vcpus[i]->id = i;
        d->vcpus[i]->info = &d->shared->vcpu_info[i];
    }
    for (unsigned int i = 0; i < FRAMES; i++) {
        world_frames[id][i] = page_alloc(0, NODE_ANY, ADDRESS_ANY);
        assert_int_not_equal(world_frames[id][i], MFN_NONE);
        assert_int_equal(frame_assign(frame_of(world_frames[id][i]), d), 0);
        memset(frame_map(world_frames[id][i]), 0, PAGE_SIZE);
    }
    assert_int_equal(event_domain_create(d), 0);
    world[id] = d;
    if (id == 0)
        dom0 = d;
}

void world_destroy(domid_t id)
{
    struct domain *d = world[id];

    while (event_domain_close(d) == -XEN_ERESTART)
        ;
    event_domain_destroy(d);
    for (unsigned int i = 0; i < PIRQS; i++)
        assert_int_equal(world_pirqs[id][i], 0);
    for (unsigned int i = 0; i < FRAMES; i++) {
        assert_int_equal(frame_refs(frame_of(world_frames[id][i])), 1);
        assert_true(frame_release(frame_of(world_frames[id][i]), d));
    }
    world[id] = NULL;
    for (unsigned int i = 0; i < VCPUS; i++) {
        for (unsigned int virq = 0; virq < NR_VIRQS; virq++)
            assert_int_equal(d->vcpus[i]->event.virq_port[virq], 0);
        free(d->vcpus[i]);
    }
    free(d->vcpus);
    free(d->shared);
    free(d);
}

int world_begin(void **state)
{
    static bool made;

    (void)state;
    if (!made)
        workbench_memory(FIRST_FRAME, FIRST_FRAME + 4 * DOMAINS * FRAMES);
    made = true;
    frame_bind_tables(&no_tables);
    workbench_preempt = 0;
    world_fail = world_moves = world_slowness = 0;
    memset(world_kicks, 0, sizeof(world_kicks));
    memset(world_wakes, 0, sizeof(world_wakes));
    for (domid_t id = 0; id < DOMAINS; id++)
        world_create(id);
    return 0;
}

int world_end(void **state)
{
    (void)state;
    world_fail = 0;
    for (domid_t id = DOMAINS; id-- > 0;) {
        if (world[id])
            world_check();
        if (world[id])
            world_destroy(id);
    }
    assert_int_equal(objects, 0);
    assert_int_equal(world_references, 0);
    return 0;
}

long call_vcpu(struct vcpu *v, unsigned int op, void *arg)
{
    long rc;

    workbench_current = v;
    do
        rc = event_channel_op(op | 7ul << 32, (uint64_t)arg, 0, 0, 0, 0);
    while (rc == DOOR_RESTART);
    assert_true(workbench_irq);
    return rc;
}

long call(domid_t id, unsigned int op, void *arg)
{
    return call_vcpu(world[id]->vcpus[0], op, arg);
}

/* ---- what must be true ---- */

static void check_port(struct domain *d, port_t port, const struct event *e)
{
    const struct event *r;
    struct vcpu *v;

    assert_int_equal(e->state == EVENT_RESERVED, port == 0);
    assert_int_equal(e->peer != NULL, e->state == EVENT_INTERDOMAIN);
    assert_int_not_equal(e->state, EVENT_SETTLING);
    assert_non_null(domain_vcpu(d, e->vcpu));
    assert_true(e->priority <= EVTCHN_FIFO_PRIORITY_MIN || e->state == EVENT_FREE);
    switch (e->state) {
    case EVENT_INTERDOMAIN:
        assert_true(e->peer == world[e->peer->id]);
        r = event_get(e->peer, e->other);
        assert_true(r && r->state == EVENT_INTERDOMAIN && r->peer == d && r->other == port);
        assert_true(r != e);
        break;
    case EVENT_VIRQ:
        v = d->vcpus[event_virq_is_global(e->other) ? 0 : e->vcpu];
        assert_int_equal(v->event.virq_port[e->other], port);
        break;
    case EVENT_PIRQ: assert_int_equal(world_pirqs[d->id][e->other], port); break;
    }
}

static void check_names(struct domain *d)
{
    for (unsigned int i = 0; i < VCPUS; i++) {
        const struct event_vcpu *ev = &d->vcpus[i]->event;

        for (unsigned int virq = 0; virq < NR_VIRQS; virq++) {
            const struct event *e = event_get(d, ev->virq_port[virq]);

            assert_true(!ev->virq_port[virq] || (e->state == EVENT_VIRQ && e->other == virq));
        }
        for (unsigned int q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++) {
            const struct event *e = event_get(d, ev->tail[q]);

            assert_true(!ev->tail[q] || (e->queue_vcpu == i && e->queue_priority == q));
            assert_true(!ev->tail[q] || d->event.fifo);
        }
        assert_int_equal(ev->block != NULL, ev->frame != NULL);
        assert_true(!ev->block || d->event.fifo);
    }
    for (unsigned int i = 0; i < PIRQS; i++) {
        const struct event *e = event_get(d, world_pirqs[d->id][i]);

        assert_true(!world_pirqs[d->id][i] || (e->state == EVENT_PIRQ && e->other == i));
    }
}

static void check_domain(struct domain *d)
{
    const struct event_domain *ed = &d->event;

    assert_false(ed->lock.holder);
    assert_false(ed->leaving);
    assert_int_equal(ed->valid_ports % EVENTS_PER_BUCKET, 0);
    for (unsigned int b = 0; b * EVENTS_PER_BUCKET < ed->valid_ports; b++) {
        unsigned int used = 0;

        assert_non_null(ed->table->bucket[b]);
        for (unsigned int i = 0; i < EVENTS_PER_BUCKET; i++) {
            check_port(d, b * EVENTS_PER_BUCKET + i, &ed->table->bucket[b][i]);
            used += ed->table->bucket[b][i].state != EVENT_FREE;
        }
        assert_int_equal(ed->table->used[b], used);
        assert_true(b >= ed->room || used == EVENTS_PER_BUCKET);
    }
    check_names(d);
}

void world_check(void)
{
    for (unsigned int id = 0; id < DOMAINS; id++)
        if (world[id])
            check_domain(world[id]);
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        assert_int_equal(event_cpus[cpu].sections & EVENT_SECTIONS_OPEN, 0);
}
