/* SPDX-License-Identifier: Apache-2.0 */
/* What is scheduled by domain: weight and cap; and its watchdogs. */
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"

#include <xen/errno.h>
#include <xen/sched.h>

/* ---- weight ---- */

static void set_vcpu_weight(struct vcpu *v, uint32_t weight)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);

    if (q->current == v)
        run_queue_count(q, arch_now());
    if (q->current == v || v->sched.place.in_set)
        __atomic_store_n(&q->load, q->load - v->sched.weight + weight, __ATOMIC_RELAXED);
    v->sched.weight = weight;
    lock_release_irq(&q->lock, were_on);
}

int sched_set_weight(struct domain *d, uint32_t weight)
{
    if (weight == 0 || weight > SCHED_WEIGHT_MAX)
        return -XEN_EINVAL;
    d->sched.weight = weight;
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            set_vcpu_weight(d->vcpus[id], weight);
    return 0;
}

/* ---- cap ---- */

static int64_t quota(const struct sched_domain *s)
{
    return (int64_t)__atomic_load_n(&s->cap, __ATOMIC_RELAXED) * SCHED_CAP_PERIOD / 100;
}

/* Those that sleep for it wake; for those that wait for a CPU idle ones may come again.  Who has seen the
 * old budget has put its vCPU to sleep when the queue's lock is free. */
static void wake_capped(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        struct vcpu *v = d->vcpus[id];
        struct run_queue *q;
        bool were_on;

        if (!v)
            continue;
        q = run_queue_lock(v, &were_on);
        if (v->sched.place.in_set)
            sched_offer(q);
        lock_release_irq(&q->lock, were_on);
        vcpu_wake(v, WAIT_CAP);
    }
}

/* Done with the queue's lock held to those that run; is there any? */
static bool each_running(struct domain *d, void (*what)(struct run_queue *q))
{
    bool any = false;

    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        bool were_on;
        struct run_queue *q;

        if (!d->vcpus[id])
            continue;
        q = run_queue_lock(d->vcpus[id], &were_on);
        if (q->current == d->vcpus[id]) {
            what(q);
            any = true;
        }
        lock_release_irq(&q->lock, were_on);
    }
    return any;
}

/* Run time until now. */
static void count_now(struct run_queue *q)
{
    run_queue_count(q, arch_now());
}

/* It looks at its budget from now on. */
static void begin_slice(struct run_queue *q)
{
    softirq_send(q->cpu, SOFTIRQ_SCHEDULE);
}

/* A period begins: what was used too much in the last one is owed, what was left over is lost. */
static void refill(void *domain)
{
    struct domain *d = domain;
    struct sched_domain *s = &d->sched;
    bool running = each_running(d, count_now);
    int64_t full = quota(s), had = __atomic_load_n(&s->budget, __ATOMIC_SEQ_CST), next;

    if (full == 0)
        return;
    do {
        next = had > 0 ? full : had + full;
    } while (!__atomic_compare_exchange_n(&s->budget, &had, next, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    if (running || had < full) /* else it rests: when it runs again a period begins */
        timer_set(&s->refill, s->refill.expires + SCHED_CAP_PERIOD);
    if (next > 0)
        wake_capped(d);
}

/* What was run before is counted first, so that it is not owed. */
int sched_set_cap(struct domain *d, uint32_t cap)
{
    if (cap > CPUS_MAX * 100)
        return -XEN_EINVAL;
    each_running(d, count_now);
    __atomic_store_n(&d->sched.cap, cap, __ATOMIC_SEQ_CST);
    __atomic_store_n(&d->sched.budget, quota(&d->sched), __ATOMIC_SEQ_CST);
    wake_capped(d);
    each_running(d, begin_slice);
    return 0;
}

/* ---- watchdogs ---- */

static void watchdog_over(void *domain)
{
    domain_shutdown(domain, SHUTDOWN_watchdog);
}

int sched_watchdog_create(struct domain *d, uint32_t seconds)
{
    for (unsigned int i = 0; i < SCHED_WATCHDOGS; i++) {
        uint32_t bit = 1u << i;

        if (__atomic_fetch_or(&d->sched.watchdogs_used, bit, __ATOMIC_SEQ_CST) & bit)
            continue;
        timer_set(&d->sched.watchdogs[i], arch_now() + seconds * SECOND);
        return (int)i + 1;
    }
    return -XEN_ENOSPC;
}

int sched_watchdog_set(struct domain *d, uint32_t id, uint32_t seconds)
{
    uint32_t i = id - 1;

    if (i >= SCHED_WATCHDOGS)
        return -XEN_EINVAL;
    if (!(__atomic_load_n(&d->sched.watchdogs_used, __ATOMIC_SEQ_CST) & 1u << i))
        return -XEN_EINVAL;
    if (seconds) {
        timer_set(&d->sched.watchdogs[i], arch_now() + seconds * SECOND);
        return 0;
    }
    timer_disarm(&d->sched.watchdogs[i]);
    __atomic_fetch_and(&d->sched.watchdogs_used, ~(1u << i), __ATOMIC_SEQ_CST);
    return 0;
}

/* ---- life ---- */

void sched_domain_init(struct domain *d)
{
    d->sched = (struct sched_domain){ .weight = SCHED_WEIGHT };
    pool_enter(d);
    timer_init(&d->sched.refill, 0, refill, d);
    for (unsigned int i = 0; i < SCHED_WATCHDOGS; i++)
        timer_init(&d->sched.watchdogs[i], 0, watchdog_over, d);
}

void sched_domain_destroy(struct domain *d)
{
    pool_leave(d);
    timer_stop(&d->sched.refill);
    for (unsigned int i = 0; i < SCHED_WATCHDOGS; i++)
        timer_stop(&d->sched.watchdogs[i]);
}
