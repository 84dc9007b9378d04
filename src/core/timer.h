/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: an ordered set per CPU, through the timers themselves, so that arming never fails.
 * Handlers run in SOFTIRQ_TIMER on the timer's CPU, interrupts on, no lock held.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core/types.h"
#include "lib/ordered.h"

struct timer {
    void (*handler)(void *argument); /* may arm, stop or move its timer, but not free it */
    void *argument;
    ns_t expires;         /* valid while armed */
    struct ordered place; /* in its CPU's set */
    uint32_t cpu;         /* changed by timer_move only */
    uint32_t running;     /* CPU + 1 while its handler runs there */
};

void timer_init(struct timer *t, unsigned int cpu, void (*handler)(void *), void *argument);
/* (Re)arm, on the timer's CPU; one in the past comes at once.  Any context. */
void timer_set(struct timer *t, ns_t when);
/* The same, on this CPU from now on: nobody needs to be interrupted for it. */
void timer_set_here(struct timer *t, ns_t when);
/* Not armed any more; a handler that runs on another CPU is not waited for.  Was it armed?  Any
 * context. */
bool timer_disarm(struct timer *t);
/* Not running and not armed any more when this returns, unless called by its own handler.
 * Interrupts on, and no lock held that the handler takes. */
void timer_stop(struct timer *t);
/* To another CPU, armed as it was.  Any context. */
void timer_move(struct timer *t, unsigned int cpu);

static inline bool timer_is_armed(const struct timer *t)
{
    return __atomic_load_n(&t->place.in_set, __ATOMIC_RELAXED);
}

void timers_init(void); /* boot, once: binds the softirq */
/* Boot CPU, before a CPU starts (the boot CPU's own too): its set of timers.  Always 0. */
int timer_cpu_create(unsigned int cpu);

#endif
