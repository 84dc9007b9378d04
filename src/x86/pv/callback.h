/* SPDX-License-Identifier: Apache-2.0 */
/* Where a PV guest's kernel is called: events, failsafe, system calls, NMI (xen/callback.h). */
#ifndef X86_PV_CALLBACK_H
#define X86_PV_CALLBACK_H

#include "x86/guest.h"

/* Call the current vCPU's callback of a type (CALLBACKTYPE_*).  One that is not registered: a system
 * call is #UD or, by SYSENTER, #GP; without a failsafe the domain ends. */
void pv_bounce_callback(struct x86_vcpu *v, unsigned int type);

/* May the guest name this address as one of its code? */
bool pv_code_address_ok(uint64_t address);

#endif
