/* SPDX-License-Identifier: Apache-2.0 */
/* The block that describes a guest to the CPU (AMD APM 2, appendix B). */
#ifndef X86_HVM_SVM_VMCB_H
#define X86_HVM_SVM_VMCB_H

#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
    uint16_t selector, attributes;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    /* Control area. */
    uint32_t intercept_cr; /* reads, then writes of CR0 to CR15 */
    uint32_t intercept_dr;
    uint32_t intercept_exceptions;
    uint32_t intercept_1, intercept_2, intercept_3;
    uint8_t reserved_18[0x3c - 0x18];
    uint16_t pause_threshold, pause_count;
    uint64_t iopm, msrpm;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control, reserved_5d[3];
    uint64_t interrupt; /* VINTR_*: the task priority, a virtual interrupt */
    uint64_t shadow;
    uint64_t exit_code, exit_info_1, exit_info_2, exit_event;
    uint64_t nested;
    uint8_t reserved_98[0xa8 - 0x98];
    uint64_t event;
    uint64_t nested_cr3;
    uint64_t lbr;
    uint32_t clean, reserved_c4;
    uint64_t next_rip;
    uint8_t fetched, bytes[15];
    uint8_t reserved_e0[0x400 - 0xe0];
    /* State save area. */
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_4a0[0x4cb - 0x4a0];
    uint8_t cpl;
    uint32_t reserved_4cc;
    uint64_t efer;
    uint8_t reserved_4d8[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_580[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved_5e0[0x5f8 - 0x5e0];
    uint64_t rax;
    uint64_t star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2;
    uint8_t reserved_648[0x668 - 0x648];
    uint64_t pat, debugctl;
    uint8_t reserved_678[0x1000 - 0x678];
};
_Static_assert(offsetof(struct vmcb, iopm) == 0x40 && offsetof(struct vmcb, interrupt) == 0x60 &&
                   offsetof(struct vmcb, exit_code) == 0x70 &&
                   offsetof(struct vmcb, event) == 0xa8 &&
                   offsetof(struct vmcb, next_rip) == 0xc8 && offsetof(struct vmcb, es) == 0x400 &&
                   offsetof(struct vmcb, efer) == 0x4d0 && offsetof(struct vmcb, cr4) == 0x548 &&
                   offsetof(struct vmcb, rax) == 0x5f8 && offsetof(struct vmcb, cr2) == 0x640 &&
                   offsetof(struct vmcb, pat) == 0x668 && sizeof(struct vmcb) == 4096,
               "as the manual says");

/* intercept_1 and intercept_2. */
#define INTERCEPT_INTR        (1u << 0)
#define INTERCEPT_NMI         (1u << 1)
#define INTERCEPT_SMI         (1u << 2)
#define INTERCEPT_INIT        (1u << 3)
#define INTERCEPT_VINTR       (1u << 4)
#define INTERCEPT_RDTSC       (1u << 14)
#define INTERCEPT_RDPMC       (1u << 15)
#define INTERCEPT_CPUID       (1u << 18)
#define INTERCEPT_IRET        (1u << 20)
#define INTERCEPT_INVD        (1u << 22)
#define INTERCEPT_HLT         (1u << 24)
#define INTERCEPT_INVLPGA     (1u << 26)
#define INTERCEPT_IO          (1u << 27)
#define INTERCEPT_MSR         (1u << 28)
#define INTERCEPT_TASK        (1u << 29)
#define INTERCEPT_FERR        (1u << 30)
#define INTERCEPT_SHUTDOWN    (1u << 31)
#define INTERCEPT_VMRUN       (1u << 0)
#define INTERCEPT_VMMCALL     (1u << 1)
#define INTERCEPT_VMLOAD      (1u << 2)
#define INTERCEPT_VMSAVE      (1u << 3)
#define INTERCEPT_STGI        (1u << 4)
#define INTERCEPT_CLGI        (1u << 5)
#define INTERCEPT_SKINIT      (1u << 6)
#define INTERCEPT_RDTSCP      (1u << 7)
#define INTERCEPT_WBINVD      (1u << 9)
#define INTERCEPT_MONITOR     (1u << 10)
#define INTERCEPT_MWAIT       (1u << 11)
#define INTERCEPT_MWAIT_ARMED (1u << 12)
#define INTERCEPT_XSETBV      (1u << 13)
#define INTERCEPT_CR4_WRITE   (1u << 20)

#define VINTR_TPR            0xffull
#define VINTR_IRQ            (1ull << 8)
#define VINTR_PRIORITY_SHIFT 16
#define VINTR_IGNORE_TPR     (1ull << 20)
#define VINTR_MASKING        (1ull << 24)
#define VINTR_VECTOR_SHIFT   32
#define VINTR_ALL_OF_IRQ \
    (VINTR_IRQ | 0xfull << VINTR_PRIORITY_SHIFT | VINTR_IGNORE_TPR | 0xffull << VINTR_VECTOR_SHIFT)

#define SHADOW_ON 1ull

#define TLB_FLUSH_ALL 1u

/* event and exit_event. */
#define EVENT_TYPE_SHIFT 8
#define EVENT_HAS_ERROR  (1ull << 11)
#define EVENT_VALID      (1ull << 31)

enum {
    EXIT_CR4_WRITE = 0x14,
    EXIT_EXCEPTION = 0x40,
    EXIT_INTR = 0x60,
    EXIT_NMI = 0x61,
    EXIT_SMI = 0x62,
    EXIT_INIT = 0x63,
    EXIT_VINTR = 0x64,
    EXIT_RDTSC = 0x6e,
    EXIT_RDPMC = 0x6f,
    EXIT_CPUID = 0x72,
    EXIT_IRET = 0x74,
    EXIT_INVD = 0x76,
    EXIT_HLT = 0x78,
    EXIT_INVLPGA = 0x7a,
    EXIT_IO = 0x7b,
    EXIT_MSR = 0x7c,
    EXIT_TASK = 0x7d,
    EXIT_FERR = 0x7e,
    EXIT_SHUTDOWN = 0x7f,
    EXIT_VMRUN = 0x80,
    EXIT_VMMCALL = 0x81,
    EXIT_SKINIT = 0x86,
    EXIT_RDTSCP = 0x87,
    EXIT_WBINVD = 0x89,
    EXIT_MONITOR = 0x8a,
    EXIT_MWAIT = 0x8b,
    EXIT_MWAIT_ARMED = 0x8c,
    EXIT_XSETBV = 0x8d,
    EXIT_NESTED = 0x400
};

#endif
