/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs on the workbench, in one thread: the test says which one it is, and a clock that it
 * moves.  Each has its own softirqs, current vCPU, interrupt flag and timer.
 */
#ifndef WORKBENCH_CPUS_H
#define WORKBENCH_CPUS_H

#include "core/types.h"

#define WORKBENCH_CPUS 8

extern ns_t workbench_now;
extern ns_t workbench_programmed[WORKBENCH_CPUS];    /* NS_MAX: off */
extern unsigned int workbench_programs;              /* how often a timer was programmed */
extern unsigned int workbench_kicks[WORKBENCH_CPUS]; /* arch_kick and arch_softirq_send */

/* So many CPUs, all as they are at boot; this is CPU 0, and it is time 1 s. */
void workbench_cpus(unsigned int count);
/* From now on this is another CPU. */
void workbench_be(unsigned int cpu);
uint32_t workbench_softirqs_of(unsigned int cpu);
/* A CPU's timer comes if it is time, then its softirqs run as on the way out to a guest. */
void workbench_turn(unsigned int cpu);
/* A turn of each CPU until none has anything left to do. */
void workbench_settle(void);
/* The clock moves on to the next timer of any CPU, or to until. */
void workbench_pass_until(ns_t until);

#endif
