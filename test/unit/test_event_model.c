/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels by chance: any operation any time, against a model; hostile guests; many CPUs. */
#include "cmocka_all.h"

#include "../workbench/event_guest.h"
#include "../workbench/machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/errno.h>

#define STEPS     20000
#define PORTS     200 /* the model keeps to ports below */
#define WORD_BITS 64

/* What must have come, or come yet: set when an event is sent, cleared when the guest takes it. */
static bool due[DOMAINS][EVTCHN_FIFO_NR_CHANNELS];
static bool honest; /* guests keep to the protocol */

static unsigned int chance(unsigned int n)
{
    return (unsigned int)rand() % n;
}

static port_t any_port(domid_t id)
{
    (void)id;
    return chance(20) ? chance(chance(3) ? 12 : PORTS) : chance(1u << 20);
}

static bool is_fifo(domid_t id)
{
    return world[id]->event.fifo;
}

static const struct event *get(domid_t id, port_t port)
{
    return event_get(world[id], port);
}

static uint8_t state_of(domid_t id, port_t port)
{
    const struct event *e = get(id, port);

    return e ? e->state : EVENT_FREE;
}

/* ---- operations ---- */

/* Forgets the ports that are closed by what has been done. */
static void forget_closed(domid_t id)
{
    for (port_t p = 0; p < PORTS; p++)
        due[id][p] = due[id][p] && state_of(id, p) > EVENT_RESERVED;
}

static void step_open(domid_t id)
{
    struct evtchn_alloc_unbound u = { .dom = DOMID_SELF, .remote_dom = (domid_t)chance(DOMAINS) };
    struct evtchn_bind_ipi i = { .vcpu = chance(VCPUS + 1) };
    struct evtchn_bind_virq v = { .virq = chance(NR_VIRQS + 1), .vcpu = chance(VCPUS + 1) };
    struct evtchn_bind_pirq p = { .pirq = chance(PIRQS) };

    switch (chance(6)) {
    case 0: call(id, EVTCHNOP_bind_ipi, &i); break;
    case 1: call(id, EVTCHNOP_bind_virq, &v); break;
    case 2:
        if (call(id, EVTCHNOP_bind_pirq, &p) == 0)
            due[id][p.port] = true; /* the workbench's interrupt comes at once */
        break;
    default:
        if (call(id, EVTCHNOP_alloc_unbound, &u)) {
            assert_false(honest); /* no port is left when all are said to be queued */
            break;
        }
        assert_true(u.port && (u.port < PORTS || !honest));
        assert_int_equal(state_of(id, u.port), EVENT_UNBOUND);
    }
}

static void step_join(domid_t id)
{
    struct evtchn_bind_interdomain a = { .remote_dom = (domid_t)chance(DOMAINS) };
    const struct event *e;
    bool good;
    long rc;

    a.remote_port = any_port(a.remote_dom);
    e = get(a.remote_dom, a.remote_port);
    good = e && e->state == EVENT_UNBOUND && e->other == id;
    rc = call(id, EVTCHNOP_bind_interdomain, &a);
    assert_int_equal(rc, good ? 0 : -XEN_EINVAL);
    if (good)
        due[id][a.local_port] = true;
}

static void step_close(domid_t id)
{
    port_t port = any_port(id);
    bool open = state_of(id, port) > EVENT_RESERVED;

    assert_int_equal(call(id, EVTCHNOP_close, &port), open ? 0 : -XEN_EINVAL);
    assert_int_equal(state_of(id, port) > EVENT_RESERVED, 0);
}

static void step_send(domid_t id)
{
    port_t port = any_port(id);
    const struct event *e = get(id, port);
    uint8_t state = state_of(id, port);

    if (state == EVENT_INTERDOMAIN)
        due[e->peer->id][e->other] = true;
    if (state == EVENT_IPI)
        due[id][port] = true;
    assert_int_equal(call(id, EVTCHNOP_send, &port),
                     state == EVENT_INTERDOMAIN || state == EVENT_IPI || state == EVENT_UNBOUND
                         ? 0
                         : -XEN_EINVAL);
}

