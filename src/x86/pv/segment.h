/* SPDX-License-Identifier: Apache-2.0 */
/* GDT and LDT of a PV vCPU. */
#ifndef X86_PV_SEGMENT_H
#define X86_PV_SEGMENT_H

#include "x86/guest.h"

/* MMUEXT_SET_LDT of the current vCPU: base is page-aligned, entries at most 8192 (0: none).  No
 * lock held.  0, or -XEN_EINVAL: a page of it is not one of descriptors. */
long pv_set_ldt(struct x86_vcpu *v, uint64_t base, unsigned int entries);

#endif
