/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_SMP_H
#define X86_SMP_H

#include "core/types.h"

/* Boot: set up CPU 0's percpu, GDT, TSS, IDT, stacks with guards; GS works after it. */
void cpu_init_first(void);
/* Boot, after irq_init: binds the vectors of calls and kicks. */
void smp_init(void);
/* Boot: start all CPUs of the MADT, at most max; sets cpu_count.  Each ends in its idle loop. */
void smp_start(unsigned int max);
/* Run fn on all other CPUs, interrupts off there, and wait.  Interrupts on, no irq-safe lock held. */
void smp_call_others(void (*fn)(void *), void *argument);
/* Stop all other CPUs for good (panic, reset); any context. */
void smp_stop_others(void);

#endif
