/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_TRAP_H
#define X86_TRAP_H

#include <stdint.h>

#define TRAP_COUNT 32           /* vectors the CPU keeps for exceptions (AMD APM 2, section 8.2) */

/* Registers at an exception, in the order x86/trap_entry.S pushes them. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * Load an interrupt table whose exception vectors all end in report, which does not return.
 * Boot CPU only, interrupts off.
 */
void trap_init(void (*report)(const struct trap_frame *frame));

/* The exception's short name, such as "#PF", or "?" for a vector that has none. */
const char *trap_name(uint64_t vector);

/* The address that a page fault was raised for (CR2). */
uint64_t trap_fault_address(void);

#endif
