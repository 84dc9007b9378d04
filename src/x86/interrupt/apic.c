/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/interrupt/apic.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/features.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"

#define MSR_APIC_BASE 0x1b
#define BASE_X2APIC   (1ul << 10)
#define BASE_ENABLE   (1ul << 11)
#define MSR_X2APIC    0x800 /* plus offset / 16 */

/* Offsets of registers (Intel SDM 3, table 10-1). */
#define REG_ID          0x20
#define REG_TPR         0x80
#define REG_EOI         0xb0
#define REG_SPURIOUS    0xf0
#define REG_ERROR       0x280
#define REG_ICR         0x300
#define REG_ICR_HIGH    0x310
#define REG_LVT_CMCI    0x2f0
#define REG_LVT_TIMER   0x320
#define REG_LVT_THERMAL 0x330
#define REG_LVT_PERF    0x340
#define REG_LVT_LINT0   0x350
#define REG_LVT_LINT1   0x360
#define REG_LVT_ERROR   0x370
#define REG_TIMER_START 0x380
#define REG_TIMER_NOW   0x390
#define REG_TIMER_DIV   0x3e0
#define REG_VERSION     0x30

#define DIVIDE_BY_16    3
#define LVT_MASKED      (1u << 16)
#define LVT_NMI         0x400
#define SPURIOUS_ENABLE (1u << 8)
#define ICR_BUSY        (1u << 12)
#define ICR_ASSERT      (1u << 14)
#define ICR_SELF        (1u << 18)
#define ICR_NMI         0x400
#define ICR_INIT        0x500
#define ICR_STARTUP     0x600

static bool x2apic;
static volatile uint32_t *registers; /* xAPIC only */

static uint32_t read(unsigned int reg)
{
    return x2apic ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16) : registers[reg / 4];
}

static void write(unsigned int reg, uint32_t value)
{
    if (x2apic)
        wrmsr(MSR_X2APIC + reg / 16, value);
    else
        registers[reg / 4] = value;
}

void apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    x2apic = cpu.x2apic;
    if (!x2apic) {
        registers = map_device(acpi.lapic ? acpi.lapic : base & 0xffffffffff000ul, PAGE_SIZE,
                               MAP_UNCACHED);
        if (!registers)
            console_fatal("APIC: no room to map its registers");
    }
    console_log(LOG_INFO, "APIC: %s", x2apic ? "x2APIC" : "xAPIC");
    apic_start();
}

/* The NMI button's line, where ACPI says it is wired to this CPU (LINT1 on every PC, often unsaid). */
static void start_lints(void)
{
    write(REG_LVT_LINT0, LVT_MASKED);
    write(REG_LVT_LINT1, acpi.lapic_nmi_lint == 1 ? LVT_NMI : LVT_MASKED);
    if (acpi.lapic_nmi_lint == 0)
        write(REG_LVT_LINT0, LVT_NMI);
}

void apic_start(void)
{
    unsigned int last_lvt;

    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE);
    if (x2apic)
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE | BASE_X2APIC);

    last_lvt = read(REG_VERSION) >> 16 & 0xff;
    write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    write(REG_TPR, 0);
    write(REG_TIMER_DIV, DIVIDE_BY_16);
    write(REG_LVT_TIMER, VECTOR_TIMER); /* one-shot; runs only when a count is set */
    write(REG_TIMER_START, 0);
    start_lints();
    if (last_lvt >= 4)
        write(REG_LVT_PERF, LVT_MASKED);
    if (last_lvt >= 5)
        write(REG_LVT_THERMAL, LVT_MASKED);
    if (last_lvt >= 6)
        write(REG_LVT_CMCI, LVT_MASKED);
    write(REG_ERROR, 0);
    write(REG_LVT_ERROR, VECTOR_ERROR);
}

uint32_t apic_id(void)
{
    return x2apic ? read(REG_ID) : read(REG_ID) >> 24;
}

void apic_eoi(void)
{
    write(REG_EOI, 0);
}

static void wait_for_icr(void)
{
    while (read(REG_ICR) & ICR_BUSY)
        cpu_relax();
}

/* The two halves of an xAPIC's ICR must not be torn apart by an interrupt that sends as well. */
static void send(uint32_t to, uint32_t command)
{
    bool were_on;

    if (x2apic) {
        /* Unlike a memory write, WRMSR of an x2APIC waits for no earlier store (Intel SDM 3, 10.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        wrmsr(MSR_X2APIC + REG_ICR / 16, (uint64_t)to << 32 | command);
        return;
    }
    ASSERT(to < 256);
    were_on = irq_save();
    wait_for_icr();
    write(REG_ICR_HIGH, to << 24);
    write(REG_ICR, command);
    irq_restore(were_on);
}

void apic_send(uint32_t to_apic_id, uint8_t vector)
{
    ASSERT(vector >= VECTOR_FIRST);
    send(to_apic_id, ICR_ASSERT | vector);
}

/* The shorthand leaves the register's other half alone, which what an NMI interrupted may have
 * written already. */
void apic_send_self(uint8_t vector)
{
    ASSERT(vector >= VECTOR_FIRST);
    if (x2apic) {
        send(0, ICR_SELF | ICR_ASSERT | vector);
        return;
    }
    wait_for_icr();
    write(REG_ICR, ICR_SELF | ICR_ASSERT | vector);
    wait_for_icr();
}

void apic_send_nmi(uint32_t to_apic_id)
{
    send(to_apic_id, ICR_ASSERT | ICR_NMI);
}

void apic_send_init(uint32_t to_apic_id)
{
    send(to_apic_id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t to_apic_id, uint8_t page)
{
    send(to_apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_timer_set(uint32_t count)
{
    write(REG_TIMER_START, count);
}

uint32_t apic_timer_count(void)
{
    return read(REG_TIMER_NOW);
}