static void step_virq(domid_t id)
{
    unsigned int nr = chance(NR_VIRQS);
    struct vcpu *v = world[id]->vcpus[event_virq_is_global(nr) ? 0 : chance(VCPUS)];

    due[id][v->event.virq_port[nr]] = v->event.virq_port[nr] != 0;
    event_send_virq(v, nr);
}

static void step_pirq(domid_t id)
{
    port_t port = world_pirqs[id][chance(PIRQS)];

    if (port)
        due[id][port] = true;
    if (port)
        event_send_pirq(world[id], port);
}

static void step_move(domid_t id)
{
    struct evtchn_bind_vcpu a = { .port = any_port(id), .vcpu = chance(VCPUS) };
    struct evtchn_set_priority p = { .port = a.port, .priority = chance(16) };

    call(id, EVTCHNOP_bind_vcpu, &a);
    call(id, EVTCHNOP_set_priority, &p);
}

static void step_mask(domid_t id)
{
    port_t port = chance(PORTS);
    uint64_t bit = 1ul << port % WORD_BITS;

    if (is_fifo(id) && !guest_word(id, port))
        return;
    if (chance(3) == 0) {
        if (is_fifo(id))
            guest_mask(id, port);
        else
            world[id]->shared->evtchn_mask[port / WORD_BITS] |= bit;
    } else if (!is_fifo(id) || guest_unmask(id, port)) {
        call(id, EVTCHNOP_unmask, &port);
    }
}

/* ---- the guest takes events ---- */

static void delivered(domid_t id, port_t port)
{
    assert_true(due[id][port] || state_of(id, port) <= EVENT_RESERVED);
    due[id][port] = false;
}

static void take_two_level(domid_t id, unsigned int vcpu)
{
    volatile struct vcpu_info *info = world[id]->vcpus[vcpu]->info;
    struct shared_info *s = world[id]->shared;
    uint64_t words;

    if (!info->evtchn_upcall_pending) {
        assert_int_equal(info->evtchn_pending_sel, 0);
        return;
    }
    info->evtchn_upcall_pending = 0;
    words = info->evtchn_pending_sel;
    info->evtchn_pending_sel = 0;
    for (; words; words &= words - 1) {
        unsigned int w = (unsigned int)__builtin_ctzl(words);
        uint64_t bits = s->evtchn_pending[w] & ~s->evtchn_mask[w];

        s->evtchn_pending[w] &= ~bits;
        for (; bits; bits &= bits - 1)
            delivered(id, w * WORD_BITS + (port_t)__builtin_ctzl(bits));
    }
}

static void take_fifo(domid_t id, unsigned int vcpu, unsigned int most)
{
    volatile struct vcpu_info *info = world[id]->vcpus[vcpu]->info;

    info->evtchn_upcall_pending = 0;
    while (most--) {
        port_t port = guest_next(id, vcpu);

        if (!port)
            return;
        delivered(id, port);
    }
    info->evtchn_upcall_pending = 1; /* it goes on later */
}

static void step_take(domid_t id)
{
    if (is_fifo(id))
        take_fifo(id, chance(VCPUS), chance(6));
    else
        take_two_level(id, chance(VCPUS));
}

/* ---- the ABI changes ---- */

static void step_abi(domid_t id)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };

    if (chance(8) == 0) {
        workbench_preempt = chance(4);
        assert_int_equal(call(id, EVTCHNOP_reset, &r), 0);
        workbench_preempt = 0;
        memset(world[id]->shared, 0, sizeof(*world[id]->shared));
        guest_forget(id);
    } else if (!is_fifo(id)) {
        for (unsigned int vcpu = 0; vcpu < VCPUS; vcpu++)
            guest_init(id, vcpu);
    } else if (guests[id].pages < 2) {
        guest_expand(id);
    }
}

static void step_end(domid_t id)
{
    world_destroy(id);
    world_create(id);
    guest_forget(id);
}

/* ---- what must be true beside world_check ---- */

