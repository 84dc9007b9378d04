/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/msr.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/policy/cpuid.h"
#include "x86/trap/fault.h"
#include "x86/features.h"
#include "x86/msr_index.h"
#include "x86/pv/context.h"
#include "x86/pv/hypercall_page.h"

#include <xen/arch-x86/cpufeatureset.h>

#define APIC_BASE_VALUE          0xfee00800ul /* enabled */
#define APIC_BASE_BSP            0x100ul
#define FEATURE_CONTROL_LOCKED   1ul
#define PAT_OF_ABI               0x0000050100070406ul /* what guests' PAT bits mean, for good */
#define MISC_ENABLE_ABSENT       0x801800ul /* no branch traces, no PEBS; no xTPR messages */
#define MISC_ENABLE_MWAIT        0x40000ul
#define FEATURE_ENABLES_FAULTING 1ul         /* CPUID faults outside of ring 0 */
#define HWCR_TSC_FREQUENCY       (1ul << 24) /* the TSC counts at the rate of P0 */
#define HWCR_CPUID_USER_DIS      (1ul << 35)
#define DE_CFG_LFENCE            2ul
#define PRED_IBPB                1ul

#define MC_BANKS 2u
#define MC_FIRST 0x400u /* four registers a bank: CTL, STATUS, ADDR, MISC */

enum vendor { ANY, INTEL, AMD };

typedef bool read_fn(const struct x86_vcpu *v, uint32_t msr, uint64_t *value);
typedef bool write_fn(struct x86_vcpu *v, uint32_t msr, uint64_t value);

/* Registers first to last; no function: #GP. */
struct row {
    uint32_t first, last;
    enum vendor vendor;
    read_fn *read;
    write_fn *write;
};

static bool zero(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = 0;
    return true;
}

static bool ignore(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr, (void)value;
    return true;
}

/* What the CPU says. */
static bool host(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v;
    return rdmsr_safe(msr, value);
}

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static bool has(const struct x86_vcpu *v, unsigned int feature)
{
    return cpuid_has(cpuid_policy(v), feature);
}

/* ---- modes and bases ---- */

static bool efer_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = EFER_SCE | EFER_LME | EFER_LMA | (cpu.nx ? EFER_NXE : 0);
    return true;
}

static bool efer_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t now;

    return efer_read(v, msr, &now) && value == now;
}

static bool fs_base_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = pv_fs_base();
    return true;
}

static bool fs_base_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr;
    if (!canonical(value))
        return false;
    pv_set_fs_base(value);
    return true;
}

static bool gs_base_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = pv_gs_base();
    return true;
}

static bool gs_base_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr;
    if (!canonical(value))
        return false;
    pv_set_gs_base(value);
    return true;
}

/* While the kernel runs, the base that SWAPGS would bring is the user code's. */
static bool other_gs_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = v->pv.gs_user;
    return true;
}

static bool other_gs_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)msr;
    if (!canonical(value))
        return false;
    v->pv.gs_user = value;
    return true;
}

static bool tsc_aux_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = v->tsc_aux;
    return has(v, XEN_X86_FEATURE_RDTSCP) || has(v, XEN_X86_FEATURE_RDPID);
}

static bool tsc_aux_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t now;
    bool on;

    if (!tsc_aux_read(v, msr, &now) || value >> 32)
        return false;
    on = irq_save();
    v->tsc_aux = (uint32_t)value;
    pv_msr_load(v);
    irq_restore(on);
    return true;
}

static bool tsc_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = arch_tsc();
    return true;
}

/* ---- what the machine is ---- */

static bool apic_base_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = APIC_BASE_VALUE | (v->core.id == 0 ? APIC_BASE_BSP : 0);
    return true;
}

static bool pat_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = PAT_OF_ABI;
    return true;
}

static bool feature_control_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = FEATURE_CONTROL_LOCKED;
    return true;
}

static bool misc_enable_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    if (!host(v, msr, value))
        return false;
    *value = (*value | MISC_ENABLE_ABSENT) & ~MISC_ENABLE_MWAIT;
    return true;
}

static bool arch_capabilities_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = cpuid_policy(v)->arch_capabilities;
    return has(v, XEN_X86_FEATURE_ARCH_CAPS);
}

static bool zero_only(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr;
    return value == 0;
}

