/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPUID tells hardware guests: a PV guest's policy and what xen/arch-x86/cpufeatureset.h marks S
 * or H, of what this CPU has.
 */
#include "x86/hvm/cpuid.h"

#include "abi/version.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/tsc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/tsc.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"
#include "x86/time.h"

#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/errno.h>

enum { EAX, EBX, ECX, EDX };

#define LEAF_TOPOLOGY  0xbu
#define LEAF_XSAVE     0xdu
#define TSC_EMULATED   1u /* leaf 0x40000003 */
#define TSC_RELIABLE   2u
#define TSC_HAS_RDTSCP 4u

#define F(name) (1u << (XEN_X86_FEATURE_##name & 31))

/* Left out of what Xen shows: XSAVES and PKU, whose state is not switched; MSR_SPEC_CTRL's. */
static const struct {
    uint32_t leaf;
    uint8_t reg, word;
    uint32_t mask, always; /* always: made by Zeroth, whatever the CPU has */
} more[] = {
    { 1, EDX, 0, F(VME) | F(PSE) | F(MTRR) | F(PGE) | F(PSE36) | F(SEP), 0 },
    { 1, ECX, 1, F(PCID) | F(TSC_DEADLINE), F(X2APIC) },
    { 0x80000001, EDX, 2, F(PAGE1GB), 0 },
    { 0x80000001, ECX, 3, F(CR8_LEGACY), 0 },
    { 7, EBX, 5, F(TSC_ADJUST) | F(SMEP) | F(INVPCID) | F(SMAP), 0 },
    { 7, ECX, 6, F(UMIP), 0 },
};
/* AMD repeats them in leaf 0x80000001. */
#define REPEATED (F(VME) | F(PSE) | F(MTRR) | F(PGE) | F(PSE36))

static void add_more(struct cpuid_policy *p)
{
    uint32_t host[4];

    for (unsigned int i = 0; i < ARRAY_SIZE(more); i++) {
        cpuid(more[i].leaf & 0x80000000, 0, host);
        if (host[EAX] < more[i].leaf)
            continue;
        cpuid(more[i].leaf, 0, host);
        *cpuid_word(p, more[i].word) |= (host[more[i].reg] & more[i].mask) | more[i].always;
    }
    if (cpu.amd)
        p->extended[1][EDX] |= p->basic[1][EDX] & REPEATED;
}

void hvm_policy_of_cpu(struct cpuid_policy *p)
{
    cpuid_policy_of_cpu(p, false);
    add_more(p);
}

void hvm_policy_most(struct cpuid_policy *p)
{
    cpuid_policy_most(p, false);
    add_more(p);
}

int hvm_policy_create(struct x86_domain *d)
{
    struct cpuid_policy *p = heap_alloc(sizeof(*p));

    if (!p)
        return -XEN_ENOMEM;
    hvm_policy_of_cpu(p);
    d->cpuid = p;
    return 0;
}

static void set(uint32_t out[4], uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    out[EAX] = a;
    out[EBX] = b;
    out[ECX] = c;
    out[EDX] = d;
}

/* Leaf 3, sub-leaf 1: the guest's TSC, and how it becomes time. */
static void tsc_scale(const struct x86_vcpu *v, uint32_t out[4])
{
    uint32_t multiplier;
    int8_t shift;

    vcpu_tsc_scale(&v->core, &multiplier, &shift);
    set(out, (uint32_t)v->core.tsc_offset, (uint32_t)(v->core.tsc_offset >> 32), multiplier,
        (uint32_t)shift);
}

