/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware vCPU's state in the structs of the ABI that name vCPUs one by one. */
#ifndef X86_HVM_VCPU_CONTEXT_H
#define X86_HVM_VCPU_CONTEXT_H

#include "x86/guest.h"

/* VCPUOP_initialise with a struct vcpu_hvm_context; v does not run.  -XEN_EINVAL: no such mode, or a
 * state that no CPU can be in; then nothing has changed. */
int hvm_vcpu_start(struct vcpu *v, const void *context);
/* XEN_DOMCTL_setvcpucontext with a struct vcpu_guest_context: of it the general registers, the FPU and
 * the addresses of breakpoints; what else a hardware vCPU is comes by its records.  v does not run.  0. */
int hvm_vcpu_set(struct vcpu *v, const void *context);
/* XEN_DOMCTL_getvcpucontext, a struct vcpu_guest_context; v does not run. */
void hvm_vcpu_get(struct vcpu *v, void *context);

#endif
