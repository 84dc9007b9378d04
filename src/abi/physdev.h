/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_physdev_op (xen/physdev.h).  An unknown sub-operation is -ENOSYS. */
#ifndef ABI_PHYSDEV_H
#define ABI_PHYSDEV_H

#include "abi/door.h"

extern const struct door_op physdev_ops[];
extern const uint16_t physdev_op_count;

#endif
