/* SPDX-License-Identifier: Apache-2.0 */
/* How a hardware guest's vCPU begins: reset, INIT, start-up interrupts. */
#ifndef X86_HVM_STARTUP_H
#define X86_HVM_STARTUP_H

#include "x86/hvm/guest.h"

/* The state after a reset (AMD APM 2, table 14-1); v does not run, or is the current vCPU. */
void hvm_reset(struct x86_vcpu *v);

/* Another vCPU sends INIT, a start-up interrupt for a page; any context. */
void hvm_startup_init(struct x86_vcpu *v);
void hvm_startup_begin(struct x86_vcpu *v, uint8_t page);

/* On the way out of v, interrupts off: what of those came.  False: nothing. */
bool hvm_startup_due(struct x86_vcpu *v);

/* The start of a domain by the PVH entry: 32-bit protected mode without paging, flat segments, RBX at
 * the start info (xen/arch-x86/hvm/start_info.h). */
void hvm_start_pvh(struct x86_vcpu *v, uint32_t entry, uint32_t info);

#endif
