/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a heap per CPU; handlers run in SOFTIRQ_TIMER, interrupts on, no lock held. */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core/types.h"

struct timer {
    void (*handler)(void *argument);
    void *argument;
    ns_t expires;
    uint32_t slot;              /* place in its CPU's heap, 0: not queued */
    uint32_t cpu;
};

void timer_init(struct timer *t, unsigned int cpu, void (*handler)(void *), void *argument);
/* (Re)arm, on the timer's CPU; one in the past comes at once.  Any context. */
void timer_set(struct timer *t, ns_t when);
/* Not running and not queued any more when this returns, unless called by its own handler. */
void timer_stop(struct timer *t);
void timer_move(struct timer *t, unsigned int cpu);
void timers_init(void);                 /* boot, once: binds the softirq */
/* Boot CPU, before a CPU starts (the boot CPU's own too): its heap; -XEN_ENOMEM. */
int timer_cpu_create(unsigned int cpu);

#endif
