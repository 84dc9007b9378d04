/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler and timers, real, with domains of vCPUs that do nothing but run and sleep, on a machine
 * whose clock the test moves (test/workbench/cpus.h).
 */
#ifndef UNIT_SCHED_WORLD_H
#define UNIT_SCHED_WORLD_H

#include "../workbench/cpus.h"
#include "core/domain.h"
#include "core/vcpu.h"

#include <xen/errno.h>

#define CPUS    4
#define DOMAINS 4
#define VCPUS   4 /* of each */
#define MS      1000000ll

extern struct domain domains[DOMAINS];
extern struct vcpu vcpus[DOMAINS][VCPUS];
extern struct vcpu_info infos[DOMAINS][VCPUS];
extern unsigned int domains_used, vcpus_used;
extern unsigned int switches, idle_halts;
extern void (*disturb)(void); /* other CPUs do this in the middle of switches; NULL: nothing */
extern bool pending;          /* what event_pending says */
extern int poll_result;       /* what event_poll says */
/* Looks by event_poll; those that were to sleep on must be ones while the vCPU waits. */
extern unsigned int polled, polled_waiting;
extern struct domain *shut_down; /* the last of domain_shutdown */
extern unsigned int shutdown_reason;

/* A group's set-up, once. */
int sched_world_start(void **state);
/* So many CPUs, idle; as many domains, of as many vCPUs each, all down. */
void begin(unsigned int cpus, unsigned int how_many_domains, unsigned int vcpus_each);
void run_until(ns_t until);
void run_for(ns_t time);
void wake(struct vcpu *v);
void pin(struct vcpu *v, unsigned int cpu);

#endif
