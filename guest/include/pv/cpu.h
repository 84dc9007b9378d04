/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each CPU has of its own, reached through the GS base: pv_this_cpu().  Usable from assembly
 * for the offsets.
 */
#ifndef PV_CPU_H
#define PV_CPU_H

#define PV_CPUS       16
#define PV_STACK_SIZE 16384

/* Selectors of the native descriptor table. */
#define PV_KERNEL_CS 0x08
#define PV_KERNEL_SS 0x10
#define PV_USER_SS   0x1b
#define PV_USER_CS   0x23
#define PV_TSS       0x28

/* Offsets into struct pv_cpu. */
#define PV_CPU_NUMBER  8
#define PV_CPU_SCRATCH 16
#define PV_CPU_RSP0    40
#define PV_CPU_SHARED  192

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* Task state segment of 64-bit mode (AMD APM 2, 12.2.5). */
struct pv_tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

struct pv_cpu {
    struct pv_cpu *self;
    uint32_t number, apic_id;
    uint64_t scratch; /* for the kernel's own system call entry */
    uint32_t started; /* it reached pv_cpu_main() */
    uint32_t flush;   /* somebody waits for a TLB flush here */
    uint32_t reserved;
    struct pv_tss tss;
    /* The hypervisor's own: memory it shares with this CPU, and what the library keeps for it. */
    uint8_t shared[64] __attribute__((aligned(64)));
    uint64_t private[16];
    uint64_t gdt[8];
} __attribute__((aligned(1024))); /* shared[] must not cross a page */

_Static_assert(__builtin_offsetof(struct pv_cpu, number) == PV_CPU_NUMBER, "offset");
_Static_assert(__builtin_offsetof(struct pv_cpu, scratch) == PV_CPU_SCRATCH, "offset");
_Static_assert(__builtin_offsetof(struct pv_cpu, tss.rsp) == PV_CPU_RSP0, "offset");
_Static_assert(__builtin_offsetof(struct pv_cpu, shared) == PV_CPU_SHARED, "offset");
_Static_assert(sizeof(struct pv_cpu) == 1024, "one structure per KiB");

extern struct pv_cpu pv_cpus[PV_CPUS];
extern uint8_t pv_stacks[PV_CPUS][PV_STACK_SIZE];

/* The CPU this runs on. */
static inline struct pv_cpu *pv_this_cpu(void)
{
    struct pv_cpu *cpu;

    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* The upper end of a CPU's boot stack. */
static inline uint64_t pv_stack_top(unsigned int cpu)
{
    return (uint64_t)pv_stacks[cpu] + PV_STACK_SIZE;
}
#endif

#endif
