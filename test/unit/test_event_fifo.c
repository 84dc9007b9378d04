/* SPDX-License-Identifier: Apache-2.0 */
/* The FIFO ABI of event channels. */
#include "cmocka_all.h"

#include "../workbench/event_guest.h"

#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"

#include <string.h>
#include <xen/errno.h>

#define ERROR(number) (-XEN_E##number)
#define D             1

static port_t ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi a = { .vcpu = vcpu };

    assert_int_equal(call(D, EVTCHNOP_bind_ipi, &a), 0);
    return a.port;
}

static port_t unbound(void)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };

    assert_int_equal(call(D, EVTCHNOP_alloc_unbound, &a), 0);
    return a.port;
}

/* A port that can be moved, and the one to send by. */
static void pair(port_t *to, port_t *by)
{
    struct evtchn_bind_interdomain a = { .remote_dom = DOMID_SELF };

    *to = a.remote_port = unbound();
    assert_int_equal(call(D, EVTCHNOP_bind_interdomain, &a), 0);
    *by = a.local_port;
    while (guest_next(D, 0)) /* it is pending by the bind */
        ;
}

static void send(port_t port)
{
    assert_int_equal(call(D, EVTCHNOP_send, &port), 0);
}

static long move(port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu a = { .port = port, .vcpu = vcpu };

    return call(D, EVTCHNOP_bind_vcpu, &a);
}

static long priority(port_t port, unsigned int value)
{
    struct evtchn_set_priority a = { .port = port, .priority = value };

    return call(D, EVTCHNOP_set_priority, &a);
}

static int begin(void **state)
{
    world_begin(state);
    guest_forget(D);
    guest_init(D, 0);
    guest_init(D, 1);
    guest_expand(D);
    return 0;
}

static int end(void **state)
{
    guest_check(D);
    return world_end(state);
}

static void init_errors(void **state)
{
    struct evtchn_init_control a = { .control_gfn = world_frames[D][9], .vcpu = VCPUS };
    mfn_t free = page_alloc(0, NODE_ANY, ADDRESS_ANY);

    (void)state;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(NOENT));
    a.vcpu = 2;
    a.offset = PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) + 8;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.offset = ~7u;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.offset = 4;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.offset = 0;
    a.control_gfn = world_frames[2][0]; /* another's */
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.control_gfn = free;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.control_gfn = ~0ul;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    a.control_gfn = world_frames[D][9];
    a.vcpu = 1; /* has one */
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), ERROR(INVAL));
    assert_int_equal(frame_refs(frame_of(world_frames[D][9])), 1);
    a.vcpu = 2;
    assert_int_equal(call(D, EVTCHNOP_init_control, &a), 0);
    assert_int_equal(frame_refs(frame_of(world_frames[D][9])), 2);
    assert_int_equal(frame_type_count(frame_of(world_frames[D][9])), 1);
    page_free(free, 0);
}

static void array_errors(void **state)
{
    struct evtchn_expand_array a = { .array_gfn = world_frames[2][0] };
    port_t p = ipi(0);

    (void)state;
    assert_int_equal(call(2, EVTCHNOP_expand_array, &a), ERROR(OPNOTSUPP)); /* 2-level */
    assert_int_equal(call(D, EVTCHNOP_expand_array, &a), ERROR(INVAL));
    a.array_gfn = world_frames[D][20];
    for (unsigned int i = 1; i < 128; i++) /* the same one as well */
        assert_int_equal(call(D, EVTCHNOP_expand_array, &a), 0);
    assert_int_equal(call(D, EVTCHNOP_expand_array, &a), ERROR(NOSPC));
    assert_int_equal(frame_refs(frame_of(a.array_gfn)), 128);
    assert_int_equal(priority(p + 1, 3), ERROR(ACCES));
    assert_int_equal(priority(0, 16), ERROR(ACCES));
    assert_int_equal(priority(p, 16), ERROR(INVAL));
    assert_int_equal(priority(9999, 3), ERROR(INVAL));
    assert_int_equal(priority(p, 15), 0);
}

