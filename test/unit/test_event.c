/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels: each operation's good way and each of its errors. */
#include "cmocka_all.h"

#include "../workbench/event_world.h"

#include "../workbench/machine.h"
#include "abi/door.h"
#include "core/memory/frame.h"

#include <string.h>

#define ERROR(number) (-XEN_E##number)
#define WORD_BITS     64

static port_t alloc(domid_t id, domid_t remote)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = remote };

    assert_int_equal(call(id, EVTCHNOP_alloc_unbound, &a), 0);
    return a.port;
}

static long bind(domid_t id, domid_t remote, port_t theirs, port_t *ours)
{
    struct evtchn_bind_interdomain a = { .remote_dom = remote, .remote_port = theirs };
    long rc = call(id, EVTCHNOP_bind_interdomain, &a);

    *ours = a.local_port;
    return rc;
}

static port_t ipi(domid_t id, unsigned int vcpu)
{
    struct evtchn_bind_ipi a = { .vcpu = vcpu };

    assert_int_equal(call(id, EVTCHNOP_bind_ipi, &a), 0);
    return a.port;
}

static port_t virq(domid_t id, unsigned int nr, unsigned int vcpu)
{
    struct evtchn_bind_virq a = { .virq = nr, .vcpu = vcpu };

    assert_int_equal(call(id, EVTCHNOP_bind_virq, &a), 0);
    return a.port;
}

static long one_port(domid_t id, unsigned int op, port_t port)
{
    return call(id, op, &port); /* close, send, unmask: the port is all */
}

static struct evtchn_status status(domid_t id, port_t port)
{
    struct evtchn_status a = { .dom = DOMID_SELF, .port = port, .status = ~0u };

    assert_int_equal(call(id, EVTCHNOP_status, &a), 0);
    return a;
}

static bool pending(domid_t id, port_t port)
{
    return world[id]->shared->evtchn_pending[port / WORD_BITS] >> port % WORD_BITS & 1;
}

static void mask(domid_t id, port_t port)
{
    world[id]->shared->evtchn_mask[port / WORD_BITS] |= 1ul << port % WORD_BITS;
}

/* What the guest does in its upcall. */
static void take(domid_t id, unsigned int vcpu)
{
    volatile struct vcpu_info *info = world[id]->vcpus[vcpu]->info;

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    memset(world[id]->shared->evtchn_pending, 0, sizeof(world[id]->shared->evtchn_pending));
}

static void unbound_and_interdomain(void **state)
{
    port_t theirs = alloc(1, 2), ours, second;
    struct evtchn_status s = status(1, theirs);

    (void)state;
    assert_int_equal(theirs, 1);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 2);
    assert_int_equal(one_port(1, EVTCHNOP_send, theirs), 0);
    assert_false(pending(1, theirs));

    assert_int_equal(bind(0, 1, theirs, &ours), ERROR(INVAL));     /* not for 0 */
    assert_int_equal(bind(2, 1, theirs + 1, &ours), ERROR(INVAL)); /* not open */
    assert_int_equal(bind(2, 1, 0, &ours), ERROR(INVAL));
    assert_int_equal(bind(2, 1, 9999, &ours), ERROR(INVAL));
    assert_int_equal(bind(2, 17, theirs, &ours), ERROR(SRCH));
    assert_int_equal(bind(2, 1, theirs, &ours), 0);
    world_check();
    assert_true(pending(2, ours));
    assert_int_equal(world_kicks[2][0], 1);
    assert_int_equal(world[2]->vcpus[0]->info->evtchn_pending_sel, 1);
    assert_int_equal(bind(2, 1, theirs, &second), ERROR(INVAL)); /* taken */

    s = status(1, theirs);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 2);
    assert_int_equal(s.u.interdomain.port, ours);

    assert_int_equal(one_port(2, EVTCHNOP_send, ours), 0);
    assert_true(pending(1, theirs));
    assert_int_equal(world_kicks[1][0], 1);
    assert_int_equal(one_port(2, EVTCHNOP_send, ours), 0); /* no second upcall */
    assert_int_equal(world_kicks[1][0], 1);

    assert_int_equal(one_port(2, EVTCHNOP_close, ours), 0);
    world_check();
    s = status(1, theirs);
    assert_int_equal(s.status, EVTCHNSTAT_unbound); /* waits for 2 again */
    assert_int_equal(s.u.unbound.dom, 2);
    assert_int_equal(bind(2, 1, theirs, &ours), 0);
    assert_int_equal(one_port(1, EVTCHNOP_close, theirs), 0); /* from the other side */
    assert_int_equal(status(2, ours).status, EVTCHNSTAT_unbound);
}