/* xen/arch-x86/cpuid.h. */
static void read_xen(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    bool rdtscp = cpuid_has(cpuid_policy(v), XEN_X86_FEATURE_RDTSCP);
    const struct x86_domain *d = x86_domain(v->core.domain);

    switch (leaf) {
    case XEN_CPUID_LEAF(0):
        set(out, XEN_CPUID_LEAF(5), XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
            XEN_CPUID_SIGNATURE_EDX);
        break;
    case XEN_CPUID_LEAF(1): out[EAX] = version_number; break;
    case XEN_CPUID_LEAF(2): set(out, 1, MSR_XEN_HYPERCALL_PAGE, 0, 0); break;
    case XEN_CPUID_LEAF(3):
        if (sub == 0)
            set(out,
                (d->hvm->tsc_exits ? TSC_EMULATED : 0) | (rdtscp ? TSC_HAS_RDTSCP : 0) |
                    (cpu.invariant_tsc ? TSC_RELIABLE : 0),
                d->tsc_mode, hvm_tsc_khz(d), d->tsc_incarnation);
        else if (sub == 1)
            tsc_scale(v, out);
        else if (sub == 2)
            out[EAX] = (uint32_t)time_tsc_khz();
        break;
    case XEN_CPUID_LEAF(4):
        if (sub == 0)
            set(out,
                XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
                    XEN_HVM_CPUID_UPCALL_VECTOR,
                v->core.id, v->core.domain->id, 0);
        break;
    }
}

/* What of a leaf is the vCPU's own, or changes. */
static void adapt(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    const struct cpuid_policy *p = cpuid_policy(v);
    struct hvm_control c;

    switch (leaf) {
    case 1:
        out[EBX] = (out[EBX] & 0x00ffffff) | hvm_lapic_id(&v->core) << 24;
        hvm_vendor->get_control(v, &c);
        if (c.cr4 & CR4_OSXSAVE)
            out[ECX] |= F(OSXSAVE);
        if (!(v->hvm->lapic.base & LAPIC_BASE_ENABLE))
            out[EDX] &= ~F(APIC);
        break;
    case LEAF_TOPOLOGY:
        if (p->basic[0][EAX] >= LEAF_TOPOLOGY)
            set(out, 0, 0, sub & 0xff, hvm_lapic_id(&v->core));
        break;
    case LEAF_XSAVE:
        if (sub == 0 && p->xcr0_mask)
            out[EBX] = cpuid_area_size(p, v->xcr0);
        break;
    }
}

void hvm_cpuid(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    const uint32_t *from;

    set(out, 0, 0, 0, 0);
    if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16) {
        read_xen(v, leaf, sub, out);
        return;
    }
    from = cpuid_leaf_of((struct cpuid_policy *)cpuid_policy(v), leaf, sub);
    if (from)
        memcpy(out, from, sizeof(cpuid_leaf));
    adapt(v, leaf, sub, out);
}

uint64_t hvm_cr4_allowed(const struct x86_vcpu *v)
{
    static const struct {
        uint64_t bits;
        unsigned int feature;
    } by_feature[] = {
        { CR4_VME | CR4_PVI, XEN_X86_FEATURE_VME },
        { CR4_TSD, XEN_X86_FEATURE_TSC },
        { CR4_DE, XEN_X86_FEATURE_DE },
        { CR4_PSE, XEN_X86_FEATURE_PSE },
        { CR4_PAE, XEN_X86_FEATURE_PAE },
        { CR4_MCE, XEN_X86_FEATURE_MCE },
        { CR4_PGE, XEN_X86_FEATURE_PGE },
        { CR4_OSFXSR, XEN_X86_FEATURE_FXSR },
        { CR4_OSXMMEXCPT, XEN_X86_FEATURE_SSE },
        { CR4_UMIP, XEN_X86_FEATURE_UMIP },
        { CR4_FSGSBASE, XEN_X86_FEATURE_FSGSBASE },
        { CR4_PCIDE, XEN_X86_FEATURE_PCID },
        { CR4_OSXSAVE, XEN_X86_FEATURE_XSAVE },
        { CR4_SMEP, XEN_X86_FEATURE_SMEP },
        { CR4_SMAP, XEN_X86_FEATURE_SMAP },
    };
    const struct cpuid_policy *p = cpuid_policy(v);
    uint64_t allowed = CR4_PCE;

    for (unsigned int i = 0; i < ARRAY_SIZE(by_feature); i++)
        if (cpuid_has(p, by_feature[i].feature))
            allowed |= by_feature[i].bits;
    return allowed;
}
