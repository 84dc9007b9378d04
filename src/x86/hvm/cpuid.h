/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_HVM_CPUID_H
#define X86_HVM_CPUID_H

#include "x86/guest.h"

struct cpuid_policy;

/* The most that a hardware guest can have on this CPU; and that as a new domain's policy, which
 * cpuid_policy_destroy ends: -XEN_ENOMEM. */
void hvm_policy_of_cpu(struct cpuid_policy *p);
int hvm_policy_create(struct x86_domain *d);

#endif