static void loopback(void **state)
{
    port_t a = alloc(1, DOMID_SELF), b;

    (void)state;
    assert_int_equal(status(1, a).u.unbound.dom, 1);
    assert_int_equal(bind(1, DOMID_SELF, a, &b), 0);
    assert_int_equal(status(1, b).u.interdomain.dom, 1);
    take(1, 0);
    assert_int_equal(one_port(1, EVTCHNOP_send, b), 0);
    assert_true(pending(1, a) && !pending(1, b));
    assert_int_equal(one_port(1, EVTCHNOP_close, b), 0);
    assert_int_equal(status(1, a).status, EVTCHNSTAT_unbound);
}

/* A sender that read the port's members while they changed must not reach somebody else's port. */
static void torn_read(void **state)
{
    port_t a = alloc(1, 2), b = alloc(1, 0), x, y;

    (void)state;
    assert_int_equal(bind(2, 1, a, &x), 0);
    assert_int_equal(bind(0, 1, b, &y), 0);
    event_get(world[2], x)->other = b;
    assert_int_equal(one_port(2, EVTCHNOP_send, x), 0);
    assert_false(pending(1, b) || pending(1, a));
    event_get(world[2], x)->other = ~0u;
    assert_int_equal(one_port(2, EVTCHNOP_send, x), 0);
    event_get(world[2], x)->other = a;
    assert_int_equal(one_port(2, EVTCHNOP_send, x), 0);
    assert_true(pending(1, a));
}

/* An interrupt's section that ends within another's must not be taken for the end of that. */
static void nested_sections(void **state)
{
    const uint64_t *sections = &event_cpus[0].sections;
    uint64_t before = *sections;

    (void)state;
    event_enter();
    event_enter();
    event_leave();
    assert_int_equal(*sections, before + 1);
    event_leave();
    assert_int_equal(*sections, before + EVENT_SECTIONS_ENDED);
    event_wait_senders();
}

static void ports_of_others(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = 2, .remote_dom = 0 };
    struct evtchn_status s = { .dom = 2, .port = 1 };
    struct evtchn_reset r = { .dom = 2 };

    (void)state;
    assert_int_equal(call(1, 14, &r), ERROR(PERM)); /* reset_cont */
    assert_int_equal(call(0, 14, &r), ERROR(BUSY));
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), ERROR(PERM));
    assert_int_equal(call(0, EVTCHNOP_alloc_unbound, &a), 0);
    assert_int_equal(status(2, a.port).u.unbound.dom, 0);
    assert_int_equal(call(1, EVTCHNOP_status, &s), ERROR(PERM));
    assert_int_equal(call(0, EVTCHNOP_status, &s), 0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(call(1, EVTCHNOP_reset, &r), ERROR(PERM));
    assert_int_equal(call(0, EVTCHNOP_reset, &r), ERROR(OPNOTSUPP));
    world[2]->pause_count = 1;
    assert_int_equal(call(0, EVTCHNOP_reset, &r), 0);
    assert_int_equal(status(2, a.port).status, EVTCHNSTAT_closed);
    a.dom = s.dom = r.dom = 99;
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), ERROR(SRCH));
    assert_int_equal(call(1, EVTCHNOP_status, &s), ERROR(SRCH));
    assert_int_equal(call(1, EVTCHNOP_reset, &r), ERROR(SRCH));
    a.dom = 1; /* its own number is itself */
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), 0);
}

