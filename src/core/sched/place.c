/* SPDX-License-Identifier: Apache-2.0 */
/* On which CPU a vCPU runs: affinity, waking on idle CPUs, taking work, spreading it. */
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"

#include <xen/errno.h>

#define WORDS     ARRAY_SIZE(((struct cpu_set *)NULL)->bits)
#define LOOKED_AT 16 /* vCPUs of a queue that are looked at, for bounded time */

static struct cpu_set idle_cpus; /* they run their idle vCPU, and were not told of work since */

/* CPUs of its domain's pool, which may change at any time. */
static const struct cpu_set *pool_cpus(const struct vcpu *v)
{
    return &__atomic_load_n(&v->domain->sched.pool, __ATOMIC_RELAXED)->cpus;
}

/* Where it may run. */
static struct cpu_set allowed_cpus(const struct vcpu *v)
{
    struct cpu_set set = { { 0 } };

    if (v->sched.pin_override >= 0) {
        cpu_set_add(&set, (unsigned int)v->sched.pin_override);
        return set;
    }
    for (unsigned int i = 0; i < WORDS; i++)
        set.bits[i] = v->sched.hard.bits[i] &
                      __atomic_load_n(&pool_cpus(v)->bits[i], __ATOMIC_RELAXED);
    return set;
}

bool sched_may_run(const struct vcpu *v, unsigned int cpu)
{
    if (v->sched.pin_override >= 0)
        return (unsigned int)v->sched.pin_override == cpu;
    return cpu_set_has(&v->sched.hard, cpu) && cpu_set_has(pool_cpus(v), cpu);
}

bool sched_can_go_on(const struct run_queue *q)
{
    const struct vcpu *v = q->current;

    return !v->is_idle && !vcpu_waits(v) && sched_may_run(v, q->cpu) && !sched_over_cap(v);
}

void sched_set_idle(unsigned int cpu, bool idle)
{
    if (cpu_set_has(&idle_cpus, cpu) == idle)
        return;
    if (idle)
        cpu_set_add(&idle_cpus, cpu);
    else
        cpu_set_remove(&idle_cpus, cpu);
}

/* An idle CPU of two sets; -1: none. */
static int find_idle(const struct cpu_set *a, const struct cpu_set *b)
{
    for (unsigned int i = 0; i < WORDS; i++) {
        uint64_t idle = __atomic_load_n(&idle_cpus.bits[i], __ATOMIC_RELAXED);
        uint64_t bits = idle & a->bits[i] & b->bits[i];

        if (bits)
            return (int)(i * 64) + __builtin_ctzl(bits);
    }
    return -1;
}

static bool any_idle(void)
{
    uint64_t any = 0;

    for (unsigned int i = 0; i < WORDS; i++)
        any |= __atomic_load_n(&idle_cpus.bits[i], __ATOMIC_RELAXED);
    return any;
}

static int find_idle_for(const struct vcpu *v)
{
    struct cpu_set allowed;
    int cpu;

    if (!any_idle())
        return -1;
    allowed = allowed_cpus(v);
    cpu = find_idle(&allowed, &v->sched.soft);
    return cpu >= 0 ? cpu : find_idle(&allowed, &allowed);
}

static unsigned int least_loaded(const struct vcpu *v)
{
    uint64_t least = UINT64_MAX;
    unsigned int best = v->cpu;

    /* From the next one on, so that of equals not always the same is chosen. */
    for (unsigned int i = 1; i <= cpu_count; i++) {
        unsigned int cpu = (v->cpu + i) % cpu_count;
        uint64_t load = __atomic_load_n(&run_queues[cpu].load, __ATOMIC_RELAXED);

        /* Soft affinity comes before load. */
        load += cpu_set_has(&v->sched.soft, cpu) ? 0 : 1ull << 32;
        if (sched_may_run(v, cpu) && load < least) {
            least = load;
            best = cpu;
        }
    }
    return best;
}

unsigned int sched_choose_cpu(const struct vcpu *v)
{
    bool may_stay = sched_may_run(v, v->cpu);
    int idle;

    if (may_stay && cpu_set_has(&idle_cpus, v->cpu) && cpu_set_has(&v->sched.soft, v->cpu))
        return v->cpu;
    idle = find_idle_for(v);
    if (idle >= 0)
        return (unsigned int)idle;
    return may_stay ? v->cpu : least_loaded(v);
}

