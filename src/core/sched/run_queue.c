/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sched/run_queue.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/time.h"

#define US          1000ll
#define MS          1000000ll
#define SLICE_ALL   (10 * MS) /* all that wait run once in about this time, */
#define SLICE_LEAST MS        /* but none for less than this */
#define WAKE_CREDIT MS        /* how far before the others one that slept begins */
#define WAKE_MARGIN (MS / 2)  /* by how much it must be before current to interrupt it */
#define ALONE_MOST \
    (100 * MS) /* of current's time that is not in the books may others make up for */
#define BUDGET_LEAST (MS / 2) /* a capped domain is looked at no more often */

struct run_queue run_queues[CPUS_MAX];

struct run_queue *run_queue_lock(const struct vcpu *v, bool *were_on)
{
    for (;;) {
        unsigned int cpu = __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
        struct run_queue *q = &run_queues[cpu];

        *were_on = lock_take_irq(&q->lock);
        /* Acquire: with the number comes what the last CPU did with it (run_queue_give). */
        if (__atomic_load_n(&v->cpu, __ATOMIC_ACQUIRE) == cpu)
            return q;
        lock_release_irq(&q->lock, *were_on);
    }
}

bool sched_over_cap(const struct vcpu *v)
{
    const struct sched_domain *d = &v->domain->sched;

    return __atomic_load_n(&d->cap, __ATOMIC_RELAXED) &&
           __atomic_load_n(&d->budget, __ATOMIC_RELAXED) <= 0;
}

static void advance_min(struct run_queue *q)
{
    const struct vcpu *least_one = waiting_first(q);
    uint64_t least;

    if (!q->current->is_idle &&
        !(least_one && ordered_before(least_one->sched.vruntime, q->current->sched.vruntime)))
        least_one = q->current;
    if (!least_one)
        return;
    least = least_one->sched.vruntime;
    if (ordered_before(q->min, least))
        __atomic_store_n(&q->min, least, __ATOMIC_RELAXED);
}

void run_queue_count(struct run_queue *q, ns_t now)
{
    struct vcpu *v = q->current;
    ns_t spent = now - v->sched.counted;

    ASSERT(lock_held(&q->lock));
    if (spent <= 0)
        return;
    v->sched.counted = now;
    v->sched.total += spent;
    if (v->is_idle)
        return;
    v->sched.vruntime += (uint64_t)spent * SCHED_WEIGHT / v->sched.weight;
    if (v->domain->sched.cap)
        __atomic_fetch_sub(&v->domain->sched.budget, spent, __ATOMIC_SEQ_CST);
    advance_min(q);
}

static void add_load(struct run_queue *q, const struct vcpu *v)
{
    if (!v->is_idle)
        __atomic_store_n(&q->load, q->load + v->sched.weight, __ATOMIC_RELAXED);
}

static void remove_load(struct run_queue *q, const struct vcpu *v)
{
    if (v->is_idle)
        return;
    ASSERT(q->load >= v->sched.weight);
    __atomic_store_n(&q->load, q->load - v->sched.weight, __ATOMIC_RELAXED);
}

/* A current that ran alone may have been counted long ago: what it ran since is not v's to have, too.
 * A little is left to be counted with v in its place: the least one, which never goes back, must not
 * pass one that slept for a moment, and one that waited on another CPU meanwhile has a claim. */
static void count_long_run(struct run_queue *q, ns_t now)
{
    if (now - q->current->sched.counted > ALONE_MOST)
        run_queue_count(q, now);
}

void run_queue_add(struct run_queue *q, struct vcpu *v, ns_t now)
{
    uint64_t earliest;

    ASSERT(lock_held(&q->lock));
    ASSERT(v->cpu == q->cpu && v != q->current && !v->is_idle);
    ASSERT(!v->waits && !v->sched.place.in_set);
    count_long_run(q, now);
    earliest = q->min - WAKE_CREDIT;
    if (ordered_before(v->sched.vruntime, earliest))
        v->sched.vruntime = earliest;
    ordered_add(&q->waiting, &v->sched.place, v->sched.vruntime);
    add_load(q, v);
}

void run_queue_remove(struct run_queue *q, struct vcpu *v)
{
    ASSERT(lock_held(&q->lock));
    ASSERT(v->cpu == q->cpu && v->sched.place.in_set);
    ordered_remove(&q->waiting, &v->sched.place);
    remove_load(q, v);
}

