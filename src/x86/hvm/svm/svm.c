/* SPDX-License-Identifier: Apache-2.0 */
/* The vendor's table: a vCPU's block made, and what the common part asks and changes in it. */
#include "x86/hvm/svm/svm.h"

#include "core/assert.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/memory/map.h"
#include "x86/msr_index.h"
#include "x86/percpu.h"
#include "x86/way.h"

#include <xen/errno.h>

#define MSR_VM_CR        0xc0010114
#define VM_CR_DISABLED   (1ul << 4)
#define MSR_VM_HSAVE     0xc0010117
#define EFER_SVME        0x1000ul
#define LEAF_FEATURES    0x80000001u
#define FEATURE_SVM      (1u << 2) /* of ECX */
#define LEAF_SVM         0x8000000au
#define FEATURE_NESTED   (1u << 0)
#define FEATURE_NEXT_RIP (1u << 3)
#define FEATURE_TSC_RATE (1u << 4)
#define TSC_RATE_ONE     (1ul << 32)

#define IOPM_ORDER  2u /* 12 KiB, of which the fourth page is spare */
#define MSRPM_ORDER 1u

uint64_t svm_iopm, svm_msrpm;
bool svm_next_rip;
static bool tsc_rates;                 /* CPUs have the register, */
static uint64_t tsc_rate_of[CPUS_MAX]; /* and what each has in it; 0: the machine's */

/* Nested tables are walked as a user's (AMD APM 2, section 15.25.5). */
#define NPT_PRESENT  0x1ul
#define NPT_WRITABLE 0x2ul
#define NPT_USER     0x4ul
#define NPT_USED     0x60ul /* accessed, dirty: no need for the CPU to set them */
#define NPT_UNCACHED 0x18ul /* entry 3 of Zeroth's own PAT */
static const uint64_t access_of[P2M_TYPES] = {
    [P2M_RAM] = NPT_PRESENT | NPT_WRITABLE | NPT_USER | NPT_USED,
    [P2M_LOGGED] = NPT_PRESENT | NPT_USER | NPT_USED,
    [P2M_READONLY] = NPT_PRESENT | NPT_USER | NPT_USED,
    [P2M_GRANT] = NPT_PRESENT | NPT_WRITABLE | NPT_USER | NPT_USED,
    [P2M_GRANT_READONLY] = NPT_PRESENT | NPT_USER | NPT_USED,
    [P2M_DEVICE] = NPT_PRESENT | NPT_WRITABLE | NPT_USER | NPT_USED | NPT_UNCACHED,
    [P2M_TABLE] = NPT_PRESENT | NPT_WRITABLE | NPT_USER | NPT_USED,
};

/* ---- boot ---- */

/* Two bits each, three ranges of 8192 MSRs (AMD APM 2, section 15.11): 0 lets the guest at it. */
static void let_through(uint8_t *map, uint32_t msr)
{
    uint32_t at = msr < 0x2000 ? msr : (msr - 0xc0000000) + 0x2000;

    map[at / 4] &= (uint8_t) ~(3u << at % 4 * 2);
}

static bool make_maps(void)
{
    static const uint32_t switched[] = {
        MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,    MSR_LSTAR,
        MSR_CSTAR,       MSR_FMASK,        MSR_FS_BASE,      MSR_GS_BASE, MSR_KERNEL_GS_BASE,
    };
    mfn_t io = page_alloc(IOPM_ORDER, NODE_ANY, ADDRESS_ANY),
          msr = page_alloc(MSRPM_ORDER, NODE_ANY, ADDRESS_ANY);

    if (io == MFN_NONE || msr == MFN_NONE)
        return false;
    svm_iopm = io << PAGE_SHIFT;
    svm_msrpm = msr << PAGE_SHIFT;
    memset(direct(svm_iopm), 0xff, PAGE_SIZE << IOPM_ORDER);
    memset(direct(svm_msrpm), 0xff, PAGE_SIZE << MSRPM_ORDER);
    for (unsigned int i = 0; i < ARRAY_SIZE(switched); i++)
        let_through(direct(svm_msrpm), switched[i]);
    return true;
}

