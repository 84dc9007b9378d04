/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU's record (struct hvm_hw_cpu of xen/hvm/save.h): registers, segments, MSRs, an event. */
#include "core/machine.h"
#include "core/tsc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/records.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"

#define CR0_NW       0x20000000ul
#define CR0_CD       0x40000000ul
#define CR0_KNOWN    0xe005003ful
#define CR3_KNOWN    0x000ffffffffffffful
#define DEBUG6_FIXED 0xffff0ff0ul
#define DEBUG6_KNOWN 0xffffefffu
#define DEBUG7_FIXED 0x400ul
#define DEBUG7_KNOWN 0xffff2fffu
#define ATTRIBUTES   0xfffu /* 12 bits of a descriptor */

/* An event's type, as hardware numbers them (AMD APM 2, section 15.20). */
static const uint8_t types[] = {
    [EVENT_INTERRUPT] = 0, [EVENT_NMI] = 2, [EVENT_EXCEPTION] = 3, [EVENT_SOFTWARE] = 4
};

/* ---- where a register stands here and there ---- */

#define AT(field) offsetof(struct hvm_hw_cpu, field)

static const struct general {
    uint16_t here, there; /* offsets in struct regs, in the record */
} general[] = {
#define REGISTER(name) \
    { \
        offsetof(struct regs, name), AT(name) \
    }
    REGISTER(rax), REGISTER(rbx), REGISTER(rcx), REGISTER(rdx), REGISTER(rbp), REGISTER(rsi),
    REGISTER(rdi), REGISTER(rsp), REGISTER(r8),  REGISTER(r9),  REGISTER(r10), REGISTER(r11),
    REGISTER(r12), REGISTER(r13), REGISTER(r14), REGISTER(r15), REGISTER(rip),
#undef REGISTER
};

#define NOWHERE 0xffffu
static const struct place {
    uint16_t name, selector, attributes, limit, base;
} places[] = {
#define SEGMENT(name, x) \
    { \
        SEGMENT_##name, AT(x##_sel), AT(x##_arbytes), AT(x##_limit), AT(x##_base) \
    }
#define TABLE(name, x) \
    { \
        SEGMENT_##name, NOWHERE, NOWHERE, AT(x##_limit), AT(x##_base) \
    }
    SEGMENT(CS, cs), SEGMENT(DS, ds), SEGMENT(ES, es),     SEGMENT(FS, fs),   SEGMENT(GS, gs),
    SEGMENT(SS, ss), SEGMENT(TR, tr), SEGMENT(LDTR, ldtr), TABLE(GDTR, gdtr), TABLE(IDTR, idtr),
#undef SEGMENT
#undef TABLE
};

/* MSRs that the CPU itself switches. */
static const struct {
    uint32_t msr;
    uint16_t there;
} switched[] = {
    { MSR_SYSENTER_CS, AT(sysenter_cs) },   { MSR_SYSENTER_ESP, AT(sysenter_esp) },
    { MSR_SYSENTER_EIP, AT(sysenter_eip) }, { MSR_KERNEL_GS_BASE, AT(shadow_gs) },
    { MSR_LSTAR, AT(msr_lstar) },           { MSR_STAR, AT(msr_star) },
    { MSR_CSTAR, AT(msr_cstar) },           { MSR_FMASK, AT(msr_syscall_mask) },
};

static uint64_t get64(const void *record, unsigned int at)
{
    uint64_t value;

    memcpy(&value, (const char *)record + at, sizeof(value));
    return value;
}

static uint32_t get32(const void *record, unsigned int at)
{
    uint32_t value = 0;

    if (at != NOWHERE)
        memcpy(&value, (const char *)record + at, sizeof(value));
    return value;
}

static void put64(void *record, unsigned int at, uint64_t value)
{
    memcpy((char *)record + at, &value, sizeof(value));
}

static void put32(void *record, unsigned int at, uint32_t value)
{
    if (at != NOWHERE)
        memcpy((char *)record + at, &value, sizeof(value));
}

/* ---- writing ---- */

