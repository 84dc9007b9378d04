/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests see of time: pvclock (struct vcpu_time_info), wall clock, runstate.
 *
 * A guest computes system time from the TSC and a pair of both that Zeroth publishes.  The scale
 * never changes, so that a pair stays good; a new one (an epoch) is taken each second all the same,
 * as Xen does, where TSCs may differ from CPU to CPU or change their rate, and all vCPUs get it
 * when they next run.  Where TSCs are the same everywhere there is one epoch for good, and guests
 * are told that they may compare readings of different vCPUs (XEN_PVCLOCK_TSC_STABLE_BIT): these
 * then agree to the nanosecond.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include "core/types.h"

#include <xen/vcpu.h>

struct domain;
struct vcpu;

/* Boot, once, when the clock runs and after timer_cpu_create for this CPU: the first epoch, the
 * wall clock, SOFTIRQ_TIME. */
void time_init(void);

/* Current vCPU, interrupts on, no lock, when it is put on a CPU: its clock, if that is old, and a
 * periodic tick that came due while it slept. */
void time_publish(struct vcpu *v);
/* Its vcpu_info lies elsewhere now: its clock there, at once.  v is the current vCPU or does not
 * run. */
void time_info_moved(struct vcpu *v);
/* VCPUOP_register_vcpu_time_memory_area, register_runstate_memory_area: a guest address, 0: none.
 * The area is filled through the current vCPU's page tables, whoever v is; one that cannot be
 * reached is registered all the same. */
void time_set_area(struct vcpu *v, uint64_t area);
void runstate_set_area(struct vcpu *v, uint64_t area, bool narrow);

/* Write the wall clock into shared_info, if there is one (any more). */
void time_publish_wallclock(struct domain *d);
/* shared_info goes: d->shared is NULL from now on. */
void time_forget(struct domain *d);
/* XENPF_settime: wall clock at a system time.  No lock. */
void time_set_wallclock(uint64_t seconds, uint32_t ns, ns_t system_time);
void time_get_wallclock(uint64_t *seconds, uint32_t *ns); /* now; any context */

/* Account a vCPU's change of state (RUNSTATE_*); by the scheduler, the run queue's lock of v
 * held. */
void runstate_change(struct vcpu *v, int state, ns_t now);
/* Until now; any context.  The times' sum is what passed since the vCPU's creation. */
void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out);
/* Copy to its area.  Current vCPU, interrupts on, no lock. */
void runstate_publish(struct vcpu *v);

#endif