static void set_priority_needs_fifo(void **state)
{
    struct evtchn_set_priority a = { .port = 0, .priority = 16 };

    (void)state;
    assert_int_equal(call(2, EVTCHNOP_set_priority, &a), ERROR(NOSYS));
    a.port = 9999;
    assert_int_equal(call(2, EVTCHNOP_set_priority, &a), ERROR(INVAL));
}

static void order(void **state)
{
    port_t p[5];

    (void)state;
    for (unsigned int i = 0; i < 5; i++)
        p[i] = ipi(0);
    assert_int_equal(priority(p[3], 0), 0);
    assert_int_equal(priority(p[0], 15), 0);
    for (unsigned int i = 0; i < 5; i++)
        send(p[i]);
    send(p[2]); /* again: once is enough */
    guest_check(D);
    assert_int_equal(world_kicks[D][0], 1);
    assert_int_equal(guest_next(D, 0), p[3]);
    assert_int_equal(guest_next(D, 0), p[1]);
    guest_check(D);
    send(p[1]); /* behind the others */
    send(p[3]);
    assert_int_equal(guest_next(D, 0), p[3]);
    assert_int_equal(guest_next(D, 0), p[2]);
    assert_int_equal(guest_next(D, 0), p[4]);
    assert_int_equal(guest_next(D, 0), p[1]);
    assert_int_equal(guest_next(D, 0), p[0]);
    assert_int_equal(guest_next(D, 0), 0);
    guest_check(D);
}

static void masked(void **state)
{
    port_t p = ipi(0), q = ipi(0);

    (void)state;
    guest_mask(D, p);
    send(p);
    assert_int_equal(guest_next(D, 0), 0);
    assert_int_equal(world_kicks[D][0], 0);
    assert_true(guest_unmask(D, p));
    assert_int_equal(call(D, EVTCHNOP_unmask, &p), 0);
    assert_int_equal(world_kicks[D][0], 1);
    send(q);
    guest_mask(D, p); /* after it was queued */
    assert_int_equal(guest_next(D, 0), q);
    assert_int_equal(guest_next(D, 0), 0);
    assert_true(guest_unmask(D, p));
    assert_int_equal(call(D, EVTCHNOP_unmask, &p), 0);
    assert_int_equal(guest_next(D, 0), p);
    assert_false(guest_unmask(D, p));
}

static void moved(void **state)
{
    port_t p, by, q = ipi(0), r = ipi(1);

    (void)state;
    pair(&p, &by);
    send(by);
    assert_int_equal(move(p, 1), 0);
    send(by); /* stays where it is linked */
    assert_int_equal(guest_next(D, 1), 0);
    assert_int_equal(guest_next(D, 0), p); /* and was the tail there */
    send(by);
    send(q); /* not behind p, which is elsewhere */
    send(r);
    guest_check(D);
    assert_int_equal(guest_next(D, 0), q);
    assert_int_equal(guest_next(D, 1), p);
    assert_int_equal(guest_next(D, 1), r);
    assert_int_equal(priority(p, 3), 0);
    send(by);
    send(r);
    guest_check(D);
    assert_int_equal(guest_next(D, 1), p);
    assert_int_equal(guest_next(D, 1), r);
}

static void closed_in_a_queue(void **state)
{
    port_t p = ipi(0), q;

    (void)state;
    send(p);
    assert_int_equal(call(D, EVTCHNOP_close, &p), 0);
    q = ipi(1);
    assert_int_not_equal(q, p);
    send(q);
    assert_int_equal(guest_next(D, 1), q);
    assert_int_equal(guest_next(D, 0), 0); /* off the queue, but not pending */
    assert_int_equal(ipi(1), p);
    memset(guests[D].array[0], ~0, PAGE_SIZE); /* a lie about all */
    while (p < PAGE_SIZE / sizeof(event_word_t))
        if (call(D, EVTCHNOP_bind_ipi, &(struct evtchn_bind_ipi){ .vcpu = 0 }))
            break;
        else
            p++;
    assert_true(p < 20);
    memset(guests[D].array[0], 0, PAGE_SIZE);
}

