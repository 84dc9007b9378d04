/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts.  A kernel defines the functions it wants; the library's own (weak) ones
 * print an exception and power off, and ignore interrupts.
 */
#ifndef PV_TRAP_H
#define PV_TRAP_H

/* What pv_interrupt() is told; numbers of the native vectors as well. */
#define PV_VECTOR_TIMER    0xf0 /* pv_set_timer() */
#define PV_VECTOR_IPI      0xf1 /* pv_ipi() */
#define PV_VECTOR_FLUSH    0xf2 /* the library's: pv_flush_all() */
#define PV_VECTOR_UPCALL   0xf3 /* the library's: a hypervisor's event */
#define PV_VECTOR_SPURIOUS 0xff

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What the interrupted code had; a handler may change it. */
struct pv_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * An exception, vectors 0 to 31 (AMD APM 2, 8.2), or a software interrupt.  Runs with interrupts off on
 * the CPU it came to; returning goes on where regs says.
 */
void pv_trap(struct pv_regs *regs);

/* An interrupt: PV_VECTOR_TIMER, PV_VECTOR_IPI, or a vector of the kernel's own. Interrupts off. */
void pv_interrupt(unsigned int vector, struct pv_regs *regs);
#endif

#endif
