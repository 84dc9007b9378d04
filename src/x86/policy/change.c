/* SPDX-License-Identifier: Apache-2.0 */
/* Which leaves a list has, in which order, and what is wrong with one: measured on Xen 4.17. */
#include "x86/policy/change.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "lib/memory.h"
#include "x86/msr_index.h"

#include <xen/arch-x86/cpufeatureset.h>
#include <xen/errno.h>

enum { EAX, EBX, ECX, EDX };

#define NO_SUB XEN_CPUID_NO_SUBLEAF
/* How many leaves of a hypervisor there are; 0: as many as it has. */
#define XEN_LEAF               0x40000000u
#define VIRIDIAN_LEAF          0x40000100u
#define EXTENDED               0x80000000u
#define CACHE_TYPE             0x1fu /* of leaf 4, EAX: 0: there is none */
#define XCR0_LAST              62u
#define PLATFORM_INFO_FAULTING 0x80000000ul

/* ---- out ---- */

struct list {
    uint64_t guest;
    uint32_t room, count;
    int error;
};

static void give(struct list *l, uint32_t leaf, uint32_t sub, const uint32_t *values)
{
    static const cpuid_leaf none;
    xen_cpuid_leaf_t out = { .leaf = leaf, .subleaf = sub };

    if (!values)
        values = none;
    out.a = values[EAX];
    out.b = values[EBX];
    out.c = values[ECX];
    out.d = values[EDX];
    if (l->error)
        return;
    if (l->count == l->room)
        l->error = -XEN_ENOBUFS;
    else if (!copy_item_to_guest(l->guest, l->count, &out, sizeof(out)))
        l->error = -XEN_EFAULT;
    else
        l->count++;
}

static void give_caches(struct list *l, struct cpuid_policy *p)
{
    for (unsigned int sub = 0; sub < CPUID_CACHE_SUBS; sub++) {
        give(l, 4, sub, p->cache[sub]);
        if (!(p->cache[sub][EAX] & CACHE_TYPE))
            break;
    }
}

static void give_features(struct list *l, struct cpuid_policy *p)
{
    for (unsigned int sub = 0; sub <= p->features[0][EAX] && sub < CPUID_FEATURE_SUBS; sub++)
        give(l, 7, sub, p->features[sub]);
}

static void give_xsave(struct list *l, struct cpuid_policy *p)
{
    give(l, 0xd, 0, p->xsave[0]);
    give(l, 0xd, 1, p->xsave[1]);
    for (unsigned int sub = 2; sub <= XCR0_LAST && p->xcr0_mask >> sub; sub++)
        give(l, 0xd, sub, p->xsave[sub]);
}

static void give_basic(struct list *l, struct cpuid_policy *p)
{
    for (uint32_t leaf = 0; leaf <= p->basic[0][EAX] && leaf < CPUID_BASIC_LEAVES; leaf++) {
        switch (leaf) {
        case 4: give_caches(l, p); break;
        case 7: give_features(l, p); break;
        case 0xb: give(l, leaf, 0, NULL); break; /* no topology */
        case 0xd: give_xsave(l, p); break;
        default: give(l, leaf, NO_SUB, p->basic[leaf]); break;
        }
    }
}

int cpuid_give_leaves(struct cpuid_policy *p, uint64_t guest, uint32_t *count)
{
    struct list l = { .guest = guest, .room = *count };

    if (!guest) {
        *count = CPUID_LEAVES_MAX;
        return 0;
    }
    give_basic(&l, p);
    give(&l, XEN_LEAF, NO_SUB, NULL);
    give(&l, VIRIDIAN_LEAF, NO_SUB, NULL);
    for (uint32_t i = 0; EXTENDED + i <= p->extended[0][EAX] && i < CPUID_EXTENDED_LEAVES; i++)
        give(&l, EXTENDED + i, NO_SUB, p->extended[i]);
    if (l.error == 0)
        *count = l.count;
    return l.error;
}

int cpuid_give_msrs(struct cpuid_policy *p, uint64_t guest, uint32_t *count)
{
    const xen_msr_entry_t msrs[CPUID_MSRS_MAX] = {
        { .idx = MSR_PLATFORM_INFO },
        { .idx = MSR_ARCH_CAPABILITIES, .val = p->arch_capabilities },
    };

    if (guest) {
        if (*count < CPUID_MSRS_MAX)
            return -XEN_ENOBUFS;
        if (!copy_to_guest(guest, msrs, sizeof(msrs)))
            return -XEN_EFAULT;
    }
    *count = CPUID_MSRS_MAX;
    return 0;
}

/* ---- in ---- */