static void check_due(domid_t id)
{
    const struct shared_info *s = world[id]->shared;
    uint64_t words = 0;

    for (unsigned int i = 0; i < VCPUS; i++)
        words |= s->vcpu_info[i].evtchn_pending_sel;
    for (port_t p = 0; p < PORTS; p++) {
        const struct event *e = get(id, p);
        const xen_ulong_t *pending = &s->evtchn_pending[p / WORD_BITS];
        uint64_t bit = 1ul << p % WORD_BITS;

        if (!due[id][p])
            continue;
        if (!is_fifo(id)) {
            assert_true(*pending & bit);
            assert_true((s->evtchn_mask[p / WORD_BITS] & bit) || (words >> p / WORD_BITS & 1));
        } else if (!guest_word(id, p)) {
            assert_true(e->lost);
        } else {
            uint32_t word = *guest_word(id, p);

            assert_true(word >> EVTCHN_FIFO_PENDING & 1);
            assert_true(word & (1u << EVTCHN_FIFO_LINKED | 1u << EVTCHN_FIFO_MASKED));
        }
    }
}

static unsigned int open_ports(domid_t id)
{
    unsigned int count = 0;

    for (unsigned int b = 0; b * EVENTS_PER_BUCKET < PORTS; b++)
        count += world[id]->event.table->used[b];
    return count;
}

static void step(domid_t id)
{
    unsigned int which = chance(100);

    if (which < 12 && open_ports(id) < PORTS - 8)
        step_open(id);
    else if (which < 20)
        step_join(id);
    else if (which < 24)
        step_close(id);
    else if (which < 54)
        step_send(id);
    else if (which < 62)
        step_virq(id);
    else if (which < 66)
        step_pirq(id);
    else if (which < 70)
        step_move(id);
    else if (which < 78)
        step_mask(id);
    else if (which < 99)
        step_take(id);
    else if (chance(8) == 0)
        step_end(id);
    else
        step_abi(id);
}

static void any_order(void **state)
{
    (void)state;
    srand(7);
    honest = true;
    memset(guests, 0, sizeof(guests));
    memset(due, 0, sizeof(due));
    for (unsigned int i = 0; i < STEPS; i++) {
        step((domid_t)chance(DOMAINS));
        world_check();
        for (domid_t id = 0; id < DOMAINS; id++) {
            forget_closed(id);
            check_due(id);
            if (is_fifo(id))
                guest_check(id);
        }
    }
}

/* Guests that write anything anywhere in what they share: they hurt nobody but themselves. */
static void hostile(void **state)
{
    (void)state;
    srand(8);
    honest = false;
    memset(guests, 0, sizeof(guests));
    for (unsigned int i = 0; i < STEPS; i++) {
        domid_t id = (domid_t)chance(DOMAINS);
        struct evtchn_init_control c = { .control_gfn = world_frames[id][chance(FRAMES)],
                                         .offset = chance(520) * 8,
                                         .vcpu = chance(VCPUS + 1) };
        struct evtchn_expand_array e = { .array_gfn = world_frames[id][chance(FRAMES)] };
        struct evtchn_reset r = { .dom = DOMID_SELF };
        port_t port = any_port(id);
        char *bytes = chance(4) ? frame_map(world_frames[id][chance(FRAMES)])
                                : (char *)world[id]->shared;

        for (unsigned int n = chance(200); n > 0; n--)
            bytes[chance(sizeof(struct shared_info))] = (char)rand();
        switch (chance(12)) {
        case 0: call(id, EVTCHNOP_init_control, &c); break;
        case 1: call(id, EVTCHNOP_expand_array, &e); break;
        case 2: call(id, EVTCHNOP_unmask, &port); break;
        case 3:
            if (chance(100) == 0)
                call(id, EVTCHNOP_reset, &r);
            break;
        case 4: call(id, chance(20), &bytes[chance(1000)]); break;
        case 5: event_vcpu_moved(world[id]->vcpus[chance(VCPUS)]); break;
        default: step_send(id);
        }
        if (open_ports(id) < PORTS - 8 && chance(4) == 0)
            step_open(id);
        world_check();
    }
}

/* ---- many CPUs ---- */

#define SENDERS 3
#define ROUNDS  10000

static port_t shared_port; /* of domain 1; sent to by its IPI and from domain 2 */
static bool stop;
static unsigned int taken;

static void be_cpu(unsigned int cpu, struct vcpu *v)
{
    workbench_cpu = cpu;
    workbench_current = v;
    workbench_irq = true;
}

