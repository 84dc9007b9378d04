/* SPDX-License-Identifier: Apache-2.0 */
/* GDT and LDT of a PV vCPU, and the selectors that it has loaded. */
#ifndef X86_PV_SEGMENT_H
#define X86_PV_SEGMENT_H

#include "x86/guest.h"

/* MMUEXT_SET_LDT of the current vCPU, or of one that does not run: base is page-aligned, entries at
 * most 8192 (0: none).  Pages of it that are not mapped now, or cannot be descriptors, are looked at
 * again when they are used: pv_ldt_fault.  No lock held.  0, or -XEN_EINVAL: not aligned, not where
 * a guest may have memory, or too many. */
long pv_set_ldt(struct x86_vcpu *v, uint64_t base, unsigned int entries);

/* The CPU did not find a descriptor at *address.  True: now it does.  False: it is the guest's fault;
 * if it was in the current vCPU's LDT, *address is where the guest has that.  Interrupts on. */
bool pv_ldt_fault(struct x86_vcpu *v, uint64_t *address);

/*
 * Frames of a GDT, entries / 512 rounded up of them: taken and mapped instead of the present ones.
 * v is current, or does not run.  -XEN_EINVAL: more entries than the ABI leaves to guests, or a frame
 * that is not the domain's, or not one of descriptors; nothing has changed.
 */
long pv_set_gdt_frames(struct x86_vcpu *v, const uint64_t *mfns, unsigned int entries);

/* A vCPU's window at SEGMENTS_BASE, of empty descriptors at first; -XEN_ENOMEM. */
int pv_window_create(struct x86_vcpu *v);
/* Give back GDT and LDT frames; v does not run. */
void pv_window_destroy(struct x86_vcpu *v);
/* All vCPUs' windows of a domain are destroyed. */
void pv_window_free(struct x86_domain *d);

/* At context switch, interrupts off: the vCPU's GDT and LDT on this CPU; or this CPU's own GDT. */
void pv_window_load(struct x86_vcpu *v);
void pv_window_unload(void);

/* At context switch: selectors and bases.  What cannot be loaded becomes null, and the failsafe
 * callback is due (PV_FAILSAFE). */
void pv_segments_save(struct x86_vcpu *v);
void pv_segments_load(struct x86_vcpu *v);

/* The present descriptor of a selector of the current vCPU's, as its tables have it.  False: none. */
bool pv_descriptor_of(const struct x86_vcpu *v, uint16_t selector, uint64_t *descriptor);

#endif
