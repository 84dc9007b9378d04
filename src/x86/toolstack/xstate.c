/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/toolstack/xstate.h"

#include "core/assert.h"
#include "lib/memory.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/policy/cpuid.h"

#include <xen/errno.h>

#define XSTATE_LEGACY 512u /* bytes of the area's parts: FXSAVE's, header, the rest */
#define XSTATE_HEADER 64u
#define XSTATE_BV     64u /* of the area, in words (Intel SDM 1, section 13.4.2) */
#define XCOMP_BV      65u
#define MXCSR         6u /* in 32-bit words */

uint32_t xstate_size(const struct x86_vcpu *v, uint64_t components)
{
    return (uint32_t)sizeof(struct xstate_head) + cpuid_area_size(cpuid_policy(v), components);
}

/* The CPU's area has all of its components, the domain is told of those that it may use. */
struct xstate_head xstate_head(const struct x86_vcpu *v)
{
    const uint64_t *area = v->fpu;
    uint64_t mask = cpuid_policy(v)->xcr0_mask;

    return (struct xstate_head){ v->xcr0 & mask, (v->xcr0 | area[XSTATE_BV]) & mask };
}

void xstate_save(const struct x86_vcpu *v, uint64_t components, void *to)
{
    uint64_t *words = to;

    memcpy(to, v->fpu, xstate_size(v, components) - sizeof(struct xstate_head));
    memset(words + XSTATE_BV, 0, XSTATE_HEADER);
    words[XSTATE_BV] = ((const uint64_t *)v->fpu)[XSTATE_BV] & components;
}

long xstate_check(const struct x86_vcpu *v, const struct xstate_head *head, const void *from,
                  uint64_t size)
{
    const uint64_t *area = from;

    if (head->ever & ~cpuid_policy(v)->xcr0_mask || head->xcr0 & ~head->ever ||
        !fpu_xcr0_ok(head->xcr0))
        return -XEN_EINVAL;
    if (size != xstate_size(v, head->ever) || area[XSTATE_BV] & ~head->ever)
        return -XEN_EINVAL;
    if (area[XCOMP_BV])
        return -XEN_EOPNOTSUPP;
    for (unsigned int i = XCOMP_BV + 1; i < XSTATE_BV + 8; i++)
        if (area[i])
            return -XEN_EIO;
    return ((const uint32_t *)from)[MXCSR] >> 16 ? -XEN_EIO : 0;
}

void xstate_load(struct x86_vcpu *v, const struct xstate_head *head, const void *area,
                 uint64_t size)
{
    ASSERT(size - sizeof(*head) <= cpu.xsave_size);
    memset(v->fpu, 0, cpu.xsave_size);
    memcpy(v->fpu, area, size - sizeof(*head));
    v->xcr0 = head->xcr0;
}
