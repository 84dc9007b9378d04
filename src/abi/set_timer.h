/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ABI_SET_TIMER_H
#define ABI_SET_TIMER_H

#include "abi/door.h"

/* set_timer_op (xen/xen.h): VIRQ_TIMER of the calling vCPU at a system time; 0: not at all.  It
 * is the timer of VCPUOP_set_singleshot_timer. */
hypercall_fn set_timer_op;

#endif
