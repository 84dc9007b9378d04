/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hardware guest's vCPU came out for, whatever the vendor: the vendor's part only tells which.
 * All concern the current vCPU, whose registers stand in its struct regs; interrupts off, no lock
 * held, unless said otherwise.  Each steps over the instruction when that is done.
 */
#ifndef X86_HVM_EXIT_H
#define X86_HVM_EXIT_H

#include "x86/decode.h"
#include "x86/hvm/guest.h"

#define HVM_NO_ERROR (~0u)

/* An exception is due, before all else: vector, error code or HVM_NO_ERROR. */
void hvm_fault(struct x86_vcpu *v, uint8_t vector, uint32_t error);
void hvm_fault_gp(struct x86_vcpu *v);
void hvm_fault_ud(struct x86_vcpu *v);
void hvm_fault_page(struct x86_vcpu *v, uint64_t address, uint32_t error);

/* The instruction at RIP, read and taken apart.  False: it cannot be; #UD, or a fault of reading it,
 * is due. */
bool hvm_decode(struct x86_vcpu *v, struct instruction *i);
/* Step over so many bytes. */
void hvm_skip(struct x86_vcpu *v, unsigned int length);
/* Over the whole instruction, by what the CPU told or by taking it apart. */
void hvm_skip_whole(struct x86_vcpu *v);
/* The same, when it is very likely to be these bytes (the first in the lowest), without a prefix. */
void hvm_skip_likely(struct x86_vcpu *v, uint32_t bytes, unsigned int count);
#define CODE_CPUID  0xa20f, 2
#define CODE_RDMSR  0x320f, 2
#define CODE_WRMSR  0x300f, 2
#define CODE_HLT    0xf4, 1
#define CODE_RDTSC  0x310f, 2
#define CODE_RDTSCP 0xf9010f, 3

void hvm_exit_cpuid(struct x86_vcpu *v);
void hvm_exit_rdmsr(struct x86_vcpu *v);
void hvm_exit_wrmsr(struct x86_vcpu *v);
void hvm_exit_hlt(struct x86_vcpu *v);
void hvm_exit_rdtsc(struct x86_vcpu *v);
void hvm_exit_rdtscp(struct x86_vcpu *v);
void hvm_exit_xsetbv(struct x86_vcpu *v);
void hvm_exit_hypercall(struct x86_vcpu *v);
/* INVD, WBINVD and others that have no effect here but are privileged: the CPU has checked that. */
void hvm_exit_nothing(struct x86_vcpu *v);
/* A write to CR4. */
void hvm_exit_cr4(struct x86_vcpu *v);

/* IN, OUT, INS and OUTS; length: of the instruction. */
struct hvm_io {
    uint16_t port;
    uint8_t size, length, address; /* bytes; address: of the addresses of strings, 2 to 8, else 0 */
    bool in, string, repeat;
};
void hvm_exit_io(struct x86_vcpu *v, const struct hvm_io *io);

/* A physical address that the map does not lead on from; error: FAULT_* of hvm/memory.h. */
void hvm_exit_map(struct x86_vcpu *v, uint64_t physical, uint32_t error);

/* A triple fault. */
void hvm_exit_shutdown(struct x86_vcpu *v);

/* MSRs; false: #GP is due. */
bool hvm_read_msr(struct x86_vcpu *v, uint32_t msr, uint64_t *value);
bool hvm_write_msr(struct x86_vcpu *v, uint32_t msr, uint64_t value);

uint64_t hvm_efer_allowed(const struct x86_vcpu *v); /* bits that EFER may have */
/* What the vCPU's TSC shows beyond the machine's; v is the current one or does not run. */
void hvm_set_tsc_offset(struct x86_vcpu *v, uint64_t offset);

/* Deliver what is due, on the way out: struct vcpu_way.deliver. */
bool hvm_deliver(struct x86_vcpu *v);
/* Is there anything that ends HLT? */
bool hvm_pending(struct x86_vcpu *v);

/* What CPUID tells the vCPU. */
void hvm_cpuid(const struct x86_vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4]);
/* Bits that CR4 may have. */
uint64_t hvm_cr4_allowed(const struct x86_vcpu *v);

#endif
