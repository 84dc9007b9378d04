/* SPDX-License-Identifier: Apache-2.0 */
/* Why a guest came out: told apart here, dealt with by the common handlers. */
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/svm/svm.h"
#include "x86/way.h"

#define IO_IN         1u
#define IO_STRING     4u
#define IO_REPEAT     8u
#define IO_ADDRESS_16 0x80u
#define IO_ADDRESS_32 0x100u
#define IO_ADDRESS_64 0x200u

#define EXCEPTIONS \
    32u /* vectors of exceptions: QEMU's TCG says of virtual interrupts they were some */

/* A virtual interrupt that came out as it went in waits for the next time. */
static void keep_virtual(struct x86_vcpu *v, const struct vmcb *b)
{
    struct svm_vcpu *s = svm_vcpu(v);

    if (b->interrupt & VINTR_IRQ)
        v->hvm->event = (struct hvm_event){ .type = EVENT_INTERRUPT, .vector = s->virtual };
    s->virtual = 0;
}

/* The CPU calls INT3 and INTO exceptions, and stands at them as at INT n (AMD APM 2, section 15.7.2). */
static bool is_instruction(uint8_t type, uint8_t vector)
{
    return type == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF);
}

/* What was on its way into the guest when it came out comes again, but for what it does again itself. */
static void keep_event(struct x86_vcpu *v, const struct vmcb *b)
{
    static const uint8_t types[8] = {
        [0] = EVENT_INTERRUPT, [2] = EVENT_NMI, [3] = EVENT_EXCEPTION
    };
    uint64_t e = b->exit_event;
    uint8_t type, vector = (uint8_t)e;

    if (!(e & EVENT_VALID))
        return;
    type = types[e >> EVENT_TYPE_SHIFT & 7];
    if (type == EVENT_NONE || is_instruction(type, vector))
        return;
    if (type == EVENT_EXCEPTION && vector >= EXCEPTIONS)
        type = EVENT_INTERRUPT;
    if (type == EVENT_NMI)
        svm_vcpu(v)->in_nmi = false;
    v->hvm->event = (struct hvm_event){
        .type = type,
        .vector = vector,
        .has_error = e & EVENT_HAS_ERROR,
        .error = (uint32_t)(e >> 32),
    };
}

static void take_state(struct x86_vcpu *v, struct vmcb *b)
{
    struct regs *r = &v->regs;
    uint8_t tpr = hvm_lapic_tpr(v), class = (uint8_t)(b->interrupt & 0xf);

    r->rax = b->rax;
    r->rsp = b->rsp;
    r->rip = b->rip;
    r->rflags = b->rflags;
    if (class != tpr >> 4)
        hvm_lapic_set_tpr(v, (uint8_t)(class << 4));
    b->event = 0;
    if (svm_vcpu(v)->virtual)
        keep_virtual(v, b);
    b->interrupt &= ~VINTR_ALL_OF_IRQ;
    b->intercept_1 &= ~INTERCEPT_VINTR;
    keep_event(v, b);
}

/* Where it is not told, it is the code's. */
static uint8_t address_size(const struct x86_vcpu *v, uint32_t info)
{
    switch (info & (IO_ADDRESS_16 | IO_ADDRESS_32 | IO_ADDRESS_64)) {
    case IO_ADDRESS_16: return 2;
    case IO_ADDRESS_32: return 4;
    case IO_ADDRESS_64: return 8;
    }
    return hvm_vendor->in_long_code(v) ? 8 : 4;
}

static void io(struct x86_vcpu *v, const struct vmcb *b)
{
    uint32_t info = (uint32_t)b->exit_info_1;
    const struct hvm_io io = {
        .port = (uint16_t)(info >> 16),
        .size = (uint8_t)(info >> 4 & 7),
        .length = (uint8_t)(b->exit_info_2 - b->rip),
        .address = info & IO_STRING ? address_size(v, info) : 0,
        .in = info & IO_IN,
        .string = info & IO_STRING,
        .repeat = info & IO_REPEAT,
    };

    hvm_exit_io(v, &io);
}

/* The guest's NMI handler ends: the next one may come. */
static void iret(struct x86_vcpu *v, struct vmcb *b)
{
    svm_vcpu(v)->in_nmi = false;
    b->intercept_1 &= ~INTERCEPT_IRET;
}

/* A window for what waited on the CPU itself: interrupts are taken as soon as they are on. */
static void take_interrupt(void)
{
    irq_on();
    __asm__ volatile("nop");
    irq_off();
}

static void refuse(struct x86_vcpu *v, const struct vmcb *b)
{
    if (b->exit_code == ~0ul)
        domain_crash(v->core.domain, "its state is not one that a CPU can be in");
    else
        domain_crash(v->core.domain, "it came out for nothing known");
}

static void sort(struct x86_vcpu *v, struct vmcb *b)
{
    switch (b->exit_code) {
    case EXIT_INTR:
    case EXIT_NMI:
    case EXIT_SMI:
    case EXIT_INIT: take_interrupt(); break;
    case EXIT_VINTR:
    case EXIT_FERR: break;
    case EXIT_CPUID: hvm_exit_cpuid(v); break;
    case EXIT_MSR:
        if (b->exit_info_1)
            hvm_exit_wrmsr(v);
        else
            hvm_exit_rdmsr(v);
        break;
    case EXIT_VMMCALL: hvm_exit_hypercall(v); break;
    case EXIT_NESTED: hvm_exit_map(v, b->exit_info_2, (uint32_t)b->exit_info_1); break;
    case EXIT_HLT: hvm_exit_hlt(v); break;
    case EXIT_IO: io(v, b); break;
    case EXIT_CR4_WRITE: hvm_exit_cr4(v); break;
    case EXIT_IRET: iret(v, b); break;
    case EXIT_INVD:
    case EXIT_WBINVD: hvm_exit_nothing(v); break;
    case EXIT_XSETBV: hvm_exit_xsetbv(v); break;
    case EXIT_RDTSC: hvm_exit_rdtsc(v); break;
    case EXIT_RDTSCP: hvm_exit_rdtscp(v); break;
    case EXIT_RDPMC: hvm_fault_gp(v); break;
    case EXIT_INVLPGA:
    case EXIT_MONITOR:
    case EXIT_MWAIT:
    case EXIT_MWAIT_ARMED:
    case EXIT_VMRUN:
    case EXIT_VMRUN + 2:
    case EXIT_VMRUN + 3:
    case EXIT_VMRUN + 4:
    case EXIT_VMRUN + 5:
    case EXIT_SKINIT: hvm_fault_ud(v); break;
    case EXIT_SHUTDOWN: hvm_exit_shutdown(v); break;
    case EXIT_EXCEPTION + VECTOR_DB: hvm_fault(v, VECTOR_DB, HVM_NO_ERROR); break;
    case EXIT_EXCEPTION + VECTOR_AC: hvm_fault(v, VECTOR_AC, 0); break;
    case EXIT_EXCEPTION + VECTOR_MC:
        __asm__ volatile("int $18"); /* machine check: the host's end */
        break;
    case EXIT_TASK: domain_crash(v->core.domain, "a task switch, which is left out"); break;
    default: refuse(v, b);
    }
}

void svm_exit(void)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct vmcb *b = svm_vmcb(v);

    ASSERT(!irq_is_on());
    take_state(v, b);
    sort(v, b);
}
