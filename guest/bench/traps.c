/* SPDX-License-Identifier: Apache-2.0 */
/* Traps and emulated instructions of a PV guest. */
#include "measure.h"
#include "rows.h"

#include <pv-xen/hypercall.h>

#include <xen/arch-x86/xen.h>

#define FS_BASE 0xc0000100
#define EFER    0xc0000080

extern const char bench_trap_pf[], bench_iret[];

static inline void op_fault(unsigned int i)
{
    (void)i;
    __asm__ volatile("movb (%0), %%al" : : "a"(0xffffff0000000000ul) : "memory");
}

static inline void op_iret(unsigned int i)
{
    (void)i;
    __asm__ volatile("call bench_iret" : : : "rax", "rcx", "r11", "memory", "cc");
}

static inline void op_wrmsr(unsigned int i)
{
    (void)i;
    __asm__ volatile("wrmsr" : : "c"(FS_BASE), "a"(0), "d"(0));
}

static inline void op_cpuid(unsigned int i)
{
    uint32_t a = 0, b, c = 0, d;

    (void)i;
    /* The forced emulation prefix: ud2, "xen" (xen/arch-x86/xen.h, XEN_CPUID). */
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n cpuid"
                     : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static inline void op_out(unsigned int i)
{
    (void)i;
    __asm__ volatile("outb %b0, $0x80" : : "a"(0));
}

static inline void op_read_cr0(unsigned int i)
{
    uint64_t value;

    (void)i;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
}

static inline void op_read_cr4(unsigned int i)
{
    uint64_t value;

    (void)i;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
}

static inline void op_clts(unsigned int i)
{
    (void)i;
    __asm__ volatile("clts");
}

static inline void op_taskswitch(unsigned int i)
{
    hypercall1(__HYPERVISOR_fpu_taskswitch, i & 1);
}

static inline void op_base(unsigned int i)
{
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, i);
}

static inline void op_debugreg(unsigned int i)
{
    (void)i;
    hypercall2(__HYPERVISOR_set_debugreg, 0, 0);
}

void bench_traps(void)
{
    static const struct trap_info traps[] = {
        { 14, 4, FLAT_KERNEL_CS, (unsigned long)bench_trap_pf },
        { 0, 0, 0, 0 },
    };

    hypercall1(__HYPERVISOR_set_trap_table, traps);
    row("page fault bounced to the guest kernel and back", MEASURE(op_fault));
    row("HYPERVISOR_iret within the kernel", MEASURE(op_iret));
    row("wrmsr emulated (FS base)", MEASURE(op_wrmsr));
    row("cpuid by the forced prefix", MEASURE(op_cpuid));
    row("OUT to port 0x80 emulated", MEASURE(op_out));
    row("read of CR0 emulated", MEASURE(op_read_cr0));
    row("read of CR4 emulated", MEASURE(op_read_cr4));
    row("clts emulated", MEASURE(op_clts));
    row("fpu_taskswitch", MEASURE(op_taskswitch));
    hypercall1(__HYPERVISOR_fpu_taskswitch, 0);
    row("set_segment_base (FS)", MEASURE(op_base));
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0);
    row("set_debugreg", MEASURE(op_debugreg));
}
