/* SPDX-License-Identifier: Apache-2.0 */
/* Flushing translations on this and other CPUs. */
#ifndef X86_TLB_H
#define X86_TLB_H

#include "core/types.h"

/* Boot, after irq_init: binds the vector. */
void tlb_init(void);

/* This CPU: all that is not global; one address. */
void tlb_flush_local(void);
static inline void tlb_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* A set of CPUs, waiting until they have done so; address 0: everything.  Interrupts on, or only
 * this CPU in the set.  No irq-safe lock held. */
void tlb_flush_cpus(const struct cpu_set *cpus, uint64_t address);

#endif
