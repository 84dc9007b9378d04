/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hardware guests need of a CPU vendor: one const table, bound once at boot.  Unless said
 * otherwise, v is the current vCPU, or one that does not run.
 */
#ifndef X86_HVM_VENDOR_H
#define X86_HVM_VENDOR_H

#include "x86/hvm/guest.h"

/* Segment registers, in the order of their numbers in instructions; then the tables. */
enum hvm_segment_name {
    SEGMENT_ES,
    SEGMENT_CS,
    SEGMENT_SS,
    SEGMENT_DS,
    SEGMENT_FS,
    SEGMENT_GS,
    SEGMENT_LDTR,
    SEGMENT_TR,
    SEGMENT_GDTR,
    SEGMENT_IDTR,
    SEGMENTS
};

/* attributes: bits 40 to 47 and 52 to 55 of a descriptor, together (AMD APM 2, section 4.8.1). */
struct hvm_segment {
    uint16_t selector, attributes;
    uint32_t limit;
    uint64_t base;
};
#define SEGMENT_TYPE    0x0fu
#define SEGMENT_CODE    0x10u /* or data: no system segment */
#define SEGMENT_PRESENT 0x80u
#define SEGMENT_LONG    0x200u
#define SEGMENT_BIG     0x400u
#define SEGMENT_PAGES   0x800u

/* Control registers as the guest has them; RIP and the like are in struct regs. */
struct hvm_control {
    uint64_t cr0, cr2, cr3, cr4, efer;
    uint64_t debug6, debug7;
};

struct hvm_vendor {
    const char *name;
    const uint64_t *p2m_access; /* struct p2m.access */
    uint8_t hypercall[3];       /* the instruction of a hypercall */

    /* This CPU, at its start.  False: it cannot. */
    bool (*init_cpu)(void);
    /* In the state after INIT but for what hvm_reset sets.  -XEN_ENOMEM. */
    int (*create)(struct x86_vcpu *v);
    void (*destroy)(struct x86_vcpu *v);
    /* arch_context_switch: it leaves, enters this CPU. */
    void (*save)(struct x86_vcpu *v);
    void (*load)(struct x86_vcpu *v);
    /* Last on the way out, interrupts off: registers, TPR and translations are made good. */
    void (*prepare)(struct x86_vcpu *v);
    void (*enter)(void); /* exit_by_hardware of x86/way.h */

    void (*get_control)(const struct x86_vcpu *v, struct hvm_control *out);
    void (*set_control)(struct x86_vcpu *v, const struct hvm_control *from);
    void (*get_segment)(const struct x86_vcpu *v, enum hvm_segment_name name,
                        struct hvm_segment *out);
    void (*set_segment)(struct x86_vcpu *v, enum hvm_segment_name name,
                        const struct hvm_segment *from);
    unsigned int (*privilege)(const struct x86_vcpu *v); /* the ring it runs in */
    bool (*in_long_code)(const struct x86_vcpu *v);      /* in 64-bit code */
    /* MSRs that the CPU itself switches: SYSCALL's, SYSENTER's, FS, GS and KERNEL_GS bases.  False:
     * not one of them. */
    bool (*get_msr)(const struct x86_vcpu *v, uint32_t msr, uint64_t *value);
    bool (*set_msr)(struct x86_vcpu *v, uint32_t msr, uint64_t value);
    void (*set_pat)(struct x86_vcpu *v, uint64_t pat);
    void (*set_tsc_offset)(struct x86_vcpu *v, uint64_t offset);
    /* Can CPUs count at another rate for guests?  And: let its TSC do so (struct vcpu.tsc_rate); exits:
     * reads of it come out instead. */
    bool (*scales_tsc)(void);
    void (*set_tsc_rate)(struct x86_vcpu *v, uint64_t rate, bool exits);

    /* May an interrupt, an NMI be put in now? */
    bool (*can_interrupt)(const struct x86_vcpu *v);
    bool (*can_nmi)(const struct x86_vcpu *v);
    void (*inject)(struct x86_vcpu *v, const struct hvm_event *event);
    /* Come out as soon as an interrupt of this vector can be put in; ignoring TPR when 0. */
    void (*want_window)(struct x86_vcpu *v, uint8_t vector);
    /* Bytes of the instruction that the vCPU came out at, when the CPU told; else 0. */
    unsigned int (*length)(const struct x86_vcpu *v);
    /* An instruction is done: no interrupt shadow is left. */
    void (*end_shadow)(struct x86_vcpu *v);
};

/* NULL: this machine can have no hardware guests. */
extern const struct hvm_vendor *hvm_vendor;

#endif
