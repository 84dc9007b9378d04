/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID policies as the toolstack reads and changes them: lists of leaves and of MSRs. */
#ifndef X86_CPUID_CHANGE_H
#define X86_CPUID_CHANGE_H

#include "x86/policy/cpuid.h"

/* The longest lists there can be; a caller that asks without a list is told these (measured). */
#define CPUID_LEAVES_MAX 120u
#define CPUID_MSRS_MAX   2u

/* Write a policy's leaves, or its MSRs, to a list of a guest's that has room for *count; *count
 * becomes their number.  guest 0: nothing is written, and *count is the longest list's.  0;
 * -XEN_ENOBUFS: too little room; -XEN_EFAULT. */
int cpuid_give_leaves(struct cpuid_policy *p, uint64_t guest, uint32_t *count);
int cpuid_give_msrs(struct cpuid_policy *p, uint64_t guest, uint32_t *count);

/* What a list has wrong; ~0: not that. */
struct cpuid_error {
    uint32_t leaf, sub, msr;
};

/*
 * Change a policy by lists of leaves and MSRs.  0, with p changed, or nothing has: -XEN_E2BIG: too
 * long; -XEN_EFAULT; -XEN_ERANGE: a leaf or MSR that no policy has; -XEN_EINVAL: reserved bits;
 * -XEN_EOVERFLOW: a value that no such MSR can have.
 */
int cpuid_take_leaves(struct cpuid_policy *p, uint64_t guest, uint32_t count,
                      struct cpuid_error *error);
int cpuid_take_msrs(struct cpuid_policy *p, uint64_t guest, uint32_t count,
                    struct cpuid_error *error);

/* Bring a changed policy within the most that a domain may be told of: features that are not there,
 * or build on one that is not, go.  -XEN_EINVAL: more leaves than there are. */
int cpuid_limit(struct cpuid_policy *p, struct cpuid_policy *most, struct cpuid_error *error);

#endif
