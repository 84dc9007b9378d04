/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_HVM_CPUID_H
#define X86_HVM_CPUID_H

#include "x86/guest.h"

struct cpuid_policy;

/* What a hardware guest is told of at first; the most that it may be told of; and the first as a new
 * domain's policy, which cpuid_policy_destroy ends: -XEN_ENOMEM. */
void hvm_policy_of_cpu(struct cpuid_policy *p);
void hvm_policy_most(struct cpuid_policy *p);
int hvm_policy_create(struct x86_domain *d);

#endif
