/* SPDX-License-Identifier: Apache-2.0 */
/* What core/event*.c share; nobody else includes it but their test. */
#ifndef CORE_EVENT_PORT_H
#define CORE_EVENT_PORT_H

#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

enum event_state {
    EVENT_FREE,
    EVENT_RESERVED, /* port 0 */
    EVENT_UNBOUND,
    EVENT_INTERDOMAIN,
    EVENT_PIRQ,
    EVENT_VIRQ,
    EVENT_IPI,
    EVENT_SETTLING, /* a pirq is just being bound to it or unbound: no other operation may */
};

/*
 * One port.  Written under the domain's lock (queue_*: see fifo.c), read without by senders,
 * who take state with acquire first.  A sender that races with a close, and even with the next use
 * of the port, may read members of both: each alone is good, what a peer says is compared with what
 * it was reached by (send_to_peer), and the worst is that a port which was bound a moment ago
 * becomes pending late.  Xen allows that as well; guests must expect events without a cause.
 */
struct event {
    struct domain *peer; /* of INTERDOMAIN, else NULL: it is never anything else */
    uint32_t other;      /* peer's port; UNBOUND: domain waited for; else the number */
    uint16_t vcpu;       /* notified; may not be created yet */
    uint16_t queue_vcpu; /* FIFO: the queue that it is in, or was in last */
    uint8_t queue_priority;
    uint8_t state;              /* enum event_state */
    uint8_t priority;           /* FIFO: for the next time */
    bool lost;                  /* FIFO: raised while it had no word */
    bool polled;                /* a vCPU may wait for it in SCHEDOP_poll */
} __attribute__((aligned(64))); /* a cache line: CPUs send by neighbouring ports */

#define EVENTS_PER_BUCKET (PAGE_SIZE / sizeof(struct event))
#define EVENT_BUCKETS     (EVTCHN_FIFO_NR_CHANNELS / EVENTS_PER_BUCKET)

struct event_table {
    struct event *bucket[EVENT_BUCKETS]; /* a page each; there are no gaps; as many as Xen's */
    uint8_t used[EVENT_BUCKETS];         /* ports that are not FREE */
};

/* A port that has a struct, else NULL.  The domain's lock is held, or event_enter()'s section is
 * open, or it is the current vCPU's domain. */
static inline struct event *event_get(const struct domain *d, port_t port)
{
    if (port >= __atomic_load_n(&d->event.valid_ports, __ATOMIC_ACQUIRE))
        return NULL;
    /* valid_ports above 0 says that there is a table.  NOLINTNEXTLINE(clang-analyzer-core.*) */
    return &d->event.table->bucket[port / EVENTS_PER_BUCKET][port % EVENTS_PER_BUCKET];
}

static inline uint8_t event_state(const struct event *e)
{
    return __atomic_load_n(&e->state, __ATOMIC_ACQUIRE);
}

static inline bool event_is_open(const struct event *e)
{
    return event_state(e) > EVENT_RESERVED;
}

/* FIFO: the guest's array of event words; fields are fifo.c's. */
#define EVENT_FIFO_WORDS (PAGE_SIZE / sizeof(event_word_t)) /* in a page */
#define EVENT_FIFO_PAGES (EVTCHN_FIFO_NR_CHANNELS / EVENT_FIFO_WORDS)
struct event_fifo {
    unsigned int pages; /* of the array; grows */
    event_word_t *words[EVENT_FIFO_PAGES];
    struct frame *frames[EVENT_FIFO_PAGES];
};

/*
 * Sections in which a CPU may use what it reached without a lock: a peer, its ports and vCPUs,
 * FIFO's words and control blocks, the owner of a global VIRQ.  Who takes such a thing away first
 * makes it unreachable, then calls event_wait_senders, then frees it.  Sections are short, nest (an
 * interrupt handler may send too) and do not sleep.  Opening is a full barrier, so that either the
 * section sees that the thing is gone, or the other side sees that the section is open.
 */
struct event_cpu {
    uint64_t sections; /* low half: open ones; high half: how often it came down to none */
} __attribute__((aligned(64)));
extern struct event_cpu event_cpus[CPUS_MAX];
#define EVENT_SECTIONS_OPEN  0xfffffffful
#define EVENT_SECTIONS_ENDED 0x100000000ul

/* This CPU alone writes its word.  A handler that interrupts between load and store leaves the low
 * half as it found it; what it adds to the high half is lost when nothing was open before the
 * store: then nobody waits for more than the handler's section, whose end was seen or will be. */
static inline void event_enter(void)
{
    uint64_t *sections = &event_cpus[cpu_id()].sections;

    __atomic_store_n(sections, *sections + 1, __ATOMIC_SEQ_CST);
}

static inline void event_leave(void)
{
    uint64_t *sections = &event_cpus[cpu_id()].sections, left = *sections - 1;

    if (!(left & EVENT_SECTIONS_OPEN))
        left += EVENT_SECTIONS_ENDED;
    __atomic_store_n(sections, left, __ATOMIC_RELEASE);
}

/* Until each section that was open at the call is over.  Interrupts on, no lock, no own section. */
void event_wait_senders(void);

/* The locks of one domain or two, peer may be NULL or d; what lock_take_irq says. */
bool event_lock(struct domain *d, struct domain *peer);
void event_unlock(struct domain *d, struct domain *peer, bool irq);

/* Open the lowest free port; lock held.  Errors as event.h's first line of bindings. */
int event_open(struct domain *d, const struct event *as, port_t *port);
/* Port is free from now on and not pending; lock held. */
void event_free(struct domain *d, port_t port, struct event *e);
/* Free all ports' memory; nobody looks for one any more.  False: call again. */
bool event_free_buckets(struct domain *d);

/* A domain that is about to be freed owns no global VIRQ. */
void event_drop_owner(struct domain *d);

/* Make a port pending and tell the guest; section open. */
void event_raise(struct domain *d, struct event *e, port_t port);
/* It has become pending: end the polls that wait for it. */
void event_wake_pollers(struct domain *d, struct event *e, port_t port);

/* Have v take a look; an event became pending in its words. */
static inline void event_signal(struct vcpu *v)
{
    volatile struct vcpu_info *info = __atomic_load_n(&v->info, __ATOMIC_RELAXED);

    if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&v->signalled, true, __ATOMIC_SEQ_CST);
        vcpu_kick(v);
    }
}

/* How the guest is told, 2-level and FIFO.  Section open, or lock held for the last two. */
void event_2l_raise(struct domain *d, struct event *e, port_t port);
void event_2l_unmask(struct domain *d, struct event *e, port_t port);
void event_2l_clear(struct domain *d, port_t port);
bool event_2l_pending(const struct domain *d, port_t port);
/* Point a vCPU at all words of pending ports. */
void event_2l_select_all(struct vcpu *v);
void event_fifo_raise(struct domain *d, struct event_fifo *fifo, struct event *e, port_t port);
void event_fifo_unmask(struct domain *d, struct event_fifo *fifo, struct event *e, port_t port);
void event_fifo_clear(struct event_fifo *fifo, port_t port);
bool event_fifo_pending(struct event_fifo *fifo, port_t port);
bool event_fifo_linked(struct event_fifo *fifo, port_t port); /* in a queue, the guest says */

/* Back to 2-level.  Interrupts on, no lock, no section open. */
void event_fifo_leave(struct domain *d);

#endif