static bool init_cpu(void)
{
    mfn_t save, host;
    uint32_t r[4];

    cpuid(LEAF_FEATURES, 0, r);
    if (!cpu.amd || !(r[2] & FEATURE_SVM) || (rdmsr(MSR_VM_CR) & VM_CR_DISABLED))
        return false;
    cpuid(LEAF_SVM, 0, r);
    if (!(r[3] & FEATURE_NESTED))
        return false;
    svm_next_rip = r[3] & FEATURE_NEXT_RIP;
    tsc_rates = r[3] & FEATURE_TSC_RATE;
    if (!svm_iopm && !make_maps())
        return false;
    save = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    host = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    if (save == MFN_NONE || host == MFN_NONE)
        return false;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE, save << PAGE_SHIFT);
    memset(direct(host << PAGE_SHIFT), 0, PAGE_SIZE);
    percpu()->host_state = host << PAGE_SHIFT;
    /* What the CPU has of its own now is what it gets back after each guest. */
    __asm__ volatile("vmsave %0" : : "a"(host << PAGE_SHIFT) : "memory");
    svm_asid_init_cpu();
    return true;
}

/* ---- life ---- */

static void set_intercepts(struct vmcb *b)
{
    b->intercept_cr = INTERCEPT_CR4_WRITE;
    /* #DB and #AC can raise themselves again without end (CVE-2015-8104, CVE-2015-5307): each comes
     * out once. */
    b->intercept_exceptions = 1u << VECTOR_MC | 1u << VECTOR_DB | 1u << VECTOR_AC;
    b->intercept_1 = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |
                     INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD | INTERCEPT_HLT |
                     INTERCEPT_INVLPGA | INTERCEPT_IO | INTERCEPT_MSR | INTERCEPT_TASK |
                     INTERCEPT_FERR | INTERCEPT_SHUTDOWN;
    b->intercept_2 = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
                     INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_WBINVD |
                     INTERCEPT_MONITOR | INTERCEPT_MWAIT | INTERCEPT_MWAIT_ARMED | INTERCEPT_XSETBV;
}

static int create(struct x86_vcpu *v)
{
    struct svm_vcpu *s = heap_alloc(sizeof(*s));
    struct vmcb *b = heap_alloc(sizeof(*b));

    if (!s || !b) {
        heap_free(s);
        heap_free(b);
        return -XEN_ENOMEM;
    }
    s->vmcb = b;
    s->address = direct_paddr(b);
    s->cpu = CPUS_MAX;
    v->hvm->vendor = s;
    set_intercepts(b);
    b->iopm = svm_iopm;
    b->msrpm = svm_msrpm;
    b->interrupt = VINTR_MASKING;
    b->nested = 1;
    b->nested_cr3 = hvm_p2m(v->core.domain)->root << PAGE_SHIFT;
    b->pat = v->hvm->pat;
    b->efer = EFER_SVME;
    return 0;
}

static void destroy(struct x86_vcpu *v)
{
    struct svm_vcpu *s = svm_vcpu(v);

    if (s)
        heap_free(s->vmcb);
    heap_free(s);
    v->hvm->vendor = NULL;
}

/* ---- on and off a CPU ---- */

static void save(struct x86_vcpu *v)
{
    uint64_t *d = v->hvm->debug;

    __asm__ volatile("movq %%db0, %0; movq %%db1, %1; movq %%db2, %2; movq %%db3, %3"
                     : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]));
}

static void load_tsc_rate(uint64_t rate)
{
    uint64_t *loaded = &tsc_rate_of[cpu_id()];

    if (*loaded == rate)
        return;
    *loaded = rate;
    wrmsr(MSR_AMD_TSC_RATE, rate ? rate : TSC_RATE_ONE);
}

static void load(struct x86_vcpu *v)
{
    const uint64_t *d = v->hvm->debug;

    __asm__ volatile("movq %0, %%db0; movq %1, %%db1; movq %2, %%db2; movq %3, %%db3"
                     :
                     : "r"(d[0]), "r"(d[1]), "r"(d[2]), "r"(d[3]));
    load_tsc_rate(svm_vcpu(v)->tsc_rate);
    percpu()->guest_state = svm_vcpu(v)->address;
}

static void prepare(struct x86_vcpu *v)
{
    struct vmcb *b = svm_vmcb(v);
    const struct regs *r = &v->regs;
    uint64_t flushes = __atomic_load_n(&hvm_domain(v->core.domain)->flushes, __ATOMIC_SEQ_CST);

    svm_asid_choose(v, v->hvm->flushed != flushes);
    v->hvm->flushed = flushes;
    b->rax = r->rax;
    b->rsp = r->rsp;
    b->rip = r->rip;
    b->rflags = r->rflags;
    b->interrupt = (b->interrupt & ~VINTR_TPR) | hvm_lapic_tpr(v) >> 4;
}

