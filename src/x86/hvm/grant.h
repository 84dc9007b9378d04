/* SPDX-License-Identifier: Apache-2.0 */
/* Grants in a hardware domain's map: what core/grant asks of the kind (core/domain.h). */
#ifndef X86_HVM_GRANT_H
#define X86_HVM_GRANT_H

#include "x86/guest.h"

int hvm_grant_map(struct vcpu *v, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn);
int hvm_grant_unmap(struct vcpu *v, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn);

#endif
