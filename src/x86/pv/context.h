/* SPDX-License-Identifier: Apache-2.0 */
/* What of a PV vCPU is in the CPU while it is the current one. */
#ifndef X86_PV_CONTEXT_H
#define X86_PV_CONTEXT_H

#include "x86/way.h"

extern const struct vcpu_way pv_way;

/* The current vCPU's kernel gets control, which its user code had, or the other way round: address space
 * and GS base follow.  A mode without page tables ends the domain. */
void pv_enter_kernel(struct x86_vcpu *v);
void pv_enter_user(struct x86_vcpu *v);

/* GS base of the current vCPU's running mode; Zeroth keeps it where SWAPGS exchanges it. */
uint64_t pv_gs_base(void);
void pv_set_gs_base(uint64_t base);
uint64_t pv_fs_base(void);
void pv_set_fs_base(uint64_t base);

#endif