static void without_block(void **state)
{
    port_t p = ipi(2);

    (void)state;
    send(p);
    assert_int_equal(world_kicks[D][2], 0);
    guest_init(D, 2);
    send(p); /* pending already, now queued */
    assert_int_equal(guest_next(D, 2), p);
}

static void without_word(void **state)
{
    port_t p = 0;

    (void)state;
    while (p < 2 * PAGE_SIZE / sizeof(event_word_t))
        p = ipi(1);
    send(p);
    assert_int_equal(world_kicks[D][1], 0);
    guest_expand(D);
    assert_int_equal(world_kicks[D][1], 0);
    guest_expand(D); /* its page */
    assert_int_equal(world_kicks[D][1], 1);
    assert_int_equal(guest_next(D, 1), p);
}

static void pending_comes_along(void **state)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };
    port_t p, q;

    (void)state;
    assert_int_equal(call(D, EVTCHNOP_reset, &r), 0);
    guest_forget(D);
    p = ipi(0);
    q = ipi(0);
    send(q);
    assert_int_equal(world[D]->shared->evtchn_pending[0], 1ul << q);
    guest_init(D, 0);
    guest_expand(D);
    assert_int_equal(guest_next(D, 0), q);
    assert_int_equal(guest_next(D, 0), 0);
    send(p);
    assert_int_equal(guest_next(D, 0), p);
}

static void many_ports_then_reset(void **state)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };
    port_t p = 0;

    (void)state;
    while (p < EVTCHN_FIFO_NR_CHANNELS - 1)
        p = ipi(0);
    assert_int_equal(call(D, EVTCHNOP_alloc_unbound, &a), ERROR(NOSPC));
    send(p);
    assert_int_equal(call(D, EVTCHNOP_reset, &r), 0);
    assert_null(world[D]->event.fifo);
    guest_forget(D);
    for (unsigned int i = 0; i < FRAMES; i++)
        assert_int_equal(frame_refs(frame_of(world_frames[D][i])), 1);
    p = 0;
    while (p < EVTCHN_2L_NR_CHANNELS - 1)
        p = ipi(0);
    assert_int_equal(call(D, EVTCHNOP_alloc_unbound, &a), ERROR(NOSPC));
    send(p);
    assert_true(world[D]->shared->evtchn_pending[63] >> 63 & 1);
    guest_init(D, 0); /* FIFO once more */
    guest_expand(D);
    assert_true(ipi(1) == EVTCHN_2L_NR_CHANNELS);
}

static void polls(void **state)
{
    port_t p = ipi(0);
    struct vcpu *v = world[D]->vcpus[1];

    (void)state;
    guest_mask(D, p);
    v->poll_port = p;
    assert_int_equal(event_poll(v, p), 0);
    send(p);
    assert_int_equal(world_wakes[D][1], 1);
    assert_int_equal(event_poll(v, p), 1);
}

/* Words that are nothing but lies: the domain that writes them loses events, and that is all. */
static void lies(void **state)
{
    port_t p = ipi(0), q = ipi(0);

    (void)state;
    send(p);
    *guest_word(D, p) = ~0u;
    send(q);
    *guest_word(D, q) = 0;
    send(p);
    send(q);
    guests[D].block[0]->head[7] = ~0u;
    send(q);
    assert_int_equal(call(D, EVTCHNOP_unmask, &p), 0);
    memset(guests[D].array[0], 0, PAGE_SIZE);
    memset(guests[D].block[0], 0, sizeof(*guests[D].block[0]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(init_errors),
        TEST(array_errors),
        TEST(set_priority_needs_fifo),
        TEST(order),
        TEST(masked),
        TEST(moved),
        TEST(without_block),
        TEST(without_word),
        TEST(closed_in_a_queue),
        TEST(pending_comes_along),
        TEST(many_ports_then_reset),
        TEST(polls),
        TEST(lies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