static void *send_all(void *arg)
{
    unsigned int cpu = (unsigned int)(uintptr_t)arg;
    struct vcpu *v = world[1]->vcpus[cpu % VCPUS];

    be_cpu(cpu, v);
    for (unsigned int i = 0; i < ROUNDS; i++)
        for (port_t p = shared_port; p < shared_port + 4; p++)
            assert_int_equal(event_send(v, p), 0);
    return NULL;
}

/* An honest guest; it masks now and then, and unmasks by the hypercall when it has to. */
static void *consume(void *arg)
{
    unsigned int vcpu = (unsigned int)(uintptr_t)arg, seed = vcpu;

    be_cpu(SENDERS, world[1]->vcpus[vcpu]);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        port_t port = guest_next(1, vcpu);

        if (!port)
            continue;
        taken++;
        if (rand_r(&seed) % 4 == 0) {
            guest_mask(1, port);
            if (guest_unmask(1, port))
                event_unmask(world[1], port);
        }
    }
    return NULL;
}

/* No event is lost: after the last send all is taken, and nothing stays pending. */
static void no_event_is_lost(void **state)
{
    pthread_t senders[SENDERS], consumer;
    port_t last = 0;

    (void)state;
    memset(guests, 0, sizeof(guests));
    guest_init(1, 0);
    guest_expand(1);
    for (unsigned int i = 0; i < 4; i++) {
        struct evtchn_bind_ipi a = { .vcpu = 0 };

        assert_int_equal(call(1, EVTCHNOP_bind_ipi, &a), 0);
        last = a.port;
    }
    shared_port = last - 3;
    stop = false;
    pthread_create(&consumer, NULL, consume, NULL);
    for (unsigned int i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, send_all, (void *)(uintptr_t)i);
    for (unsigned int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(consumer, NULL);
    be_cpu(0, world[1]->vcpus[0]);
    while (guest_next(1, 0))
        taken++;
    for (port_t p = shared_port; p <= last; p++)
        assert_false(*guest_word(1, p) >> EVTCHN_FIFO_PENDING & 1);
    guest_check(1);
    assert_true(taken >= 4);
}

static port_t peer_port;

static void *send_to_peer(void *arg)
{
    be_cpu((unsigned int)(uintptr_t)arg, world[0]->vcpus[1]);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        long rc = event_send(workbench_current, __atomic_load_n(&peer_port, __ATOMIC_RELAXED));

        assert_true(rc == 0 || rc == -XEN_EINVAL);
        event_send_global_virq(VIRQ_ARGO);
    }
    return NULL;
}

/* A domain that senders know of is closed and freed, again and again, 2-level and FIFO. */
static void peer_is_freed(void **state)
{
    pthread_t senders[2];

    (void)state;
    memset(guests, 0, sizeof(guests));
    stop = false;
    world_slowness = 100; /* in the midst of a send */
    for (unsigned int i = 0; i < 2; i++)
        pthread_create(&senders[i], NULL, send_to_peer, (void *)(uintptr_t)(i + 1));
    be_cpu(0, world[0]->vcpus[0]);
    for (unsigned int i = 0; i < 120; i++) {
        struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 0 };
        struct evtchn_bind_interdomain b = { .remote_dom = 1 };
        struct evtchn_bind_virq v = { .virq = VIRQ_ARGO };

        if (i % 2) {
            guest_init(1, 0);
            guest_expand(1);
        }
        assert_int_equal(call(1, EVTCHNOP_bind_virq, &v), 0);
        assert_int_equal(event_set_virq_owner(VIRQ_ARGO, world[1]), 0);
        assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), 0);
        b.remote_port = a.port;
        world[1]->vcpus[0]->poll_port = a.port;
        assert_int_equal(event_poll(world[1]->vcpus[0], a.port), 0);
        assert_int_equal(call(0, EVTCHNOP_bind_interdomain, &b), 0);
        __atomic_store_n(&peer_port, b.local_port, __ATOMIC_RELAXED);
        if (i % 3 == 0)
            assert_int_equal(call(0, EVTCHNOP_close, &b.local_port), 0);
        usleep(chance(2) * 70);
        world_destroy(1);
        world_create(1);
        guest_forget(1);
        if (i % 3)
            assert_int_equal(call(0, EVTCHNOP_close, &b.local_port), 0);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(senders[i], NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_order),
        TEST(hostile),
        TEST(no_event_is_lost),
        TEST(peer_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
