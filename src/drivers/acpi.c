/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/acpi.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "drivers/acpi_tables.h"
#include "x86/memory/map.h"

#define HEADER    36
#define TABLE_MAX (16u << 20) /* a longer one is a fault of the firmware's */
#define LAST      (~(paddr_t)0)

struct acpi_info acpi = { .node_count = 1, .lapic_nmi_lint = -1 };

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static paddr_t get64(const uint8_t *at)
{
    return get32(at) | (paddr_t)get32(at + 4) << 32;
}

static bool named(const uint8_t *at, const char *name, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        if (at[i] != (uint8_t)name[i])
            return false;
    return true;
}

/* Map a whole table, checked; NULL: broken.  End with map_device_end. */
static const uint8_t *table_map(paddr_t where, size_t *length)
{
    const uint8_t *at = where ? map_device(where, HEADER, MAP_CACHED) : NULL;

    if (!at)
        return NULL;
    *length = get32(at + 4);
    map_device_end(at, HEADER);
    if (*length < HEADER || *length > TABLE_MAX)
        return NULL;
    at = map_device(where, *length, MAP_CACHED);
    if (at && !acpi_sum_ok(at, *length)) {
        map_device_end(at, *length);
        return NULL;
    }
    return at;
}

static bool read_fadt(const uint8_t *at, size_t length)
{
    paddr_t where;
    const uint8_t *dsdt;
    size_t size;

    if (!acpi_read_fadt(&acpi, at, length, &where))
        return false;
    dsdt = table_map(where, &size);
    if (!dsdt)
        return false;
    if (!acpi_read_dsdt(&acpi, dsdt, size))
        console_log(LOG_WARNING, "ACPI: the tables do not say how to power off");
    map_device_end(dsdt, size);
    return true;
}

static bool read_madt(const uint8_t *at, size_t length)
{
    return acpi_read_madt(&acpi, at, length);
}

static bool read_hpet(const uint8_t *at, size_t length)
{
    return acpi_read_hpet(&acpi, at, length);
}

static bool read_mcfg(const uint8_t *at, size_t length)
{
    return acpi_read_mcfg(&acpi, at, length);
}

static bool read_srat(const uint8_t *at, size_t length)
{
    return acpi_read_srat(&acpi, at, length);
}

/* In the order they are read: the SRAT speaks of CPUs that the MADT lists. */
static const struct {
    const char *name;
    bool (*read)(const uint8_t *at, size_t length);
} readers[] = {
    { "APIC", read_madt }, { "FACP", read_fadt }, { "HPET", read_hpet },
    { "MCFG", read_mcfg }, { "SRAT", read_srat },
};

static void read_if_named(unsigned int reader, paddr_t where)
{
    size_t length;
    const uint8_t *at = map_device(where, HEADER, MAP_CACHED);
    bool wanted = at && named(at, readers[reader].name, 4);

    if (at)
        map_device_end(at, HEADER);
    if (!wanted)
        return;
    at = table_map(where, &length);
    if (!at || !readers[reader].read(at, length))
        console_log(LOG_WARNING, "ACPI: table %s at %#lx is malformed", readers[reader].name,
                    where);
    if (at)
        map_device_end(at, length);
}

static void read_tables(const uint8_t *root, size_t length, unsigned int width)
{
    for (unsigned int r = 0; r < ARRAY_SIZE(readers); r++)
        for (size_t i = HEADER; length - i >= width; i += width) {
            paddr_t where = width == 8 ? get64(root + i) : get32(root + i);

            if (where)
                read_if_named(r, where);
        }
}

/* RSDT and XSDT of a root pointer (5.2.5.3); false: it is none. */
static bool root_read(const uint8_t *p, paddr_t *rsdt, paddr_t *xsdt)
{
    if (!named(p, "RSD PTR ", 8) || !acpi_sum_ok(p, 20))
        return false;
    *rsdt = get32(p + 16);
    *xsdt = p[15] >= 2 && acpi_sum_ok(p, 36) ? get64(p + 24) : 0;
    return true;
}

/* 5.2.5.1: the first KiB of the BIOS's data area, then 0xe0000 to 0xfffff, each 16 bytes. */
static bool root_scan(paddr_t start, size_t size, paddr_t *rsdt, paddr_t *xsdt)
{
    const uint8_t *at = map_device(start, size, MAP_CACHED);
    bool found = false;

    if (!at)
        return false;
    for (size_t i = 0; !found && i + 36 <= size; i += 16)
        found = root_read(at + i, rsdt, xsdt);
    map_device_end(at, size);
    return found;
}

static bool root_find(paddr_t rsdp, paddr_t *rsdt, paddr_t *xsdt)
{
    paddr_t area = 0;
    const uint8_t *at;

    if (rsdp && root_scan(rsdp, 36, rsdt, xsdt))
        return true;
    at = map_device(0x40e, 2, MAP_CACHED); /* segment of the extended data area */
    if (at) {
        area = (paddr_t)(at[0] | at[1] << 8) << 4;
        map_device_end(at, 2);
    }
    return (area >= 0x80000 && area < 0xa0000 && root_scan(area, 1024, rsdt, xsdt)) ||
           root_scan(0xe0000, 0x20000, rsdt, xsdt);
}

/* As root_scan, each 4 bytes: UEFI promises no better alignment. */
paddr_t acpi_find_root(paddr_t start, size_t size)
{
    const uint8_t *at = map_device(start, size, MAP_CACHED);
    paddr_t rsdt, xsdt, found = 0;

    if (!at)
        return 0;
    for (size_t i = 0; !found && i + 36 <= size; i += 4)
        if (root_read(at + i, &rsdt, &xsdt))
            found = start + i;
    map_device_end(at, size);
    return found;
}

bool acpi_init(paddr_t rsdp)
{
    paddr_t rsdt = 0, xsdt = 0;
    const uint8_t *root;
    size_t length;
    bool wide;

    ASSERT(acpi.cpu_count == 0);
    if (!root_find(rsdp, &rsdt, &xsdt))
        return false;
    root = table_map(xsdt, &length);
    wide = root && named(root, "XSDT", 4);
    if (root && !wide)
        map_device_end(root, length);
    if (!wide)
        root = table_map(rsdt, &length);
    if (!root)
        return false;
    read_tables(root, length, wide ? 8 : 4);
    map_device_end(root, length);
    console_log(LOG_INFO, "ACPI: %u CPUs, %u IO-APICs, %u NUMA nodes", acpi.cpu_count,
                acpi.ioapic_count, acpi.node_count);
    return acpi.cpu_count > 0;
}

unsigned int acpi_node_at(paddr_t at, paddr_t *end)
{
    paddr_t until = LAST;
    unsigned int node = 0;

    for (unsigned int i = 0; i < acpi.memory_count; i++) {
        const struct acpi_memory *m = &acpi.memories[i];

        if (at >= m->start && at < m->end) {
            node = m->node;
            until = m->end;
            break;
        }
        if (m->start > at && m->start < until)
            until = m->start;
    }
    if (end)
        *end = until;
    return node;
}
