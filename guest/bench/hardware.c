/* SPDX-License-Identifier: Apache-2.0 */
/* What a hardware guest comes out for, and what it should not. */
#include "hardware.h"
#include "measure.h"

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
#define PAGES        (OPS * ROUNDS)

static char touched[PAGES * PAGE] __attribute__((aligned(4096)));

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

/* Each page once: rounds go on where the last one ended. */
static inline void op_touch(unsigned int i)
{
    static char *next = touched;

    (void)i;
    if (next < touched + sizeof(touched)) {
        *(volatile char *)next = 1;
        next += PAGE;
    }
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
    row("first touch of a page", MEASURE(op_touch));
}