static void save_segments(const struct x86_vcpu *v, struct hvm_hw_cpu *to)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        const struct place *p = &places[i];
        struct hvm_segment s;

        hvm_vendor->get_segment(v, p->name, &s);
        put32(to, p->selector, s.selector);
        put32(to, p->attributes, s.attributes);
        put32(to, p->limit, s.limit);
        put64(to, p->base, s.base);
    }
}

static void save_registers(const struct x86_vcpu *v, struct hvm_hw_cpu *to)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(general); i++)
        put64(to, general[i].there, get64(&v->regs, general[i].here));
    for (unsigned int i = 0; i < ARRAY_SIZE(switched); i++) {
        uint64_t value = 0;

        hvm_vendor->get_msr(v, switched[i].msr, &value);
        put64(to, switched[i].there, value);
    }
    to->rflags = v->regs.rflags;
}

static void save_event(const struct hvm_event *event, struct hvm_hw_cpu *to)
{
    if (event->type == EVENT_NONE)
        return;
    to->pending_vector = event->vector;
    to->pending_type = types[event->type] & 7u;
    to->pending_error_valid = event->has_error;
    to->pending_valid = true;
    to->error_code = event->error;
}

void hvm_cpu_save(const struct x86_vcpu *v, struct hvm_hw_cpu *to, uint64_t now)
{
    struct hvm_control c;

    memset(to, 0, sizeof(*to));
    hvm_vendor->get_control(v, &c);
    fpu_get(v, to->fpu_regs);
    save_registers(v, to);
    to->cr0 = c.cr0;
    to->cr2 = c.cr2;
    to->cr3 = c.cr3;
    to->cr4 = c.cr4;
    to->dr0 = v->hvm->debug[0];
    to->dr1 = v->hvm->debug[1];
    to->dr2 = v->hvm->debug[2];
    to->dr3 = v->hvm->debug[3];
    to->dr6 = c.debug6;
    to->dr7 = c.debug7;
    save_segments(v, to);
    to->msr_efer = c.efer;
    to->msr_tsc_aux = v->tsc_aux;
    to->tsc = vcpu_tsc(&v->core, now);
    save_event(&v->hvm->event, to);
    to->flags = XEN_X86_FPU_INITIALISED;
}

/* ---- looking at one: what a CPU refuses (AMD APM 2, section 15.5.1), and no guest could reach ---- */

static bool canonical(uint64_t address)
{
    return (int64_t)(address << 16) >> 16 == (int64_t)address;
}

static bool addresses_ok(const struct hvm_hw_cpu *c)
{
    const uint64_t all[] = { c->fs_base,   c->gs_base,      c->tr_base,     c->ldtr_base,
                             c->gdtr_base, c->idtr_base,    c->shadow_gs,   c->msr_lstar,
                             c->msr_cstar, c->sysenter_esp, c->sysenter_eip };

    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
        if (!canonical(all[i]))
            return false;
    /* Of these the CPU keeps 32 bits. */
    return !((c->cs_base | c->ds_base | c->es_base | c->ss_base) >> 32);
}

static bool paging_ok(const struct x86_vcpu *v, const struct hvm_hw_cpu *c)
{
    bool paging = c->cr0 & CR0_PG, longer = c->msr_efer & EFER_LME;

    if ((c->cr0 & ~CR0_KNOWN) || (c->cr3 & ~CR3_KNOWN) || (c->cr4 & ~hvm_cr4_allowed(v)) ||
        (c->msr_efer & ~hvm_efer_allowed(v)))
        return false;
    if (((c->cr0 & CR0_NW) && !(c->cr0 & CR0_CD)) || (paging && !(c->cr0 & CR0_PE)))
        return false;
    if (!(c->msr_efer & EFER_LMA) != !(paging && longer))
        return false;
    if (paging && longer && !(c->cr4 & CR4_PAE))
        return false;
    return !(c->cr4 & CR4_PCIDE) || (c->msr_efer & EFER_LMA);
}

static bool segments_ok(const struct hvm_hw_cpu *c)
{
    const uint32_t both = SEGMENT_LONG | SEGMENT_BIG;
    const uint32_t all = c->cs_arbytes | c->ds_arbytes | c->es_arbytes | c->fs_arbytes |
                         c->gs_arbytes | c->ss_arbytes | c->tr_arbytes | c->ldtr_arbytes;

    if (all & ~ATTRIBUTES)
        return false;
    return !(c->msr_efer & EFER_LMA) || (c->cs_arbytes & both) != both;
}