static void virqs(void **state)
{
    struct evtchn_bind_virq a = { .virq = NR_VIRQS };
    port_t timer0 = virq(1, VIRQ_TIMER, 0), timer1 = virq(1, VIRQ_TIMER, 1);
    port_t console = virq(0, VIRQ_CONSOLE, 0);

    (void)state;
    assert_int_equal(call(1, EVTCHNOP_bind_virq, &a), ERROR(INVAL));
    a = (struct evtchn_bind_virq){ .virq = VIRQ_CONSOLE, .vcpu = 1 };
    assert_int_equal(call(1, EVTCHNOP_bind_virq, &a), ERROR(INVAL));
    a = (struct evtchn_bind_virq){ .virq = VIRQ_TIMER, .vcpu = VCPUS };
    assert_int_equal(call(1, EVTCHNOP_bind_virq, &a), ERROR(NOENT));
    a.vcpu = 1;
    assert_int_equal(call(1, EVTCHNOP_bind_virq, &a), ERROR(EXIST));
    world_check();

    event_send_virq(world[1]->vcpus[1], VIRQ_TIMER);
    assert_true(pending(1, timer1) && !pending(1, timer0));
    assert_int_equal(world_kicks[1][1], 1);
    event_send_virq(world[1]->vcpus[2], VIRQ_TIMER); /* nobody listens */
    assert_int_equal(one_port(1, EVTCHNOP_send, timer0), ERROR(INVAL));
    assert_int_equal(status(1, timer1).u.virq, VIRQ_TIMER);
    assert_int_equal(status(1, timer1).vcpu, 1);

    event_send_global_virq(VIRQ_CONSOLE);
    assert_true(pending(0, console));
    assert_int_equal(one_port(1, EVTCHNOP_close, timer0), 0);
    event_send_virq(world[1]->vcpus[0], VIRQ_TIMER);
    assert_false(pending(1, timer0));
    assert_int_equal(virq(1, VIRQ_TIMER, 0), timer0);
}

static void global_virqs_have_an_owner(void **state)
{
    port_t zero = virq(0, VIRQ_DOM_EXC, 0), one = virq(1, VIRQ_DOM_EXC, 0);

    (void)state;
    assert_int_equal(event_set_virq_owner(VIRQ_TIMER, world[1]), ERROR(INVAL));
    assert_int_equal(event_set_virq_owner(NR_VIRQS, world[1]), ERROR(INVAL));
    assert_int_equal(event_set_virq_owner(VIRQ_DOM_EXC, world[1]), 0);
    event_send_global_virq(VIRQ_DOM_EXC);
    assert_true(pending(1, one) && !pending(0, zero));
    world_destroy(1);
    event_send_global_virq(VIRQ_DOM_EXC);
    assert_true(pending(0, zero));
    world_create(1);
    event_send_domain_virq(world[1], VIRQ_DOM_EXC); /* not bound */
}

static void pirqs(void **state)
{
    struct evtchn_bind_pirq a = { .pirq = 3, .flags = BIND_PIRQ__WILL_SHARE };
    struct evtchn_bind_vcpu move = { .vcpu = 2 };

    (void)state;
    assert_int_equal(call(0, EVTCHNOP_bind_pirq, &a), 0);
    world_check();
    assert_true(pending(0, a.port)); /* by the interrupt that came while it was bound */
    assert_int_equal(status(0, a.port).status, EVTCHNSTAT_pirq);
    assert_int_equal(status(0, a.port).u.pirq, 3);
    move.port = a.port;
    assert_int_equal(call(0, EVTCHNOP_bind_vcpu, &move), 0);
    assert_int_equal(world_moves, 1);
    take(0, 0);
    event_send_pirq(world[0], move.port);
    assert_true(pending(0, move.port));
    assert_int_equal(world_kicks[0][2], 1);
    assert_int_equal(one_port(0, EVTCHNOP_send, move.port), ERROR(INVAL));
    assert_int_equal(call(0, EVTCHNOP_bind_pirq, &a), ERROR(EXIST));
    a.pirq = PIRQS - 1;
    assert_int_equal(call(0, EVTCHNOP_bind_pirq, &a), ERROR(PERM));
    world_check();
    assert_int_equal(one_port(0, EVTCHNOP_close, move.port), 0);
    assert_int_equal(world_pirqs[0][3], 0);
    event_send_pirq(world[0], move.port);
    assert_false(pending(0, move.port));
}

