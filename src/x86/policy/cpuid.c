/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features PV guests are told of is written in xen/arch-x86/cpufeatureset.h (marked A); the
 * rest follows what a PV Dom0 reads on Xen 4.17.  Leaves: Intel SDM 2A, CPUID; AMD APM 3, E.
 */
#include "x86/policy/cpuid.h"

#include "abi/version.h"
#include "core/assert.h"
#include "core/memory/heap.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/trap/fault.h"
#include "x86/features.h"
#include "x86/msr_index.h"
#include "x86/time.h"

#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/errno.h>

enum { EAX, EBX, ECX, EDX };

#define LEAF_XSAVE      0xdu
#define MAX_BASIC       0xdu /* Xen shows no more to PV guests */
#define MAX_EXTENDED    0x80000021u
#define LINEAR_BITS     48u
#define XSAVE_LEGACY    576u  /* bytes: FXSAVE and header */
#define XSAVE_ALIGNED   2u    /* of ECX: 64 bytes in the compacted form */
#define XCR0_BASE       0x7ul /* x87, SSE, AVX */
#define XCR0_AVX512     0xe0ul
#define DE_CFG_LFENCE   2ul /* MSR_DE_CFG: LFENCE waits for all before it */
#define ARCH_CAPS_EIBRS 2ul
#define ARCH_CAPS_RSBA  4ul

/* Leaf 0x40000003. */
#define TSC_HAS_RDTSCP 4u
#define TSC_RELIABLE   2u

/* Where a word of features comes from, numbered as in the header. */
static const struct {
    uint32_t leaf;
    uint8_t sub, reg;
} word_of[] = {
    [0] = { 1, 0, EDX },          [1] = { 1, 0, ECX },           [2] = { 0x80000001, 0, EDX },
    [3] = { 0x80000001, 0, ECX }, [4] = { 0xd, 1, EAX },         [5] = { 7, 0, EBX },
    [6] = { 7, 0, ECX },          [7] = { 0x80000007, 0, EDX },  [8] = { 0x80000008, 0, EBX },
    [9] = { 7, 0, EDX },          [10] = { 7, 1, EAX },          [11] = { 0x80000021, 0, EAX },
    [12] = { 7, 1, EBX },         [13] = { 7, 2, EDX },          [14] = { 7, 1, ECX },
    [15] = { 7, 1, EDX },         [18] = { 0x80000021, 0, ECX },
};
#define WORDS          ARRAY_SIZE(word_of)
#define WORD_ARCH_CAPS 16 /* and 17: an MSR's */

#define F(name)    (1u << (XEN_X86_FEATURE_##name & 31))
#define SRSO_US_NO (1u << 30) /* 11*32+30: libxen-dev names it from 4.17.6 on */

