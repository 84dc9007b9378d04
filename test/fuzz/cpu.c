/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs: what each keeps for itself, their registers, and instructions that need privilege.  Where
 * those stand in a header, test/fuzz/machine puts functions in their place; the few in x86/pv's own
 * assembly fault here, and the handler does them, or goes on where the table of fix-ups says.
 */
#define _GNU_SOURCE /* registers in ucontext_t */
#include "fuzz.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/interrupt/apic.h"
#include "x86/control.h"
#include "x86/trap/fault.h"
#include "x86/features.h"
#include "x86/gdt.h"
#include "x86/interrupt/irq.h"
#include "x86/msr_index.h"
#include "x86/percpu.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/debug.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/smp/smp.h"
#include "x86/spec.h"
#include "x86/memory/tlb.h"
#include "x86/way.h"
#include "../workbench/cpus.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

struct cpu_features cpu = { .vendor = "Fuzz",
                            .amd = true,
                            .address_bits = 40,
                            .nx = true,
                            .xsave = true,
                            .avx = true,
                            .xcr0_mask = 7,
                            .xsave_size = 832,
                            .pge = true };
bool spec_ibpb;
uint64_t fuzz_cr0 = 0x80050033, fuzz_cr2, workbench_cr4 = 0x6f0;

static struct percpu own[FUZZ_CPUS];
static uint64_t gdt_pages[FUZZ_CPUS][512], tss_pages[FUZZ_CPUS][512];
struct percpu *percpu_of[CPUS_MAX] = { &own[0], &own[1], &own[2], &own[3] };
static KEPT struct sigaction before;

struct percpu *percpu(void)
{
    struct percpu *p = &own[cpu_id()];

    p->self = p;
    p->cpu = p->apic_id = cpu_id();
    p->gdt = gdt_pages[cpu_id()];
    p->tss = tss_pages[cpu_id()];
    return p;
}

/* ---- registers ---- */

/* SVM with nested paging; few ASIDs, so that they are used up. */
static void add_hardware(uint32_t leaf, uint32_t out[4])
{
    if (leaf == 0x80000000)
        out[0] = 0x8000000a;
    else if (leaf == 0x80000001)
        out[2] |= 4;
    else if (leaf == 0x8000000a)
        out[1] = 6, out[3] = 9;
}

void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    static const struct {
        uint32_t leaf, sub, out[4];
    } known[] = {
        { 0, 0, { 0xd, 0x7a7a7546, 0x7a7a7546, 0x7a7a7546 } },
        { 1, 0, { 0x663, 0x800, 0x9c202001, 0x178bfbfd } },
        { 0xd, 0, { 7, 832, 832, 0 } },
        { 0xd, 2, { 256, 576, 0, 0 } },
        { 0x80000000, 0, { 0x80000008, 0, 0, 0 } },
        { 0x80000001, 0, { 0x663, 0, 0x21, 0x2193fbfd } },
        { 0x80000008, 0, { 0x3028, 0, 0, 0 } },
    };

    memset(out, 0, 4 * sizeof(*out));
    for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
        if (known[i].leaf == leaf && known[i].sub == sub)
            memcpy(out, known[i].out, sizeof(known[i].out));
    if (fuzz_hardware)
        add_hardware(leaf, out);
}

static uint64_t bases[FUZZ_CPUS][3]; /* MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE */

uint64_t rdmsr(uint32_t msr)
{
    return msr - MSR_FS_BASE < 3 ? bases[cpu_id()][msr - MSR_FS_BASE] : 0;
}

/* An address that is not canonical would be #GP, in Zeroth. */
void wrmsr(uint32_t msr, uint64_t value)
{
    if (msr - MSR_FS_BASE >= 3)
        return;
    REQUIRE((uint64_t)((int64_t)(value << 16) >> 16) == value, "MSR %x is given %lx", msr, value);
    bases[cpu_id()][msr - MSR_FS_BASE] = value;
}

/* ---- vCPUs ---- */

static struct vcpu *idles[FUZZ_CPUS];

void arch_set_idle(unsigned int at, struct vcpu *idle)
{
    unsigned int here = cpu_id();

    idles[at] = idle;
    workbench_be(at);
    workbench_current = idle;
    workbench_be(here);
}

struct vcpu *arch_idle_vcpu(unsigned int at)
{
    return idles[at];
}

void arch_idle(void)
{
    irq_on();
}

