/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in from a PV guest and out to it (entry.S), and what they call in C. */
#ifndef X86_PV_ENTRY_H
#define X86_PV_ENTRY_H

#include "x86/guest.h"

/* SYSCALL target (MSR_LSTAR), 32-bit ones (MSR_CSTAR, MSR_SYSENTER_EIP): x86/pv/entry.S. */
extern const char entry_syscall[], entry_syscall32[], entry_sysenter[];

/* The IRET to a guest: a fault there comes from ring 0 with the guest's GS base; x86/trap/trap_entry.S
 * changes it back, and the table of fix-ups leads on. */
extern const char exit_iretq[];

/* Leave to the current vCPU, whichever it is by now; idle CPUs stay inside.  Interrupts in any state. */
_Noreturn void exit_to_guest(void);

/* An exception from a guest (vector below 32, or int n by vector), called by x86/trap/trap_entry.S on the
 * CPU's stack, interrupts off (CR2 still that of a page fault); exit_to_guest follows. */
void pv_trap(struct regs *regs);

/* System calls of the guest's user code, 64-bit and 32-bit, called by entry.S with interrupts off. */
void pv_user_syscall(void);
void pv_user_syscall32(void);
void pv_user_sysenter(void);

/* IRET to the current vCPU faults: what the CPU says is kept; and, on the way on: it is the guest's
 * exception, at what was to be returned to (measured on Xen 4.17).  Interrupts off. */
void pv_iret_fault(const struct regs *fault);
void pv_iret_failed(void);

/* Boot, each CPU, on its percpu: MSRs of SYSCALL and SYSENTER; CR4.FSGSBASE. */
void pv_entry_init_cpu(void);

/* The PV kind (core/domain.h). */
extern const struct guest_kind pv_kind;

#endif
