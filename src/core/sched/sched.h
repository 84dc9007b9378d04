/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vCPU runs where.  One scheduler: fair by weight, with caps and affinity; idle vCPUs halt.
 * Each CPU has a run queue, ordered by weighted run time; its lock guards also what is kept in the
 * vCPUs whose vcpu.cpu it is.  vCPUs wake on idle CPUs; CPUs without work take some from others.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/timer.h"
#include "core/types.h"
#include "lib/ordered.h"

struct domain;
struct pool;
struct vcpu;

/* In struct vcpu; fields are core/sched*.c's. */
struct sched_vcpu {
    uint64_t vruntime;         /* ns of run time at weight SCHED_WEIGHT; least is chosen next */
    uint32_t weight;           /* its domain's, as counted in the load of the queue */
    ns_t total;                /* run time, until counted */
    ns_t counted;              /* when run time was last added up, while it runs */
    ns_t moved;                /* when it last changed CPUs to spread the load */
    struct ordered place;      /* in its CPU's run queue */
    bool running;              /* its registers are on the CPU */
    struct cpu_set hard, soft; /* affinity: where it may run, where it had better run */
    int pin_override;          /* SCHEDOP_pin_override: CPU, or -1 */
};

#define SCHED_WEIGHT     256 /* of a domain, unless set */
#define SCHED_WEIGHT_MAX 65535
#define SCHED_CAP_PERIOD 10000000ll /* ns in which a domain may use its cap */
#define SCHED_WATCHDOGS  2          /* of a domain */

/* In struct domain. */
struct sched_domain {
    uint32_t weight;     /* 1 to SCHED_WEIGHT_MAX, of each vCPU */
    uint32_t cap;        /* per cent of one CPU for all vCPUs together; 0: none */
    int64_t budget;      /* ns that it may still run in this period, if capped; atomic */
    struct timer refill; /* begins the next period */
    struct pool *pool;   /* whose CPUs it may use (core/sched/pool.h) */
    struct domain *next_in_pool;
    uint32_t watchdogs_used; /* bits; atomic */
    struct timer watchdogs[SCHED_WATCHDOGS];
};

/* Boot, once: binds softirqs. */
void sched_init(void);
/* Boot CPU, before a CPU starts (the boot CPU's own too), after timer_cpu_create: its run queue and
 * idle vCPU; -XEN_ENOMEM. */
int sched_cpu_create(unsigned int cpu);
/* In domain_create, before any vCPU: in pool 0.  In domain_destroy, when none runs or will, before they
 * are freed.  No lock held. */
void sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);
/* In vcpu_create: sets cpu, waits (WAIT_DOWN, and WAIT_DOMAIN when the domain is paused or shut
 * down), and the timer poll.  The runstate begins as RUNSTATE_offline. */
void sched_vcpu_init(struct vcpu *v);
/* It must be asleep (vcpu_sleep_sync) for good. */
void sched_vcpu_destroy(struct vcpu *v);

/* Why a vCPU does not run; bits of vcpu.waits.  It runs when none is set. */
enum {
    WAIT_DOWN = 1,    /* VCPUOP_down, or not yet up */
    WAIT_BLOCKED = 2, /* SCHEDOP_block, until an event */
    WAIT_POLL = 4,    /* SCHEDOP_poll */
    WAIT_PAUSED = 8,  /* vcpu.pause_count */
    WAIT_DOMAIN = 16, /* domain.pause_count, or shut down */
    WAIT_CAP = 32,    /* the scheduler's own: the domain has used up its cap */
};

/*
 * Set or clear reasons; any context, no lock from RANK_SCHED on held.  vcpu_sleep does not wait until
 * a vCPU is off another CPU; vcpu_sleep_sync does, with interrupts on and no lock held, unless it is
 * the current one.  Two vCPUs that could each call it for the other would wait forever: only for a
 * vCPU of another domain, or of one's own that has been taken down.
 */
void vcpu_sleep(struct vcpu *v, uint32_t why);
void vcpu_sleep_sync(struct vcpu *v, uint32_t why);
void vcpu_wake(struct vcpu *v, uint32_t why);
/* An event is pending for it: unblock (a poll ends too), and pass its exit path if it runs
 * elsewhere. Any context. */
void vcpu_kick(struct vcpu *v);

/* SCHEDOP_block, or a halt: the current vCPU sleeps unless an event is pending. */
void sched_block(struct vcpu *v);
/* SCHEDOP_poll, first half: the current vCPU sleeps until vcpu_wake(v, WAIT_POLL), vcpu_kick or
 * a time (0: none); poll_port is port (0: none, ~0: several) until then.  Then the caller calls
 * event_poll for each port. */
void sched_poll(struct vcpu *v, port_t port, ns_t timeout);
void vcpu_yield(struct vcpu *v);

/* Hard: -XEN_EINVAL no CPU that runs, of the domain's pool, is in it; -XEN_EBUSY a pin override is in
 * force.  It leaves a CPU that is not in it soon after.  No lock held. */
int sched_set_affinity(struct vcpu *v, const struct cpu_set *hard);
int sched_set_soft_affinity(struct vcpu *v, const struct cpu_set *soft);
/* cpu -1 ends it.  -XEN_EINVAL: no such CPU in the pool, or none to end; -XEN_EBUSY: there is one. */
int sched_pin_override(struct vcpu *v, int cpu);
/* -XEN_EINVAL: out of range.  One caller at a time. */
int sched_set_weight(struct domain *d, uint32_t weight);
int sched_set_cap(struct domain *d, uint32_t cap);
/* SCHEDOP_watchdog: the domain shuts down when so many seconds have passed.  The id, from 1;
 * -XEN_ENOSPC: all are used. */
int sched_watchdog_create(struct domain *d, uint32_t seconds);
/* Begin anew, or end it when 0.  -XEN_EINVAL: no such one is used. */
int sched_watchdog_set(struct domain *d, uint32_t id, uint32_t seconds);

uint64_t sched_runtime(const struct vcpu *v); /* ns spent running, until now */

/* The exit path's idle turn: called on the idle vCPU, interrupts off; returns with them on or
 * off. */
void sched_idle(void);

#endif
