/* SPDX-License-Identifier: Apache-2.0 */
/* A machine on the host: RAM is an array, a TLB flush is counted, a panic ends the test. */
#ifndef WORKBENCH_MACHINE_H
#define WORKBENCH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* RAM of so many frames, all of it free in node 0 from frame first on; what was before is gone. */
void workbench_memory(uint64_t first, uint64_t frames);

extern uint64_t workbench_flushes;     /* calls of arch_tlb_flush_stamped */
extern unsigned int workbench_told;    /* lines about guests */
extern unsigned int workbench_preempt; /* n: each n-th preempt_wanted says yes; 0: never */

#endif
