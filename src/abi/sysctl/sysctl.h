/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_sysctl (xen/sysctl.h): the machine as the toolstack sees and steers it.
 *
 * Each version of the interface is decoded at the door into the layout of 0x15 and encoded back
 * (codecs in sysctl.c); nothing beyond knows which toolstack called, but for the stride of lists
 * (sysctl_domain_size).
 */
#ifndef ABI_SYSCTL_H
#define ABI_SYSCTL_H

#include "abi/door.h"

extern const struct door_op sysctl_ops[];
extern const uint16_t sysctl_op_count;

/*
 * -EFAULT: the struct cannot be reached; -EACCES: an interface version that is not spoken; -EPERM: not
 * privileged; -ENOSYS: no such operation; then as the row says.
 */
hypercall_fn sysctl;

#endif
