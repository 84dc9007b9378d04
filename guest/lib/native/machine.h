/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that native operations use; internal to the library. */
#ifndef NATIVE_MACHINE_H
#define NATIVE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct pv_boot;
struct pv_cpu;

/* Registers of the local APIC (AMD APM 2, table 16-2). */
#define APIC_ID        0x020
#define APIC_EOI       0x0b0
#define APIC_SPURIOUS  0x0f0
#define APIC_ICR       0x300
#define APIC_ICR_HIGH  0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_COUNT     0x380
#define APIC_NOW       0x390
#define APIC_DIVIDE    0x3e0

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* The local APIC of this CPU switched on, its timer masked. */
void native_apic_init(struct pv_cpu *cpu);
uint32_t native_apic_read(unsigned int reg);
void native_apic_write(unsigned int reg, uint32_t value);

/* This CPU's TLB, without global entries. */
void native_flush_local(void);

/* Ticks of the local APIC timer a second. */
extern uint64_t native_apic_hz;

/* TSC and APIC timer held against the PIT; native_time_ns() works after it. */
void native_clock_init(void);

/* ACPI: CPUs from the MADT into pv_cpus[]; their number. How to power off, from FADT and DSDT. */
unsigned int native_acpi_init(uint64_t rsdp);

/* Everything before the first interrupt: the legacy controllers masked. */
void native_pic_mask(void);

#endif
