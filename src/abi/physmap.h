/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of HYPERVISOR_memory_op about the frame numbers of translated domains (xen/memory.h). */
#ifndef ABI_PHYSMAP_H
#define ABI_PHYSMAP_H

#include "abi/door.h"

long physmap_add(struct vcpu *v, void *arg, uint64_t command);
long physmap_add_batch(struct vcpu *v, void *arg, uint64_t command);
long physmap_remove(struct vcpu *v, void *arg, uint64_t command);

#endif
