/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in from a PV guest and out to it (entry.S), and what they call in C. */
#ifndef X86_PV_ENTRY_H
#define X86_PV_ENTRY_H

#include "x86/guest.h"

/* SYSCALL target (MSR_LSTAR), 32-bit ones, and the exception stubs' common part: x86/pv/entry.S. */
extern const char entry_syscall[], entry_syscall32[], entry_sysenter[];

/* Leave to the current vCPU, whichever it is by now; idle CPUs stay inside.  Interrupts in any state. */
_Noreturn void exit_to_guest(void);

/* Called by the exit code, interrupts off: runs softirqs, switches vCPUs, idles, delivers events,
 * until the current vCPU can be entered; returns with interrupts off. */
void exit_work(void);

/* An exception from a guest (vector below 32, or int n by vector): called by entry.S. */
void pv_trap(struct regs *regs);

/* Boot, each CPU: MSRs of SYSCALL and SYSENTER. */
void pv_entry_init_cpu(void);

/* The PV kind (core/domain.h). */
extern const struct guest_kind pv_kind;

#endif