/* Intel's CPUs put the number there after a write of 0 and CPUID. */
static bool ucode_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr;
    return cpu.intel && value == 0;
}

static bool pred_cmd_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    if (!has(v, XEN_X86_FEATURE_IBPB) || (value & ~PRED_IBPB))
        return false;
    return !value || wrmsr_safe(msr, value);
}

static bool hwcr_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = has(v, XEN_X86_FEATURE_ITSC) ? HWCR_TSC_FREQUENCY : 0;
    return true;
}

static bool de_cfg_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = DE_CFG_LFENCE; /* pv_msr_init_cpu */
    return true;
}

/* ---- machine checks: Xen's own virtual ones ---- */

static bool mcg_cap_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr;
    *value = cpu.intel ? MCG_CAP_INTEL : MCG_CAP_AMD;
    return true;
}

static bool bank_read(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v;
    *value = msr % 4 == 0 && (msr - MC_FIRST) / 4 < MC_BANKS ? ~0ul : 0;
    return true;
}

static bool bank_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v;
    return msr % 4 == 0 || (msr - MC_FIRST) / 4 >= MC_BANKS || value == 0;
}

/* ---- the ABI's own ---- */

/* A page of the guest's at a machine address becomes its hypercall page. */
static bool hypercall_page_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    mfn_t mfn = value >> PAGE_SHIFT;
    struct frame *f = frame_of(mfn);
    bool done = false;
    void *page;

    (void)msr;
    if ((value & PAGE_MASK) || !f || !frame_get(f, v->core.domain))
        return false;
    if (frame_get_type(f, FRAME_WRITABLE) == 0) {
        page = frame_map(mfn);
        hypercall_page_fill(page);
        frame_unmap(page);
        frame_put_type(f, false);
        done = true;
    }
    frame_put(f);
    return done;
}

/* Often used ones first.  What is not here is #GP: MTRRs, SYSCALL's and SYSENTER's targets and all
 * that nobody knows. */
static const struct row rows[] = {
    { MSR_EFER, MSR_EFER, ANY, efer_read, efer_write },
    { MSR_GS_BASE, MSR_GS_BASE, ANY, gs_base_read, gs_base_write },
    { MSR_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE, ANY, other_gs_read, other_gs_write },
    { MSR_FS_BASE, MSR_FS_BASE, ANY, fs_base_read, fs_base_write },
    { MSR_APIC_BASE, MSR_APIC_BASE, ANY, apic_base_read, NULL },
    { MSR_TSC, MSR_TSC, ANY, tsc_read, NULL },
    { MSR_TSC_AUX, MSR_TSC_AUX, ANY, tsc_aux_read, tsc_aux_write },
    { MSR_PAT, MSR_PAT, ANY, pat_read, NULL },
    { MSR_PRED_CMD, MSR_PRED_CMD, ANY, NULL, pred_cmd_write },
    { MSR_UCODE_REV, MSR_UCODE_REV, ANY, host, ucode_write },
    { MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, ANY, zero, NULL },
    { MSR_FEATURE_ENABLES, MSR_FEATURE_ENABLES, ANY, zero, zero_only },
    { MSR_MISC_ENABLE, MSR_MISC_ENABLE, ANY, misc_enable_read, ignore },
    { MSR_ARCH_CAPABILITIES, MSR_ARCH_CAPABILITIES, INTEL, arch_capabilities_read, NULL },
    { 0x000, 0x001, ANY, zero, NULL }, /* P5_MC_* */
    { MSR_PLATFORM_ID, MSR_PLATFORM_ID, INTEL, host, NULL },
    { MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, INTEL, feature_control_read, NULL },
    { 0x0c1, 0x0c8, INTEL, zero, ignore }, /* PMC0 to 7 */
    { 0x0e7, 0x0e8, ANY, NULL, ignore },   /* MPERF, APERF */
    { MSR_MCG_CAP, MSR_MCG_CAP, ANY, mcg_cap_read, ignore },
    { MSR_MCG_STATUS, MSR_MCG_STATUS + 1, ANY, zero, ignore }, /* MCG_CTL */
    { 0x186, 0x189, INTEL, zero, ignore },                     /* PERFEVTSEL */
    { 0x198, 0x198, INTEL, zero, NULL },                       /* PERF_STATUS */
    { 0x199, 0x199, INTEL, zero, ignore },                     /* PERF_CTL */
    { 0x19a, 0x19a, INTEL, NULL, ignore },                     /* THERM_CONTROL */
    { 0x19c, 0x19c, INTEL, zero, NULL },                       /* THERM_STATUS */
    { 0x1b0, 0x1b0, INTEL, NULL, ignore },                     /* ENERGY_BIAS */
    { 0x280, 0x29f, ANY, zero, ignore },                       /* MCi_CTL2 */
    { 0x309, 0x30b, INTEL, zero, ignore },                     /* FIXED_CTR */
    { 0x345, 0x345, ANY, zero, NULL },                         /* PERF_CAPABILITIES */
    { 0x38d, 0x390, INTEL, zero, ignore },                     /* PERF_GLOBAL_* */
    { MC_FIRST, 0x47f, ANY, bank_read, bank_write },
    { MSR_XEN_HYPERCALL_PAGE, MSR_XEN_HYPERCALL_PAGE, ANY, zero, hypercall_page_write },
    { 0xc0010000, 0xc0010007, AMD, zero, ignore }, /* PERF_CTL, CTR */
    { 0xc0010010, 0xc0010010, AMD, zero, NULL },   /* SYSCFG */
    { MSR_HWCR, MSR_HWCR, AMD, hwcr_read, ignore },
    { 0xc0010016, 0xc001001a, AMD, zero, NULL },   /* IORR, TOP_MEM */
    { 0xc001001d, 0xc001001d, AMD, zero, NULL },   /* TOP_MEM2 */
    { 0xc001001f, 0xc001001f, ANY, zero, ignore }, /* NB_CFG */
    { 0xc0010041, 0xc0010042, AMD, zero, ignore }, /* FIDVID */
    { 0xc0010061, 0xc001006b, AMD, zero, ignore }, /* P-states */
    { 0xc0010112, 0xc0010113, AMD, zero, NULL },   /* TSEG */
    { 0xc0010200, 0xc001020b, AMD, zero, ignore }, /* PERF_CTL, CTR */
    { MSR_DE_CFG, MSR_DE_CFG, AMD, de_cfg_read, ignore },
};

