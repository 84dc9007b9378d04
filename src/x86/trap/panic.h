/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the host: what is printed of it.  arch_panic itself is declared in core/assert.h. */
#ifndef X86_PANIC_H
#define X86_PANIC_H

#include "x86/regs.h"

/* Boot: key C of the console makes the host panic, to see what that says. */
void panic_init(void);

/* Take the console and stop all other CPUs, once; interrupts are off after it.  Any context.  A
 * second CPU that comes here stops. */
void panic_begin(void);

/* Print them, in five lines. */
void panic_registers(const struct regs *regs);

/* Print why, the registers, the backtrace and the last events; then reset or halt as the option
 * noreboot says.  Any context. */
_Noreturn void panic_trap(const struct regs *regs, const char *why);

#endif
