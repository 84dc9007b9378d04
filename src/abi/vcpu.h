/* SPDX-License-Identifier: Apache-2.0 */
/* vcpu_op (xen/vcpu.h): operations of a domain on its own vCPUs, as Xen 4.17 answers them
 * (measured). */
#ifndef ABI_VCPU_H
#define ABI_VCPU_H

#include "abi/door.h"

extern const struct door_op vcpu_ops[];
extern const uint16_t vcpu_op_count;

/* Arguments: operation, vCPU, its struct.  -XEN_ENOENT: no such vCPU, whatever the operation. */
hypercall_fn vcpu_op;

#endif
