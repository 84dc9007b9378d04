/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of struct pv_vcpu.flags; assembly reads them too. */
#ifndef X86_PV_VCPU_H
#define X86_PV_VCPU_H

#define PV_KERNEL_MODE 1        /* the guest's kernel runs, on kernel_l4; else its user code */

#endif