static void bind_vcpu(void **state)
{
    port_t a = ipi(1, 1), t = virq(1, VIRQ_TIMER, 0), g = virq(1, VIRQ_ARGO, 0), u = alloc(1, 2);
    struct evtchn_bind_vcpu b = { .port = u, .vcpu = VCPUS };

    (void)state;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(NOENT));
    b = (struct evtchn_bind_vcpu){ .port = 9999, .vcpu = 1 };
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(INVAL));
    b.port = 0;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(INVAL));
    b.port = a;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(INVAL));
    b.port = t;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(INVAL));
    b.port = u + 1;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), ERROR(INVAL));
    b.port = u;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), 0);
    b.port = g;
    assert_int_equal(call(1, EVTCHNOP_bind_vcpu, &b), 0);
    event_send_domain_virq(world[1], VIRQ_ARGO);
    assert_int_equal(world_kicks[1][1], 1);
    assert_int_equal(one_port(1, EVTCHNOP_close, u), 0);
    assert_int_equal(alloc(1, 2), u);
    assert_int_equal(status(1, u).vcpu, 0); /* the default again */
}

static void ipis_and_masks(void **state)
{
    struct evtchn_bind_ipi bad = { .vcpu = VCPUS };
    port_t p = ipi(1, 1);

    (void)state;
    assert_int_equal(call(1, EVTCHNOP_bind_ipi, &bad), ERROR(NOENT));
    bad.vcpu = ~0u;
    assert_int_equal(call(1, EVTCHNOP_bind_ipi, &bad), ERROR(NOENT));
    mask(1, p);
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    assert_true(pending(1, p));
    assert_int_equal(world_kicks[1][1], 0);
    assert_false(event_pending(world[1]->vcpus[1]));
    assert_int_equal(one_port(1, EVTCHNOP_unmask, p), 0);
    assert_int_equal(world_kicks[1][1], 1);
    assert_true(event_pending(world[1]->vcpus[1]));
    take(1, 1);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, p), 0); /* was not masked */
    mask(1, p);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, p), 0); /* is not pending */
    assert_int_equal(world_kicks[1][1], 1);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, 9999), ERROR(INVAL));
    mask(1, p + 1);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, p + 1), 0); /* not open */
    assert_true(world[1]->shared->evtchn_mask[0] >> (p + 1) & 1);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, 0), 0);
}

/* As 32-bit code has the words: the mask elsewhere, the selector's bits for 32 ports each. */
static void narrow_layout(void **state)
{
    uint32_t *words = (uint32_t *)(void *)world[1]->shared, *info;
    port_t p = 0;

    (void)state;
    world[1]->shared_narrow = true;
    while (p < 40)
        p = ipi(1, 1);
    info = (uint32_t *)(void *)world[1]->vcpus[1]->info;
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    assert_int_equal(words[512 + p / 32], 1u << p % 32); /* 32 times 64 bytes of vCPUs come first */
    assert_int_equal(info[1], 1u << p / 32);
    assert_int_equal(world_kicks[1][1], 1);
    words[512 + p / 32] = info[1] = 0;
    words[512 + 32 + p / 32] = 1u << p % 32;
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    assert_int_equal(info[1], 0);
    assert_int_equal(one_port(1, EVTCHNOP_unmask, p), 0);
    assert_int_equal(info[1], 1u << p / 32);
    assert_int_equal(words[512 + 32 + p / 32], 0);
}

