/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each CPU keeps for itself, reached by GS while Zeroth runs.  Offsets are constants, because
 * assembly uses them; x86/cpu.c asserts that they are those of the struct.
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#define PERCPU_SELF        0   /* address of this struct */
#define PERCPU_STACK_TOP   8   /* of the CPU's own stack, where every entry from a guest begins */
#define PERCPU_REGS_END    16  /* end of the current vCPU's struct regs; also TSS.RSP0 */
#define PERCPU_CURRENT     24  /* struct vcpu * */
#define PERCPU_GUEST_RSP   32  /* scratch of the system call entry */
#define PERCPU_SOFTIRQS    40  /* uint32_t, bits of core/softirq.h */
#define PERCPU_CPU         44  /* uint32_t, number of this CPU */
#define PERCPU_TRACE_AT    104 /* uint8_t, bytes into the next: wraps by itself */
#define PERCPU_TRACE       128 /* ring of x86/trap/trace.h: 16 events of 16 bytes */
#define PERCPU_GUEST_STATE 384 /* machine address of the current vCPU's block, of hardware guests */
#define PERCPU_HOST_STATE  392 /* and of this CPU's own */
#define PERCPU_SIZE        512

#ifndef __ASSEMBLER__
#include <stdint.h>

struct vcpu;
struct domain;

struct percpu {
    struct percpu *self;
    uint64_t stack_top, regs_end;
    struct vcpu *current;
    uint64_t guest_rsp;
    uint32_t softirqs, cpu;
    uint32_t apic_id, acpi_id, node;
    struct vcpu *idle;        /* the vCPU of core/sched that runs when none else can */
    struct vcpu *fpu_owner;   /* whose FPU state the registers hold, NULL: nobody's */
    uint64_t cr3;             /* machine address loaded into CR3, without flags */
    void *tss, *gdt;          /* this CPU's own */
    uint32_t trace_at;        /* the low byte counts */
    uint32_t nmi;             /* NMI_* of x86/trap/nmi.c: one came, to be told of */
    struct domain *predicted; /* whose code trained the branch predictor (x86/spec.h) */
    uint64_t reserved;
    struct {
        uint64_t what, where;
    } trace[16];
    uint64_t guest_state, host_state; /* the hardware guests' vendor's (x86/hvm) */
    uint64_t private[14];             /* for x86/ files */
};

static inline uint64_t percpu_read64(unsigned int offset)
{
    uint64_t value;

    __asm__ volatile("movq %%gs:%a1, %0" : "=r"(value) : "ri"((uint64_t)offset));
    return value;
}

static inline uint32_t percpu_read32(unsigned int offset)
{
    uint32_t value;

    __asm__ volatile("movl %%gs:%a1, %0" : "=r"(value) : "ri"((uint64_t)offset));
    return value;
}

static inline struct percpu *percpu(void)
{
    return (struct percpu *)percpu_read64(PERCPU_SELF);
}

/* Another CPU's; NULL for one that was never started. */
extern struct percpu *percpu_of[];
#endif

#endif
