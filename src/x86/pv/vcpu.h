/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of struct pv_vcpu.flags; assembly reads them too. */
#ifndef X86_PV_VCPU_H
#define X86_PV_VCPU_H

#define PV_KERNEL_MODE 1 /* the guest's kernel runs, on kernel_l4; else its user code */
#define PV_FAILSAFE    2 /* a selector could not be loaded: the failsafe callback is due */
#define PV_IN_NMI      4 /* the NMI callback runs: no other until HYPERVISOR_iret */

#endif