static void send_and_close_errors(void **state)
{
    port_t p = ipi(1, 0);

    (void)state;
    assert_int_equal(one_port(1, EVTCHNOP_send, 0), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_send, p + 1), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_send, 1u << 31), ERROR(INVAL));
    assert_int_equal(call(1, EVTCHNOP_send, NULL), ERROR(FAULT));
    assert_int_equal(call(1, EVTCHNOP_close, NULL), ERROR(FAULT));
    assert_int_equal(one_port(1, EVTCHNOP_close, 0), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_close, p + 1), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_close, ~0u), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    assert_int_equal(one_port(1, EVTCHNOP_close, p), 0);
    assert_false(pending(1, p));
    assert_int_equal(one_port(1, EVTCHNOP_close, p), ERROR(INVAL));
    assert_int_equal(one_port(1, EVTCHNOP_send, p), ERROR(INVAL));
    assert_int_equal(call(1, 15, &p), ERROR(NOSYS));
    assert_int_equal(call(1, 99, &p), ERROR(NOSYS));
    assert_int_equal(status(1, 0).status, EVTCHNSTAT_closed);
}

static void status_errors(void **state)
{
    struct evtchn_status s = { .dom = DOMID_SELF, .port = EVTCHN_FIFO_NR_CHANNELS };

    (void)state;
    assert_int_equal(call(1, EVTCHNOP_status, &s), ERROR(INVAL));
    s.port = ~0u;
    assert_int_equal(call(1, EVTCHNOP_status, &s), ERROR(INVAL));
    s.port = EVENTS_PER_BUCKET;
    assert_int_equal(call(1, EVTCHNOP_status, &s), ERROR(INVAL));
    assert_int_equal(status(1, EVENTS_PER_BUCKET - 1).status, EVTCHNSTAT_closed);
    assert_int_equal(status(1, ipi(1, 2)).status, EVTCHNSTAT_ipi);
}

static void all_ports_of_two_levels(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };
    struct evtchn_bind_interdomain b = { .remote_dom = 2 };
    struct evtchn_reset r = { .dom = DOMID_SELF };

    (void)state;
    for (port_t port = 1; port < EVTCHN_2L_NR_CHANNELS; port++)
        assert_int_equal(alloc(1, 2), port);
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), ERROR(NOSPC));
    b.remote_port = alloc(2, 1);
    assert_int_equal(call(1, EVTCHNOP_bind_interdomain, &b), ERROR(NOSPC));
    world_check();
    assert_int_equal(status(2, b.remote_port).status, EVTCHNSTAT_unbound);
    assert_int_equal(one_port(1, EVTCHNOP_close, 77), 0);
    assert_int_equal(one_port(1, EVTCHNOP_close, 2077), 0);
    assert_int_equal(alloc(1, 2), 77); /* the lowest first */
    assert_int_equal(alloc(1, 2), 2077);
    workbench_preempt = 3;
    assert_int_equal(call(1, EVTCHNOP_reset, &r), 0);
    workbench_preempt = 0;
    assert_int_equal(status(1, 4000).status, EVTCHNSTAT_closed);
    assert_int_equal(alloc(1, 2), 1);
}

static void quota(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };

    (void)state;
    event_set_max_port(world[1], 2);
    assert_int_equal(alloc(1, 2), 1);
    assert_int_equal(alloc(1, 2), 2);
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), ERROR(NOSPC));
    event_set_max_port(world[1], ~0u);
    assert_int_equal(alloc(1, 2), 3);
}

static void polls(void **state)
{
    port_t p = ipi(1, 0), q = ipi(1, 0);
    struct vcpu *v = world[1]->vcpus[1];

    (void)state;
    mask(1, p);
    v->poll_port = p;
    assert_int_equal(event_poll(v, p), 0);
    assert_int_equal(one_port(1, EVTCHNOP_send, q), 0);
    assert_int_equal(world_wakes[1][1], 0);
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    assert_int_equal(world_wakes[1][1], 1);
    assert_int_equal(event_poll(v, p), 1); /* is pending */
    take(1, 0);
    v->poll_port = ~0u; /* for several */
    assert_int_equal(event_poll(v, p), 0);
    assert_int_equal(event_poll(v, q), 0);
    assert_int_equal(one_port(1, EVTCHNOP_send, q), 0);
    assert_int_equal(world_wakes[1][1], 2);
    assert_int_equal(event_poll(v, q + 1), ERROR(INVAL));
    assert_int_equal(event_poll(v, 0), ERROR(INVAL));
    assert_int_equal(event_poll(v, 4096), ERROR(INVAL));
}

