/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_sched_op and the old HYPERVISOR_sched_op_compat (xen/sched.h). */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include "abi/door.h"

extern const struct door_op sched_ops[];
extern const uint16_t sched_op_count;
/* extra: the reason of a shutdown. */
extern const struct door_op sched_compat_ops[];
extern const uint16_t sched_compat_op_count;

#endif
