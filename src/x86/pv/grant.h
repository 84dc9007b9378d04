/* SPDX-License-Identifier: Apache-2.0 */
/* Grants in a PV domain's page tables: what core/grant asks of the kind (core/domain.h). */
#ifndef X86_PV_GRANT_H
#define X86_PV_GRANT_H

#include "x86/guest.h"

int pv_grant_map(struct vcpu *v, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn);
int pv_grant_unmap(struct vcpu *v, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn);
struct frame *pv_frame_get(struct domain *d, gfn_t gfn);
void pv_flush(struct domain *d);

#endif
