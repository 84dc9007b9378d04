/* SPDX-License-Identifier: Apache-2.0 */
/* As much ACPI as CPUs and power-off need (ACPI 6.4: 5.2.5 to 5.2.12, 7.4.2). */
#include "../start.h"
#include "machine.h"

#include <pv/native.h>

#define SLEEP_ENABLE 0x2000

/* The tables lie below 4 GiB, which is mapped one to one. */
struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char text[26];
} __attribute__((packed));

static uint16_t pm1a_control, pm1b_control;
static uint8_t sleep_a, sleep_b;

static bool same(const char *a, const char *b, unsigned int length)
{
    return __builtin_memcmp(a, b, length) == 0;
}

/* From the BIOS' area, when the entry did not tell (5.2.5.1). */
static uint64_t find_rsdp(void)
{
    for (uint64_t at = 0xe0000; at < 0x100000; at += 16)
        if (same((const char *)at, "RSD PTR ", 8))
            return at;
    return 0;
}

static uint64_t field(const void *table, unsigned int offset, unsigned int size)
{
    uint64_t value = 0;

    __builtin_memcpy(&value, (const char *)table + offset, size);
    return value;
}

/* A table by its signature, through the XSDT or the RSDT. */
static const struct table *find_table(uint64_t rsdp, const char *signature)
{
    uint64_t xsdt = field((const void *)rsdp, 15, 1) >= 2 ? field((const void *)rsdp, 24, 8) : 0;
    unsigned int width = xsdt ? 8 : 4;
    const struct table *root = (const void *)(xsdt ? xsdt : field((const void *)rsdp, 16, 4));

    for (unsigned int at = sizeof(*root); at + width <= root->length; at += width) {
        const struct table *table = (const void *)field(root, at, width);

        if (table && same(table->signature, signature, 4))
            return table;
    }
    return 0;
}

/* Enabled local APICs and x2APICs; CPU 0 is the one this runs on. */
static unsigned int read_madt(const struct table *madt)
{
    unsigned int cpus = 1, length;

    for (unsigned int at = 44; at + 2 <= madt->length; at += length) {
        const char *entry = (const char *)madt + at;
        bool wide = entry[0] == 9;
        uint32_t id = (uint32_t)(wide ? field(entry, 4, 4) : field(entry, 3, 1));

        length = (unsigned int)field(entry, 1, 1);
        if (length < 2)
            break;
        if ((entry[0] != 0 && !wide) || !(field(entry, wide ? 8 : 4, 4) & 1) ||
            id == pv_cpus[0].apic_id || cpus == PV_CPUS)
            continue;
        pv_cpus[cpus++].apic_id = id;
    }
    return cpus;
}

/* One byte constant of the package, as compilers encode it (20.2.3). */
static const char *read_byte(const char *at, uint8_t *value)
{
    if (*at == 0x0a)
        at++;
    *value = (uint8_t)*at;
    return at + 1;
}

/* The values of \_S5_ are found by its name in the DSDT: no interpreter is needed for constants. */
static void read_dsdt(const struct table *dsdt)
{
    for (unsigned int at = sizeof(*dsdt); at + 12 < dsdt->length; at++) {
        const char *name = (const char *)dsdt + at;

        if (!same(name, "_S5_", 4) || name[4] != 0x12)
            continue;
        name += 5 + ((uint8_t)name[5] >> 6) + 2; /* package, its length, its count */
        read_byte(read_byte(name, &sleep_a), &sleep_b);
        return;
    }
}

unsigned int native_acpi_init(uint64_t rsdp)
{
    const struct table *madt, *fadt;

    if (!rsdp)
        rsdp = find_rsdp();
    if (!rsdp)
        return 1;
    fadt = find_table(rsdp, "FACP");
    if (fadt) {
        pm1a_control = (uint16_t)field(fadt, 64, 4);
        pm1b_control = (uint16_t)field(fadt, 68, 4);
        read_dsdt((const struct table *)field(fadt, 40, 4));
    }
    madt = find_table(rsdp, "APIC");
    return madt ? read_madt(madt) : 1;
}

void native_power_off(void)
{
    if (pm1a_control)
        out16(pm1a_control, (uint16_t)(SLEEP_ENABLE | sleep_a << 10));
    if (pm1b_control)
        out16(pm1b_control, (uint16_t)(SLEEP_ENABLE | sleep_b << 10));
}
