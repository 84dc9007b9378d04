/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/exit.h"

#include "abi/door.h"
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/hvm/hypercall.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"
#include "x86/policy/cpuid.h"
#include "x86/report.h"

#define VECTOR_DB 1
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14

#define DEBUG6_STEP 0x4000u

void hvm_fault(struct x86_vcpu *v, uint8_t vector, uint32_t error)
{
    v->hvm->event = (struct hvm_event){ .type = EVENT_EXCEPTION,
                                        .vector = vector,
                                        .has_error = error != HVM_NO_ERROR,
                                        .error = error != HVM_NO_ERROR ? error : 0 };
}

void hvm_fault_gp(struct x86_vcpu *v)
{
    hvm_fault(v, VECTOR_GP, 0);
}

void hvm_fault_ud(struct x86_vcpu *v)
{
    hvm_fault(v, VECTOR_UD, HVM_NO_ERROR);
}

void hvm_fault_page(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    c.cr2 = address;
    hvm_vendor->set_control(v, &c);
    hvm_fault(v, VECTOR_PF, error);
}

/* Where the instruction is. */
static uint64_t code_address(const struct x86_vcpu *v)
{
    struct hvm_segment cs;

    if (hvm_vendor->in_long_code(v))
        return v->regs.rip;
    hvm_vendor->get_segment(v, SEGMENT_CS, &cs);
    return cs.base + v->regs.rip;
}

/* 16-bit code is taken apart as 32-bit code: what comes out of it has neither operand. */
bool hvm_decode(struct x86_vcpu *v, struct instruction *i)
{
    uint8_t bytes[INSTRUCTION_MAX + 1] = { 0 };
    unsigned int count = hvm_fetch(v, code_address(v), bytes, sizeof(bytes));

    if (count && decode(bytes, count, hvm_vendor->in_long_code(v), i))
        return true;
    hvm_fault_ud(v);
    return false;
}

/* A step that the CPU did not take itself: its trap comes after the instruction all the same. */
static __attribute__((noinline)) void stepped(struct x86_vcpu *v)
{
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    c.debug6 |= DEBUG6_STEP;
    hvm_vendor->set_control(v, &c);
    hvm_fault(v, VECTOR_DB, HVM_NO_ERROR);
}

void hvm_skip(struct x86_vcpu *v, unsigned int length)
{
    v->regs.rip += length;
    if (!hvm_vendor->in_long_code(v))
        v->regs.rip = (uint32_t)v->regs.rip;
    v->regs.rflags &= ~FLAGS_RF;
    hvm_vendor->end_shadow(v);
    if (__builtin_expect(v->regs.rflags & FLAGS_TF, false))
        stepped(v);
}

void hvm_skip_whole(struct x86_vcpu *v)
{
    unsigned int length = hvm_vendor->length(v);
    struct instruction i;

    if (length)
        hvm_skip(v, length);
    else if (hvm_decode(v, &i))
        hvm_skip(v, i.length);
}

void hvm_skip_likely(struct x86_vcpu *v, uint32_t bytes, unsigned int count)
{
    unsigned int told = hvm_vendor->length(v);
    uint32_t code = 0;

    if (told)
        hvm_skip(v, told);
    else if (hvm_fetch(v, code_address(v), (uint8_t *)&code, sizeof(code)) == sizeof(code) &&
             !((code ^ bytes) & ~0u >> (32 - 8 * count)))
        hvm_skip(v, count);
    else
        hvm_skip_whole(v);
}

void hvm_exit_cpuid(struct x86_vcpu *v)
{
    uint32_t out[4];

    hvm_cpuid(v, (uint32_t)v->regs.rax, (uint32_t)v->regs.rcx, out);
    v->regs.rax = out[0];
    v->regs.rbx = out[1];
    v->regs.rcx = out[2];
    v->regs.rdx = out[3];
    hvm_skip_likely(v, CODE_CPUID);
}

static __attribute__((noinline)) void refuse_msr(struct x86_vcpu *v, const char *how)
{
    tell_refused_msr(v, how);
    hvm_fault_gp(v);
}

void hvm_exit_rdmsr(struct x86_vcpu *v)
{
    uint64_t value;

    if (!hvm_read_msr(v, (uint32_t)v->regs.rcx, &value)) {
        refuse_msr(v, "RDMSR");
        return;
    }
    v->regs.rax = (uint32_t)value;
    v->regs.rdx = value >> 32;
    hvm_skip_likely(v, CODE_RDMSR);
}

void hvm_exit_wrmsr(struct x86_vcpu *v)
{
    bool ok;

    /* Some may take long, or copy. */
    irq_on();
    ok = hvm_write_msr(v, (uint32_t)v->regs.rcx, v->regs.rdx << 32 | (uint32_t)v->regs.rax);
    irq_off();
    if (ok)
        hvm_skip_likely(v, CODE_WRMSR);
    else
        refuse_msr(v, "WRMSR");
}

/* Without interrupts there is nothing to wait for: that is how a guest's CPU stops, as on Xen. */
void hvm_exit_hlt(struct x86_vcpu *v)
{
    hvm_skip_likely(v, CODE_HLT);
    if (!(v->regs.rflags & FLAGS_IF)) {
        if (!v->core.nmi_pending)
            vcpu_down(&v->core);
        return;
    }
    if (hvm_pending(v))
        return;
    vcpu_sleep(&v->core, WAIT_BLOCKED);
    if (hvm_pending(v))
        vcpu_wake(&v->core, WAIT_BLOCKED);
}

void hvm_exit_xsetbv(struct x86_vcpu *v)
{
    uint64_t value = v->regs.rdx << 32 | (uint32_t)v->regs.rax;

    if ((uint32_t)v->regs.rcx != 0 || hvm_vendor->privilege(v) ||
        (value & ~cpuid_policy(v)->xcr0_mask) || !fpu_set_xcr0(v, value))
        hvm_fault_gp(v);
    else
        hvm_skip_whole(v);
}

void hvm_exit_nothing(struct x86_vcpu *v)
{
    hvm_skip_whole(v);
}

/* What the CPU checks itself cannot be seen by it, as the guest's write never reaches it. */
static bool cr4_ok(const struct x86_vcpu *v, const struct hvm_control *c, uint64_t value)
{
    if (value & ~hvm_cr4_allowed(v))
        return false;
    if ((c->efer & EFER_LMA) && !(value & CR4_PAE))
        return false;
    return !((value & ~c->cr4 & CR4_PCIDE) && (!(c->efer & EFER_LMA) || (c->cr3 & PAGE_MASK)));
}

void hvm_exit_cr4(struct x86_vcpu *v)
{
    struct hvm_control c;
    struct instruction i;
    uint64_t value;

    if (!hvm_decode(v, &i))
        return;
    if (!i.extended || i.opcode != 0x22 || (i.reg & 7) != 4) {
        hvm_fault_ud(v);
        return;
    }
    hvm_vendor->get_control(v, &c);
    value = *decode_register(&v->regs, i.rm);
    if (!hvm_vendor->in_long_code(v))
        value = (uint32_t)value;
    if (!cr4_ok(v, &c, value)) {
        hvm_fault_gp(v);
        return;
    }
    /* Writes of these drop translations, global ones too (AMD APM 2, section 5.5.3). */
    if ((value ^ c.cr4) & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP))
        v->hvm->flushed--;
    c.cr4 = value;
    hvm_vendor->set_control(v, &c);
    hvm_skip(v, i.length);
}

void hvm_exit_shutdown(struct x86_vcpu *v)
{
    domain_crash(v->core.domain, "triple fault");
}
