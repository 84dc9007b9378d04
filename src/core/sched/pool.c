/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sched/pool.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/sched/run_queue.h"
#include "core/vcpu.h"

#include <xen/errno.h>

#define LEAST_RUN 1000u /* us, at first */
#define ALL_CPUS \
    { \
        { \
            ~0ul, ~0ul, ~0ul, ~0ul \
        } \
    }

static struct lock lock = LOCK(RANK_POOL); /* guards: all of this but bits of cpus, which it
                                                 * guards against changes only */
static struct pool pools[POOLS_MAX] = {
    { .used = true, .cpus = ALL_CPUS, .least_run = LEAST_RUN },
};

_Static_assert(CPUS_MAX == 256, "ALL_CPUS has as many");

void pool_hold(void)
{
    lock_take(&lock);
}

void pool_release(void)
{
    lock_release(&lock);
}

/* ---- finding ---- */

static struct pool *find(uint32_t id)
{
    for (unsigned int i = 0; i < POOLS_MAX; i++)
        if (pools[i].used && pools[i].id == id)
            return &pools[i];
    return NULL;
}

/* The one with the least number from id on; NULL: none. */
static struct pool *find_from(uint32_t id)
{
    struct pool *best = NULL;

    for (unsigned int i = 0; i < POOLS_MAX; i++)
        if (pools[i].used && pools[i].id >= id && (!best || pools[i].id < best->id))
            best = &pools[i];
    return best;
}

static uint32_t highest_id(void)
{
    uint32_t highest = 0;

    for (unsigned int i = 0; i < POOLS_MAX; i++)
        if (pools[i].used && pools[i].id > highest)
            highest = pools[i].id;
    return highest;
}

struct cpu_set pool_there(const struct cpu_set *set)
{
    struct cpu_set out = { { 0 } };

    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        if (cpu_set_has(set, cpu))
            cpu_set_add(&out, cpu);
    return out;
}

static bool both_have(const struct cpu_set *a, const struct cpu_set *b, unsigned int not )
{
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        if (cpu != not &&cpu_set_has(a, cpu) && cpu_set_has(b, cpu))
            return true;
    return false;
}

bool pool_has_any(const struct domain *d, const struct cpu_set *set)
{
    ASSERT(lock_held(&lock));
    return both_have(set, &d->sched.pool->cpus, POOL_ANY);
}

static bool has_cpus(const struct pool *p)
{
    return both_have(&p->cpus, &p->cpus, POOL_ANY);
}

/* ---- birth and death ---- */

int pool_create(uint32_t *id)
{
    struct pool *p = NULL;
    int rc = 0;

    lock_take(&lock);
    for (unsigned int i = 0; i < POOLS_MAX && !p; i++)
        if (!pools[i].used)
            p = &pools[i];
    if (*id != POOL_ANY && find(*id))
        rc = -XEN_EEXIST;
    else if (!p || (*id == POOL_ANY && highest_id() == POOL_ANY - 1))
        rc = -XEN_ENOMEM;
    if (rc == 0) {
        if (*id == POOL_ANY)
            *id = highest_id() + 1;
        *p = (struct pool){ .id = *id, .used = true, .least_run = LEAST_RUN };
    }
    lock_release(&lock);
    return rc;
}

int pool_destroy(uint32_t id)
{
    struct pool *p;
    int rc = 0;

    lock_take(&lock);
    p = find(id);
    if (!p)
        rc = -XEN_ENOENT;
    else if (p == &pools[0] || p->count || has_cpus(p))
        rc = -XEN_EBUSY;
    else
        p->used = false;
    lock_release(&lock);
    return rc;
}

int pool_describe(uint32_t id, struct pool_info *out)
{
    struct pool *p;

    lock_take(&lock);
    p = find_from(id);
    if (p)
        *out = (struct pool_info){ p->id, p->count, pool_there(&p->cpus) };
    lock_release(&lock);
    return p ? 0 : -XEN_ENOENT;
}

/* ---- CPUs ---- */

static bool is_free(unsigned int cpu)
{
    for (unsigned int i = 0; i < POOLS_MAX; i++)
        if (pools[i].used && cpu_set_has(&pools[i].cpus, cpu))
            return false;
    return true;
}

struct cpu_set pool_free_cpus(void)
{
    struct cpu_set out = { { 0 } };

    lock_take(&lock);
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        if (is_free(cpu))
            cpu_set_add(&out, cpu);
    lock_release(&lock);
    return out;
}

/* Call for each vCPU of the pool's domains. */
static void for_each_vcpu(struct pool *p, void (*fn)(struct vcpu *v, unsigned int cpu),
                          unsigned int cpu)
{
    for (struct domain *d = p->members; d; d = d->sched.next_in_pool)
        for (unsigned int id = 0; id < d->max_vcpus; id++)
            if (d->vcpus[id])
                fn(d->vcpus[id], cpu);
}

