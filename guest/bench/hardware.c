/* SPDX-License-Identifier: Apache-2.0 */
/* What a hardware guest comes out for, and what it should not. */
#include "hardware.h"
#include "measure.h"

#include <pv/boot.h>
#include <pv/native.h>
#include <pv/ops.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/version.h>

#define EFER         0xc0000080
#define APIC_BASE    0x1b
#define APIC_PAGE    0xfee00000ul
#define REG_SPURIOUS 0xf0
#define PAGE         4096ul
#define TOUCHED      2048
#define MAPPED       (1ul << 30) /* of the physical addresses, at PV_VIRT_BASE */

static inline void op_null(unsigned int i)
{
    (void)i;
    hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
}

static inline void op_cpuid(unsigned int i)
{
    uint32_t a = 0, b, c = 0, d;

    (void)i;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static inline void op_rdmsr(unsigned int i)
{
    uint32_t low, high;

    (void)i;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(APIC_BASE));
}

static inline void op_efer(unsigned int i)
{
    uint32_t low, high;

    (void)i;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
    __asm__ volatile("wrmsr" : : "c"(EFER), "a"(low), "d"(high));
}

static inline void op_apic(unsigned int i)
{
    (void)i;
    (void)*(volatile uint32_t *)(APIC_PAGE + REG_SPURIOUS);
}

static inline void op_in(unsigned int i)
{
    uint8_t value;

    (void)i;
    __asm__ volatile("inb $0x80, %0" : "=a"(value));
}

/* Pages that nobody has written, the loader neither: half way up the largest piece of memory that is
 * mapped, as the image and tables are at the ends. */
static char *find_untouched(void)
{
    uint64_t most = 0, found = 0;

    for (unsigned int i = 0; i < pv_boot.ranges; i++) {
        uint64_t start = pv_boot.ram[i].start, end = start + pv_boot.ram[i].size;

        end = end < MAPPED ? end : MAPPED;
        if (end > start && end - start > most) {
            most = end - start;
            found = start + most / 2;
        }
    }
    return pv_virt(found & -PAGE);
}

/* The mean, not the least: whoever gives memory on demand may give more than a page at once. */
static uint64_t touch(void)
{
    volatile char *page = find_untouched();
    uint64_t start = pv_ticks();

    for (unsigned int i = 0; i < TOUCHED; i++, page += PAGE)
        *page = 1;
    return (pv_ticks() - start) / TOUCHED;
}

void bench_hardware(void)
{
    row("exit and back: CPUID", MEASURE(op_cpuid));
    if (xen_here())
        row("exit and back: hypercall (xen_version)", MEASURE(op_null));
    row("exit and back: RDMSR APIC_BASE", MEASURE(op_rdmsr));
    row("exit and back: RDMSR and WRMSR EFER", MEASURE(op_efer));
    row("exit and back: local APIC register read, xAPIC page", MEASURE(op_apic));
    row("exit and back: IN from port 0x80", MEASURE(op_in));
    row("first touch of a page", touch());
}
