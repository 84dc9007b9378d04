/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping, waking and switching of vCPUs. */
#include "core/sched/sched.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"
#include "core/time.h"

#include <xen/errno.h>

#define SPREAD_PERIOD 50000000ll /* ns: so often a busy CPU sees to equal shares */

/* Idle vCPUs are its; it is in no list and has no kind. */
static struct domain idle_domain = { .id = DOMID_IDLE };
static struct vcpu_info idle_info;

static struct run_queue *my_queue(void)
{
    return &run_queues[cpu_id()];
}

/* ---- choosing ---- */

/* Until the refill, which must come: the period that this one used up may not have begun. */
static void wait_for_refill(struct vcpu *v, ns_t now)
{
    __atomic_fetch_or(&v->waits, WAIT_CAP, __ATOMIC_SEQ_CST);
    sched_begin_period(v->domain, now);
}

/* The first that may run; those whose domain is over its cap do not wait here but for the
 * refill. */
static struct vcpu *first_within_cap(struct run_queue *q, ns_t now)
{
    struct vcpu *v;

    while ((v = waiting_first(q)) != NULL && sched_over_cap(v)) {
        run_queue_remove(q, v);
        wait_for_refill(v, now);
        run_queue_note_state(q, v, now);
    }
    return v;
}

/* What runs from now on; anew: it begins a slice. */
static struct vcpu *choose(struct run_queue *q, ns_t now, bool *anew)
{
    bool go_on = sched_can_go_on(q), yielded = q->yielded;
    struct vcpu *first = first_within_cap(q, now);

    if (!q->current->is_idle && sched_over_cap(q->current))
        wait_for_refill(q->current, now);
    q->yielded = false;
    *anew = true;
    if (!go_on)
        return first ? first : q->idle;
    if (!first)
        return q->current;
    if (yielded)
        return first;
    if (now >= q->slice_end)
        return ordered_before(first->sched.vruntime, q->current->sched.vruntime) ? first
                                                                                 : q->current;
    *anew = false;
    return run_queue_beats(q, first, now) ? first : q->current;
}

/* The books of a switch; the machine's part follows, without the lock. */
static void switch_books(struct run_queue *q, struct vcpu *prev, struct vcpu *next, ns_t now)
{
    run_queue_put_on(q, next, now);
    if (!prev->is_idle && !prev->waits && sched_may_run(prev, q->cpu))
        run_queue_add(q, prev, now);
    run_queue_note_state(q, prev, now);
    run_queue_note_state(q, next, now);
}

static void switch_machine(struct run_queue *q, struct vcpu *prev, struct vcpu *next)
{
    arch_context_switch(prev, next);
    sched_settle(q, prev);
}

static void publish(struct vcpu *v)
{
    if (v->is_idle)
        return;
    time_publish(v);
    runstate_publish(v);
}

/* SOFTIRQ_SCHEDULE. */
static void schedule(void)
{
    struct run_queue *q = my_queue();
    struct vcpu *prev = q->current, *next;
    bool anew, spread, nothing;
    ns_t now;

    irq_off();
    nothing = sched_steal(q);
    lock_take(&q->lock);
    now = arch_now();
    run_queue_count(q, now);
    spread = q->waiting.count && now >= q->slice_end && now - q->spread >= SPREAD_PERIOD;
    next = choose(q, now, &anew);
    if (next != prev)
        switch_books(q, prev, next, now);
    run_queue_set_slice(q, now, anew || next != prev);
    sched_offer(q);
    sched_set_idle(q->cpu, next->is_idle);
    if (next->is_idle && !nothing) /* what should have run cannot: look for other work */
        softirq_raise(SOFTIRQ_SCHEDULE);
    lock_release(&q->lock);
    if (next != prev)
        switch_machine(q, prev, next);
    if (spread)
        sched_spread(q, now);
    irq_on();
    if (next != prev)
        publish(next);
}

static void slice_over(void *queue)
{
    struct run_queue *q = queue;
    bool were_on = lock_take_irq(&q->lock);
    bool early = arch_now() < q->slice_end;

    if (early && q->slice_end != NS_MAX)
        timer_set(&q->slice, q->slice_end);
    lock_release_irq(&q->lock, were_on);
    if (!early)
        softirq_raise(SOFTIRQ_SCHEDULE);
}

void sched_idle(void)
{
    struct run_queue *q = my_queue();

    ASSERT(!irq_is_on() && current_vcpu() == q->idle);
    if (!q->started) {
        q->started = true;
        sched_set_idle(q->cpu, true);
    }
    if (!softirq_bits())
        arch_idle();
}

/* ---- sleeping and waking ---- */

void vcpu_sleep(struct vcpu *v, uint32_t why)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);

    /* A full barrier: whoever sleeps looks after it for what may have come meanwhile. */
    __atomic_fetch_or(&v->waits, why, __ATOMIC_SEQ_CST);
    if (v->sched.place.in_set)
        run_queue_remove(q, v);
    if (q->current == v)
        softirq_send(q->cpu, SOFTIRQ_SCHEDULE);
    else
        run_queue_note_state(q, v, arch_now());
    lock_release_irq(&q->lock, were_on);
}

void vcpu_sleep_sync(struct vcpu *v, uint32_t why)
{
    vcpu_sleep(v, why);
    if (v == current_vcpu())
        return;
    ASSERT(irq_is_on());
    while (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE))
        cpu_relax();
}