/* ---- state ---- */

static void get_control(const struct x86_vcpu *v, struct hvm_control *out)
{
    const struct vmcb *b = svm_vmcb(v);

    *out = (struct hvm_control){ b->cr0, b->cr2, b->cr3, b->cr4, b->efer & ~EFER_SVME,
                                 b->dr6, b->dr7 };
}

static void set_control(struct x86_vcpu *v, const struct hvm_control *from)
{
    struct vmcb *b = svm_vmcb(v);

    b->cr0 = from->cr0;
    b->cr2 = from->cr2;
    b->cr3 = from->cr3;
    b->cr4 = from->cr4;
    b->efer = from->efer | EFER_SVME;
    b->dr6 = from->debug6;
    b->dr7 = from->debug7;
}

static struct vmcb_segment *segment(const struct x86_vcpu *v, enum hvm_segment_name name)
{
    struct vmcb *b = svm_vmcb(v);
    struct vmcb_segment *const places[SEGMENTS] = {
        [SEGMENT_ES] = &b->es,     [SEGMENT_CS] = &b->cs, [SEGMENT_SS] = &b->ss,
        [SEGMENT_DS] = &b->ds,     [SEGMENT_FS] = &b->fs, [SEGMENT_GS] = &b->gs,
        [SEGMENT_LDTR] = &b->ldtr, [SEGMENT_TR] = &b->tr, [SEGMENT_GDTR] = &b->gdtr,
        [SEGMENT_IDTR] = &b->idtr,
    };

    ASSERT(name < SEGMENTS);
    return places[name];
}

static void get_segment(const struct x86_vcpu *v, enum hvm_segment_name name,
                        struct hvm_segment *out)
{
    const struct vmcb_segment *s = name == SEGMENT_CS ? &svm_vmcb(v)->cs : segment(v, name);

    *out = (struct hvm_segment){ s->selector, s->attributes, s->limit, s->base };
}

static void set_segment(struct x86_vcpu *v, enum hvm_segment_name name,
                        const struct hvm_segment *from)
{
    *segment(v, name) = (struct vmcb_segment){ from->selector, from->attributes, from->limit,
                                               from->base };
    if (name == SEGMENT_SS)
        svm_vmcb(v)->cpl = from->attributes >> 5 & 3;
}

static unsigned int privilege(const struct x86_vcpu *v)
{
    return svm_vmcb(v)->cpl;
}

static bool in_long_code(const struct x86_vcpu *v)
{
    const struct vmcb *b = svm_vmcb(v);

    return (b->efer & EFER_LMA) && (b->cs.attributes & SEGMENT_LONG);
}

static uint64_t *switched(const struct x86_vcpu *v, uint32_t msr)
{
    struct vmcb *b = svm_vmcb(v);

    switch (msr) {
    case MSR_STAR: return &b->star;
    case MSR_LSTAR: return &b->lstar;
    case MSR_CSTAR: return &b->cstar;
    case MSR_FMASK: return &b->fmask;
    case MSR_SYSENTER_CS: return &b->sysenter_cs;
    case MSR_SYSENTER_ESP: return &b->sysenter_esp;
    case MSR_SYSENTER_EIP: return &b->sysenter_eip;
    case MSR_FS_BASE: return &b->fs.base;
    case MSR_GS_BASE: return &b->gs.base;
    case MSR_KERNEL_GS_BASE: return &b->kernel_gs_base;
    }
    return NULL;
}

static bool get_msr(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    const uint64_t *at = switched(v, msr);

    if (at)
        *value = *at;
    return at;
}

static bool set_msr(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *at = switched(v, msr);

    if (at)
        *at = value;
    return at;
}

static void set_pat(struct x86_vcpu *v, uint64_t pat)
{
    svm_vmcb(v)->pat = pat;
}

static void set_tsc_offset(struct x86_vcpu *v, uint64_t offset)
{
    svm_vmcb(v)->tsc_offset = offset;
}

static bool scales_tsc(void)
{
    return tsc_rates;
}

static void set_tsc_rate(struct x86_vcpu *v, uint64_t rate, bool exits)
{
    struct vmcb *b = svm_vmcb(v);

    b->intercept_1 = (b->intercept_1 & ~INTERCEPT_RDTSC) | (exits ? INTERCEPT_RDTSC : 0);
    b->intercept_2 = (b->intercept_2 & ~INTERCEPT_RDTSCP) | (exits ? INTERCEPT_RDTSCP : 0);
    svm_vcpu(v)->tsc_rate = exits ? 0 : rate;
}

