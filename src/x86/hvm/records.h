/* SPDX-License-Identifier: Apache-2.0 */
/* The records of single parts of a vCPU, for x86/hvm/context.c.  Each: written, looked at, taken over. */
#ifndef X86_HVM_RECORDS_H
#define X86_HVM_RECORDS_H

#include "x86/guest.h"

#include <xen/hvm/save.h>

/* Flags that there are (AMD APM 2, section 3.1.6). */
#define FLAGS_KNOWN 0x3f7fd7ul

/* now: this machine's TSC at the time that all records of one call are for. */
void hvm_cpu_save(const struct x86_vcpu *v, struct hvm_hw_cpu *to, uint64_t now);
bool hvm_cpu_ok(const struct x86_vcpu *v, const struct hvm_hw_cpu *c);
void hvm_cpu_load(struct x86_vcpu *v, const struct hvm_hw_cpu *from, uint64_t now);

/* x86/hvm/lapic/record.c */
void hvm_lapic_save(const struct x86_vcpu *v, struct hvm_hw_lapic *to);
bool hvm_lapic_ok(const struct x86_vcpu *v, const struct hvm_hw_lapic *from);
void hvm_lapic_load(struct x86_vcpu *v, const struct hvm_hw_lapic *from);
void hvm_lapic_save_registers(const struct x86_vcpu *v, struct hvm_hw_lapic_regs *to);
void hvm_lapic_load_registers(struct x86_vcpu *v, const struct hvm_hw_lapic_regs *from);

/* x86/hvm/msr.c */
void hvm_memory_types_save(const struct x86_vcpu *v, struct hvm_hw_mtrr *to);
bool hvm_memory_types_ok(const struct hvm_hw_mtrr *from);
void hvm_memory_types_load(struct x86_vcpu *v, const struct hvm_hw_mtrr *from);

#endif
