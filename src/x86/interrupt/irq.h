/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt vectors: which handler a vector runs, on all CPUs alike or per line. */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include "core/types.h"
#include "x86/regs.h"

#define VECTOR_FIRST    0x20 /* 0x00-0x1f are exceptions */
#define VECTOR_DEVICES  0x30 /* device interrupts: these to 0xef, except 0x80 */
#define VECTOR_INT80    0x80 /* int 0x80 of PV guests' 32-bit processes */
#define VECTOR_KICK     0xf0 /* pass the exit path */
#define VECTOR_TLB      0xf1 /* flush request of x86/memory/tlb.c */
#define VECTOR_CALL     0xf2 /* run a function (x86/smp/smp.h) */
#define VECTOR_TIMER    0xf3 /* local APIC timer */
#define VECTOR_ERROR    0xfe
#define VECTOR_SPURIOUS 0xff

/* Called by the entry code for every vector from VECTOR_FIRST on, interrupts off, on the CPU's
 * stack; regs: what was interrupted. */
void irq_dispatch(struct regs *regs);

/* Bind a system vector, at boot. The handler runs interrupts off; the APIC is acknowledged before it. */
void irq_bind_vector(unsigned int vector, void (*handler)(struct regs *regs));

/* How a line or a message is controlled; called with its lock held, interrupts off. */
struct irq_chip {
    void (*mask)(unsigned int irq);
    void (*unmask)(unsigned int irq);
    void (*aim)(unsigned int irq, uint8_t vector, uint32_t apic_id); /* leaves it unmasked */
};

/* Boot CPU, after acpi_init: mask the 8259s, find the IO-APICs, all lines masked. */
void irq_init(void);
/* Give an interrupt its chip and trigger mode (boot, or fresh). */
void irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level);
/* Open an interrupt for Zeroth itself, on this CPU, for good: the handler runs on it, interrupts
 * off, no lock held.  -XEN_EBUSY open, -XEN_ENOSPC no vector free, -XEN_EINVAL no such. */
int irq_open_own(unsigned int irq, void (*handler)(void *argument), void *argument);
/* Vectors: a free device vector of a CPU; 0: none. */
uint8_t irq_vector_alloc(unsigned int cpu, unsigned int irq);

#endif
