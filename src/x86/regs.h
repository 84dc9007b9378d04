/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers as an entry saves them.  Of a guest they stand in its vCPU (x86/guest.h): TSS.RSP0 is
 * the end of that struct, so the CPU itself writes the last five words there and the entry code
 * pushes the rest, then changes to the CPU's own stack.  Of Zeroth itself they stand on its stack.
 */
#ifndef X86_REGS_H
#define X86_REGS_H

#define REGS_SIZE 176

#ifndef __ASSEMBLER__
#include <stdint.h>

struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error; /* of a trap; vector REGS_SYSCALL after SYSCALL */
    uint64_t rip, cs, rflags, rsp, ss;
};

#define REGS_SYSCALL 0x100
_Static_assert(sizeof(struct regs) == REGS_SIZE, "assembly counts on it");
#endif

#endif
