/* SPDX-License-Identifier: Apache-2.0 */
/* Domains that have event channels and little else, and what must be true of them at any time. */
#ifndef WORKBENCH_EVENT_WORLD_H
#define WORKBENCH_EVENT_WORLD_H

#include "core/event/port.h"

#define DOMAINS 3
#define VCPUS   3
#define PIRQS   8  /* of them, the last two have nothing behind them */
#define FRAMES  64 /* of guest memory, each */

extern struct domain *world[DOMAINS];       /* id is the index; the first is privileged */
extern mfn_t world_frames[DOMAINS][FRAMES]; /* owned, zero at first */
extern unsigned int world_kicks[DOMAINS][VCPUS], world_wakes[DOMAINS][VCPUS];
extern port_t world_pirqs[DOMAINS][PIRQS]; /* bound to that port */
extern unsigned int world_moves;           /* calls of pirq_move */
extern unsigned int world_fail;            /* n: the n-th allocation from now fails; 0: none */
extern unsigned int world_slowness;        /* microseconds that a kick or a wake takes */
extern unsigned int world_references;      /* of domains that are held */

/* All domains, without a port open.  The end checks that nothing is left over. */
int world_begin(void **state);
int world_end(void **state);
/* One domain anew, or closed and freed. */
void world_create(domid_t id);
void world_destroy(domid_t id);

/* The hypercall by a vCPU; called again as long as it wants to be. */
long call_vcpu(struct vcpu *v, unsigned int op, void *arg);
long call(domid_t id, unsigned int op, void *arg);

/* Fails when a channel is half bound, a count is wrong, a queue's tail is another's. */
void world_check(void);

#endif
