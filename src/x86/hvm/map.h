/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware domain's map as memory operations change it (struct guest_map of core/domain.h). */
#ifndef X86_HVM_MAP_H
#define X86_HVM_MAP_H

#include "core/domain.h"

extern const struct guest_map hvm_map;

/*
 * Let a number be a device's frame, or nothing again.  The domain's own frame that it was goes; what it is
 * already stays.  -XEN_EPERM: another device's, what is granted to the domain, or mfn is RAM; -XEN_ENOENT: no
 * such number; -XEN_ENOMEM: the pool is used up; hvm_unmap_device, -XEN_EINVAL: no device's.  The domain's
 * lock held: it is not dying.  (XEN_DOMCTL_memory_mapping of public/domctl.h, measured on Xen 4.17, which ends
 * the domain where this says -XEN_EPERM.)
 */
int hvm_map_device(struct domain *d, gfn_t gfn, mfn_t mfn);
int hvm_unmap_device(struct domain *d, gfn_t gfn);

#endif
