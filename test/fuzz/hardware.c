/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware domain: its vCPUs come out, as x86/hvm/svm/entry.S would have it, with whatever the input
 * puts in their VMCBs.
 */
#include "codes.h"
#include "fuzz.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/kind.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/svm/svm.h"
#include "x86/msr_index.h"

#include <string.h>

#define CODE_AT    (GUEST_BASE + PAGE_CODE * PAGE_SIZE)
#define CODE_64    0x29bu
#define CODE_32    0xc9bu
#define DATA_FLAT  0xc93u
#define CALL_BYTES 3u

KEPT bool fuzz_hardware;

/* Nothing is ever entered: the fuzzer goes on from what is due. */
void svm_enter(void)
{
}

const char *arch_guest_kinds(void)
{
    return hvm_usable() ? "xen-3.0-x86_64 hvm-3.0-x86_64 " : "xen-3.0-x86_64 ";
}

/* On its tables in ring 0, whatever it was before. */
static void settle(struct x86_vcpu *v, bool narrow)
{
    const struct hvm_control c = { .cr0 = CR0_PE | CR0_ET | CR0_WP | CR0_PG,
                                   .cr3 = PAGE_L4 * PAGE_SIZE,
                                   .cr4 = CR4_PAE,
                                   .efer = EFER_LME | EFER_LMA | EFER_NXE,
                                   .debug7 = 0x400 };
    const struct hvm_segment code = { 8, narrow ? CODE_32 : CODE_64, ~0u, 0 };
    const struct hvm_segment data = { 16, DATA_FLAT, ~0u, 0 };

    hvm_vendor->set_control(v, &c);
    for (unsigned int s = SEGMENT_ES; s <= SEGMENT_GS; s++)
        hvm_vendor->set_segment(v, s, s == SEGMENT_CS ? &code : &data);
    svm_vmcb(v)->cpl = 0;
}

bool hardware_make_vcpu(const struct world_domain *w, struct domain *d, unsigned int id, bool up)
{
    struct vcpu *v;

    (void)w;
    if (vcpu_create(d, id, &v))
        return false;
    if (ranges_add(&x86_domain(d)->iomem, FUZZ_DEVICE, FUZZ_DEVICE + 63))
        return false;
    if (!up)
        return true;
    hvm_start_pvh(x86_vcpu(v), (uint32_t)(PAGE_CODE * PAGE_SIZE), 0);
    hvm_domain(d)->callback_vector = 0x40;
    v->initialised = true;
    return vcpu_up(v) == 0;
}

static void come_out(struct x86_vcpu *v, uint64_t code)
{
    struct vmcb *b = svm_vmcb(v);

    b->exit_code = code;
    b->exit_event = 0;
    b->rax = v->regs.rax;
    b->rsp = v->regs.rsp;
    b->rip = v->regs.rip;
    b->rflags = v->regs.rflags;
    irq_off();
    svm_exit();
    irq_on();
}

/* ---- hypercalls ---- */

bool hardware_call(struct vcpu *core, struct call *c)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct regs *r = &v->regs;
    uint64_t *const wide[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };
    uint64_t *const narrow[] = { &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi, &r->rbp };

    settle(v, c->narrow);
    r->rax = c->nr;
    for (unsigned int i = 0; i < ARRAY_SIZE(wide); i++)
        *(c->narrow ? narrow : wide)[i] = c->args[i];
    r->rip = c->narrow ? (uint32_t)CODE_AT : CODE_AT;
    r->rflags = FLAGS_FIXED | FLAGS_IF;
    svm_vmcb(v)->next_rip = r->rip + CALL_BYTES;
    come_out(v, EXIT_VMMCALL);
    for (unsigned int i = 0; i < ARRAY_SIZE(wide); i++)
        c->args[i] = *(c->narrow ? narrow : wide)[i];
    /* It is made again where it was made, if its vCPU has not been given another state. */
    return svm_vmcb(v)->exit_code == EXIT_VMMCALL &&
           r->rip == (c->narrow ? (uint32_t)CODE_AT : CODE_AT);
}

/* ---- whatever else it comes out for ---- */

/* Registers of its APIC, mostly those that reach others. */
static uint64_t apic_register(void)
{
    static const uint16_t some[] = { 0x20,  0x80,  0xb0,  0xd0,  0xe0,  0xf0,  0x280, 0x300,
                                     0x300, 0x310, 0x320, 0x350, 0x380, 0x390, 0x3e0 };

    return some[input_byte() % ARRAY_SIZE(some)];
}

