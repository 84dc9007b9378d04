/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypercalls of x86's kinds of guest: their part of abi/table.c, which includes this by the include
 * path, so that the workbench on the host puts its own in its place.
 */
#ifndef MACHINE_CALLS_H
#define MACHINE_CALLS_H

#include "x86/hvm/op.h"
#include "x86/pv/calls.h"
#include "x86/pv/mmu.h"

static const uint16_t callback_op_count = CALLBACK_OP_COUNT, nmi_op_count = NMI_OP_COUNT,
                      hvm_op_count = HVM_OP_COUNT;

#define MACHINE_CALLS(CALL, OPS, NONE, FREE) \
    CALL(set_trap_table, KIND_PV, pv_set_trap_table) \
    CALL(mmu_update, KIND_PV, pv_mmu_update) \
    CALL(set_gdt, KIND_PV, pv_set_gdt) \
    CALL(stack_switch, KIND_PV, pv_stack_switch) \
    CALL(set_callbacks, KIND_PV, pv_set_callbacks) \
    CALL(fpu_taskswitch, KIND_PV, pv_fpu_taskswitch) \
    CALL(set_debugreg, KIND_PV, pv_set_debugreg) \
    CALL(get_debugreg, KIND_PV, pv_get_debugreg) \
    CALL(update_descriptor, KIND_PV, pv_update_descriptor) \
    CALL(update_va_mapping, KIND_PV, pv_update_va_mapping) \
    CALL(update_va_mapping_otherdomain, KIND_PV, pv_update_va_mapping_otherdomain) \
    CALL(iret, KIND_PV, pv_iret) \
    CALL(set_segment_base, KIND_PV, pv_set_segment_base) \
    CALL(mmuext_op, KIND_PV, pv_mmuext_op) \
    OPS(nmi_op, KIND_PV, nmi_ops, nmi_op_count, -XEN_ENOSYS, pv_nmi_op) \
    OPS(hvm_op, KIND_ALL, hvm_ops, hvm_op_count, -XEN_ENOSYS, hvm_op) \
    OPS(callback_op, KIND_PV, callback_ops, callback_op_count, -XEN_ENOSYS, pv_callback_op)

#endif
