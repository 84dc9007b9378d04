/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers and flags (AMD APM 2, sections 3.1 and 6.2). */
#ifndef X86_CONTROL_H
#define X86_CONTROL_H

#include <stdint.h>

#define CR0_PE 0x1ul
#define CR0_MP 0x2ul
#define CR0_EM 0x4ul
#define CR0_TS 0x8ul
#define CR0_ET 0x10ul
#define CR0_NE 0x20ul
#define CR0_WP 0x10000ul
#define CR0_AM 0x40000ul
#define CR0_PG 0x80000000ul

#define CR4_VME        0x1ul
#define CR4_PVI        0x2ul
#define CR4_TSD        0x4ul
#define CR4_DE         0x8ul
#define CR4_PSE        0x10ul
#define CR4_PAE        0x20ul
#define CR4_MCE        0x40ul
#define CR4_PGE        0x80ul
#define CR4_PCE        0x100ul
#define CR4_OSFXSR     0x200ul
#define CR4_OSXMMEXCPT 0x400ul
#define CR4_UMIP       0x800ul
#define CR4_FSGSBASE   0x10000ul
#define CR4_PCIDE      0x20000ul
#define CR4_OSXSAVE    0x40000ul
#define CR4_SMEP       0x100000ul
#define CR4_SMAP       0x200000ul

#define FLAGS_FIXED      0x2ul
#define FLAGS_TF         0x100ul
#define FLAGS_IF         0x200ul
#define FLAGS_DF         0x400ul
#define FLAGS_IOPL       0x3000ul
#define FLAGS_IOPL_SHIFT 12
#define FLAGS_NT         0x4000ul
#define FLAGS_RF         0x10000ul
#define FLAGS_VM         0x20000ul
#define FLAGS_AC         0x40000ul
#define FLAGS_STATUS     0xcd5ul /* CF PF AF ZF SF DF OF */
#define FLAGS_ID         0x200000ul

#define DR7_FIXED 0x400ul /* no breakpoint (AMD APM 2, section 13.1.1.4) */

static inline uint64_t dr7_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%db7, %0" : "=r"(value));
    return value;
}

static inline void dr7_write(uint64_t value)
{
    __asm__ volatile("movq %0, %%db7" : : "r"(value));
}

static inline uint64_t cr0_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cr0_write(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cr2_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t cr4_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cr4_write(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

#endif
