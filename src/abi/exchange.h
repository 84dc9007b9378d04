/* SPDX-License-Identifier: Apache-2.0 */
/* XENMEM_exchange (xen/memory.h): a PV guest trades frames for others, contiguous or low ones. */
#ifndef ABI_EXCHANGE_H
#define ABI_EXCHANGE_H

#include "abi/door.h"

/* Row of memory_ops.  -EINVAL: counts or orders do not fit, an input frame is not the guest's own
 * and unused; -EPERM; -EFAULT; -ENOMEM; nr_exchanged says how far it came. */
long memory_exchange(struct vcpu *v, void *arg, uint64_t extra);

/* Largest order of an extent that the vCPU's domain may ask for. */
unsigned int exchange_max_order(const struct vcpu *v);

#endif
