/* SPDX-License-Identifier: Apache-2.0 */
/* Which vCPU runs where.  One scheduler: fair by weight, caps and affinity; idle vCPUs halt. */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/types.h"

struct domain;
struct vcpu;

/* In struct vcpu; fields are core/sched*.c's. */
struct sched_vcpu {
    ns_t vruntime;              /* weighted run time; least is chosen next */
    ns_t started;               /* when it was put on its CPU */
    uint32_t slot;              /* place in the run queue, 0: not queued */
    bool running;               /* on a CPU now */
    struct cpu_set hard, soft;  /* affinity */
    int pin_override;           /* SCHEDOP_pin_override: CPU, or -1 */
};

void sched_init(void);                          /* boot, once: binds softirqs */
/* Boot CPU, before a CPU starts (the boot CPU's own too): its run queue and idle vCPU; -XEN_ENOMEM. */
int sched_cpu_create(unsigned int cpu);
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);

/* Why a vCPU does not run; bits of vcpu.waits.  It runs when none is set. */
enum {
    WAIT_DOWN = 1,              /* VCPUOP_down, or not yet up */
    WAIT_BLOCKED = 2,           /* SCHEDOP_block, until an event */
    WAIT_POLL = 4,              /* SCHEDOP_poll */
    WAIT_PAUSED = 8,            /* vcpu.pause_count */
    WAIT_DOMAIN = 16,           /* domain.pause_count, or shut down */
};

/* Set or clear reasons; any context.  vcpu_sleep of another CPU's vCPU waits until it is off it
 * only with vcpu_sleep_sync (interrupts on, no lock). */
void vcpu_sleep(struct vcpu *v, uint32_t why);
void vcpu_sleep_sync(struct vcpu *v, uint32_t why);
void vcpu_wake(struct vcpu *v, uint32_t why);
/* An event is pending for it: unblock, and pass its exit path if it runs elsewhere.  Any context. */
void vcpu_kick(struct vcpu *v);

void sched_yield(struct vcpu *v);
int sched_set_affinity(struct vcpu *v, const struct cpu_set *hard);
int sched_pin_override(struct vcpu *v, int cpu);
uint64_t sched_runtime(const struct vcpu *v);   /* ns spent running, until now */

/* The exit path's idle turn: called on the idle vCPU when no softirq waits, interrupts off. */
void sched_idle(void);

#endif