/* An idle CPU where it may run, if there is one, comes to take a vCPU. */
static void nudge(const struct vcpu *v)
{
    int cpu = find_idle_for(v);

    if (cpu < 0)
        return;
    sched_set_idle((unsigned int)cpu, false);
    softirq_send((unsigned int)cpu, SOFTIRQ_SCHEDULE);
}

void sched_offer(const struct run_queue *q)
{
    struct ordered *o = NULL;

    ASSERT(lock_held(&q->lock));
    for (unsigned int i = 0; i < LOOKED_AT && (o = ordered_next(&q->waiting, o)) != NULL; i++) {
        if (!any_idle())
            return;
        nudge(waiting_vcpu(o));
    }
}

void sched_tell(struct run_queue *q, struct vcpu *v, ns_t now)
{
    ASSERT(lock_held(&q->lock));
    run_queue_count(q, now);
    if (run_queue_beats(q, v, now)) {
        sched_set_idle(q->cpu, false);
        softirq_send(q->cpu, SOFTIRQ_SCHEDULE);
    } else {
        run_queue_set_slice(q, now, false);
        nudge(v);
    }
}

void sched_place(struct vcpu *v)
{
    for (;;) {
        bool were_on;
        struct run_queue *q = run_queue_lock(v, &were_on);
        ns_t now = arch_now();

        if (v->waits || v->sched.running || v->sched.place.in_set) {
            lock_release_irq(&q->lock, were_on);
            return;
        }
        if (sched_may_run(v, v->cpu)) {
            run_queue_add(q, v, now);
            run_queue_note_state(q, v, now);
            sched_tell(q, v, now);
            lock_release_irq(&q->lock, were_on);
            return;
        }
        run_queue_give(q, v, sched_choose_cpu(v));
        lock_release_irq(&q->lock, were_on);
    }
}

/* One that waits in q and may run on a CPU, taken out and given to it. */
static struct vcpu *take_for(struct run_queue *q, unsigned int cpu)
{
    struct ordered *o = NULL;

    for (unsigned int i = 0; i < LOOKED_AT && (o = ordered_next(&q->waiting, o)) != NULL; i++) {
        struct vcpu *v = waiting_vcpu(o);

        if (v->sched.running || !sched_may_run(v, cpu) || sched_over_cap(v))
            continue;
        run_queue_remove(q, v);
        run_queue_give(q, v, cpu);
        return v;
    }
    return NULL;
}

/* What waits for a CPU that is idle but for it runs there at once: that is left to it. */
static bool has_too_much(const struct run_queue *q)
{
    return __atomic_load_n(&q->waiting.count, __ATOMIC_RELAXED) >
           (q->current->is_idle || vcpu_waits(q->current) ? 1 : 0);
}

bool sched_steal(struct run_queue *mine)
{
    struct vcpu *v = NULL;

    if (__atomic_load_n(&mine->waiting.count, __ATOMIC_RELAXED) || sched_can_go_on(mine))
        return false;
    for (unsigned int i = 1; i < cpu_count && !v; i++) {
        struct run_queue *q = &run_queues[(mine->cpu + i) % cpu_count];

        if (!__atomic_load_n(&q->waiting.count, __ATOMIC_RELAXED))
            continue;
        lock_take(&q->lock);
        if (has_too_much(q))
            v = take_for(q, mine->cpu);
        lock_release(&q->lock);
    }
    if (v)
        sched_place(v);
    return !v;
}

void sched_settle(struct run_queue *q, struct vcpu *prev)
{
    bool homeless;

    lock_take(&q->lock);
    ASSERT(prev->sched.running && q->current != prev);
    /* Release: whoever sees it may free its page tables or run it elsewhere. */
    __atomic_store_n(&prev->sched.running, false, __ATOMIC_RELEASE);
    if (prev->sched.place.in_set && (!sched_may_run(prev, q->cpu) || find_idle_for(prev) >= 0))
        run_queue_remove(q, prev);
    homeless = !prev->is_idle && !prev->waits && !prev->sched.place.in_set;
    if (homeless)
        run_queue_give(q, prev, sched_choose_cpu(prev));
    lock_release(&q->lock);
    if (homeless)
        sched_place(prev);
}

