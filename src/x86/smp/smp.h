/* SPDX-License-Identifier: Apache-2.0 */
/* Other CPUs: started, called, kicked, stopped. */
#ifndef X86_SMP_H
#define X86_SMP_H

#include "core/types.h"

/* Boot, after acpi_init, irq_init and apic_init: the boot CPU's identifiers, the vectors of
 * calls and kicks.  (irq_init comes before apic_init: the 8259s are quiet before their line is
 * masked, or QEMU delivers an interrupt that nobody asks for.) */
void smp_init(void);
extern bool smp_ready; /* smp_init is done: kicks can be sent */

/*
 * Boot, after time_calibrate and when the boot CPU's idle vCPU is the current one: start all CPUs
 * of the MADT, at most max with the boot CPU's (0: all); sets cpu_count as they come.  One that
 * does not come is reported and left out.  Each ends in its idle loop.  From then on flushes of
 * other CPUs' TLBs want interrupts on.
 */
void smp_start(unsigned int max);

/* Run fn on all other CPUs, interrupts off there, and wait.  Interrupts on, no irq-safe lock
 * held. */
void smp_call_others(void (*fn)(void *), void *argument);

/* Stop all other CPUs for good, by NMI (panic, reset); any context.  When another CPU is at it,
 * this one stops here. */
void smp_stop_others(void);
/* Is a CPU stopping all others?  Then the NMI handler of those calls smp_stop_here. */
bool smp_is_stopping(void);
_Noreturn void smp_stop_here(void);

#endif
