/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware domain's TSC, at a rate that may be another than the machine's: the CPU scales it (AMD APM 2,
 * section 15.30.5), or else reads of it come out.
 */
#ifndef X86_HVM_TSC_H
#define X86_HVM_TSC_H

#include "x86/hvm/guest.h"
#include "x86/time.h"

/* Let it count so many kHz (0: as the machine's), its offsets from the machine's as they are; exits: reads
 * come out in any case.  None of its vCPUs runs; those that are made later follow.  False: no such rate. */
bool hvm_tsc_set_rate(struct domain *d, uint32_t khz, bool exits);
static inline uint32_t hvm_tsc_khz(const struct x86_domain *d)
{
    return d->hvm->tsc_rate ? d->tsc_khz : (uint32_t)time_tsc_khz();
}
/* A new vCPU counts as its domain does. */
void hvm_tsc_follow(struct x86_vcpu *v);

#endif
