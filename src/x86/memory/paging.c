/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/memory/paging.h"

#include "x86/layout.h"

#include <stdint.h>

#define PRESENT  (1ul << 0)
#define WRITABLE (1ul << 1)
#define NX       (1ul << 63)
#define PAGE     4096ul
#define ENTRIES  512
#define LARGE    (ENTRIES * PAGE) /* what one level-2 entry maps */

#define EFER     0xc0000080
#define EFER_NXE (1u << 11)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)

/* Set by the linker script, page-aligned. */
extern const char image_start[], image_rodata[], image_data[], image_end[];

/* Tables of boot/start.S, and what stands in their place afterwards. */
extern uint64_t boot_l3_high[ENTRIES], boot_l2[4 * ENTRIES];
static uint64_t image_l2[ENTRIES] __attribute__((aligned(4096)));
static uint64_t image_l1[ENTRIES] __attribute__((aligned(4096)));

static uint64_t physical(const void *symbol)
{
    return (uint64_t)symbol - VIRT_OFFSET;
}

static uint64_t rights(uint64_t at)
{
    if (at < physical(image_rodata))
        return PRESENT; /* code */
    if (at < physical(image_data))
        return PRESENT | NX;
    return PRESENT | NX | WRITABLE;
}

/* EFER.NXE, if CPUID 80000001 EDX bit 20 says that there is NX. */
static bool enable_nx(void)
{
    uint32_t a = 0x80000001, b, c, d, low, high;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if (!(d & (1u << 20)))
        return false;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
    __asm__ volatile("wrmsr" : : "a"(low | EFER_NXE), "d"(high), "c"(EFER));
    return true;
}

/* CPUID 7 EBX bits 7 and 20. */
static void enable_smep_smap(void)
{
    uint32_t a = 0, b, c, d;
    uint64_t cr4;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if (a < 7)
        return;
    a = 7;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    cr4 |= (b & (1u << 7) ? CR4_SMEP : 0) | (b & (1u << 20) ? CR4_SMAP : 0);
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

bool paging_protect(void)
{
    uint64_t cr3;

    if (!enable_nx())
        return false;

    for (uint64_t at = physical(image_start); at < physical(image_end); at += PAGE)
        image_l1[at / PAGE % ENTRIES] = at | rights(at);
    image_l2[IMAGE_BASE / LARGE] = physical(image_l1) | PRESENT | WRITABLE;
    boot_l3_high[VIRT_L3] = physical(image_l2) | PRESENT | WRITABLE;
    for (unsigned int i = 0; i < 4 * ENTRIES; i++)
        boot_l2[i] |= NX; /* the map one to one holds data only */
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
    enable_smep_smap();
    return true;
}
