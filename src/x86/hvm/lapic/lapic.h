/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC of a hardware guest's vCPU (AMD APM 2, chapter 16), by its page and by MSRs. */
#ifndef X86_HVM_LAPIC_H
#define X86_HVM_LAPIC_H

#include "x86/hvm/guest.h"

#define LAPIC_PAGE        0xfee00000ul /* where it is unless the guest moves it */
#define LAPIC_BASE_BSP    (1ul << 8)
#define LAPIC_BASE_X2APIC (1ul << 10)
#define LAPIC_BASE_ENABLE (1ul << 11)

/* As Xen numbers them: CPUID and the MADT say so too. */
static inline uint32_t hvm_lapic_id(const struct vcpu *v)
{
    return v->id * 2;
}

void hvm_lapic_create(struct x86_vcpu *v);
void hvm_lapic_destroy(struct x86_vcpu *v);
void hvm_lapic_reset(struct x86_vcpu *v);

/* The current vCPU reads or writes a register, by its offset in the page.  x2: by MSR, where some
 * registers are others.  False: #GP is due (by MSR only). */
bool hvm_lapic_read(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t *value);
bool hvm_lapic_write(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t value);
/* MSRs APIC_BASE and TSC_DEADLINE.  False: #GP is due. */
bool hvm_lapic_set_base(struct x86_vcpu *v, uint64_t value);
void hvm_lapic_set_deadline(struct x86_vcpu *v, uint64_t tsc);

/* An interrupt comes; any context.  An APIC that is off takes none, but for the upcall's (request): that
 * waits until it is on, because it is asked for but once. */
void hvm_lapic_raise(struct x86_vcpu *v, uint8_t vector);
void hvm_lapic_request(struct x86_vcpu *v, uint8_t vector);
/* The highest that may interrupt now, 0: none; and: it does.  v is the current vCPU. */
uint8_t hvm_lapic_next(struct x86_vcpu *v);
void hvm_lapic_accept(struct x86_vcpu *v, uint8_t vector);
/* The highest that is requested and not yet served. */
uint8_t hvm_lapic_requested(struct x86_vcpu *v);
/* The same if nothing but the task priority, or the interrupt flag, keeps it waiting; 0: none, or one of
 * its class or above is in service, whose end is told to the APIC. */
uint8_t hvm_lapic_waiting(struct x86_vcpu *v);

/* The task priority, which the CPU has in CR8. */
uint8_t hvm_lapic_tpr(const struct x86_vcpu *v);
void hvm_lapic_set_tpr(struct x86_vcpu *v, uint8_t tpr);

#endif
