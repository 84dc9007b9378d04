/* SPDX-License-Identifier: Apache-2.0 */
/* Model-specific registers as a PV guest's kernel reads and writes them, as Xen 4.17's Dom0. */
#ifndef X86_PV_MSR_H
#define X86_PV_MSR_H

#include "x86/guest.h"

/* Of the current vCPU, in kernel mode.  False: #GP is due.  Interrupts on, no lock held. */
bool pv_msr_read(struct x86_vcpu *v, uint32_t msr, uint64_t *value);
bool pv_msr_write(struct x86_vcpu *v, uint32_t msr, uint64_t value);

/* At context switch, interrupts off: TSC_AUX and CPUID faulting as the vCPU has them. */
void pv_msr_load(const struct x86_vcpu *v);

/* Each CPU at boot. */
void pv_msr_init_cpu(void);

#endif
