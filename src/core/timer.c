/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timer.h"

#include "core/assert.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/softirq.h"

struct timer_queue {
    struct lock lock; /* RANK_TIMER; guards: all of this, and timers whose cpu it is */
    struct ordered_set armed;
    ns_t programmed; /* the machine's timer comes then, or before; NS_MAX: maybe never */
} __attribute__((aligned(64)));

static struct timer_queue queues[CPUS_MAX];

static struct timer *timer_of(struct ordered *o)
{
    return container_of(o, struct timer, place);
}

/* The queue of a timer, locked: a move may come between looking and locking. */
static inline struct timer_queue *queue_lock(const struct timer *t, bool *were_on)
{
    for (;;) {
        unsigned int cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct timer_queue *q = &queues[cpu];

        *were_on = lock_take_irq(&q->lock);
        if (__builtin_expect(t->cpu == cpu, true))
            return q;
        lock_release_irq(&q->lock, *were_on);
    }
}

void timer_init(struct timer *t, unsigned int cpu, void (*handler)(void *), void *argument)
{
    ASSERT(cpu < CPUS_MAX);
    *t = (struct timer){ .handler = handler, .argument = argument, .cpu = cpu };
}

/* Into its queue.  Has another CPU to program its machine's timer anew? */
static bool arm(struct timer_queue *q, struct timer *t, ns_t when)
{
    t->expires = when;
    ordered_add(&q->armed, &t->place, (uint64_t)when);
    if (when >= q->programmed)
        return false;
    q->programmed = when;
    if (t->cpu != cpu_id())
        return true;
    arch_timer_program(when);
    return false;
}

/* Disarmed timers leave the machine's timer as it is: it comes once for nothing, which costs less
 * than to program it at each change. */
static bool disarm(struct timer_queue *q, struct timer *t)
{
    bool armed = t->place.in_set;

    if (armed)
        ordered_remove(&q->armed, &t->place);
    return armed;
}

void timer_set(struct timer *t, ns_t when)
{
    bool were_on, tell;
    struct timer_queue *q = queue_lock(t, &were_on);
    unsigned int cpu = t->cpu;

    disarm(q, t);
    tell = arm(q, t, when < 0 ? 0 : when);
    lock_release_irq(&q->lock, were_on);
    if (tell)
        softirq_send(cpu, SOFTIRQ_TIMER);
}

void timer_set_here(struct timer *t, ns_t when)
{
    if (__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) != cpu_id()) {
        timer_disarm(t);
        timer_move(t, cpu_id());
    }
    timer_set(t, when);
}

bool timer_disarm(struct timer *t)
{
    bool were_on, armed;
    struct timer_queue *q = queue_lock(t, &were_on);

    armed = disarm(q, t);
    lock_release_irq(&q->lock, were_on);
    return armed;
}

/* Where does the handler of a timer run that this has disarmed?  CPU + 1, 0: nowhere, nor will
 * it. */
static uint32_t disarm_running(struct timer *t)
{
    bool were_on;
    uint32_t running;
    struct timer_queue *q = queue_lock(t, &were_on);

    disarm(q, t);
    running = __atomic_load_n(&t->running, __ATOMIC_ACQUIRE);
    lock_release_irq(&q->lock, were_on);
    return running;
}

void timer_stop(struct timer *t)
{
    uint32_t running;

    /* The handler may arm it again: once it has run, look again. */
    while ((running = disarm_running(t)) != 0 && running != cpu_id() + 1)
        while (__atomic_load_n(&t->running, __ATOMIC_ACQUIRE))
            cpu_relax();
}

/* Both queues locked, lower CPU first; interrupts off.  False: another has moved it meanwhile. */
static bool move(struct timer *t, unsigned int from, unsigned int to, bool *tell)
{
    struct lock *first = &queues[from < to ? from : to].lock;
    struct lock *second = &queues[from < to ? to : from].lock;
    bool moved;

    lock_take(first);
    lock_take_second(second);
    moved = t->cpu == from;
    if (moved) {
        bool armed = disarm(&queues[from], t);

        __atomic_store_n(&t->cpu, to, __ATOMIC_RELAXED);
        *tell = armed && arm(&queues[to], t, t->expires);
    }
    lock_release(second);
    lock_release(first);
    return moved;
}

void timer_move(struct timer *t, unsigned int cpu)
{
    bool done = false, tell = false;

    ASSERT(cpu < CPUS_MAX);
    while (!done) {
        unsigned int from = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        bool were_on;

        if (from == cpu)
            return;
        were_on = irq_save();
        done = move(t, from, cpu, &tell);
        irq_restore(were_on);
    }
    if (tell)
        softirq_send(cpu, SOFTIRQ_TIMER);
}

/* The next one whose time has come, out of the queue and marked as running; NULL: none. */
static struct timer *take_due(struct timer_queue *q, ns_t now)
{
    for (;;) {
        struct timer *t = q->armed.first ? timer_of(q->armed.first) : NULL;

        if (!t || t->expires > now)
            return NULL;
        if (!__atomic_load_n(&t->running, __ATOMIC_ACQUIRE)) {
            ordered_remove(&q->armed, &t->place);
            __atomic_store_n(&t->running, cpu_id() + 1, __ATOMIC_RELAXED);
            return t;
        }
        /* It came here while its handler still runs where it was before. */
        lock_release_irq(&q->lock, true);
        cpu_relax();
        lock_take_irq(&q->lock);
    }
}

/* One look at the clock for all: a handler whose timer comes again as soon as it has run does
 * not keep this CPU here without end. */
static void run_timers(void)
{
    struct timer_queue *q = &queues[cpu_id()];
    ns_t now = arch_now();
    struct timer *t;

    lock_take_irq(&q->lock);
    while ((t = take_due(q, now)) != NULL) {
        lock_release_irq(&q->lock, true);
        t->handler(t->argument);
        __atomic_store_n(&t->running, 0, __ATOMIC_RELEASE);
        lock_take_irq(&q->lock);
    }
    /* Always: the machine's timer may have come early, and then comes no more. */
    q->programmed = q->armed.first ? timer_of(q->armed.first)->expires : NS_MAX;
    arch_timer_program(q->programmed);
    lock_release_irq(&q->lock, true);
}

void timers_init(void)
{
    softirq_bind(SOFTIRQ_TIMER, run_timers);
}

int timer_cpu_create(unsigned int cpu)
{
    ASSERT(cpu < CPUS_MAX);
    queues[cpu] = (struct timer_queue){ .lock = LOCK(RANK_TIMER), .programmed = NS_MAX };
    return 0;
}
