/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/cmocka_all.h"

#include "event_guest.h"

#include <string.h>

#define WORDS   (PAGE_SIZE / sizeof(event_word_t))
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define BUSY    (1u << EVTCHN_FIFO_BUSY)

struct guest guests[DOMAINS];

static mfn_t fresh(domid_t id)
{
    mfn_t mfn = world_frames[id][guests[id].frames_used++];

    assert_true(guests[id].frames_used <= FRAMES);
    memset(frame_map(mfn), 0, PAGE_SIZE);
    return mfn;
}

void guest_init(domid_t id, unsigned int vcpu)
{
    struct evtchn_init_control a = { .control_gfn = fresh(id), .offset = 64, .vcpu = vcpu };

    assert_int_equal(call(id, EVTCHNOP_init_control, &a), 0);
    assert_int_equal(a.link_bits, 17);
    guests[id].block[vcpu] = (void *)((char *)frame_map(a.control_gfn) + a.offset);
}

void guest_expand(domid_t id)
{
    struct evtchn_expand_array a = { .array_gfn = fresh(id) };

    guests[id].array[guests[id].pages] = frame_map(a.array_gfn);
    __atomic_fetch_add(&guests[id].pages, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(call(id, EVTCHNOP_expand_array, &a), 0);
}

void guest_forget(domid_t id)
{
    memset(&guests[id], 0, sizeof(guests[id]));
}

event_word_t *guest_word(domid_t id, port_t port)
{
    const struct guest *g = &guests[id];

    return port / WORDS < g->pages ? &g->array[port / WORDS][port % WORDS] : NULL;
}

static port_t clear_linked(event_word_t *word)
{
    event_word_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(word, &old, old & ~(LINKED | EVTCHN_FIFO_LINK_MASK), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
    assert_true(old & LINKED);
    return old & EVTCHN_FIFO_LINK_MASK;
}

/* The event, or 0 when it was masked or taken back. */
static port_t take(domid_t id, port_t port)
{
    event_word_t *word = guest_word(id, port), old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    if (!(old & PENDING) || (old & MASKED))
        return 0;
    __atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST);
    return port;
}

port_t guest_next(domid_t id, unsigned int vcpu)
{
    struct guest *g = &guests[id];
    port_t port = 0;

    while (g->block[vcpu] && !port) {
        unsigned int q;

        g->ready[vcpu] |= __atomic_exchange_n(&g->block[vcpu]->ready, 0, __ATOMIC_SEQ_CST);
        if (!g->ready[vcpu])
            return 0;
        q = (unsigned int)__builtin_ctz(g->ready[vcpu]);
        port = g->head[vcpu][q];
        if (!port)
            port = __atomic_load_n(&g->block[vcpu]->head[q], __ATOMIC_ACQUIRE);
        assert_true(port);
        g->head[vcpu][q] = clear_linked(guest_word(id, port));
        if (!g->head[vcpu][q])
            g->ready[vcpu] &= ~(1u << q);
        port = take(id, port);
    }
    return port;
}

void guest_mask(domid_t id, port_t port)
{
    __atomic_fetch_or(guest_word(id, port), MASKED, __ATOMIC_SEQ_CST);
}

bool guest_unmask(domid_t id, port_t port)
{
    event_word_t *word = guest_word(id, port), old = __atomic_load_n(word, __ATOMIC_RELAXED);

    do {
        if (!(old & MASKED))
            return false;
        if (old & PENDING)
            return true;
        old &= ~BUSY; /* wait while it is set */
    } while (!__atomic_compare_exchange_n(word, &old, old & ~MASKED, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    return false;
}

/* Where the guest would go on in a queue; 0: it is empty. */
static port_t first_of(const struct guest *g, unsigned int vcpu, unsigned int q)
{
    uint32_t ready = g->ready[vcpu] | g->block[vcpu]->ready;

    if (g->head[vcpu][q])
        return g->head[vcpu][q];
    return ready & 1u << q ? g->block[vcpu]->head[q] : 0;
}

void guest_check(domid_t id)
{
    const struct guest *g = &guests[id];
    static uint8_t seen[GUEST_PAGES * WORDS];
    unsigned int linked = 0, found = 0;

    memset(seen, 0, sizeof(seen));
    for (unsigned int i = 0; i < VCPUS * EVTCHN_FIFO_MAX_QUEUES; i++) {
        unsigned int v = i / EVTCHN_FIFO_MAX_QUEUES, q = i % EVTCHN_FIFO_MAX_QUEUES;
        port_t last = 0;

        if (!g->block[v])
            continue;
        for (port_t p = first_of(g, v, q); p; p = *guest_word(id, p) & EVTCHN_FIFO_LINK_MASK) {
            assert_true(*guest_word(id, p) & LINKED);
            assert_int_equal(seen[p]++, 0);
            last = p;
            found++;
        }
        assert_true(!last || world[id]->vcpus[v]->event.tail[q] == last);
        assert_true(!g->block[v]->ready || event_pending(world[id]->vcpus[v]));
    }
    for (port_t p = 0; p < g->pages * WORDS; p++) {
        linked += (*guest_word(id, p) & LINKED) != 0;
        assert_true((*guest_word(id, p) & LINKED) || !(*guest_word(id, p) & EVTCHN_FIFO_LINK_MASK));
        assert_false(*guest_word(id, p) & BUSY);
    }
    assert_int_equal(linked, found);
}
