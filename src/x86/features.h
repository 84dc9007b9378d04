/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU can do, read once at boot (CPUID). */
#ifndef X86_FEATURES_H
#define X86_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    char vendor[13];
    bool amd, intel;
    unsigned int family, model, stepping, address_bits;
    bool smep, smap, nx, pages_1g, fsgsbase, xsave, xsaveopt, avx, x2apic, tsc_deadline, pcid,
        invariant_tsc, rdtscp, pge, cpuid_faulting, monitor,
        fpu_keeps_pointers, /* a load leaves x87's last addresses: x86/fpu.c */
        virtualised;        /* on an emulator or another hypervisor */
    uint64_t xcr0_mask;     /* XSAVE components that the CPU has */
    uint32_t xsave_size;    /* bytes of an area for all of them */
};

extern struct cpu_features cpu;
void features_init(void); /* boot CPU, once, as soon as faults are caught */

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

#endif
