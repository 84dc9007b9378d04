/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls of a PV vCPU's processor: traps, segments, callbacks, debug registers (xen/xen.h,
 * xen/arch-x86/xen.h).  All concern the calling vCPU.  Errors are -XEN_E*.
 */
#ifndef X86_PV_CALLS_H
#define X86_PV_CALLS_H

#include "abi/door.h"

hypercall_fn pv_set_trap_table, pv_set_gdt, pv_stack_switch, pv_set_callbacks, pv_fpu_taskswitch,
    pv_set_debugreg, pv_get_debugreg, pv_update_descriptor, pv_iret, pv_set_segment_base,
    pv_callback_op, pv_nmi_op;

/* The tables behind pv_callback_op and pv_nmi_op, for door_calls' rows of sub-operations. */
extern const struct door_op callback_ops[], nmi_ops[];
#define CALLBACK_OP_COUNT 2
#define NMI_OP_COUNT      2

#endif
