/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_platform_op (xen/platform.h).  The argument of every row is the whole
 * struct xen_platform_op.  An unknown sub-operation is -ENOSYS.
 */
#ifndef ABI_PLATFORM_H
#define ABI_PLATFORM_H

#include "abi/door.h"

extern const struct door_op platform_ops[];
extern const uint16_t platform_op_count;

/* The hypercall: -EFAULT; -EACCES: another interface_version; then what the row says. */
long platform_op(uint64_t guest, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

#endif
