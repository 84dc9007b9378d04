/* SPDX-License-Identifier: Apache-2.0 */
/* XSAVE state of a vCPU that does not run, as domctls and the records of hardware domains carry it:
 * XCR0, all components that were ever on, then the area in its standard form. */
#ifndef X86_TOOLSTACK_XSTATE_H
#define X86_TOOLSTACK_XSTATE_H

#include "x86/guest.h"

struct xstate_head {
    uint64_t xcr0, ever;
};

/* Bytes with a set of components, the head's included. */
uint32_t xstate_size(const struct x86_vcpu *v, uint64_t components);
struct xstate_head xstate_head(const struct x86_vcpu *v);
/* The area of components, into as many bytes as xstate_size says without the head. */
void xstate_save(const struct x86_vcpu *v, uint64_t components, void *to);
/* Would XRSTOR take it?  size: of head and area.  -XEN_EINVAL; -XEN_EOPNOTSUPP: it is compact; -XEN_EIO:
 * what is reserved is not 0. */
long xstate_check(const struct x86_vcpu *v, const struct xstate_head *head, const void *area,
                  uint64_t size);
/* It has been checked. */
void xstate_load(struct x86_vcpu *v, const struct xstate_head *head, const void *area,
                 uint64_t size);

#endif
