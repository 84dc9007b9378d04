/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/toolstack/sysctl.h"

#include "abi/copy.h"
#include "core/memory/heap.h"
#include "x86/policy/change.h"
#include "x86/features.h"
#include "x86/hvm/cpuid.h"
#include "x86/hvm/kind.h"

#define ARCH_CAPS_WORD 16u /* and the next: MSR_ARCH_CAPABILITIES */

/* Zeroth shows PV guests other features by faults only, not by the CPU's masks. */
SYSCTL(get_cpu_levelling_caps)
{
    SYSCTL_ENTER(cpu_levelling_caps);

    a->caps = cpu.cpuid_faulting ? XEN_SYSCTL_CPU_LEVELCAP_faulting : 0;
    return 0;
}

_Static_assert(XEN_SYSCTL_cpu_policy_raw == XEN_SYSCTL_cpu_featureset_raw &&
                   XEN_SYSCTL_cpu_policy_host == XEN_SYSCTL_cpu_featureset_host,
               "for both calls");

static long make_hvm(struct cpuid_policy *p, uint32_t index)
{
    if (!hvm_usable())
        return -XEN_EOPNOTSUPP;
    if (index == XEN_SYSCTL_cpu_policy_hvm_max)
        hvm_policy_most(p);
    else
        hvm_policy_of_cpu(p);
    return 0;
}

/* -EINVAL: no such policy; -EOPNOTSUPP: one of hardware domains, which this machine cannot have. */
static long make(struct cpuid_policy *p, uint32_t index)
{
    switch (index) {
    case XEN_SYSCTL_cpu_policy_raw: cpuid_policy_raw(p); return 0;
    case XEN_SYSCTL_cpu_policy_host: cpuid_policy_host(p); return 0;
    case XEN_SYSCTL_cpu_policy_pv_default:
        cpuid_policy_of_cpu(p, false);
        cpuid_repeat(p, false); /* that is each domain's own */
        return 0;
    case XEN_SYSCTL_cpu_policy_pv_max:
        cpuid_policy_most(p, false);
        cpuid_repeat(p, false);
        return 0;
    case XEN_SYSCTL_cpu_policy_hvm_max:
    case XEN_SYSCTL_cpu_policy_hvm_default: return make_hvm(p, index);
    default: return -XEN_EINVAL;
    }
}

/* The numbers of the other call. */
static uint32_t policy_of_featureset(uint32_t index)
{
    switch (index) {
    case XEN_SYSCTL_cpu_featureset_pv: return XEN_SYSCTL_cpu_policy_pv_default;
    case XEN_SYSCTL_cpu_featureset_hvm: return XEN_SYSCTL_cpu_policy_hvm_default;
    case XEN_SYSCTL_cpu_featureset_pv_max: return XEN_SYSCTL_cpu_policy_pv_max;
    case XEN_SYSCTL_cpu_featureset_hvm_max: return XEN_SYSCTL_cpu_policy_hvm_max;
    default: return index;
    }
}

static uint32_t word(struct cpuid_policy *p, unsigned int w)
{
    if (w == ARCH_CAPS_WORD)
        return (uint32_t)p->arch_capabilities;
    if (w == ARCH_CAPS_WORD + 1)
        return (uint32_t)(p->arch_capabilities >> 32);
    return *cpuid_word(p, w);
}

static long give_features(struct xen_sysctl_cpu_featureset *a, struct cpuid_policy *p)
{
    uint32_t count = a->nr_features < CPUID_WORDS ? a->nr_features : CPUID_WORDS;

    for (unsigned int w = 0; w < count; w++) {
        uint32_t bits = word(p, w);

        if (!copy_item_to_guest((uint64_t)a->features.p, w, &bits, sizeof(bits)))
            return -XEN_EFAULT;
    }
    if (count < CPUID_WORDS)
        return -XEN_ENOBUFS; /* those that fit are there */
    a->nr_features = count;
    return 0;
}

SYSCTL(get_cpu_featureset)
{
    SYSCTL_ENTER(cpu_featureset);
    struct cpuid_policy *p;
    long rc;

    if (!a->features.p) {
        a->nr_features = CPUID_WORDS;
        return 0;
    }
    p = heap_alloc(sizeof(*p));
    if (!p)
        return -XEN_ENOMEM;
    rc = make(p, policy_of_featureset(a->index));
    if (rc == 0)
        rc = give_features(a, p);
    heap_free(p);
    return rc;
}

SYSCTL(get_cpu_policy)
{
    SYSCTL_ENTER(cpu_policy);
    struct cpuid_policy *p;
    long rc;

    if (a->_rsvd)
        return -XEN_EINVAL;
    p = heap_alloc(sizeof(*p));
    if (!p)
        return -XEN_ENOMEM;
    rc = make(p, a->index);
    if (rc == 0)
        rc = cpuid_give_leaves(p, (uint64_t)a->leaves.p, &a->nr_leaves);
    if (rc == 0)
        rc = cpuid_give_msrs(p, (uint64_t)a->msrs.p, &a->nr_msrs);
    heap_free(p);
    return rc;
}
