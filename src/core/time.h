/* SPDX-License-Identifier: Apache-2.0 */
/* What guests see of time: pvclock (struct vcpu_time_info), wall clock, runstate. */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include "core/types.h"

#include <xen/vcpu.h>

struct domain;
struct vcpu;

void time_init(void);
/* Write the clock into vcpu_info (and its registered area); when it is put on a CPU, and on change. */
void time_publish(struct vcpu *v);
/* Write the wall clock into shared_info. */
void time_publish_wallclock(struct domain *d);
/* XENPF_settime: wall clock at a system time. */
void time_set_wallclock(uint64_t seconds, uint32_t ns, ns_t system_time);
void time_get_wallclock(uint64_t *seconds, uint32_t *ns);       /* now */
/* Account a vCPU's change of state (RUNSTATE_*) and copy to its area when it is the current one. */
void runstate_change(struct vcpu *v, int state, ns_t now);
void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
void runstate_publish(struct vcpu *v);

#endif