/* Where it would find so much less to do that the two CPUs are no less equal after it; or q's. */
static unsigned int better_cpu(const struct run_queue *q, const struct vcpu *v)
{
    unsigned int to = least_loaded(v);
    uint64_t load = __atomic_load_n(&run_queues[to].load, __ATOMIC_RELAXED);

    return load + v->sched.weight <= q->load ? to : q->cpu;
}

static bool goes_before(const struct run_queue *q, const struct vcpu *v, const struct vcpu *chosen)
{
    return (!chosen || v->sched.moved < chosen->sched.moved) && better_cpu(q, v) != q->cpu;
}

/* The one to send away: of those here that have a better place, the one that was sent longest
 * ago, so that all have the quiet places in turn; NULL: none. */
static struct vcpu *next_in_turn(const struct run_queue *q)
{
    struct vcpu *chosen = NULL;
    struct ordered *o = NULL;

    for (unsigned int i = 0; i < LOOKED_AT && (o = ordered_next(&q->waiting, o)) != NULL; i++)
        if (goes_before(q, waiting_vcpu(o), chosen))
            chosen = waiting_vcpu(o);
    if (!q->current->is_idle && goes_before(q, q->current, chosen))
        chosen = q->current;
    return chosen;
}

void sched_spread(struct run_queue *q, ns_t now)
{
    struct vcpu *v;
    unsigned int to;

    lock_take(&q->lock);
    v = next_in_turn(q);
    if (!v || v->sched.running) {
        /* One that runs is sent when its slice is over. */
        if (!v)
            q->spread = now;
        lock_release(&q->lock);
        return;
    }
    to = better_cpu(q, v);
    v->sched.moved = now;
    run_queue_remove(q, v);
    run_queue_give(q, v, to);
    q->spread = now;
    /* Who was alone there is not sent away at once. */
    __atomic_store_n(&run_queues[to].spread, now, __ATOMIC_RELAXED);
    lock_release(&q->lock);
    sched_place(v);
}

/* Off a CPU where it may not run any more, at once when it waits, else by the switch there; or to an
 * idle one. */
void sched_follow_affinity(struct vcpu *v)
{
    bool were_on, homeless = false;
    struct run_queue *q = run_queue_lock(v, &were_on);

    if (sched_may_run(v, v->cpu)) {
        if (v->sched.place.in_set)
            nudge(v);
    } else if (q->current == v) {
        softirq_send(q->cpu, SOFTIRQ_SCHEDULE);
    } else if (v->sched.place.in_set && !v->sched.running) {
        run_queue_remove(q, v);
        run_queue_give(q, v, sched_choose_cpu(v));
        homeless = true;
    }
    lock_release(&q->lock);
    if (homeless)
        sched_place(v);
    irq_restore(were_on);
}

void sched_set_hard(struct vcpu *v, const struct cpu_set *hard)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);

    v->sched.hard = *hard;
    lock_release_irq(&q->lock, were_on);
}

static void set_override(struct vcpu *v, int cpu)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);

    v->sched.pin_override = cpu;
    lock_release_irq(&q->lock, were_on);
    sched_follow_affinity(v);
}

int sched_set_affinity(struct vcpu *v, const struct cpu_set *hard)
{
    int rc = 0;

    pool_hold();
    if (!pool_has_any(v->domain, hard))
        rc = -XEN_EINVAL;
    else if (v->sched.pin_override >= 0)
        rc = -XEN_EBUSY;
    if (rc == 0) {
        sched_set_hard(v, hard);
        sched_follow_affinity(v);
    }
    pool_release();
    return rc;
}

int sched_set_soft_affinity(struct vcpu *v, const struct cpu_set *soft)
{
    bool were_on;
    struct run_queue *q = run_queue_lock(v, &were_on);

    v->sched.soft = *soft;
    lock_release_irq(&q->lock, were_on);
    return 0;
}

static int check_override(const struct vcpu *v, int cpu)
{
    if (cpu < 0)
        return v->sched.pin_override < 0 ? -XEN_EINVAL : 0;
    if (cpu >= (int)cpu_count || !cpu_set_has(pool_cpus(v), (unsigned int)cpu))
        return -XEN_EINVAL;
    return v->sched.pin_override >= 0 ? -XEN_EBUSY : 0;
}

int sched_pin_override(struct vcpu *v, int cpu)
{
    int rc;

    pool_hold();
    rc = check_override(v, cpu);
    if (rc == 0)
        set_override(v, cpu < 0 ? -1 : cpu);
    pool_release();
    return rc;
}