/* Left out of what Xen shows: IBRSB, STIBP, SSBD and PSFD, as MSR_SPEC_CTRL stays Zeroth's. */
static const uint32_t allowed[] = {
    [0] = F(FPU) | F(DE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) | F(APIC) | F(SEP) | F(MCA) |
          F(CMOV) | F(PAT) | F(CLFLUSH) | F(ACPI) | F(MMX) | F(FXSR) | F(SSE) | F(SSE2) | F(SS) |
          F(HTT),
    [1] = F(SSE3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(SSE4_1) | F(SSE4_2) | F(MOVBE) |
          F(POPCNT) | F(AESNI) | F(XSAVE) | F(AVX) | F(F16C) | F(RDRAND),
    [2] = F(SYSCALL) | F(NX) | F(MMXEXT) | F(FFXSR) | F(RDTSCP) | F(LM) | F(3DNOWEXT) | F(3DNOW),
    [3] = F(LAHF_LM) | F(CMP_LEGACY) | F(ABM) | F(SSE4A) | F(MISALIGNSSE) | F(3DNOWPREFETCH) |
          F(XOP) | F(FMA4) | F(TBM) | F(DBEXT),
    [4] = F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1),
    [5] = F(FSGSBASE) | F(BMI1) | F(AVX2) | F(BMI2) | F(ERMS) | F(RTM) | F(AVX512F) | F(AVX512DQ) |
          F(RDSEED) | F(ADX) | F(AVX512_IFMA) | F(CLFLUSHOPT) | F(CLWB) | F(AVX512PF) |
          F(AVX512ER) | F(AVX512CD) | F(SHA) | F(AVX512BW) | F(AVX512VL),
    [6] = F(PREFETCHWT1) | F(AVX512_VBMI) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) | F(VPCLMULQDQ) |
          F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ) | F(RDPID) | F(CLDEMOTE),
    [7] = F(ITSC), /* only where the domain stays on this machine */
    [8] = F(CLZERO) | F(RSTR_FP_ERR_PTRS) | F(IBPB) | F(SSB_NO) | F(BTC_NO) | F(IBPB_RET),
    [9] = F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(FSRM) | F(MD_CLEAR) | F(SERIALIZE),
    [10] = F(AVX_VNNI) | F(AVX512_BF16) | F(FZRM) | F(FSRS) | F(FSRCS),
    [11] = F(LFENCE_DISPATCH) | F(VERW_CLEAR) | F(NSCB) | F(SBPB) | F(IBPB_BRTYPE) | F(SRSO_NO) |
           SRSO_US_NO,
    [13] = F(MCDT_NO),
    [16] = F(RDCL_NO) | F(EIBRS) | F(RSBA) | F(INTEL_SSB_NO) | F(MDS_NO) | F(IF_PSCHANGE_MC_NO) |
           F(TAA_NO) | F(SBDR_SSDP_NO) | F(FBSDP_NO) | F(PSDP_NO) | F(FB_CLEAR) | F(RRSBA) |
           F(BHI_NO) | F(PBRSB_NO) | F(GDS_NO) | F(RFDS_NO) | F(RFDS_CLEAR),
    [17] = F(ITS_NO),
    [18] = F(TSA_SQ_NO) | F(TSA_L1_NO),
};
_Static_assert(ARRAY_SIZE(allowed) == WORDS, "a mask for each word");

/* AMD repeats these of leaf 1 in leaf 0x80000001. */
#define REPEATED \
    (F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) | F(APIC) | \
     F(MTRR) | F(PGE) | F(MCA) | F(CMOV) | F(PAT) | F(PSE36) | F(MMX) | F(FXSR))

uint32_t *cpuid_leaf_of(struct cpuid_policy *p, uint32_t leaf, uint32_t sub)
{
    if (leaf == 4)
        return sub < CPUID_CACHE_SUBS ? p->cache[sub] : NULL;
    if (leaf == 7)
        return sub < CPUID_FEATURE_SUBS ? p->features[sub] : NULL;
    if (leaf == LEAF_XSAVE)
        return sub < CPUID_XSAVE_SUBS ? p->xsave[sub] : NULL;
    if (leaf < CPUID_BASIC_LEAVES)
        return p->basic[leaf];
    leaf -= 0x80000000;
    return leaf < CPUID_EXTENDED_LEAVES ? p->extended[leaf] : NULL;
}

bool cpuid_has(const struct cpuid_policy *p, unsigned int feature)
{
    unsigned int word = feature / 32;

    if (word == WORD_ARCH_CAPS || word == WORD_ARCH_CAPS + 1)
        return p->arch_capabilities >> (feature - WORD_ARCH_CAPS * 32) & 1;
    ASSERT(word < WORDS);
    return cpuid_leaf_of((struct cpuid_policy *)p, word_of[word].leaf,
                         word_of[word].sub)[word_of[word].reg] >>
               (feature & 31) &
           1;
}

uint32_t *cpuid_word(struct cpuid_policy *p, unsigned int word)
{
    if (word >= WORDS || !word_of[word].leaf)
        return NULL;
    return &cpuid_leaf_of(p, word_of[word].leaf, word_of[word].sub)[word_of[word].reg];
}