/* ---- events ---- */

static bool can_interrupt(const struct x86_vcpu *v)
{
    return (v->regs.rflags & FLAGS_IF) && !(svm_vmcb(v)->shadow & SHADOW_ON);
}

static bool can_nmi(const struct x86_vcpu *v)
{
    return !svm_vcpu(v)->in_nmi && !(svm_vmcb(v)->shadow & SHADOW_ON);
}

static void set_virtual(struct vmcb *b, uint64_t how)
{
    b->interrupt = (b->interrupt & ~VINTR_ALL_OF_IRQ) | VINTR_IRQ | how;
}

/*
 * An interrupt that can be taken at once is put in as a virtual one, not as an event.  After an event of
 * that type QEMU's TCG keeps the vector until the guest comes out, and delivers it once more, whether
 * interrupts are on or not, when something else stops its loop (seen in 7.2): guests were lost.
 */
static void put_interrupt(struct x86_vcpu *v, uint8_t vector)
{
    svm_vcpu(v)->virtual = vector;
    set_virtual(svm_vmcb(v), VINTR_IGNORE_TPR | 0xfull << VINTR_PRIORITY_SHIFT |
                                 (uint64_t)vector << VINTR_VECTOR_SHIFT);
}

static void inject(struct x86_vcpu *v, const struct hvm_event *event)
{
    static const uint8_t types[] = { [EVENT_NMI] = 2, [EVENT_EXCEPTION] = 3, [EVENT_SOFTWARE] = 4 };
    struct vmcb *b = svm_vmcb(v);

    ASSERT(event->type != EVENT_NONE && event->type <= EVENT_SOFTWARE);
    if (event->type == EVENT_INTERRUPT) {
        put_interrupt(v, event->vector);
        return;
    }
    b->event = event->vector | (uint64_t)types[event->type] << EVENT_TYPE_SHIFT | EVENT_VALID |
               (event->has_error ? EVENT_HAS_ERROR | (uint64_t)event->error << 32 : 0);
    if (event->type != EVENT_NMI)
        return;
    svm_vcpu(v)->in_nmi = true;
    b->intercept_1 |= INTERCEPT_IRET;
}

/* A virtual interrupt that is never taken: the CPU comes out when it could be.  One that is to be taken
 * becomes an event. */
static void want_window(struct x86_vcpu *v, uint8_t vector)
{
    struct vmcb *b = svm_vmcb(v);
    struct svm_vcpu *s = svm_vcpu(v);

    if (s->virtual)
        b->event = s->virtual | EVENT_VALID;
    s->virtual = 0;
    set_virtual(b, vector ? (uint64_t)(vector >> 4) << VINTR_PRIORITY_SHIFT
                          : VINTR_IGNORE_TPR | 0xfull << VINTR_PRIORITY_SHIFT);
    b->intercept_1 |= INTERCEPT_VINTR;
}

static unsigned int length(const struct x86_vcpu *v)
{
    const struct vmcb *b = svm_vmcb(v);
    uint64_t bytes = b->next_rip - b->rip;

    return svm_next_rip && bytes <= 15 ? (unsigned int)bytes : 0;
}

static void end_shadow(struct x86_vcpu *v)
{
    svm_vmcb(v)->shadow &= ~SHADOW_ON;
}

const struct hvm_vendor svm_vendor = {
    .name = "SVM",
    .p2m_access = access_of,
    .hypercall = { 0x0f, 0x01, 0xd9 }, /* VMMCALL */
    .init_cpu = init_cpu,
    .create = create,
    .destroy = destroy,
    .save = save,
    .load = load,
    .prepare = prepare,
    .enter = svm_enter,
    .get_control = get_control,
    .set_control = set_control,
    .get_segment = get_segment,
    .set_segment = set_segment,
    .privilege = privilege,
    .in_long_code = in_long_code,
    .get_msr = get_msr,
    .set_msr = set_msr,
    .set_pat = set_pat,
    .set_tsc_offset = set_tsc_offset,
    .scales_tsc = scales_tsc,
    .set_tsc_rate = set_tsc_rate,
    .can_interrupt = can_interrupt,
    .can_nmi = can_nmi,
    .inject = inject,
    .want_window = want_window,
    .length = length,
    .end_shadow = end_shadow,
};
