/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/pci.h"

#include "core/assert.h"
#include "core/lock.h"
#include "drivers/acpi.h"
#include "x86/io.h"
#include "x86/memory/map.h"

#define ADDRESS  0xcf8
#define DATA     0xcfc
#define CAPS_MAX 48 /* as many as fit: a loop of them ends */

static struct lock lock = LOCK(RANK_DEVICE);

/* Every access sets the address register anew: nobody counts on what another left there. */
static bool by_ports(struct pci_device d, unsigned int reg)
{
    return d.segment == 0 && reg < 256;
}

uint32_t pci_port_access(uint32_t address, unsigned int offset, unsigned int size, bool write,
                         uint32_t value)
{
    uint16_t data = (uint16_t)(DATA + offset);
    bool on;

    ASSERT(offset + size <= 4 && (size == 1 || size == 2 || size == 4));
    on = lock_take_irq(&lock);
    io_out32(ADDRESS, address);
    if (write && size == 4)
        io_out32(data, value);
    else if (write && size == 2)
        io_out16(data, (uint16_t)value);
    else if (write)
        io_out8(data, (uint8_t)value);
    else
        value = size == 4 ? io_in32(data) : size == 2 ? io_in16(data) : io_in8(data);
    lock_release_irq(&lock, on);
    return value;
}

static uint32_t ports_access(struct pci_device d, unsigned int reg, unsigned int size, bool write,
                             uint32_t value)
{
    uint32_t address = 0x80000000u | (uint32_t)d.bus << 16 | (uint32_t)d.devfn << 8 | (reg & 0xfc);

    return pci_port_access(address, reg & 3, size, write, value);
}

static volatile uint8_t *mcfg_map(struct pci_device d)
{
    for (unsigned int i = 0; i < acpi.segment_count; i++) {
        const struct acpi_segment *s = &acpi.segments[i];

        if (s->segment == d.segment && d.bus >= s->first_bus && d.bus <= s->last_bus)
            return map_device(s->base + ((paddr_t)d.bus << 20 | (paddr_t)d.devfn << 12), PAGE_SIZE,
                              MAP_UNCACHED);
    }
    return NULL;
}

static uint32_t memory_access(struct pci_device d, unsigned int reg, unsigned int size, bool write,
                              uint32_t value)
{
    volatile uint8_t *at = mcfg_map(d);

    if (!at)
        return ~0u;
    if (write && size == 4)
        *(volatile uint32_t *)(at + reg) = value;
    else if (write && size == 2)
        *(volatile uint16_t *)(at + reg) = (uint16_t)value;
    else if (write)
        at[reg] = (uint8_t)value;
    else
        value = size == 4   ? *(volatile uint32_t *)(at + reg)
                : size == 2 ? *(volatile uint16_t *)(at + reg)
                            : at[reg];
    map_device_end((const void *)at, PAGE_SIZE);
    return value;
}

static uint32_t access(struct pci_device d, unsigned int reg, unsigned int size, bool write,
                       uint32_t value)
{
    ASSERT(reg < PAGE_SIZE && (size == 1 || size == 2 || size == 4) && reg % size == 0);
    return by_ports(d, reg) ? ports_access(d, reg, size, write, value)
                            : memory_access(d, reg, size, write, value);
}

uint32_t pci_read(struct pci_device d, unsigned int reg, unsigned int size)
{
    return access(d, reg, size, false, 0);
}

void pci_write(struct pci_device d, unsigned int reg, unsigned int size, uint32_t value)
{
    (void)access(d, reg, size, true, value);
}

bool pci_present(struct pci_device d)
{
    return (pci_read(d, PCI_VENDOR, 2) & 0xffff) != 0xffff;
}

unsigned int pci_capability(struct pci_device d, uint8_t id)
{
    unsigned int at;

    if (!pci_present(d) || !(pci_read(d, PCI_STATUS, 2) & 0x10))
        return 0;
    at = pci_read(d, PCI_CAPABILITIES, 1) & 0xfc;
    for (unsigned int i = 0; at >= 0x40 && i < CAPS_MAX; i++) {
        if (pci_read(d, at, 1) == id)
            return at;
        at = pci_read(d, at + 1, 1) & 0xfc;
    }
    return 0;
}