/* ---- making: first the CPU's answers are copied, then cut down ---- */

static void read_leaves(struct cpuid_policy *p, cpuid_source *host)
{
    uint32_t basic, extended, subs;

    host(0, 0, p->basic[0]);
    host(0x80000000, 0, p->extended[0]);
    basic = p->basic[0][EAX] < MAX_BASIC ? p->basic[0][EAX] : MAX_BASIC;
    extended = p->extended[0][EAX] < MAX_EXTENDED ? p->extended[0][EAX] : MAX_EXTENDED;
    for (uint32_t leaf = 1; leaf <= basic; leaf++)
        host(leaf, 0, cpuid_leaf_of(p, leaf, 0));
    for (uint32_t leaf = 0x80000001; leaf <= extended; leaf++)
        host(leaf, 0, cpuid_leaf_of(p, leaf, 0));
    if (basic >= 4)
        for (uint32_t sub = 1; sub < CPUID_CACHE_SUBS; sub++)
            host(4, sub, p->cache[sub]);
    subs = basic >= 7 ? p->features[0][EAX] : 0;
    for (uint32_t sub = 1; sub < CPUID_FEATURE_SUBS && sub <= subs; sub++)
        host(7, sub, p->features[sub]);
    if (basic >= LEAF_XSAVE)
        for (uint32_t sub = 1; sub < CPUID_XSAVE_SUBS; sub++)
            host(LEAF_XSAVE, sub, p->xsave[sub]);
    p->basic[0][EAX] = basic;
    p->extended[0][EAX] = extended >= 0x80000000 ? extended : 0;
}

/* Does LFENCE wait for all instructions before it?  AMD's did before they could be told to. */
static bool lfence_waits(void)
{
    uint64_t value;

    if (!cpu.amd || cpu.family < 0x10)
        return cpu.amd;
    return rdmsr_safe(MSR_DE_CFG, &value) && (value & DE_CFG_LFENCE);
}

/* IBPB works by its MSR whatever says that it is there; Intel's bit says more than is offered. */
static bool has_ibpb(const struct cpuid_policy *p)
{
    return p->features[0][EDX] & F(IBRSB) || p->extended[8][EBX] & F(IBPB);
}

void cpuid_repeat(struct cpuid_policy *p, bool on)
{
    if (!cpu.amd)
        return;
    p->extended[1][EDX] &= ~REPEATED;
    if (on)
        p->extended[1][EDX] |= p->basic[1][EDX] & REPEATED;
}

static void show_lfence(struct cpuid_policy *p)
{
    if (!lfence_waits())
        return;
    p->extended[0][EAX] = MAX_EXTENDED;
    p->extended[0x21][EAX] |= F(LFENCE_DISPATCH);
}

static void cut_features(struct cpuid_policy *p, bool hardware)
{
    bool ibpb = has_ibpb(p);

    for (unsigned int w = 0; w < WORDS; w++)
        if (word_of[w].leaf)
            cpuid_leaf_of(p, word_of[w].leaf, word_of[w].sub)[word_of[w].reg] &= allowed[w];
    p->basic[1][ECX] |= F(HYPERVISOR);
    /* Dom0 may ask for memory types by XENPF_add_memtype; this bit says so, in both leaves. */
    if (hardware)
        p->basic[1][EDX] |= F(MTRR);
    else
        p->extended[7][EDX] &= ~F(ITSC);
    if (hardware)
        p->extended[1][EDX] |= F(MTRR);
    if (cpu.amd)
        p->basic[1][EDX] &= ~F(SEP); /* AMD's do not know it in long mode */
    else
        p->extended[1][EDX] |= F(SYSCALL); /* Intel's tell it in 64-bit mode only */
    cpuid_repeat(p, true);
    if (p->extended[0][EAX] >= 0x80000008 && ibpb)
        p->extended[8][EBX] |= F(IBPB);
    show_lfence(p);
}