/* Has a list that leaf in this form? */
static bool form_ok(uint32_t leaf, uint32_t sub)
{
    switch (leaf) {
    case 4: return sub < CPUID_CACHE_SUBS;
    case 7: return sub < CPUID_FEATURE_SUBS;
    case 0xb: return sub < 2;
    case 0xd: return sub <= XCR0_LAST;
    case XEN_LEAF:
    case VIRIDIAN_LEAF: return sub == NO_SUB;
    }
    if (leaf >= CPUID_BASIC_LEAVES && leaf - EXTENDED >= CPUID_EXTENDED_LEAVES)
        return false;
    return sub == NO_SUB;
}

int cpuid_take_leaves(struct cpuid_policy *p, uint64_t guest, uint32_t count,
                      struct cpuid_error *error)
{
    xen_cpuid_leaf_t in;

    if (count > CPUID_LEAVES_MAX)
        return -XEN_E2BIG;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *to;

        if (!copy_item_from_guest(&in, guest, i, sizeof(in)))
            return -XEN_EFAULT;
        if (!form_ok(in.leaf, in.subleaf)) {
            error->leaf = in.leaf;
            error->sub = in.subleaf;
            return -XEN_ERANGE;
        }
        to = cpuid_leaf_of(p, in.leaf, in.subleaf);
        if (to && in.leaf != 0xb)
            memcpy(to, &in.a, sizeof(cpuid_leaf));
    }
    return 0;
}

static int take_msr(struct cpuid_policy *p, const xen_msr_entry_t *in)
{
    if (in->flags)
        return -XEN_EINVAL;
    switch (in->idx) {
    case MSR_PLATFORM_INFO: /* whether CPUID faults in user mode: not offered */
        return in->val & ~PLATFORM_INFO_FAULTING ? -XEN_EOVERFLOW : 0;
    case MSR_ARCH_CAPABILITIES: p->arch_capabilities = in->val; return 0;
    default: return -XEN_ERANGE;
    }
}

int cpuid_take_msrs(struct cpuid_policy *p, uint64_t guest, uint32_t count,
                    struct cpuid_error *error)
{
    xen_msr_entry_t in;
    int rc = 0;

    if (count > CPUID_MSRS_MAX)
        return -XEN_E2BIG;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!copy_item_from_guest(&in, guest, i, sizeof(in)))
            return -XEN_EFAULT;
        rc = take_msr(p, &in);
        if (rc)
            error->msr = in.idx;
    }
    return rc;
}

/* ---- within limits ---- */

/* Features that are of no use without another, in an order in which one pass sees them all (Intel
 * SDM 1, chapters 10 to 15; AMD APM 3, appendix D). */
static const struct {
    uint16_t feature, needs;
} needs[] = {
#define NEEDS(a, b) \
    { \
        XEN_X86_FEATURE_##a, XEN_X86_FEATURE_##b \
    }
    NEEDS(SSE, FXSR),
    NEEDS(FFXSR, FXSR),
    NEEDS(SSE2, SSE),
    NEEDS(MISALIGNSSE, SSE),
    NEEDS(MMXEXT, MMX),
    NEEDS(3DNOW, MMX),
    NEEDS(3DNOWEXT, 3DNOW),
    NEEDS(SSE3, SSE2),
    NEEDS(AESNI, SSE2),
    NEEDS(PCLMULQDQ, SSE2),
    NEEDS(SHA, SSE2),
    NEEDS(GFNI, SSE2),
    NEEDS(SSSE3, SSE3),
    NEEDS(SSE4A, SSE3),
    NEEDS(SSE4_1, SSSE3),
    NEEDS(SSE4_2, SSE4_1),
    NEEDS(XSAVEOPT, XSAVE),
    NEEDS(XSAVEC, XSAVE),
    NEEDS(XGETBV1, XSAVE),
    NEEDS(AVX, XSAVE),
    NEEDS(FMA, AVX),
    NEEDS(F16C, AVX),
    NEEDS(FMA4, AVX),
    NEEDS(XOP, AVX),
    NEEDS(AVX2, AVX),
    NEEDS(VAES, AVX2),
    NEEDS(VPCLMULQDQ, AVX2),
    NEEDS(AVX_VNNI, AVX2),
    NEEDS(AVX512F, AVX2),
    NEEDS(AVX512DQ, AVX512F),
    NEEDS(AVX512_IFMA, AVX512F),
    NEEDS(AVX512PF, AVX512F),
    NEEDS(AVX512ER, AVX512F),
    NEEDS(AVX512CD, AVX512F),
    NEEDS(AVX512BW, AVX512F),
    NEEDS(AVX512VL, AVX512F),
    NEEDS(AVX512_VNNI, AVX512F),
    NEEDS(AVX512_VPOPCNTDQ, AVX512F),
    NEEDS(AVX512_4VNNIW, AVX512F),
    NEEDS(AVX512_4FMAPS, AVX512F),
    NEEDS(AVX512_VBMI, AVX512BW),
    NEEDS(AVX512_VBMI2, AVX512BW),
    NEEDS(AVX512_BITALG, AVX512BW),
    NEEDS(AVX512_BF16, AVX512BW),
#undef NEEDS
};

