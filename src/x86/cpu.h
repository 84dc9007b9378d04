/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a CPU work: its struct percpu behind GS, GDT page, TSS, stacks, control registers.
 *
 * Boot CPU, in this order: cpu_init_first, the very first call; features_init; paging_protect;
 * map_init and the memory; cpu_init_stacks.  Other CPUs: x86/smp/smp.h.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "core/types.h"
#include "x86/percpu.h"

#define CPU_STACK_SIZE 16384ul /* every entry from a guest begins at its top */
#define IST_STACK_SIZE 8192ul

/* Stacks of the TSS (AMD APM 2, section 12.2.5), numbered as gates name them. */
enum { IST_NMI = 1, IST_DF, IST_MC, IST_DB, IST_END };

/* CPU 0: struct percpu, GDT, TSS, interrupt table.  Needs no memory and no map but the boot's:
 * locks, cpu_id, console_log and panics work after it. */
void cpu_init_first(void);

/* CPU 0, after map_init, page_alloc and features_init: stacks with guard pages, one each for
 * NMI, #DF, #MC and #DB; control registers and MSRs.  Does not return when there is no memory. */
void cpu_init_stacks(void);

/* Boot CPU: all that another CPU has of its own, as percpu_of[nr]; NULL: no memory. */
struct percpu *cpu_create(unsigned int nr);
/* That CPU, on its stack, first of all: tables, GS, Zeroth's address space, control registers,
 * MSRs. */
void cpu_start(struct percpu *p);

#endif
