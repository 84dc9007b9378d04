/* SPDX-License-Identifier: Apache-2.0 */
/* Work that a CPU does on its way out to a guest, interrupts on, no lock held. */
#ifndef CORE_SOFTIRQ_H
#define CORE_SOFTIRQ_H

#include <stdbool.h>

enum softirq {
    SOFTIRQ_TIMER,    /* timers whose time has come */
    SOFTIRQ_SCHEDULE, /* choose the next vCPU */
    SOFTIRQ_TIME,     /* publish the clock to vCPUs again */
    SOFTIRQ_CONSOLE,  /* console text to its devices, keys, VIRQ_CON_RING */
    SOFTIRQ_DOMAIN,   /* free domains that nobody refers to any more */
    SOFTIRQ_COUNT,
};

/* Bind a handler, at boot. */
void softirq_bind(enum softirq nr, void (*handler)(void));
/* Raise on this CPU; any context. */
void softirq_raise(enum softirq nr);
/* Raise on a CPU, this one too; any context. */
void softirq_send(unsigned int cpu, enum softirq nr);
/* Run all that wait on this CPU; interrupts on. */
void softirq_run(void);

/*
 * Long operations ask this after each bounded step: something else waits for this CPU (a softirq or
 * a deliverable event).  They then save their progress and return -ERESTART (abi/door.h).
 */
bool preempt_wanted(void);

#endif