static void drop_dependent(struct cpuid_policy *p)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(needs); i++) {
        unsigned int feature = needs[i].feature;

        if (!cpuid_has(p, needs[i].needs))
            *cpuid_word(p, feature / 32) &= ~(1u << feature % 32);
    }
}

static int check_counts(const struct cpuid_policy *p, const struct cpuid_policy *most,
                        struct cpuid_error *error)
{
    if (p->basic[0][EAX] > most->basic[0][EAX])
        *error = (struct cpuid_error){ 0, NO_SUB, ~0u };
    else if (p->features[0][EAX] > most->features[0][EAX])
        *error = (struct cpuid_error){ 7, 0, ~0u };
    else if (p->extended[0][EAX] > most->extended[0][EAX])
        *error = (struct cpuid_error){ EXTENDED, NO_SUB, ~0u };
    else
        return 0;
    return -XEN_EINVAL;
}

/* Leaves that no policy fills stay empty, and what features there are the limit's. */
static void mask_leaves(struct cpuid_policy *p, struct cpuid_policy *most)
{
    for (unsigned int leaf = 3; leaf < CPUID_BASIC_LEAVES; leaf++)
        memcpy(p->basic[leaf], most->basic[leaf], sizeof(cpuid_leaf));
    p->basic[1][EBX] &= 0x00ffffff; /* no APIC number */
    memcpy(p->extended[7], most->extended[7], 3 * sizeof(uint32_t));
    for (unsigned int leaf = 9; leaf < CPUID_EXTENDED_LEAVES - 1; leaf++)
        memcpy(p->extended[leaf], most->extended[leaf], sizeof(cpuid_leaf));
    p->extended[8][EAX] = most->extended[8][EAX];
    p->extended[8][ECX] = most->extended[8][ECX];
    p->extended[8][EDX] = most->extended[8][EDX];
    p->extended[0x21][EBX] = p->extended[0x21][EDX] = 0;
    for (unsigned int sub = 1; sub < CPUID_FEATURE_SUBS; sub++)
        for (unsigned int reg = 0; reg < CPUID_REGISTERS; reg++)
            p->features[sub][reg] &= most->features[sub][reg];
}

/* Beyond the last leaf there is nothing, nor the features that stand there. */
static void cut_ends(struct cpuid_policy *p)
{
    uint32_t basic = p->basic[0][EAX], extended = p->extended[0][EAX];

    for (uint32_t leaf = basic + 1; leaf < CPUID_BASIC_LEAVES; leaf++)
        memset(p->basic[leaf], 0, sizeof(cpuid_leaf));
    if (basic < 4)
        memset(p->cache, 0, sizeof(p->cache));
    if (basic < 7)
        memset(p->features, 0, sizeof(p->features));
    if (basic < 0xd)
        *cpuid_word(p, 1) &= ~(1u << XEN_X86_FEATURE_XSAVE % 32);
    if (extended < EXTENDED)
        extended = p->extended[0][EAX] = EXTENDED;
    for (uint32_t i = extended - EXTENDED + 1; i < CPUID_EXTENDED_LEAVES; i++)
        memset(p->extended[i], 0, sizeof(cpuid_leaf));
}

int cpuid_limit(struct cpuid_policy *p, struct cpuid_policy *most, struct cpuid_error *error)
{
    int rc = check_counts(p, most, error);

    if (rc)
        return rc;
    for (unsigned int w = 0; w < CPUID_WORDS; w++)
        if (cpuid_word(p, w))
            *cpuid_word(p, w) &= *cpuid_word(most, w);
    mask_leaves(p, most);
    cut_ends(p);
    drop_dependent(p);
    cpuid_repeat(p, p->extended[0][EAX] > EXTENDED);
    memcpy(p->xsave, most->xsave, sizeof(p->xsave));
    memcpy(&p->xsave[1][EAX], cpuid_word(p, 4), sizeof(uint32_t));
    cpuid_cut_xsave(p);
    p->arch_capabilities &= most->arch_capabilities;
    return 0;
}
