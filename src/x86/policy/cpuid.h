/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID tells a domain: a policy made once, at its creation, and a few bits that change. */
#ifndef X86_CPUID_H
#define X86_CPUID_H

#include "x86/guest.h"

#define CPUID_BASIC_LEAVES    0x18u /* 0 to 0x17 */
#define CPUID_EXTENDED_LEAVES 0x22u /* 0x80000000 to 0x80000021 */
#define CPUID_CACHE_SUBS      8u    /* leaf 4 */
#define CPUID_FEATURE_SUBS    3u    /* leaf 7 */
#define CPUID_XSAVE_SUBS      64u   /* leaf 0xd */

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX, CPUID_REGISTERS };
typedef uint32_t cpuid_leaf[CPUID_REGISTERS];

/* struct x86_domain.cpuid points to one.  basic has nothing of leaves that stand by themselves. */
struct cpuid_policy {
    cpuid_leaf basic[CPUID_BASIC_LEAVES];
    cpuid_leaf cache[CPUID_CACHE_SUBS], features[CPUID_FEATURE_SUBS], xsave[CPUID_XSAVE_SUBS];
    cpuid_leaf extended[CPUID_EXTENDED_LEAVES];
    uint64_t xcr0_mask;         /* XSAVE components that the domain may switch on */
    uint64_t arch_capabilities; /* MSR_ARCH_CAPABILITIES, for Intel's CPUs */
};

/* The policy of a PV domain, from what this CPU has, with the machine's caches and topology, as user code
 * reads those by itself; d->hardware: what drives the machine needs, too.  It replaces an earlier one.  -XEN_ENOMEM. */
int cpuid_policy_create(struct x86_domain *d);
void cpuid_policy_destroy(struct x86_domain *d);

/* The policy's making, from any CPU's answers. */
typedef void cpuid_source(uint32_t leaf, uint32_t sub, uint32_t out[4]);
void cpuid_policy_make(struct cpuid_policy *p, cpuid_source *host, bool hardware);

/* The same from this CPU's. */
void cpuid_policy_of_cpu(struct cpuid_policy *p, bool hardware);
/* The most that such a domain may be told of, and the toolstack ask for. */
void cpuid_policy_most(struct cpuid_policy *p, bool hardware);
/* What this CPU says, as far as there is room for it; and of its features those that Xen's ABI names. */
void cpuid_policy_raw(struct cpuid_policy *p);
void cpuid_policy_host(struct cpuid_policy *p);

/* The place of a leaf in a policy; NULL: it has none. */
uint32_t *cpuid_leaf_of(struct cpuid_policy *p, uint32_t leaf, uint32_t sub);
/* The word-th 32 features, as cpufeatureset.h numbers them; NULL: none of a leaf's. */
uint32_t *cpuid_word(struct cpuid_policy *p, unsigned int word);
#define CPUID_WORDS 19u
/* What AMD's extended leaf 1 repeats of leaf 1 is there, or is not. */
void cpuid_repeat(struct cpuid_policy *p, bool on);
/* XSAVE's leaf again, by the features; xsave[] is as the machine has it. */
void cpuid_cut_xsave(struct cpuid_policy *p);
/* Bytes of an XSAVE area in the standard form for a set of components. */
uint32_t cpuid_area_size(const struct cpuid_policy *p, uint64_t components);

/* A leaf as the current vCPU sees it; what does not exist is zero. */
void cpuid_read(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, cpuid_leaf out);

static inline const struct cpuid_policy *cpuid_policy(const struct x86_vcpu *v)
{
    return x86_domain(v->core.domain)->cpuid;
}

/* Does the policy have a feature: XEN_X86_FEATURE_* of xen/arch-x86/cpufeatureset.h. */
bool cpuid_has(const struct cpuid_policy *p, unsigned int feature);

#endif
