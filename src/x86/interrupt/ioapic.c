/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/interrupt/ioapic.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/lock.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"
#include "x86/pv/validate.h"

#include <xen/errno.h>

#define REG_VERSION 1
#define REG_ROUTES  0x10
#define ROUTE_LOW   (1u << 13)
#define ROUTE_LEVEL (1u << 15)
#define ROUTE_MASK  (1u << 16)
#define ISA_LINES   16

static struct ioapic {
    volatile uint32_t *at;
    paddr_t address;
    unsigned int first, lines; /* GSIs */
} ioapics[ACPI_IOAPICS];
static unsigned int count, gsi_count;
static uint32_t modes[ARCH_IRQS]; /* ROUTE_LOW, ROUTE_LEVEL of each GSI */
static struct lock lock = LOCK(RANK_DEVICE);

static uint32_t reg_read(const struct ioapic *io, uint32_t reg)
{
    io->at[0] = reg;
    return io->at[4];
}

static void reg_write(const struct ioapic *io, uint32_t reg, uint32_t value)
{
    io->at[0] = reg;
    io->at[4] = value;
}

static const struct ioapic *of_gsi(unsigned int gsi)
{
    for (unsigned int i = 0; i < count; i++)
        if (gsi - ioapics[i].first < ioapics[i].lines)
            return &ioapics[i];
    return NULL;
}

static void route_change(unsigned int gsi, uint32_t clear, uint32_t set)
{
    const struct ioapic *io = of_gsi(gsi);
    bool on = lock_take_irq(&lock);
    uint32_t reg;

    ASSERT(io != NULL);
    reg = REG_ROUTES + 2 * (gsi - io->first);
    reg_write(io, reg, (reg_read(io, reg) & ~clear) | set);
    lock_release_irq(&lock, on);
}

static void mask(unsigned int gsi)
{
    route_change(gsi, 0, ROUTE_MASK);
}

static void unmask(unsigned int gsi)
{
    route_change(gsi, ROUTE_MASK, 0);
}

/* Physical destination, fixed delivery; masked while the two halves do not fit. */
static void aim(unsigned int gsi, uint8_t vector, uint32_t apic_id)
{
    const struct ioapic *io = of_gsi(gsi);
    bool on = lock_take_irq(&lock);
    uint32_t reg;

    ASSERT(io != NULL && apic_id < 256);
    reg = REG_ROUTES + 2 * (gsi - io->first);
    reg_write(io, reg, ROUTE_MASK);
    reg_write(io, reg + 1, apic_id << 24);
    reg_write(io, reg, modes[gsi] | vector);
    lock_release_irq(&lock, on);
}

static const struct irq_chip chip = { mask, unmask, aim };

static void add(const struct acpi_ioapic *from)
{
    struct ioapic *io = &ioapics[count];

    io->at = map_device(from->address, 4096, MAP_UNCACHED);
    io->address = from->address;
    io->first = from->gsi_base;
    io->lines = io->at ? (reg_read(io, REG_VERSION) >> 16 & 0xff) + 1 : 0;
    if (!io->at || io->first + io->lines > ARCH_IRQS / 2 || io->lines > 240) {
        console_log(LOG_WARNING, "IO-APIC at %#lx is not usable", (unsigned long)from->address);
        return;
    }
    count++;
    for (unsigned int i = 0; i < io->lines; i++) {
        reg_write(io, REG_ROUTES + 2 * i, ROUTE_MASK);
        modes[io->first + i] = io->first + i < ISA_LINES ? 0 : ROUTE_LEVEL | ROUTE_LOW;
        irq_set_chip(io->first + i, &chip, modes[io->first + i] & ROUTE_LEVEL);
    }
    if (io->first + io->lines > gsi_count)
        gsi_count = io->first + io->lines;
    pv_iomem_show(from->address >> PAGE_SHIFT);
}

void ioapic_mask_all(void)
{
    for (unsigned int i = 0; i < count; i++)
        for (unsigned int k = 0; k < ioapics[i].lines; k++)
            reg_write(&ioapics[i], REG_ROUTES + 2 * k, ROUTE_MASK);
}

void ioapic_init(void)
{
    for (unsigned int i = 0; i < acpi.ioapic_count; i++)
        add(&acpi.ioapics[i]);
    for (unsigned int i = 0; i < acpi.override_count; i++)
        arch_gsi_setup(acpi.overrides[i].gsi, acpi.overrides[i].level, acpi.overrides[i].low);
    console_log(LOG_INFO, "IO-APIC: %u, with %u lines", count, gsi_count);
}

unsigned int arch_gsi_count(void)
{
    return gsi_count;
}

int arch_gsi_setup(unsigned int gsi, bool level, bool low)
{
    if (gsi >= ARCH_IRQS || !of_gsi(gsi))
        return -XEN_EINVAL;
    modes[gsi] = (level ? ROUTE_LEVEL : 0) | (low ? ROUTE_LOW : 0);
    irq_set_chip(gsi, &chip, level);
    return 0;
}

static const struct ioapic *at_base(paddr_t base)
{
    for (unsigned int i = 0; i < count; i++)
        if (ioapics[i].address == base)
            return &ioapics[i];
    return NULL;
}

int arch_ioapic_read(paddr_t base, uint32_t reg, uint32_t *value)
{
    const struct ioapic *io = at_base(base);
    bool on;

    if (!io || reg > 0xff)
        return -XEN_EINVAL;
    on = lock_take_irq(&lock);
    *value = reg_read(io, reg);
    lock_release_irq(&lock, on);
    return 0;
}

/* Routes are Zeroth's: what Dom0 writes to them only tells the trigger mode of a line unused yet. */
int arch_ioapic_write(paddr_t base, uint32_t reg, uint32_t value)
{
    const struct ioapic *io = at_base(base);
    unsigned int line = (reg - REG_ROUTES) / 2;

    if (!io || reg > 0xff)
        return -XEN_EINVAL;
    if (reg < REG_ROUTES || line >= io->lines || reg & 1 || value & ROUTE_MASK)
        return 0;
    return arch_gsi_setup(io->first + line, value & ROUTE_LEVEL, value & ROUTE_LOW);
}