static enum hvm_event_type event_of(const struct hvm_hw_cpu *c)
{
    for (unsigned int type = EVENT_INTERRUPT; type <= EVENT_SOFTWARE; type++)
        if (types[type] == c->pending_type)
            return (enum hvm_event_type)type;
    return EVENT_NONE;
}

static bool event_ok(const struct hvm_hw_cpu *c)
{
    if (!c->pending_valid)
        return true;
    return event_of(c) != EVENT_NONE && !c->pending_reserved &&
           !(event_of(c) == EVENT_EXCEPTION && (c->pending_vector > 31 || c->pending_vector == 2));
}

bool hvm_cpu_ok(const struct x86_vcpu *v, const struct hvm_hw_cpu *c)
{
    return paging_ok(v, c) && addresses_ok(c) && segments_ok(c) && event_ok(c) && !(c->dr6 >> 32) &&
           !(c->dr7 >> 32) && !(c->flags & ~XEN_X86_FPU_INITIALISED) && !(c->msr_tsc_aux >> 32) &&
           !(c->msr_syscall_mask >> 32);
}

/* ---- taking one over ---- */

static void load_segments(struct x86_vcpu *v, const struct hvm_hw_cpu *from)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        const struct place *p = &places[i];
        const struct hvm_segment s = { (uint16_t)get32(from, p->selector),
                                       (uint16_t)get32(from, p->attributes), get32(from, p->limit),
                                       get64(from, p->base) };

        hvm_vendor->set_segment(v, p->name, &s);
    }
}

static void load_registers(struct x86_vcpu *v, const struct hvm_hw_cpu *from)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(general); i++)
        put64(&v->regs, general[i].here, get64(from, general[i].there));
    for (unsigned int i = 0; i < ARRAY_SIZE(switched); i++)
        hvm_vendor->set_msr(v, switched[i].msr, get64(from, switched[i].there));
    v->regs.rflags = (from->rflags & FLAGS_KNOWN) | FLAGS_FIXED;
}

static void load_control(struct x86_vcpu *v, const struct hvm_hw_cpu *from)
{
    const struct hvm_control c = {
        .cr0 = from->cr0 | CR0_ET,
        .cr2 = from->cr2,
        .cr3 = from->cr3,
        .cr4 = from->cr4,
        .efer = from->msr_efer,
        .debug6 = (from->dr6 & DEBUG6_KNOWN) | DEBUG6_FIXED,
        .debug7 = (from->dr7 & DEBUG7_KNOWN) | DEBUG7_FIXED,
    };

    hvm_vendor->set_control(v, &c);
    v->hvm->debug[0] = from->dr0;
    v->hvm->debug[1] = from->dr1;
    v->hvm->debug[2] = from->dr2;
    v->hvm->debug[3] = from->dr3;
}

static void load_event(struct x86_vcpu *v, const struct hvm_hw_cpu *from)
{
    struct hvm_event *event = &v->hvm->event;

    *event = (struct hvm_event){ .type = EVENT_NONE };
    if (!from->pending_valid)
        return;
    *event = (struct hvm_event){ .type = (uint8_t)event_of(from),
                                 .vector = from->pending_vector,
                                 .has_error = from->pending_error_valid,
                                 .error = from->pending_error_valid ? from->error_code : 0 };
}

void hvm_cpu_load(struct x86_vcpu *v, const struct hvm_hw_cpu *from, uint64_t now)
{
    fpu_set(v, from->flags & XEN_X86_FPU_INITIALISED ? from->fpu_regs : NULL);
    load_registers(v, from);
    load_control(v, from);
    load_segments(v, from);
    v->tsc_aux = (uint32_t)from->msr_tsc_aux;
    load_event(v, from);
    hvm_vendor->end_shadow(v);
    hvm_set_tsc_offset(v, from->tsc - tsc_ticks_at(now, v->core.tsc_rate));
    v->hvm->flushed--; /* of other tables nothing is left */
}
