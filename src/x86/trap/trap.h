/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in by the interrupt table (trap_entry.S) and what of them concerns Zeroth itself.  Read
 * by C and assembly.  From a PV guest they go to pv_trap (x86/pv/entry.h) or irq_dispatch
 * (x86/interrupt/irq.h) and out by exit_to_guest.
 */
#ifndef X86_TRAP_H
#define X86_TRAP_H

/* AMD APM 2, section 8.2. */
#define TRAP_DB    1
#define TRAP_NMI   2
#define TRAP_BP    3
#define TRAP_OF    4
#define TRAP_DF    8
#define TRAP_PF    14
#define TRAP_MC    18
#define TRAP_COUNT 32   /* vectors the CPU keeps for exceptions */
#define TRAP_INT80 0x80 /* the ABI's guests may use it: not an interrupt's */

#define TRAP_STUB_SIZE 16 /* from one vector's first instruction to the next one's */

/* Above the frame of a stack of the TSS's table stands the CPU's struct percpu. */
#define IST_TOP_SIZE 16

#ifndef __ASSEMBLER__
#include "x86/regs.h"

/* Fill the interrupt table, which all CPUs share; boot CPU, once.  Stacks of the TSS: x86/cpu.h. */
void trap_init(void);
/* Each CPU: load it. */
void trap_load(void);

/* The exception's short name, such as "#PF", or "?" for a vector that has none. */
const char *trap_name(uint64_t vector);

/* Called by trap_entry.S, interrupts off: an exception in Zeroth, which goes on at regs->rip. */
void trap_inside(struct regs *regs);
/* The same on a stack of the TSS's, from anywhere but #DB from a guest; GS is Zeroth's. */
void trap_on_ist(struct regs *regs);
#endif

#endif
