/* SPDX-License-Identifier: Apache-2.0 */
/* One CPU's run queue; for core/sched*.c only.  All functions but those marked: its lock held. */
#ifndef CORE_RUN_QUEUE_H
#define CORE_RUN_QUEUE_H

#include "core/lock.h"
#include "core/vcpu.h"

struct run_queue {
    struct lock lock; /* RANK_SCHED; guards: all of this, and waits, cpu and sched of the
                                 * vCPUs whose cpu it is */
    unsigned int cpu;
    uint32_t load; /* weights of current and those that wait; others read it */
    struct vcpu *current, *idle;
    struct ordered_set waiting; /* by vruntime; none of them is current */
    uint64_t min;               /* least vruntime here, never going back */
    ns_t began;                 /* when current was put on */
    ns_t slice_end;             /* current is then compared with those that wait; NS_MAX: never */
    ns_t spread;                /* when one was last sent to another CPU for equal shares */
    struct timer slice;         /* at slice_end or before */
    bool yielded;               /* current wants another one to run */
    bool started;               /* the CPU runs */
} __attribute__((aligned(64)));

extern struct run_queue run_queues[CPUS_MAX];

/* vcpu.waits, which others may change now. */
static inline uint32_t vcpu_waits(const struct vcpu *v)
{
    return __atomic_load_n(&v->waits, __ATOMIC_RELAXED);
}

static inline struct vcpu *waiting_vcpu(struct ordered *o)
{
    return o ? container_of(o, struct vcpu, sched.place) : NULL;
}

static inline struct vcpu *waiting_first(const struct run_queue *q)
{
    return waiting_vcpu(q->waiting.first);
}

/* Lock and return the queue of a vCPU's CPU.  Not held. */
struct run_queue *run_queue_lock(const struct vcpu *v, bool *were_on);

/* Add up current's run time until now. */
void run_queue_count(struct run_queue *q, ns_t now);
/* A vCPU that can run waits here; one that slept gets at most a little credit for that. */
void run_queue_add(struct run_queue *q, struct vcpu *v, ns_t now);
void run_queue_remove(struct run_queue *q, struct vcpu *v);
/* Make one of those that wait, or idle, current; the one that was is no part of the queue any
 * more. */
void run_queue_put_on(struct run_queue *q, struct vcpu *v, ns_t now);
/* One that neither waits nor is current now belongs to another CPU; the last touch of it under
 * this lock. */
void run_queue_give(struct run_queue *q, struct vcpu *v, unsigned int to);
/* Should one that came to wait run at once instead of current? */
bool run_queue_beats(const struct run_queue *q, const struct vcpu *v, ns_t now);
/* Set slice_end and its timer; anew: current begins a slice. */
void run_queue_set_slice(struct run_queue *q, ns_t now, bool anew);

/* ---- core/sched/place.c: which CPU; no queue's lock held, except where it is said ---- */

/* CPU for a vCPU that neither runs nor waits: an idle one if there is.  Its queue's lock held or
 * not. */
unsigned int sched_choose_cpu(const struct vcpu *v);
/* Queue a vCPU that can run and is nowhere, on a CPU where it may run.  Nothing if it cannot or
 * is.  Interrupts off. */
void sched_place(struct vcpu *v);
/* v has come to wait in q: see that it runs soon, here or by being taken by another CPU.  Lock
 * of q held. */
void sched_tell(struct run_queue *q, struct vcpu *v, ns_t now);
/* Idle CPUs come to take those that wait in q.  Lock of q held. */
void sched_offer(const struct run_queue *q);
/* Before this CPU chooses: if it has nothing to do, take a vCPU that waits for another CPU.
 * True: it looked and there is none.  Interrupts off. */
bool sched_steal(struct run_queue *q);
/* After a switch: prev is off this CPU; another one may take it now.  Interrupts off. */
void sched_settle(struct run_queue *q, struct vcpu *prev);
/* This CPU has more to do than others: send one of those that wait away, in turn.  Interrupts
 * off. */
void sched_spread(struct run_queue *q, ns_t now);
/* Is the CPU idle?  Nobody else says so of it. */
void sched_set_idle(unsigned int cpu, bool idle);
/* For core/sched/pool.c, which sees to it that there is a CPU for it: its hard affinity, at once; and: where it
 * may run has changed, so that it leaves where it may not any more. */
void sched_set_hard(struct vcpu *v, const struct cpu_set *hard);
void sched_follow_affinity(struct vcpu *v);
/* May it run there? */
bool sched_may_run(const struct vcpu *v, unsigned int cpu);
/* May current run on here?  For this CPU; its queue's lock held, or as a hint. */
bool sched_can_go_on(const struct run_queue *q);

/* Tell runstate what a vCPU of the queue does now. */
void run_queue_note_state(const struct run_queue *q, struct vcpu *v, ns_t now);

/* Is its domain over its cap? */
bool sched_over_cap(const struct vcpu *v);
/* A period of a capped domain begins, unless one has: at its end there is new budget. */
void sched_begin_period(struct domain *d, ns_t now);

#endif