/* In place of x86/pv/context.c's, without what belongs to no invariant: FPU, selectors, MSRs. */
void __wrap_arch_context_switch(struct vcpu *prev, struct vcpu *next);
void __wrap_arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    ASSERT(!irq_is_on() && prev == current_vcpu() && prev != next);
    if (!prev->is_idle && !is_hardware(prev))
        pv_debug_unload(x86_vcpu(prev));
    workbench_current = next;
    if (next->is_idle || is_hardware(next)) {
        percpu()->cr3 = 0;
        mmu_load(cpu_id(), 0);
        pv_window_unload();
        if (is_hardware(next))
            cpu_set_add(&x86_domain(next->domain)->dirty, cpu_id());
    } else {
        pv_load_cr3(x86_vcpu(next));
        pv_window_load(x86_vcpu(next));
        pv_debug_load(x86_vcpu(next));
    }
    if (is_hardware(prev))
        x86_vcpu(prev)->way->left(x86_vcpu(prev), next);
    else if (!prev->is_idle)
        pv_leave_cr3(x86_vcpu(prev), next);
}

/* ---- other CPUs: what is sent to one happens there at once ---- */

static void (*tlb_handler)(struct regs *);

void irq_bind_vector(unsigned int vector, void (*handler)(struct regs *regs))
{
    ASSERT(vector == VECTOR_TLB);
    tlb_handler = handler;
}

void apic_send(uint32_t to, uint8_t vector)
{
    unsigned int here = cpu_id();

    ASSERT(vector == VECTOR_TLB && to != here && to < FUZZ_CPUS);
    workbench_be(to);
    tlb_handler(NULL);
    workbench_be(here);
}

void smp_call_others(void (*fn)(void *), void *argument)
{
    unsigned int here = cpu_id();

    ASSERT(irq_is_on());
    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        if (i == here)
            continue;
        workbench_be(i);
        fn(argument);
        workbench_be(here);
    }
}

/* ---- instructions that fault ---- */

static greg_t *register_of(ucontext_t *u, unsigned int number)
{
    static const int order[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                 REG_R12, REG_R13, REG_R14, REG_R15 };

    return &u->uc_mcontext.gregs[order[number]];
}

/* Bytes of a ModRM operand (AMD APM 3, section 1.4). */
static unsigned int operand_length(const uint8_t *modrm)
{
    unsigned int mod = *modrm >> 6, rm = *modrm & 7, length = 1;

    if (mod == 3)
        return 1;
    if (rm == 4) {
        length++;
        if (mod == 0 && (modrm[1] & 7) == 5)
            length += 4;
    }
    if (mod == 1)
        length += 1;
    else if (mod == 2 || (mod == 0 && rm == 5))
        length += 4;
    return length;
}

/* MOV from and to a control or debug register. */
static void move(ucontext_t *u, uint8_t opcode, unsigned int rex, uint8_t modrm)
{
    unsigned int reg = (modrm >> 3 & 7) | (rex & 4) << 1, rm = (modrm & 7) | (rex & 1) << 3;
    greg_t *general = register_of(u, rm);

    switch (opcode) {
    case 0x20:
        REQUIRE(reg == 3, "CR%u is read", reg);
        *general = (greg_t)mmu_cr3(cpu_id());
        break;
    case 0x21: *general = 0; break;
    case 0x22:
        REQUIRE(reg == 3, "CR%u is written", reg);
        mmu_load(cpu_id(), (uint64_t)*general);
        break;
    }
}

static bool do_instruction(ucontext_t *u)
{
    const uint8_t *at = (const uint8_t *)u->uc_mcontext.gregs[REG_RIP], *start = at;
    unsigned int rex = 0;

    if (*at == 0x66)
        at++;
    if ((*at & 0xf0) == 0x40)
        rex = *at++;
    if (*at++ != 0x0f)
        return false;
    switch (*at++) {
    case 0x00:
    case 0x01: /* LLDT, LGDT, XSETBV, VMSAVE */
        if ((*at >> 3 & 7) != 2 && *at != 0xdb)
            return false;
        at += operand_length(at);
        break;
    case 0x06:
    case 0x09: /* CLTS, WBINVD */ break;
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
        move(u, at[-1], rex, *at);
        at++;
        break;
    default: return false;
    }
    u->uc_mcontext.gregs[REG_RIP] += at - start;
    return true;
}

static void fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint64_t to;

    if (fault_fixup((uint64_t)u->uc_mcontext.gregs[REG_RIP], &to)) {
        u->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
        return;
    }
    if (!do_instruction(u))
        before.sa_sigaction(signal, info, context);
}

void cpu_catch_faults(void)
{
    struct sigaction action = { .sa_sigaction = fault,
                                .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

    sigaction(SIGSEGV, &action, &before);
}