/* What else than features the leaves have. */
static void cut_basic(struct cpuid_policy *p)
{
    p->basic[1][EBX] &= 0x00ffffff; /* no APIC number: all vCPUs say the same */
    for (uint32_t leaf = 2; leaf < CPUID_BASIC_LEAVES; leaf++)
        if (leaf != 2 || cpu.amd)
            memset(p->basic[leaf], 0, sizeof(p->basic[leaf]));
    if (cpu.amd)
        memset(p->cache, 0, sizeof(p->cache));
    p->features[0][EAX] = p->basic[0][EAX] < 7 ? 0 : p->features[0][EAX];
    if (p->features[0][EAX] >= CPUID_FEATURE_SUBS)
        p->features[0][EAX] = CPUID_FEATURE_SUBS - 1;
    for (unsigned int sub = 1; sub < CPUID_FEATURE_SUBS; sub++) {
        p->features[sub][EAX] &= sub == 1 ? allowed[10] : 0;
        p->features[sub][EBX] &= sub == 1 ? allowed[12] : 0;
        p->features[sub][ECX] &= sub == 1 ? allowed[14] : 0;
    }
}

static void cut_extended(struct cpuid_policy *p)
{
    uint32_t *sizes = p->extended[8];
    uint32_t linear = sizes[EAX] >> 8 & 0xff;

    if (!cpu.amd) {
        memset(&p->extended[0][EBX], 0, 3 * sizeof(uint32_t));
        p->extended[1][EAX] = 0;
        memset(p->extended[5], 0, sizeof(p->extended[5]));
        p->extended[6][EAX] = p->extended[6][EBX] = p->extended[6][EDX] = 0;
    }
    p->extended[7][EAX] = p->extended[7][EBX] = p->extended[7][ECX] = 0;
    sizes[EAX] = (sizes[EAX] & 0xff) | (linear < LINEAR_BITS ? linear : LINEAR_BITS) << 8;
    sizes[ECX] &= 0xffff;
    sizes[EDX] = 0;
    for (unsigned int leaf = 9; leaf < CPUID_EXTENDED_LEAVES - 1; leaf++)
        memset(p->extended[leaf], 0, sizeof(p->extended[leaf]));
    p->extended[0x21][EBX] = p->extended[0x21][EDX] = 0;
}

uint32_t cpuid_area_size(const struct cpuid_policy *p, uint64_t components)
{
    uint32_t size = XSAVE_LEGACY;

    for (unsigned int i = 2; i < CPUID_XSAVE_SUBS; i++) {
        uint32_t end = p->xsave[i][EBX] + p->xsave[i][EAX];

        if ((components >> i & 1) && end > size)
            size = end;
    }
    return size;
}

/* The same in the compacted form. */
static uint32_t compact_size(const struct cpuid_policy *p, uint64_t components)
{
    uint32_t size = XSAVE_LEGACY;

    for (unsigned int i = 2; i < CPUID_XSAVE_SUBS; i++) {
        if (!(components >> i & 1))
            continue;
        if (p->xsave[i][ECX] & XSAVE_ALIGNED)
            size = (size + 63) & ~63u;
        size += p->xsave[i][EAX];
    }
    return size;
}

void cpuid_cut_xsave(struct cpuid_policy *p)
{
    uint64_t mask = (uint64_t)p->xsave[0][EDX] << 32 | p->xsave[0][EAX];

    mask &= XCR0_BASE | (cpuid_has(p, XEN_X86_FEATURE_AVX512F) ? XCR0_AVX512 : 0);
    if (!cpuid_has(p, XEN_X86_FEATURE_XSAVE)) {
        memset(p->xsave, 0, sizeof(p->xsave));
        mask = 0;
    }
    p->xcr0_mask = mask;
    for (unsigned int i = 2; i < CPUID_XSAVE_SUBS; i++) {
        if (!(mask >> i & 1))
            memset(p->xsave[i], 0, sizeof(p->xsave[i]));
        p->xsave[i][ECX] &= XSAVE_ALIGNED;
        p->xsave[i][EDX] = 0;
    }
    p->xsave[0][EAX] = (uint32_t)mask;
    p->xsave[0][EDX] = (uint32_t)(mask >> 32);
    p->xsave[0][ECX] = mask ? cpuid_area_size(p, mask) : 0;
    p->xsave[0][EBX] = p->xsave[1][EBX] = p->xsave[1][ECX] = p->xsave[1][EDX] = 0;
}

