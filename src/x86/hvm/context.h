/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hardware domain and its vCPUs are, as the records of xen/hvm/save.h: written down, and made so
 * again.  The domain is paused, none of its vCPUs runs.
 */
#ifndef X86_HVM_CONTEXT_H
#define X86_HVM_CONTEXT_H

#include "x86/guest.h"

/* Bytes that hvm_context_save writes at most. */
size_t hvm_context_room(const struct domain *d);
/* All records, the end's included; the bytes written.  A vCPU that is down has no CPU record. */
size_t hvm_context_save(struct domain *d, void *to);
/* One record without its head, into room for hvm_context_room; -XEN_ENOENT: there is none of this type
 * or for this vCPU. */
long hvm_context_save_one(struct domain *d, unsigned int type, unsigned int instance, void *to);

/*
 * Records that hvm_context_save has written, here or elsewhere, or that the toolstack has made: of
 * those that are there all must be right, then each becomes the vCPU's state; one with a CPU record is
 * up.  -XEN_EINVAL: one is not whole, or no vCPU's, or says what cannot be; -XEN_EOPNOTSUPP: it is of
 * a device that hardware domains have not; then nothing has changed.
 */
int hvm_context_load(struct domain *d, const void *from, size_t size);

#endif
