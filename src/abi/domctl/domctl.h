/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_domctl (xen/domctl.h): domains as the toolstack makes, watches and ends them.
 *
 * Each version of the interface is decoded at the door into the layout of 0x15 and encoded back
 * (codecs in domctl.c); nothing beyond knows which toolstack called, but for what a version says
 * otherwise in words (op->interface_version).
 */
#ifndef ABI_DOMCTL_H
#define ABI_DOMCTL_H

#include "abi/door.h"

#include <xen/domctl.h>

struct domain;

extern const struct door_op domctl_ops[];
extern const uint16_t domctl_op_count;

/*
 * -EFAULT: the struct cannot be reached; -EACCES: an interface version that is not spoken; -EPERM:
 * not privileged; -ESRCH: no such domain; -ENOSYS: no such operation; then as the row says.
 */
hypercall_fn domctl;

/* What XEN_DOMCTL_getdomaininfo and XEN_SYSCTL_getdomaininfolist tell of a domain, held. */
void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* A bitmap of the toolstack's to and from numbers below bits, a multiple of 64; what it has not is
 * 0.  -EINVAL: no bitmap; -EFAULT. */
int domctl_bitmap_get(const struct xenctl_bitmap *from, uint64_t *to, unsigned int bits);
int domctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *from, unsigned int bits);

#endif
