/* SPDX-License-Identifier: Apache-2.0 */
/* MSRs of hardware guests: those that are there, as Xen 4.17 has them; all others raise #GP. */
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/time.h"
#include "core/tsc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/hypercall.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/log.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/records.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"

#include <xen/arch-x86/cpufeatureset.h>

#define MSR_TSC_ADJUST   0x3b
#define MSR_MTRR_PHYS    0x200 /* base and mask of each variable range */
#define MSR_MTRR_FIX16K  0x258 /* and 0x259; 0x250 is the one of 64 KiB */
#define MSR_MTRR_FIX4K   0x268 /* to 0x26f */
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC       0x800
#define MSR_X2APIC_END   0x840

#define MTRR_FIX_AND_WC   0x500ul /* of MTRRcap */
#define MTRR_DEF_VALID    0xcfful
#define MISC_ENABLE_VALUE 0x1ul /* fast strings; no monitor, no performance counters */
#define EFER_FFXSR        0x4000ul

/* ---- memory types, which are kept and have no effect: a guest's own memory is write-back, devices' is uncached ---- */

static bool type_ok(uint8_t type)
{
    return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

static bool types_ok(uint64_t value, bool pat)
{
    for (unsigned int i = 0; i < 8; i++) {
        uint8_t type = (uint8_t)(value >> 8 * i);

        if (!type_ok(type) && !(pat && type == 7))
            return false;
    }
    return true;
}

static uint64_t *fixed_range(struct hvm_vcpu *h, uint32_t msr)
{
    if (msr == MSR_MTRR_FIX64K)
        return &h->mtrr_fixed[0];
    if (msr == MSR_MTRR_FIX16K || msr == MSR_MTRR_FIX16K + 1)
        return &h->mtrr_fixed[1 + msr - MSR_MTRR_FIX16K];
    if (msr >= MSR_MTRR_FIX4K && msr < MSR_MTRR_FIX4K + 8)
        return &h->mtrr_fixed[3 + msr - MSR_MTRR_FIX4K];
    return NULL;
}

static uint64_t *variable_range(struct hvm_vcpu *h, uint32_t msr)
{
    if (msr >= MSR_MTRR_PHYS && msr < MSR_MTRR_PHYS + 2 * HVM_MTRR_VARIABLE)
        return &h->mtrr_variable[msr - MSR_MTRR_PHYS];
    return NULL;
}

static bool read_memory_type(struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    struct hvm_vcpu *h = v->hvm;
    const uint64_t *range = fixed_range(h, msr);

    if (!range)
        range = variable_range(h, msr);
    if (range)
        *value = *range;
    else if (msr == MSR_MTRR_CAP)
        *value = MTRR_FIX_AND_WC | HVM_MTRR_VARIABLE;
    else if (msr == MSR_MTRR_DEF_TYPE)
        *value = h->mtrr_def;
    else if (msr == MSR_PAT)
        *value = h->pat;
    else
        return false;
    return true;
}

static bool variable_ok(uint32_t msr, uint64_t value)
{
    if (value >> cpu.address_bits)
        return false;
    if (msr & 1)
        return !(value & 0x7ff);
    return !(value & 0xf00) && type_ok((uint8_t)value);
}

enum outcome { NOT_MINE, DONE, REFUSED };

static enum outcome write_memory_type(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    struct hvm_vcpu *h = v->hvm;
    uint64_t *range = fixed_range(h, msr);

    if (range) {
        if (!types_ok(value, false))
            return REFUSED;
        *range = value;
        return DONE;
    }
    range = variable_range(h, msr);
    if (range) {
        if (!variable_ok(msr, value))
            return REFUSED;
        *range = value;
        return DONE;
    }
    switch (msr) {
    case MSR_MTRR_DEF_TYPE:
        if ((value & ~MTRR_DEF_VALID) || !type_ok((uint8_t)value))
            return REFUSED;
        h->mtrr_def = value;
        return DONE;
    case MSR_PAT:
        if (!types_ok(value, true))
            return REFUSED;
        h->pat = value;
        hvm_vendor->set_pat(v, value);
        return DONE;
    }
    return NOT_MINE;
}

/* ---- their record ---- */

_Static_assert(MTRR_VCNT == HVM_MTRR_VARIABLE && NUM_FIXED_MSR == HVM_MTRR_FIXED, "as on Xen");

void hvm_memory_types_save(const struct x86_vcpu *v, struct hvm_hw_mtrr *to)
{
    const struct hvm_vcpu *h = v->hvm;

    *to = (struct hvm_hw_mtrr){ .msr_pat_cr = h->pat,
                                .msr_mtrr_cap = MTRR_FIX_AND_WC | HVM_MTRR_VARIABLE,
                                .msr_mtrr_def_type = h->mtrr_def };
    memcpy(to->msr_mtrr_var, h->mtrr_variable, sizeof(to->msr_mtrr_var));
    memcpy(to->msr_mtrr_fixed, h->mtrr_fixed, sizeof(to->msr_mtrr_fixed));
}

bool hvm_memory_types_ok(const struct hvm_hw_mtrr *from)
{
    for (unsigned int i = 0; i < NUM_FIXED_MSR; i++)
        if (!types_ok(from->msr_mtrr_fixed[i], false))
            return false;
    for (unsigned int i = 0; i < 2 * MTRR_VCNT; i++)
        if (!variable_ok(MSR_MTRR_PHYS + i, from->msr_mtrr_var[i]))
            return false;
    return types_ok(from->msr_pat_cr, true) && !(from->msr_mtrr_def_type & ~MTRR_DEF_VALID) &&
           type_ok((uint8_t)from->msr_mtrr_def_type);
}

void hvm_memory_types_load(struct x86_vcpu *v, const struct hvm_hw_mtrr *from)
{
    struct hvm_vcpu *h = v->hvm;

    h->pat = from->msr_pat_cr;
    h->mtrr_def = from->msr_mtrr_def_type;
    memcpy(h->mtrr_variable, from->msr_mtrr_var, sizeof(h->mtrr_variable));
    memcpy(h->mtrr_fixed, from->msr_mtrr_fixed, sizeof(h->mtrr_fixed));
    hvm_vendor->set_pat(v, h->pat);
}

/* ---- EFER ---- */

uint64_t hvm_efer_allowed(const struct x86_vcpu *v)
{
    const struct cpuid_policy *p = cpuid_policy(v);

    return EFER_SCE | EFER_LMA | (cpuid_has(p, XEN_X86_FEATURE_LM) ? EFER_LME : 0) |
           (cpuid_has(p, XEN_X86_FEATURE_NX) ? EFER_NXE : 0) |
           (cpuid_has(p, XEN_X86_FEATURE_FFXSR) ? EFER_FFXSR : 0);
}

static bool write_efer(struct x86_vcpu *v, uint64_t value)
{
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    if (value & ~hvm_efer_allowed(v))
        return false;
    if (((value ^ c.efer) & EFER_LME) && (c.cr0 & CR0_PG))
        return false;
    c.efer = (value & ~EFER_LMA) | (c.efer & EFER_LMA);
    hvm_vendor->set_control(v, &c);
    return true;
}

/* ---- time ---- */

/* The guest's clock goes by its TSC: it is told how from now on. */
void hvm_set_tsc_offset(struct x86_vcpu *v, uint64_t offset)
{
    v->core.tsc_offset = offset;
    hvm_vendor->set_tsc_offset(v, offset);
    time_info_moved(&v->core);
}

static void set_tsc(struct x86_vcpu *v, uint64_t value)
{
    uint64_t offset = value - tsc_ticks_at(arch_tsc(), v->core.tsc_rate);

    v->hvm->tsc_adjust += offset - v->core.tsc_offset;
    hvm_set_tsc_offset(v, offset);
}

static void set_tsc_adjust(struct x86_vcpu *v, uint64_t value)
{
    uint64_t offset = v->core.tsc_offset + value - v->hvm->tsc_adjust;

    v->hvm->tsc_adjust = value;
    hvm_set_tsc_offset(v, offset);
}

/* ---- the ABI's own ---- */

static bool fill_hypercall_page(struct x86_vcpu *v, uint64_t value)
{
    struct frame *f;
    void *page;

    if (value & PAGE_MASK)
        return false; /* the low bits number the page: there is one */
    f = hvm_frame_get(v->core.domain, value >> PAGE_SHIFT, true);
    if (!f)
        return false;
    page = frame_map(frame_mfn(f));
    hvm_hypercall_page(page);
    frame_unmap(page);
    hvm_log_written(v->core.domain, value >> PAGE_SHIFT, 1);
    frame_put(f);
    return true;
}

/* ---- all together ---- */

static bool is_x2apic(const struct x86_vcpu *v, uint32_t msr)
{
    return msr >= MSR_X2APIC && msr < MSR_X2APIC_END && (v->hvm->lapic.base & LAPIC_BASE_X2APIC);
}

/* What is there and has one value, as Xen 4.17 shows it (measured). */
enum vendor { ANY, AMD, INTEL };
enum writes { NO, ZERO, ALL }; /* taken, and lost; others #GP */

static const struct constant {
    uint32_t first, last;
    uint8_t vendor, writes;
    uint64_t value;
} constants[] = {
    { 0x0, 0x1, ANY, NO, 0 }, /* machine checks of a Pentium */
    { MSR_PLATFORM_ID, MSR_PLATFORM_ID, INTEL, NO, 0 },
    { 0x2c, 0x2c, ANY, NO, 0 }, /* the bus's frequency */
    { MSR_UCODE_REV, MSR_UCODE_REV, ANY, ZERO, 0 },
    { MSR_MCG_CAP, MSR_MCG_CAP, ANY, NO, 0 }, /* no bank: Xen shows two that never report */
    { MSR_MCG_STATUS, MSR_MCG_STATUS, ANY, ZERO, 0 },
    { MSR_MCG_STATUS + 1, MSR_MCG_STATUS + 1, ANY, ALL, 0 },
    { MSR_MISC_ENABLE, MSR_MISC_ENABLE, INTEL, ALL, MISC_ENABLE_VALUE },
    { MSR_DEBUGCTL, MSR_DEBUGCTL, ANY, ZERO, 0 },
    { 0x1db, 0x1de, AMD, ALL, 0 },                       /* the last branches */
    { 0x280, 0x29f, ANY, ALL, 0 },                       /* corrected machine checks */
    { 0x400, 0x47f, ANY, ALL, 0 },                       /* banks of machine checks */
    { MSR_AMD_TSC_RATE, MSR_AMD_TSC_RATE, AMD, ALL, 0 }, /* of nested guests */
    { 0xc0010000, 0xc0010007, AMD, ALL, 0 },             /* counters of performance, as of the K7 */
    { 0xc0010010, 0xc0010010, AMD, ALL, 0 },             /* SYSCFG */
    { MSR_HWCR, MSR_HWCR, AMD, ALL, 0 },     /* Xen refuses it; its own shim writes it, on a K8 */
    { 0xc0010016, 0xc0010019, AMD, NO, 0 },  /* ranges of I/O */
    { 0xc001001a, 0xc001001a, AMD, ALL, 0 }, /* TOP_MEM */
    { 0xc001001d, 0xc001001d, AMD, ALL, 0 }, /* TOP_MEM2 */
    { 0xc001001f, 0xc001001f, AMD, ALL, 0 }, /* NB_CFG */
    { 0xc0010055, 0xc0010055, AMD, NO, 0 },  /* interrupts pending */
    { 0xc0010112, 0xc0010113, AMD, NO, 0 },  /* SMM's memory */
    { 0xc0010114, 0xc0010114, AMD, ALL, 0 }, /* VM_CR */
    { 0xc0010117, 0xc0010117, AMD, ALL, 0 }, /* VM_HSAVE_PA */
    { 0xc0010200, 0xc001020b, AMD, ALL, 0 }, /* counters of performance */
    { 0xc0011023, 0xc0011023, AMD, ALL, 0 }, /* BU_CFG */
    { MSR_DE_CFG, MSR_DE_CFG, AMD, ALL, 2 }, /* LFENCE waits for what is before it */
    { 0xc001102a, 0xc001102a, AMD, ALL, 0 }, /* BU_CFG2 */
    { 0xc001102c, 0xc001102c, AMD, ALL, 0 }, /* EX_CFG */
};

static const struct constant *find_constant(uint32_t msr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(constants); i++) {
        const struct constant *c = &constants[i];

        if (msr >= c->first && msr <= c->last)
            return c->vendor == ANY || (c->vendor == AMD ? cpu.amd : cpu.intel) ? c : NULL;
    }
    return NULL;
}