/* From Skylake on, but for some, a RET that finds its predictions used up takes others', so that
 * retpolines are not safe (Intel, "Retpoline: a branch target injection mitigation"). */
static bool rsb_alternates(void)
{
    static const uint8_t others[] = { 0x4f, 0x56, 0x57, 0x5a, 0x5c, 0x5d, 0x5f, 0x7a, 0x85 };

    if (cpu.family != 6 || cpu.model < 0x4e)
        return false;
    for (unsigned int i = 0; i < sizeof(others); i++)
        if (cpu.model == others[i])
            return false;
    return true;
}

/* The MSR is offered on all of Intel's CPUs, as on Xen. */
static void make_arch_capabilities(struct cpuid_policy *p, bool host_has)
{
    uint64_t value = 0;

    if (!cpu.intel || p->basic[0][EAX] < 7)
        return;
    if (host_has && !rdmsr_safe(MSR_ARCH_CAPABILITIES, &value))
        value = 0;
    value &= (uint64_t)allowed[WORD_ARCH_CAPS + 1] << 32 | allowed[WORD_ARCH_CAPS];
    if (!(value & ARCH_CAPS_EIBRS) && rsb_alternates())
        value |= ARCH_CAPS_RSBA;
    p->arch_capabilities = value;
    p->features[0][EDX] |= F(ARCH_CAPS);
}

void cpuid_policy_make(struct cpuid_policy *p, cpuid_source *host, bool hardware)
{
    bool capabilities;

    memset(p, 0, sizeof(*p));
    read_leaves(p, host);
    capabilities = p->features[0][EDX] & F(ARCH_CAPS);
    cut_features(p, hardware);
    cut_basic(p);
    cut_extended(p);
    cpuid_cut_xsave(p);
    make_arch_capabilities(p, capabilities);
}

static void this_cpu(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    cpuid(leaf, sub, out);
}

void cpuid_policy_of_cpu(struct cpuid_policy *p, bool hardware)
{
    cpuid_policy_make(p, this_cpu, hardware);
}

/* Beyond what a domain is told of at first: what does no harm on a machine that has it not, for domains
 * that come from others; a TSC that never changes its rate, which is true until it moves to another. */
void cpuid_policy_most(struct cpuid_policy *p, bool hardware)
{
    cpuid_policy_of_cpu(p, hardware);
    p->basic[1][ECX] |= F(X2APIC);
    p->extended[0x21][EAX] |= p->extended[0][EAX] >= MAX_EXTENDED ? F(VERW_CLEAR) : 0;
    if (p->basic[0][EAX] >= 7)
        p->features[0][EAX] = CPUID_FEATURE_SUBS - 1;
    if (cpu.invariant_tsc && p->extended[0][EAX] >= 0x80000007)
        p->extended[7][EDX] |= F(ITSC);
}

void cpuid_policy_raw(struct cpuid_policy *p)
{
    memset(p, 0, sizeof(*p));
    read_leaves(p, this_cpu);
    p->xcr0_mask = (uint64_t)p->xsave[0][EDX] << 32 | p->xsave[0][EAX];
    if (!(p->features[0][EDX] & F(ARCH_CAPS)) ||
        !rdmsr_safe(MSR_ARCH_CAPABILITIES, &p->arch_capabilities))
        p->arch_capabilities = 0;
}

/* All features that have a name. */
static const uint16_t known[] = {
#define XEN_CPUFEATURE(name, value) value,
#include <xen/arch-x86/cpufeatureset.h>
#undef XEN_CPUFEATURE
};

