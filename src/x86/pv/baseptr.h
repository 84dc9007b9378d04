/* SPDX-License-Identifier: Apache-2.0 */
/* Level-4 tables that vCPUs run on, and the end of a domain's tables (see also x86/pv/mmu.h). */
#ifndef X86_PV_BASEPTR_H
#define X86_PV_BASEPTR_H

#include "x86/guest.h"

/* pv_load_cr3 of the current vCPU, which runs on one of its tables already (this CPU is in the sets of
 * those that flushes are sent to) and now comes to top, that of its mode. */
void pv_reload_cr3(struct x86_vcpu *v, mfn_t top);

/* The current vCPU, in user mode, comes to its kernel's tables for a while; false: it is in its kernel, or
 * has none.  Both only by the same piece of code, which runs no guest in between. */
bool pv_kernel_tables_open(struct x86_vcpu *v);
void pv_kernel_tables_close(struct x86_vcpu *v);

/* This CPU has loaded another CR3 than prev's: it holds none of prev's translations. */
void pv_leave_cr3(struct x86_vcpu *prev, const struct vcpu *next);

/* Take the base pointers of a dying domain's vCPUs, which do not run and never will; pins and frames
 * are frame_release_all's, after it.  0, or -XEN_ERESTART: call again.  No lock held. */
int pv_mmu_destroy(struct domain *d);
/* The same of one vCPU, which does not run. */
int pv_drop_tables(struct x86_vcpu *v);

#endif