static const struct row *find(uint32_t msr)
{
    for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
        if (msr < r->first || msr > r->last)
            continue;
        if ((r->vendor == INTEL && !cpu.intel) || (r->vendor == AMD && !cpu.amd))
            return NULL;
        return r;
    }
    return NULL;
}

bool pv_msr_read(struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    const struct row *r = find(msr);

    return r && r->read && r->read(v, msr, value);
}

bool pv_msr_write(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    const struct row *r = find(msr);

    return r && r->write && r->write(v, msr, value);
}

/* ---- of the CPU ---- */

/* What this CPU's registers hold. */
static struct {
    uint32_t tsc_aux;
    bool faulting;
} loaded[CPUS_MAX];

/* Domains whose policy is another than the machine's: their user code must ask Zeroth as well. */
static void load_faulting(unsigned int nr, bool on)
{
    uint32_t msr = cpu.amd ? MSR_HWCR : MSR_FEATURE_ENABLES;
    uint64_t bit = cpu.amd ? HWCR_CPUID_USER_DIS : FEATURE_ENABLES_FAULTING, value;

    loaded[nr].faulting = on;
    if (rdmsr_safe(msr, &value))
        wrmsr_safe(msr, on ? value | bit : value & ~bit);
}

void pv_msr_load(const struct x86_vcpu *v)
{
    unsigned int nr = cpu_id();
    bool faulting = cpu.cpuid_faulting && !x86_domain(v->core.domain)->hardware;

    ASSERT(!irq_is_on());
    if (loaded[nr].tsc_aux != v->tsc_aux) {
        loaded[nr].tsc_aux = v->tsc_aux;
        wrmsr(MSR_TSC_AUX, v->tsc_aux);
    }
    if (loaded[nr].faulting != faulting)
        load_faulting(nr, faulting);
}

/* LFENCE as a barrier to speculation, which guests then find already switched on. */
void pv_msr_init_cpu(void)
{
    uint64_t value;

    if (cpu.amd && cpu.family >= 0x10 && rdmsr_safe(MSR_DE_CFG, &value))
        wrmsr_safe(MSR_DE_CFG, value | DE_CFG_LFENCE);
}
