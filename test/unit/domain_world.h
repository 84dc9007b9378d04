/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains, vCPUs, scheduler, timers and events, all real, of a kind of guest that does nothing, on
 * a machine of two CPUs whose clock the test moves (test/workbench/cpus.h).
 */
#ifndef UNIT_DOMAIN_WORLD_H
#define UNIT_DOMAIN_WORLD_H

#include "../workbench/cpus.h"
#include "abi/door.h"
#include "core/domain.h"
#include "core/vcpu.h"

#define CPUS      2
#define TSC_SHIFT 1 /* ticks << 1, times 2^31 / 2^32: a tick is a nanosecond */
#define TSC_MUL   0x80000000u
#define TSC_START 1000000u /* at system time 0 */

extern unsigned int world_fail;         /* n: the n-th allocation from now on fails; 0: none does */
extern unsigned int world_objects;      /* of the heap, in use */
extern unsigned int world_restarts;     /* so often the kind's functions want to be called again */
extern unsigned int world_reports;      /* calls of the kind's report */
extern int world_context;               /* what vcpu_set_context says */
extern unsigned int world_relinquished; /* calls of domain_relinquish that were done */
extern bool world_stable;               /* what arch_tsc_stable says */
extern uint64_t world_out_of_reach;     /* a guest address that no copy reaches; 0: none */
extern void (*world_copied)(uint64_t guest, size_t size); /* after each copy to a guest */
extern unsigned int world_notes;                          /* lines on the console */

/* How the machine ended: the tests jump out of it. */
enum { WORLD_RUNS, WORLD_OFF, WORLD_RESET, WORLD_HALTED };
/* Do something that may end the machine; how. */
int world_end_of(void (*what)(void *), void *argument);

/* The machine, and Dom0 with so many vCPUs, initialised and up, unpaused. */
int world_begin(void **state);
int world_finish(void **state);
#define DOM0_VCPUS 2
#define MOST_VCPUS 40 /* of domains that the tests create; beyond those of shared_info */

extern const struct guest_kind world_kind;
/* A domain with vCPUs 0 to vcpus - 1, initialised and up, paused. */
struct domain *world_create(domid_t id, unsigned int vcpus);
/* Its end, all calls of it, and the reference that the test has. */
void world_destroy(struct domain *d);
/* A frame for a domain, filled with zeros. */
mfn_t world_frame(struct domain *d);

/* A vCPU runs on a CPU now, as the scheduler has it: the domain's only one that may. */
void world_run(struct vcpu *v);
/* Time passes; all CPUs do what there is to do. */
void world_pass(ns_t time);
/* A hypercall by v, called again as long as it wants to be. */
long world_call(struct vcpu *v, unsigned int nr, uint64_t a0, uint64_t a1, const void *a2);
/* VIRQ of a vCPU: a port bound to it; is it pending?  Then it is so no more. */
port_t world_bind(struct vcpu *v, unsigned int virq);
bool world_take(struct vcpu *v, port_t port);

#endif
