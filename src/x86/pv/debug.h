/* SPDX-License-Identifier: Apache-2.0 */
/* Debug registers of PV vCPUs: breakpoints on the guest's own addresses only. */
#ifndef X86_PV_DEBUG_H
#define X86_PV_DEBUG_H

#include "x86/guest.h"

/* DR0 to DR7 as a guest writes and reads it: DR4 and DR5 are DR6 and DR7 unless CR4.DE.
 * -XEN_ENODEV: no such register; -XEN_EINVAL: a value too wide; -XEN_EPERM: one that would catch
 * Zeroth, or the guest's accesses to these registers.  v is current, or does not run. */
long pv_debug_set(struct x86_vcpu *v, unsigned int number, uint64_t value);
bool pv_debug_get(const struct x86_vcpu *v, unsigned int number, uint64_t *value);

/* The CPU raised #DB for the current vCPU: what DR6 says is added to the guest's. */
void pv_debug_trap(struct x86_vcpu *v);

/* At context switch: the vCPU's breakpoints on this CPU, or none.  Interrupts off. */
void pv_debug_load(const struct x86_vcpu *v);
void pv_debug_unload(const struct x86_vcpu *v);

#endif
