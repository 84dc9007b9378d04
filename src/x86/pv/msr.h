/* SPDX-License-Identifier: Apache-2.0 */
/* Model-specific registers as a PV guest's kernel reads and writes them, as Xen 4.17's Dom0. */
#ifndef X86_PV_MSR_H
#define X86_PV_MSR_H

#include "x86/guest.h"

/* MSR_MCG_CAP: two banks that never have anything to say; Intel's with interrupts for corrected errors
 * and recovery. */
#define MCG_CAP_AMD   0x2ul
#define MCG_CAP_INTEL 0x1000c02ul

/* Of the current vCPU, in kernel mode.  False: #GP is due.  Interrupts on, no lock held. */
bool pv_msr_read(struct x86_vcpu *v, uint32_t msr, uint64_t *value);
bool pv_msr_write(struct x86_vcpu *v, uint32_t msr, uint64_t value);

/* At context switch, interrupts off: TSC_AUX and CPUID faulting as the vCPU has them. */
void pv_msr_load(const struct x86_vcpu *v);

/* Each CPU at boot. */
void pv_msr_init_cpu(void);

#endif