/* Nothing keeps it any more.  The lock of q is held; released here. */
static void run_again(struct run_queue *q, struct vcpu *v, bool were_on)
{
    ns_t now = arch_now();
    bool move = false;

    if (v->sched.running && q->current != v) {
        run_queue_add(q, v, now); /* the switch goes on: sched_settle sees to it */
        run_queue_note_state(q, v, now);
        softirq_send(q->cpu, SOFTIRQ_SCHEDULE);
    } else if (!v->sched.running) {
        unsigned int cpu = sched_choose_cpu(v);

        move = cpu != q->cpu;
        if (move) {
            run_queue_give(q, v, cpu);
        } else {
            run_queue_add(q, v, now);
            run_queue_note_state(q, v, now);
            sched_tell(q, v, now);
        }
    }
    lock_release(&q->lock);
    if (move)
        sched_place(v);
    irq_restore(were_on);
}

void vcpu_wake(struct vcpu *v, uint32_t why)
{
    bool were_on;
    uint32_t before;
    struct run_queue *q;

    /* One that is about to sleep looks for what woke it after it has set its reason. */
    if (!(__atomic_load_n(&v->waits, __ATOMIC_SEQ_CST) & why))
        return;
    q = run_queue_lock(v, &were_on);
    before = __atomic_fetch_and(&v->waits, ~why, __ATOMIC_SEQ_CST);
    if (before & why & WAIT_POLL) {
        v->poll_port = 0;
        timer_disarm(&v->poll);
    }
    if (before && !(before & ~why)) {
        run_again(q, v, were_on);
        return;
    }
    if (q->current != v)
        run_queue_note_state(q, v, arch_now());
    lock_release_irq(&q->lock, were_on);
}

void vcpu_kick(struct vcpu *v)
{
    unsigned int cpu;

    if (__atomic_load_n(&v->waits, __ATOMIC_SEQ_CST) & (WAIT_BLOCKED | WAIT_POLL)) {
        vcpu_wake(v, WAIT_BLOCKED | WAIT_POLL);
        return;
    }
    /* One that is put on a CPU after this looks for events on its way out. */
    if (!__atomic_load_n(&v->sched.running, __ATOMIC_SEQ_CST))
        return;
    cpu = __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
    if (cpu != cpu_id())
        arch_kick(cpu);
}

void sched_block(struct vcpu *v)
{
    ASSERT(v == current_vcpu());
    if (event_pending(v))
        return;
    vcpu_sleep(v, WAIT_BLOCKED);
    if (event_pending(v))
        vcpu_wake(v, WAIT_BLOCKED);
}

void sched_poll(struct vcpu *v, port_t port, ns_t timeout)
{
    ASSERT(v == current_vcpu());
    v->poll_port = port;
    vcpu_sleep(v, WAIT_POLL);
    if (timeout)
        timer_set_here(&v->poll, timeout);
    /* Who woke it meanwhile has disarmed the timer too early. */
    if (!(__atomic_load_n(&v->waits, __ATOMIC_SEQ_CST) & WAIT_POLL))
        timer_disarm(&v->poll);
}

static void poll_over(void *vcpu)
{
    vcpu_wake(vcpu, WAIT_POLL);
}

void vcpu_yield(struct vcpu *v)
{
    struct run_queue *q = my_queue();

    ASSERT(v == current_vcpu());
    if (!__atomic_load_n(&q->waiting.count, __ATOMIC_RELAXED)) {
        cpu_relax(); /* it asks again at once: what it waits for on other CPUs goes before */
        return;
    }
    q->yielded = true; /* this CPU's own; seen by the softirq on it */
    softirq_raise(SOFTIRQ_SCHEDULE);
}

uint64_t sched_runtime(const struct vcpu *v)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);
    ns_t total = v->sched.total, now = arch_now();

    if (q->current == v && now > v->sched.counted)
        total += now - v->sched.counted;
    lock_release_irq(&q->lock, were_on);
    return (uint64_t)total;
}

/* ---- life ---- */

void sched_vcpu_init(struct vcpu *v)
{
    const struct domain *d = v->domain;
    struct sched_vcpu *s = &v->sched;

    ASSERT(d->sched.weight && cpu_count);
    *s = (struct sched_vcpu){ .weight = d->sched.weight, .pin_override = -1 };
    __builtin_memset(&s->hard, 0xff, sizeof(s->hard));
    s->soft = s->hard;
    v->cpu = (d->id + v->id) % cpu_count;
    s->vruntime = __atomic_load_n(&run_queues[v->cpu].min, __ATOMIC_RELAXED);
    v->waits = WAIT_DOWN | (d->pause_count || d->is_shut_down ? WAIT_DOMAIN : 0);
    timer_init(&v->poll, v->cpu, poll_over, v);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    ASSERT(!v->sched.running && !v->sched.place.in_set && v->waits);
    timer_stop(&v->poll);
}

static void idle_init(struct vcpu *idle, unsigned int cpu)
{
    idle->domain = &idle_domain;
    idle->id = idle->cpu = cpu;
    idle->is_idle = true;
    idle->info = &idle_info;
    idle->sched =
        (struct sched_vcpu){ .running = true, .counted = arch_now(), .pin_override = (int)cpu };
    lock_init(&idle->lock, RANK_VCPU);
}

int sched_cpu_create(unsigned int cpu)
{
    struct run_queue *q = &run_queues[cpu];
    struct vcpu *idle = arch_idle_alloc();

    if (!idle)
        return -XEN_ENOMEM;
    idle_init(idle, cpu);
    *q = (struct run_queue){
        .lock = LOCK(RANK_SCHED), .cpu = cpu, .current = idle, .idle = idle, .slice_end = NS_MAX
    };
    timer_init(&q->slice, cpu, slice_over, q);
    arch_set_idle(cpu, idle);
    return 0;
}

void sched_init(void)
{
    softirq_bind(SOFTIRQ_SCHEDULE, schedule);
}
