/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on a PV guest's stack: its kernel gets control as by an interrupt. */
#ifndef X86_PV_BOUNCE_H
#define X86_PV_BOUNCE_H

#include "x86/guest.h"
#include "x86/pv/vcpu.h"

/* struct pv_bounce.flags: what the frame has and does. */
#define PV_BOUNCE_ERROR    1 /* holds an error code */
#define PV_BOUNCE_MASK     2 /* events are masked from then on */
#define PV_BOUNCE_SEGMENTS 4 /* holds the data segments' selectors: failsafe callback */

/*
 * Put a frame on the kernel stack (pv.kernel_sp from user mode, else the current one, aligned to 16)
 * and continue at to->rip: rcx, r11, [ds, es, fs, gs], [error], rip, cs, rflags, rsp, ss; the word of
 * cs has the event mask before in bits 32 to 39 (xen/arch-x86/xen-x86_64.h, saved_upcall_mask).
 * The current vCPU only; interrupts in any state, no lock held.  A stack that cannot be written ends
 * the domain.
 */
void pv_bounce(struct x86_vcpu *v, const struct pv_bounce *to);

/* An exception for the guest: to the handler of its trap table.  Without one the domain ends. */
void pv_bounce_trap(struct x86_vcpu *v, unsigned int vector, uint32_t error);
/* The same for a page fault, at an address. */
void pv_bounce_page_fault(struct x86_vcpu *v, uint64_t address, uint32_t error);
/* int n of the guest: to its handler if the trap table lets the mode (TI_GET_DPL), else #GP.  rip is
 * behind the instruction, which has `length` bytes. */
void pv_bounce_software(struct x86_vcpu *v, unsigned int vector, unsigned int length);

/* A 64-bit system call of user code, for which there is a callback. */
void pv_bounce_syscall(struct x86_vcpu *v);

/* Deliver what waits for the current vCPU, at most one thing; interrupts off.  False: nothing does. */
bool pv_deliver(struct x86_vcpu *v);
/* The same on the short way out of a hypercall, called by entry.S: of an event to the kernel, when
 * nothing else waits.  False: exit_to_guest must look. */
bool pv_deliver_event(struct x86_vcpu *v);

#endif
