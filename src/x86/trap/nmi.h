/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine reports by NMI and machine-check exceptions. */
#ifndef X86_NMI_H
#define X86_NMI_H

#include "x86/regs.h"

/* An NMI came, on its own stack, at any instruction: for a CPU that is to stop, the end; else it is
 * noted, and told of by nmi_tell as soon as interrupts are on. */
void nmi_came(const struct regs *regs);

/* On every kick of a CPU, interrupts off: report what was noted and pass it on to Dom0's vCPU 0. */
void nmi_tell(void);

/* #MC: print the banks, stop the host. */
_Noreturn void machine_check(const struct regs *regs);

/* Each CPU: let machine checks be raised (Intel SDM 3, chapter 15; AMD APM 2, chapter 9). */
void machine_check_init_cpu(void);

#endif