void run_queue_put_on(struct run_queue *q, struct vcpu *v, ns_t now)
{
    ASSERT(v != q->current && v->cpu == q->cpu);
    remove_load(q, q->current);
    if (v->sched.place.in_set)
        run_queue_remove(q, v);
    q->current = v;
    add_load(q, v);
    v->sched.counted = q->began = now;
    /* Before it looks for events on its way out, for vcpu_kick. */
    __atomic_store_n(&v->sched.running, true, __ATOMIC_SEQ_CST);
}

void run_queue_give(struct run_queue *q, struct vcpu *v, unsigned int to)
{
    ASSERT(lock_held(&q->lock));
    ASSERT(v->cpu == q->cpu && v != q->current && !v->sched.place.in_set && !v->sched.running);
    /* What it is before or behind the others stays; the other queue's least one may move on
     * meanwhile, which does not matter. */
    v->sched.vruntime += __atomic_load_n(&run_queues[to].min, __ATOMIC_RELAXED) - q->min;
    __atomic_store_n(&v->cpu, to, __ATOMIC_RELEASE);
}

/* Until when current runs in any case: each time that another one interrupts it costs both. */
static ns_t least_until(const struct run_queue *q)
{
    const struct pool *p = __atomic_load_n(&q->current->domain->sched.pool, __ATOMIC_RELAXED);

    return q->began + (ns_t)__atomic_load_n(&p->least_run, __ATOMIC_RELAXED) * US;
}

static bool is_before_current(const struct run_queue *q, const struct vcpu *v)
{
    return ordered_before(v->sched.vruntime + WAKE_MARGIN, q->current->sched.vruntime);
}

bool run_queue_beats(const struct run_queue *q, const struct vcpu *v, ns_t now)
{
    return q->current->is_idle || vcpu_waits(q->current) ||
           (is_before_current(q, v) && now >= least_until(q));
}

void sched_begin_period(struct domain *d, ns_t now)
{
    if (!timer_is_armed(&d->sched.refill))
        timer_set(&d->sched.refill, now + SCHED_CAP_PERIOD);
}

/* A capped domain's vCPU runs: how long until what it may still use should be looked at, if all of its
 * vCPUs use it at once. */
static ns_t budget_slice(struct domain *d, ns_t now)
{
    ns_t slice = __atomic_load_n(&d->sched.budget, __ATOMIC_RELAXED) / d->max_vcpus;

    sched_begin_period(d, now);
    return slice < BUDGET_LEAST ? BUDGET_LEAST : slice;
}

void run_queue_set_slice(struct run_queue *q, ns_t now, bool anew)
{
    ns_t slice = SLICE_ALL / (q->waiting.count + 1);
    struct domain *d = q->current->domain;

    if (q->current->is_idle) {
        q->slice_end = NS_MAX;
        return;
    }
    if (slice < SLICE_LEAST)
        slice = SLICE_LEAST;
    if (!q->waiting.count)
        q->slice_end = NS_MAX;
    else if (anew || q->slice_end > now + slice)
        q->slice_end = now + slice;
    if (q->waiting.count && is_before_current(q, waiting_first(q)) && least_until(q) < q->slice_end)
        q->slice_end = least_until(q);
    if (d->sched.cap) {
        ns_t until = now + budget_slice(d, now);

        q->slice_end = until < q->slice_end ? until : q->slice_end;
    }
    /* One armed for an earlier time stays: it looks at slice_end when it comes. */
    if (q->slice_end != NS_MAX && !(timer_is_armed(&q->slice) && q->slice.expires <= q->slice_end))
        timer_set(&q->slice, q->slice_end);
}

void run_queue_note_state(const struct run_queue *q, struct vcpu *v, ns_t now)
{
    int state = RUNSTATE_runnable;

    if (v->is_idle)
        return;
    if (q->current == v)
        state = RUNSTATE_running;
    else if (v->waits & (WAIT_BLOCKED | WAIT_POLL))
        state = RUNSTATE_blocked;
    else if (v->waits & ~(uint32_t)WAIT_CAP)
        state = RUNSTATE_offline;
    if (v->runstate.state != state)
        runstate_change(v, state, now);
}