static void vcpu_info_moves(void **state)
{
    static struct vcpu_info place;
    port_t p = ipi(1, 1);
    struct vcpu *v = world[1]->vcpus[1];

    (void)state;
    assert_int_equal(one_port(1, EVTCHNOP_send, p), 0);
    v->info = &place;
    event_vcpu_moved(v);
    assert_true(place.evtchn_upcall_pending);
    assert_true(place.evtchn_pending_sel & 1);
    assert_int_equal(world_kicks[1][1], 2);
}

/* Each allocation fails once; what fails leaves nothing. */
static void no_memory(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };
    struct evtchn_init_control c = { .control_gfn = world_frames[1][0] };
    struct domain fresh = { .id = 9 };

    (void)state;
    for (unsigned int n = 1; n <= 2; n++) {
        world_fail = n;
        assert_int_equal(event_domain_create(&fresh), ERROR(NOMEM));
        event_domain_destroy(&fresh);
    }
    for (port_t port = 1; port < EVENTS_PER_BUCKET; port++)
        alloc(1, 2);
    world_fail = 1;
    assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &a), ERROR(NOMEM));
    world_check();
    assert_int_equal(alloc(1, 2), EVENTS_PER_BUCKET);
    world_fail = 1;
    assert_int_equal(call(1, EVTCHNOP_init_control, &c), ERROR(NOMEM));
    assert_null(world[1]->event.fifo);
    assert_int_equal(frame_refs(frame_of(world_frames[1][0])), 1);
    assert_int_equal(call(1, EVTCHNOP_init_control, &c), 0);
}

static void end_of_a_domain(void **state)
{
    port_t p = alloc(1, 2), ours, theirs;

    (void)state;
    assert_int_equal(bind(2, 1, p, &ours), 0);
    theirs = alloc(2, 1);
    assert_int_equal(bind(1, 2, theirs, &p), 0);
    for (unsigned int i = 0; i < 500; i++)
        alloc(1, 2);
    workbench_preempt = 2;
    world_destroy(1);
    world_check();
    assert_int_equal(status(2, ours).status, EVTCHNSTAT_unbound);
    assert_int_equal(status(2, theirs).status, EVTCHNSTAT_unbound);
    assert_int_equal(one_port(2, EVTCHNOP_send, ours), 0);
}

static void nothing_opens_at_the_end(void **state)
{
    port_t p = alloc(1, 2), port;

    (void)state;
    assert_int_equal(event_domain_close(world[1]), 0);
    assert_int_equal(event_domain_close(world[1]), 0);
    assert_int_equal(event_alloc_unbound(world[1], 2, &port), ERROR(INVAL));
    assert_int_equal(event_bind_interdomain(world[2], world[1], p, &port), ERROR(INVAL));
    assert_int_equal(event_set_virq_owner(VIRQ_ARGO, world[1]), ERROR(INVAL));
    event_send_virq(world[1]->vcpus[0], VIRQ_TIMER);
    assert_int_equal(event_init_control(world[1], 0, world_frames[1][0], 0), ERROR(INVAL));
    world_destroy(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unbound_and_interdomain),
        TEST(loopback),
        TEST(torn_read),
        TEST(ports_of_others),
        TEST(nested_sections),
        TEST(virqs),
        TEST(global_virqs_have_an_owner),
        TEST(pirqs),
        TEST(bind_vcpu),
        TEST(ipis_and_masks),
        TEST(narrow_layout),
        TEST(send_and_close_errors),
        TEST(status_errors),
        TEST(all_ports_of_two_levels),
        TEST(quota),
        TEST(polls),
        TEST(vcpu_info_moves),
        TEST(no_memory),
        TEST(end_of_a_domain),
        TEST(nothing_opens_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