static void choose_msr(struct x86_vcpu *v)
{
    static const uint32_t msrs[] = { 0x10,       0x1b,       0x3b,       0x6e0,      0xfe,
                                     0x174,      0x200,      0x20f,      0x250,      0x277,
                                     0x2ff,      0x1a0,      0x40000000, 0xc0000080, 0xc0000081,
                                     0xc0000100, 0xc0000103, 0xc0010015, 0xda0 };
    unsigned int c = input_byte();

    v->regs.rcx = c < 0x80   ? msrs[c % ARRAY_SIZE(msrs)]
                  : c < 0xe0 ? 0x800 + apic_register() / 16
                             : input_number(4);
    v->regs.rax = value_make("INEA"[input_byte() & 3], &v -> core);
    v->regs.rdx = input_chance(128) ? 0 : input_number(4);
    svm_vmcb(v)->exit_info_1 = input_byte() & 1;
}

static void choose_io(struct x86_vcpu *v)
{
    static const uint16_t ports[] = { 0x20,  0x43,  0x60, 0x70,  0x80,
                                      0xcf8, 0xcfc, 0xe9, 0x3f8, 0xffff };
    unsigned int c = input_byte();

    svm_vmcb(v)->exit_info_1 = (uint32_t)ports[c % ARRAY_SIZE(ports)] << 16 |
                               0x10u << input_byte() % 3 | (c >> 4 & 0xd);
    svm_vmcb(v)->exit_info_2 = v->regs.rip + 1 + (c & 3);
}

static void write_code(struct x86_vcpu *v)
{
    unsigned int c = input_byte();
    uint8_t bytes[8];

    memcpy(bytes, fuzz_codes[c % ARRAY_SIZE(fuzz_codes)], sizeof(bytes));
    if (c >= 0xe0)
        for (unsigned int i = 0; i < sizeof(bytes); i++)
            bytes[i] = input_byte();
    arch_copy_to_guest(v->regs.rip, bytes, sizeof(bytes));
}

/* Its APIC's page, or some page of its map, present or not. */
static void choose_address(struct x86_vcpu *v)
{
    unsigned int c = input_byte();

    svm_vmcb(v)->exit_info_2 = c < 0x80   ? 0xfee00000 + apic_register()
                               : c < 0xe0 ? value_frame(&v->core) << PAGE_SHIFT |
                                                (value_make('O', &v->core) & PAGE_MASK)
                                          : input_number(8);
    svm_vmcb(v)->exit_info_1 = input_byte() & 0x1f;
    v->regs.rcx = value_make("INEA"[input_byte() & 3], &v -> core);
    v->regs.rax = v->regs.rdi = v->regs.rsi = value_make('A', &v->core);
}

void hardware_step(struct vcpu *core)
{
    static const uint16_t codes[] = {
        EXIT_MSR,    EXIT_MSR,       EXIT_NESTED, EXIT_NESTED,
        EXIT_NESTED, EXIT_IO,        EXIT_CPUID,  EXIT_HLT,
        EXIT_RDTSC,  EXIT_CR4_WRITE, EXIT_IRET,   EXIT_XSETBV,
        EXIT_RDPMC,  EXIT_INVD,      EXIT_VINTR,  EXIT_EXCEPTION + VECTOR_DB
    };
    struct x86_vcpu *v = x86_vcpu(core);
    unsigned int c = input_byte();
    uint64_t code = codes[c % ARRAY_SIZE(codes)];

    settle(v, c & 0x80);
    v->regs.rip = c & 0x80 ? (uint32_t)CODE_AT : CODE_AT;
    v->regs.rflags = FLAGS_FIXED | (c & 0x40 ? FLAGS_IF : 0);
    svm_vmcb(v)->shadow = c >> 5 & 1;
    svm_next_rip = c & 0x10;
    svm_vmcb(v)->next_rip = v->regs.rip + 2;
    write_code(v);
    if (input_chance(4)) {
        code = input_chance(128) ? EXIT_SHUTDOWN : input_number(1);
        if (code == EXIT_EXCEPTION + VECTOR_MC)
            return; /* the host's end */
    }
    if (code == EXIT_MSR)
        choose_msr(v);
    else if (code == EXIT_IO)
        choose_io(v);
    else if (code == EXIT_NESTED)
        choose_address(v);
    else
        v->regs.rax = v->regs.rcx = value_make('I', core);
    come_out(v, code);
    svm_next_rip = true;
}
