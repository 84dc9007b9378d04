/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_hvm_op (xen/hvm/hvm_op.h, xen/hvm/params.h). */
#ifndef X86_HVM_OP_H
#define X86_HVM_OP_H

#include "abi/door.h"

/* Rows; extra is the guest's address of the struct. */
extern const struct door_op hvm_ops[];
#define HVM_OP_COUNT 9

hypercall_fn hvm_op;

#endif
