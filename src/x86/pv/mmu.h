/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of PV guests: validated before the CPU may walk them, changed only through here.
 * Three files: validate.c (types and counts of entries), update.c (the four roads of a change),
 * mmuext.c.  All changes of a domain's tables hold its pagetable_lock.
 */
#ifndef X86_PV_MMU_H
#define X86_PV_MMU_H

#include "core/types.h"
#include "x86/guest.h"

void pv_mmu_init(void); /* binds core/frame's table ops */

/* Boot: from then on entries that are not present and name RAM are refused (-XEN_EINVAL) in tables of
 * Dom0 and of others, as the CPU has L1TF.  Xen 4.17 runs such a guest on shadow
 * tables from then on (measured). */
void pv_refuse_absent(bool hardware, bool others);

/* Hypercalls (xen/xen.h). */
long pv_mmu_update(uint64_t ureqs, uint64_t count, uint64_t done, uint64_t foreign, uint64_t,
                   uint64_t);
long pv_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags, uint64_t, uint64_t,
                          uint64_t);
long pv_update_va_mapping_otherdomain(uint64_t va, uint64_t value, uint64_t flags, uint64_t domid,
                                      uint64_t, uint64_t);
long pv_mmuext_op(uint64_t ops, uint64_t count, uint64_t done, uint64_t foreign, uint64_t,
                  uint64_t);

/* Load a level-4 table as the vCPU's kernel (or user) one: takes type and reference, drops the old
 * one.  mfn MFN_NONE: none (user only).  Errors of frame_get_type, DOOR_RESTART. */
long pv_set_kernel_l4(struct x86_vcpu *v, mfn_t mfn);
long pv_set_user_l4(struct x86_vcpu *v, mfn_t mfn);
/* Set v->cr3 by mode and tables, and load it if v is current. */
void pv_load_cr3(struct x86_vcpu *v);

/*
 * A page fault of a guest (CR2, error code): true when it was a write to a level-1 table's page by a
 * mapping that is read-only because of that, and the instruction was emulated (regs advanced), or
 * when the fault was spurious.  False: it is the guest's own.
 */
bool pv_mmu_fault(struct x86_vcpu *v, uint64_t address, uint32_t error);

/* Walk the current guest's tables for an address; the level-1 (or large) entry; 0: not present. */
uint64_t pv_walk(struct x86_vcpu *v, uint64_t address);

/* Load a frame of the vCPU's domain as GDT page; callers: x86/pv/segment.c. */
#endif
