/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU pools: sets of CPUs, each for the domains that are in the pool.  Pool 0 is always there, has all
 * CPUs at first and Dom0 for good.  A CPU is in one pool or free; then only its idle vCPU runs there.
 *
 * Invariant, kept by RANK_POOL: each vCPU's hard affinity has a CPU of its domain's pool.  What changes
 * a pool sees to the vCPUs first and takes CPUs away then, so that it holds at every moment, and the
 * scheduler, which looks without that lock, always finds a place.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/types.h"

struct domain;

/* Never freed, but used again: the scheduler looks at a domain's pool without a lock. */
struct pool {
    uint32_t id;
    bool used;
    struct cpu_set cpus;    /* bits change atomically; also of CPUs that are not there */
    struct domain *members; /* by sched.next_in_pool */
    unsigned int count;     /* of them */
    uint32_t least_run;     /* us that a vCPU runs at least before one that wakes interrupts it */
};

#define POOL_ANY  ~0u /* a pool's number, or a CPU */
#define POOLS_MAX 128

/* What is told of a pool. */
struct pool_info {
    uint32_t id;
    unsigned int domains;
    struct cpu_set cpus;
};

/* All: interrupts on, no lock held. */

/* *id POOL_ANY: one above the highest there is, which is put there.  -XEN_EEXIST; -XEN_ENOMEM. */
int pool_create(uint32_t *id);
/* -XEN_ENOENT; -XEN_EBUSY: it has CPUs or domains, or is pool 0. */
int pool_destroy(uint32_t id);
/* Of the pool with this number or the next higher one; -XEN_ENOENT: none. */
int pool_describe(uint32_t id, struct pool_info *out);
/* Those of a set that are there. */
struct cpu_set pool_there(const struct cpu_set *set);
/* CPUs in no pool. */
struct cpu_set pool_free_cpus(void);

/* cpu POOL_ANY: the first free one.  -XEN_ENOENT: no such pool; -XEN_EINVAL: no such CPU; -XEN_ENODEV:
 * not free. */
int pool_add_cpu(uint32_t id, uint32_t cpu);
/*
 * cpu POOL_ANY: the pool's last one.  vCPUs that may run nowhere else in the pool may then run on all of
 * it.  -XEN_ENOENT: no such pool; -XEN_EINVAL: no such CPU, or it is CPU 0; -XEN_EADDRNOTAVAIL: not in
 * the pool; -XEN_EBUSY: the last one of a pool with domains; -XEN_EADDRINUSE: a vCPU is held there by
 * an override.
 */
int pool_remove_cpu(uint32_t id, uint32_t cpu);

/* Move a domain to a pool, where its vCPUs' affinity begins anew.  -XEN_ENOENT: no such pool, or one
 * without CPUs. */
int pool_move(struct domain *d, uint32_t id);

/* A domain begins, in pool 0; and ends: none of its vCPUs runs or will. */
void pool_enter(struct domain *d);
void pool_leave(struct domain *d);

/* XEN_SYSCTL_scheduler_op's limit; -XEN_ESRCH: no such pool. */
int pool_get_least_run(uint32_t id, uint32_t *us);
int pool_set_least_run(uint32_t id, uint32_t us);

/* For core/sched/place.c: no pool changes meanwhile. */
void pool_hold(void);
void pool_release(void);
/* Is there a CPU that runs in a set and in the domain's pool?  Held. */
bool pool_has_any(const struct domain *d, const struct cpu_set *set);

#endif
