/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of a domain and of a vCPU on x86; core/ knows the first member only. */
#ifndef X86_GUEST_H
#define X86_GUEST_H

#include "core/domain.h"
#include "core/ranges.h"
#include "core/vcpu.h"
#include "x86/regs.h"

#include <xen/arch-x86/xen.h>

/* A virtual exception or callback of a PV guest to be delivered on the way out to it. */
struct pv_bounce {
    uint64_t rip, cr2;
    uint32_t error;
    uint8_t vector;
    uint8_t flags; /* PV_BOUNCE_* of x86/pv/bounce.h; 0: none waits */
};

struct pv_vcpu {
    /* The order of the first members is known to x86/pv/entry.S. */
    uint64_t flags;                /* PV_KERNEL_MODE … of x86/pv/vcpu.h */
    uint64_t kernel_sp, kernel_ss; /* HYPERVISOR_stack_switch */
    uint64_t syscall_rip;          /* 64-bit SYSCALL callback */
    struct pv_bounce bounce;

    struct trap_info traps[256]; /* HYPERVISOR_set_trap_table */
    uint64_t event_rip, failsafe_rip, syscall32_rip, sysenter_rip, nmi_rip;
    uint16_t syscall32_cs, sysenter_cs;
    uint8_t callback_masks; /* CALLBACKF_mask_events of each */
    uint64_t fs_base, gs_kernel, gs_user;
    uint16_t ds, es, fs, gs;
    uint64_t gdt_mfns[16]; /* MFN_NONE: not loaded */
    unsigned int gdt_entries, ldt_entries;
    uint64_t ldt_base;       /* guest address */
    uint64_t ldt_mfns[16];   /* MFN_NONE: a page without descriptors */
    unsigned int window_cpu; /* whose GDT page its window shows; ~0: none's */
    uint64_t cr0, cr2, cr4;  /* as the guest sees them */
    uint64_t debug[8];
    uint64_t emulated_debug7; /* I/O breakpoints' bits */
    mfn_t kernel_l4, user_l4; /* MFN_NONE: none */
    unsigned int iopl;
    uint64_t iobitmap; /* guest address, 0: none */
    unsigned int iobitmap_ports;
    mfn_t left_table, left_second; /* MFN_NONE (at creation), or page tables still to be
                                         * devalidated: x86/pv/update.c, pt_finish */
    uint64_t batch_at;             /* mmu_update or mmuext_op in progress: where it goes on */
    uint32_t batch_left, batch_done;
};

struct hvm_vcpu;
struct hvm_domain;
struct vcpu_way;

struct x86_vcpu {
    struct vcpu core;                              /* first: container_of both ways */
    struct regs regs __attribute__((aligned(16))); /* its end is TSS.RSP0: aligned to 16 */
    const struct vcpu_way *way;                    /* x86/way.h: of its kind, or of idle vCPUs */
    bool by_work;         /* its way out leads through exit_work always: not a PV guest */
    struct hvm_vcpu *hvm; /* x86/hvm/guest.h; NULL: not a guest of that kind */
    struct pv_vcpu pv;
    void *fpu; /* XSAVE area, 64-byte aligned */
    uint64_t xcr0;
    uint32_t tsc_aux; /* MSR_TSC_AUX, what RDTSCP and RDPID tell */
    uint64_t cr3;     /* machine address to load when it runs */
    struct cpu_set dirty_cpus;
};

struct x86_domain {
    struct domain core;           /* first */
    struct cpu_set dirty;         /* CPUs whose TLBs may hold this domain's mappings */
    unsigned int window, windows; /* index of the first vCPU's segment window; how many it has */
    uint64_t *io_allowed;         /* bitmap of 65536 ports the domain may use */
    struct ranges iomem;          /* frames of devices it may map; its tables' lock */
    uint32_t tsc_mode, tsc_khz, tsc_incarnation; /* XEN_DOMCTL_settscinfo */
    ns_t tsc_start;                              /* when it would have been 0 */
    bool hardware;                               /* owns the machine's devices: Dom0 */
    uint32_t pci_address;                        /* port 0xcf8 as the domain has written it */
    void *cpuid;                                 /* x86/policy/cpuid.h's policy */
    struct hvm_domain *hvm;                      /* x86/hvm/guest.h; NULL: not of that kind */
};

static inline struct x86_vcpu *x86_vcpu(struct vcpu *v)
{
    return container_of(v, struct x86_vcpu, core);
}

static inline struct x86_domain *x86_domain(struct domain *d)
{
    return container_of(d, struct x86_domain, core);
}

#endif
