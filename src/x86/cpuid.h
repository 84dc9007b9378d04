/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID tells a domain: a policy made once, at its creation, and a few bits that change. */
#ifndef X86_CPUID_H
#define X86_CPUID_H

#include "x86/guest.h"

#define CPUID_BASIC_LEAVES    0x18u     /* 0 to 0x17 */
#define CPUID_EXTENDED_LEAVES 0x22u     /* 0x80000000 to 0x80000021 */
#define CPUID_CACHE_SUBS      8u        /* leaf 4 */
#define CPUID_TOPOLOGY_SUBS   3u        /* leaf 0xb */
#define CPUID_XSAVE_SUBS      64u       /* leaf 0xd */

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX, CPUID_REGISTERS };
typedef uint32_t cpuid_leaf[CPUID_REGISTERS];

/* struct x86_domain.cpuid points to one.  Leaves beyond the first word of a group are zero. */
struct cpuid_policy {
    cpuid_leaf basic[CPUID_BASIC_LEAVES];
    cpuid_leaf cache[CPUID_CACHE_SUBS], topology[CPUID_TOPOLOGY_SUBS], xsave[CPUID_XSAVE_SUBS];
    cpuid_leaf extended[CPUID_EXTENDED_LEAVES];
    uint64_t xcr0_mask;                 /* XSAVE components that the domain may switch on */
};

/* The policy of a PV domain, from what this CPU has; d->hardware: the machine's caches and topology
 * too.  It replaces an earlier one.  -XEN_ENOMEM. */
int cpuid_policy_create(struct x86_domain *d);
void cpuid_policy_destroy(struct x86_domain *d);

/* A leaf as the current vCPU sees it; what does not exist is zero. */
void cpuid_read(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, cpuid_leaf out);

static inline const struct cpuid_policy *cpuid_policy(const struct x86_vcpu *v)
{
    return x86_domain(v->core.domain)->cpuid;
}

#endif
