/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's hardware virtualization (AMD APM 2, chapter 15), for the files of this folder. */
#ifndef X86_HVM_SVM_SVM_H
#define X86_HVM_SVM_SVM_H

#include "x86/hvm/svm/vmcb.h"
#include "x86/hvm/vendor.h"

#define VECTOR_DB 1
#define VECTOR_BP 3
#define VECTOR_OF 4
#define VECTOR_AC 17
#define VECTOR_MC 18

/* What of struct hvm_vcpu.vendor is; as long as the vCPU. */
struct svm_vcpu {
    struct vmcb *vmcb;
    uint64_t address;    /* of it, machine */
    uint64_t generation; /* of its ASID, on the CPU where it ran last */
    unsigned int cpu;
    uint64_t tsc_rate; /* that the CPU is to count at for it; 0: the machine's */
    bool in_nmi;       /* until IRET */
    uint8_t virtual; /* the vector that is put in as a virtual interrupt, until it comes out; or 0 */
};

static inline struct svm_vcpu *svm_vcpu(const struct x86_vcpu *v)
{
    return v->hvm->vendor;
}

static inline struct vmcb *svm_vmcb(const struct x86_vcpu *v)
{
    return svm_vcpu(v)->vmcb;
}

/* svm.c: what all guests share; machine addresses. */
extern uint64_t svm_iopm, svm_msrpm;
extern bool svm_next_rip; /* the CPU tells where the next instruction is */

/* asid.c: this CPU's numbers, and one for the current vCPU; flush: none that it had. */
void svm_asid_init_cpu(void);
void svm_asid_choose(struct x86_vcpu *v, bool flush);

/* entry.S: into the guest; when it comes out, svm_exit(), on the CPU's stack, interrupts off. */
void svm_enter(void);
void svm_exit(void);

extern const struct hvm_vendor svm_vendor;

#endif