void cpuid_policy_host(struct cpuid_policy *p)
{
    uint32_t masks[WORDS] = { 0 };

    for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
        masks[known[i] / 32] |= 1u << known[i] % 32;
    masks[1] &= ~F(OSXSAVE); /* what an operating system chose */
    masks[6] &= ~F(OSPKE);
    if (cpu.amd)
        masks[0] &= ~F(SEP);
    cpuid_policy_raw(p);
    if (cpu.amd)
        masks[2] |= REPEATED;
    for (unsigned int w = 0; w < WORDS; w++)
        if (cpuid_word(p, w))
            *cpuid_word(p, w) &= masks[w];
    p->arch_capabilities &= (uint64_t)masks[WORD_ARCH_CAPS + 1] << 32 | masks[WORD_ARCH_CAPS];
    show_lfence(p);
}

int cpuid_policy_create(struct x86_domain *d)
{
    struct cpuid_policy *p = d->cpuid ? d->cpuid : heap_alloc(sizeof(*p));

    if (!p)
        return -XEN_ENOMEM;
    cpuid_policy_of_cpu(p, d->hardware);
    d->cpuid = p;
    return 0;
}

void cpuid_policy_destroy(struct x86_domain *d)
{
    heap_free(d->cpuid);
    d->cpuid = NULL;
}

/* ---- reading ---- */

static void set(cpuid_leaf out, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    out[EAX] = a;
    out[EBX] = b;
    out[ECX] = c;
    out[EDX] = d;
}

/* Bits of a machine address. */
static unsigned int address_width(void)
{
    return PAGE_SHIFT + 64 - (unsigned int)__builtin_clzl(page_alloc_highest() | 1);
}

/* xen/arch-x86/cpuid.h. */
static void read_xen(const struct cpuid_policy *p, uint32_t leaf, uint32_t sub, cpuid_leaf out)
{
    bool rdtscp = cpuid_has(p, XEN_X86_FEATURE_RDTSCP);

    switch (leaf) {
    case XEN_CPUID_LEAF(0):
        set(out, XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES), XEN_CPUID_SIGNATURE_EBX,
            XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX);
        break;
    case XEN_CPUID_LEAF(1): out[EAX] = version_number; break;
    case XEN_CPUID_LEAF(2):
        set(out, 1, MSR_XEN_HYPERCALL_PAGE, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0);
        break;
    case XEN_CPUID_LEAF(3):
        if (sub == 0)
            out[EAX] = (rdtscp ? TSC_HAS_RDTSCP : 0) | (cpu.invariant_tsc ? TSC_RELIABLE : 0);
        else if (sub == 2)
            out[EAX] = (uint32_t)time_tsc_khz();
        break;
    case XEN_CPUID_LEAF(5):
        if (sub == 0)
            out[EBX] = address_width() & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
        break;
    }
}

void cpuid_read(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, cpuid_leaf out)
{
    const struct cpuid_policy *p = cpuid_policy(v);
    const uint32_t *from;

    set(out, 0, 0, 0, 0);
    if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16) {
        read_xen(p, leaf, sub, out);
        return;
    }
    from = cpuid_leaf_of((struct cpuid_policy *)p, leaf, sub);
    if (!from)
        return;
    __builtin_memcpy(out, from, sizeof(cpuid_leaf));
    /* Xen has it on for itself, so a guest that does not ask by way of Xen sees it as well. */
    if (leaf == 1 && (out[ECX] & F(XSAVE)))
        out[ECX] |= F(OSXSAVE);
    if (leaf == LEAF_XSAVE && sub == 0 && p->xcr0_mask)
        out[EBX] = cpuid_area_size(p, v->xcr0);
    if (leaf == LEAF_XSAVE && sub == 1 && (out[EAX] & F(XSAVEC)))
        out[EBX] = compact_size(p, v->xcr0);
}