static bool read_constant(uint32_t msr, uint64_t *value)
{
    const struct constant *c = find_constant(msr);

    if (c)
        *value = c->value;
    return c;
}

bool hvm_read_msr(struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    struct hvm_control c;

    if (is_x2apic(v, msr))
        return hvm_lapic_read(v, (msr - MSR_X2APIC) * 16, true, value);
    switch (msr) {
    case MSR_EFER:
        hvm_vendor->get_control(v, &c);
        *value = c.efer;
        return true;
    case MSR_APIC_BASE: *value = v->hvm->lapic.base; return true;
    case MSR_TSC: *value = vcpu_tsc(&v->core, arch_tsc()); return true;
    case MSR_TSC_ADJUST: *value = v->hvm->tsc_adjust; return true;
    case MSR_TSC_DEADLINE: *value = v->hvm->lapic.deadline; return true;
    case MSR_XEN_HYPERCALL_PAGE: *value = 0; return true;
    case MSR_TSC_AUX:
        *value = v->tsc_aux;
        return cpuid_has(cpuid_policy(v), XEN_X86_FEATURE_RDTSCP);
    }
    return hvm_vendor->get_msr(v, msr, value) || read_memory_type(v, msr, value) ||
           read_constant(msr, value);
}

static bool write_tsc_aux(struct x86_vcpu *v, uint64_t value)
{
    if (!cpuid_has(cpuid_policy(v), XEN_X86_FEATURE_RDTSCP) || value >> 32)
        return false;
    v->tsc_aux = (uint32_t)value;
    wrmsr(MSR_TSC_AUX, value);
    return true;
}

static bool write_constant(uint32_t msr, uint64_t value)
{
    const struct constant *c = find_constant(msr);

    return c && (c->writes == ALL || (c->writes == ZERO && value == 0));
}

bool hvm_write_msr(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    enum outcome type;

    if (is_x2apic(v, msr))
        return hvm_lapic_write(v, (msr - MSR_X2APIC) * 16, true, value);
    switch (msr) {
    case MSR_EFER: return write_efer(v, value);
    case MSR_APIC_BASE: return hvm_lapic_set_base(v, value);
    case MSR_TSC: set_tsc(v, value); return true;
    case MSR_TSC_ADJUST: set_tsc_adjust(v, value); return true;
    case MSR_TSC_DEADLINE: hvm_lapic_set_deadline(v, value); return true;
    case MSR_TSC_AUX: return write_tsc_aux(v, value);
    case MSR_XEN_HYPERCALL_PAGE: return fill_hypercall_page(v, value);
    }
    type = write_memory_type(v, msr, value);
    if (type != NOT_MINE)
        return type == DONE;
    return hvm_vendor->set_msr(v, msr, value) || write_constant(msr, value);
}
