/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state of a PV vCPU as tools and guests name it: struct vcpu_guest_context. */
#ifndef X86_PV_STATE_H
#define X86_PV_STATE_H

#include "x86/guest.h"

/* A new vCPU's registers, before it has memory of its own. */
void pv_state_init(struct x86_vcpu *v);

/* core/domain.h: vcpu_set_context, vcpu_get_context, vcpu_reset of the kind. */
int pv_state_set(struct vcpu *v, const void *context);
void pv_state_get(struct vcpu *v, void *context);
int pv_state_reset(struct vcpu *v);

#endif