static void follow(struct vcpu *v, unsigned int cpu)
{
    (void)cpu;
    sched_follow_affinity(v);
}

int pool_add_cpu(uint32_t id, uint32_t cpu)
{
    struct pool *p;
    int rc = 0;

    lock_take(&lock);
    p = find(id);
    for (unsigned int i = 0; cpu == POOL_ANY && i < cpu_count; i++)
        if (is_free(i))
            cpu = i;
    if (!p)
        rc = -XEN_ENOENT;
    else if (cpu != POOL_ANY && cpu >= cpu_count)
        rc = -XEN_EINVAL;
    else if (cpu == POOL_ANY || !is_free(cpu))
        rc = -XEN_ENODEV;
    if (rc == 0) {
        cpu_set_add(&p->cpus, cpu);
        for_each_vcpu(p, follow, cpu); /* those that wait may run there */
    }
    lock_release(&lock);
    return rc;
}

/* Is a vCPU held on the CPU? */
static bool is_held(const struct pool *p, unsigned int cpu)
{
    for (struct domain *d = p->members; d; d = d->sched.next_in_pool)
        for (unsigned int id = 0; id < d->max_vcpus; id++)
            if (d->vcpus[id] && d->vcpus[id]->sched.pin_override == (int)cpu)
                return true;
    return false;
}

static int check_remove(const struct pool *p, uint32_t cpu)
{
    if (!p)
        return -XEN_ENOENT;
    if (cpu >= cpu_count || (cpu == 0 && cpu_set_has(&p->cpus, cpu)))
        return -XEN_EINVAL;
    if (!cpu_set_has(&p->cpus, cpu))
        return -XEN_EADDRNOTAVAIL;
    if (p->count && !both_have(&p->cpus, &p->cpus, cpu))
        return -XEN_EBUSY;
    return is_held(p, cpu) ? -XEN_EADDRINUSE : 0;
}

/* One that may run nowhere in the pool but on the CPU may run anywhere. */
static void free_of(struct vcpu *v, unsigned int cpu)
{
    static const struct cpu_set all = ALL_CPUS;

    if (!both_have(&v->sched.hard, &v->domain->sched.pool->cpus, cpu))
        sched_set_hard(v, &all);
}

int pool_remove_cpu(uint32_t id, uint32_t cpu)
{
    struct pool *p;
    int rc;

    lock_take(&lock);
    p = find(id);
    for (unsigned int i = 0; p && cpu == POOL_ANY && i < cpu_count; i++)
        if (cpu_set_has(&p->cpus, cpu_count - 1 - i))
            cpu = cpu_count - 1 - i;
    rc = check_remove(p, cpu);
    if (rc == 0) {
        for_each_vcpu(p, free_of, cpu);
        cpu_set_remove(&p->cpus, cpu);
        for_each_vcpu(p, follow, cpu);
    }
    lock_release(&lock);
    return rc;
}

/* ---- domains ---- */

static void join(struct pool *p, struct domain *d)
{
    d->sched.next_in_pool = p->members;
    p->members = d;
    p->count++;
    __atomic_store_n(&d->sched.pool, p, __ATOMIC_RELAXED);
}

static void part(struct pool *p, const struct domain *d)
{
    struct domain **at = &p->members;

    while (*at != d)
        at = &(*at)->sched.next_in_pool;
    *at = d->sched.next_in_pool;
    p->count--;
}

void pool_enter(struct domain *d)
{
    lock_take(&lock);
    join(&pools[0], d);
    lock_release(&lock);
}

void pool_leave(struct domain *d)
{
    lock_take(&lock);
    part(d->sched.pool, d);
    lock_release(&lock);
}

int pool_move(struct domain *d, uint32_t id)
{
    static const struct cpu_set all = ALL_CPUS;
    struct pool *p;
    int rc = 0;

    lock_take(&lock);
    p = find(id);
    if (!p || !has_cpus(p))
        rc = -XEN_ENOENT;
    if (rc == 0 && p != d->sched.pool) {
        for (unsigned int i = 0; i < d->max_vcpus; i++)
            if (d->vcpus[i])
                sched_set_hard(d->vcpus[i], &all);
        part(d->sched.pool, d);
        join(p, d);
        for (unsigned int i = 0; i < d->max_vcpus; i++)
            if (d->vcpus[i])
                sched_follow_affinity(d->vcpus[i]);
    }
    lock_release(&lock);
    return rc;
}

/* ---- parameters ---- */

int pool_get_least_run(uint32_t id, uint32_t *us)
{
    struct pool *p;

    lock_take(&lock);
    p = find(id);
    if (p)
        *us = p->least_run;
    lock_release(&lock);
    return p ? 0 : -XEN_ESRCH;
}

int pool_set_least_run(uint32_t id, uint32_t us)
{
    struct pool *p;

    lock_take(&lock);
    p = find(id);
    if (p)
        p->least_run = us;
    lock_release(&lock);
    return p ? 0 : -XEN_ESRCH;
}
