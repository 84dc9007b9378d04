/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/acpi_tables.h"

#include "core/assert.h"

#define HEADER 36 /* bytes of every table's header */

/* Little-endian number of size bytes at an offset; 0 beyond the end. */
static uint64_t get(const uint8_t *at, size_t length, size_t offset, unsigned int size)
{
    uint64_t value = 0;

    ASSERT(size <= 8);
    if (offset > length || length - offset < size)
        return 0;
    for (unsigned int i = 0; i < size; i++)
        value |= (uint64_t)at[offset + i] << (8 * i);
    return value;
}

bool acpi_sum_ok(const uint8_t *at, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + at[i]);
    return sum == 0;
}

static void add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t acpi_id, uint32_t flags)
{
    struct acpi_cpu *cpu;

    if (info->cpu_count == ACPI_CPUS || !(flags & 3)) /* neither enabled nor to be plugged in */
        return;
    for (unsigned int i = 0; i < info->cpu_count; i++)
        if (info->cpus[i].apic_id == apic_id)
            return; /* firmware lists the first ones as APIC and as x2APIC */
    cpu = &info->cpus[info->cpu_count++];
    *cpu = (struct acpi_cpu){ apic_id, acpi_id, 0, flags & 1 };
}

static void enabled_first(struct acpi_info *info)
{
    unsigned int next = 0;

    for (unsigned int i = 0; i < info->cpu_count; i++) {
        struct acpi_cpu cpu = info->cpus[i];

        if (!cpu.enabled)
            continue;
        for (unsigned int j = i; j > next; j--)
            info->cpus[j] = info->cpus[j - 1];
        info->cpus[next++] = cpu;
    }
}

/* Interrupt source override (5.2.12.5); MPS INTI flags: 3 is low or level, 0 the bus's own (ISA). */
static void add_override(struct acpi_info *info, const uint8_t *e)
{
    uint64_t flags = get(e, 10, 8, 2);

    if (e[2] != 0 || e[3] > 15 || info->override_count == ACPI_OVERRIDES)
        return;
    info->overrides[info->override_count++] = (struct acpi_override){
        .irq = e[3],
        .gsi = (uint32_t)get(e, 10, 4, 4),
        .low = (flags & 3) == 3,
        .level = (flags >> 2 & 3) == 3,
    };
}

static void add_ioapic(struct acpi_info *info, const uint8_t *e)
{
    if (info->ioapic_count == ACPI_IOAPICS)
        return;
    info->ioapics[info->ioapic_count++] = (struct acpi_ioapic){
        .id = e[2],
        .address = get(e, 12, 4, 4),
        .gsi_base = (uint32_t)get(e, 12, 8, 4),
    };
}

static void madt_entry(struct acpi_info *info, const uint8_t *e, size_t size)
{
    if (e[0] == 0 && size >= 8) { /* local APIC */
        if (e[3] != 0xff)
            add_cpu(info, e[3], e[2], (uint32_t)get(e, size, 4, 4));
    } else if (e[0] == 1 && size >= 12) {
        add_ioapic(info, e);
    } else if (e[0] == 2 && size >= 10) {
        add_override(info, e);
    } else if (e[0] == 4 && size >= 6) { /* local APIC NMI */
        info->lapic_nmi_acpi_id = e[2] == 0xff ? ~0u : e[2];
        info->lapic_nmi_lint = e[5] & 1;
    } else if (e[0] == 5 && size >= 12) {
        info->lapic = get(e, size, 4, 8);
    } else if (e[0] == 9 && size >= 16) { /* local x2APIC */
        if (get(e, size, 4, 4) != 0xffffffff)
            add_cpu(info, (uint32_t)get(e, size, 4, 4), (uint32_t)get(e, size, 12, 4),
                    (uint32_t)get(e, size, 8, 4));
    }
}

bool acpi_read_madt(struct acpi_info *info, const uint8_t *at, size_t length)
{
    size_t offset = 44;

    if (length < offset)
        return false;
    info->lapic = get(at, length, 36, 4);
    info->has_8259 = at[40] & 1;
    info->lapic_nmi_lint = -1;
    while (length - offset >= 2) {
        size_t size = at[offset + 1];

        if (size < 2 || size > length - offset)
            return false;
        madt_entry(info, at + offset, size);
        offset += size;
    }
    enabled_first(info);
    return true;
}

/* A port of the FADT: the extended address where it is there and names ports, else the old field. */
static uint32_t fadt_port(const uint8_t *at, size_t length, size_t old, size_t extended)
{
    uint64_t address = get(at, length, extended + 4, 8);

    if (get(at, length, extended, 1) == 1 && address && address < 0x10000)
        return (uint32_t)address;
    address = get(at, length, old, 4);
    return address < 0x10000 ? (uint32_t)address : 0;
}

bool acpi_read_fadt(struct acpi_info *info, const uint8_t *at, size_t length, paddr_t *dsdt)
{
    uint32_t flags = (uint32_t)get(at, length, 112, 4);

    *dsdt = 0;
    if (length < 116)
        return false;
    *dsdt = get(at, length, 140, 8);
    if (!*dsdt)
        *dsdt = get(at, length, 40, 4);
    info->has_fadt = true;
    info->sci = (uint16_t)get(at, length, 46, 2);
    info->pm1a_event = fadt_port(at, length, 56, 148);
    info->pm1b_event = fadt_port(at, length, 60, 160);
    info->pm1a_control = fadt_port(at, length, 64, 172);
    info->pm1b_control = fadt_port(at, length, 68, 184);
    info->pm_timer = at[91] == 4 ? fadt_port(at, length, 76, 208) : 0;
    info->pm_timer_bits = flags & 1 << 8 ? 32 : 24; /* TMR_VAL_EXT */
    info->century = at[108];
    info->no_cmos = get(at, length, 109, 2) & 1 << 5; /* IAPC_BOOT_ARCH */
    if (flags & 1 << 10 && length >= 129) {           /* RESET_REG_SUP */
        info->has_reset = true;
        info->reset = (struct acpi_address){ at[116], at[117], at[118], at[119],
                                             get(at, length, 120, 8) };
        info->reset_value = at[128];
    }
    return true;
}

/* An integer of AML (ACPI 6.4, 20.2.3); -1: it is none that a byte holds. */
static int aml_byte(const uint8_t *at, size_t length, size_t *offset)
{
    uint8_t op = *offset < length ? at[(*offset)++] : 0xff;

    if (op == 0x00 || op == 0x01) /* ZeroOp, OneOp */
        return op;
    if (op == 0x0a && *offset < length) /* BytePrefix */
        return at[(*offset)++];
    if (op == 0x0b && length - *offset >= 2) { /* WordPrefix */
        *offset += 2;
        return at[*offset - 2];
    }
    if (op == 0x0c && length - *offset >= 4) { /* DWordPrefix */
        *offset += 4;
        return at[*offset - 4];
    }
    return -1;
}

/* Name(_S5_, Package(){a, b, …}): AML has no other form that firmware uses. */
static bool read_s5(struct acpi_info *info, const uint8_t *at, size_t length, size_t offset)
{
    int a, b;

    if (length - offset < 3 || at[offset] != 0x12) /* PackageOp */
        return false;
    offset += 2 + (at[offset + 1] >> 6);      /* PkgLength: its top bits say how long */
    if (offset >= length || at[offset++] < 1) /* NumElements */
        return false;
    a = aml_byte(at, length, &offset);
    b = aml_byte(at, length, &offset);
    if (a < 0)
        return false;
    info->s5_a = a & 7;
    info->s5_b = b < 0 ? info->s5_a : b & 7;
    info->has_s5 = true;
    return true;
}

bool acpi_read_dsdt(struct acpi_info *info, const uint8_t *at, size_t length)
{
    static const char name[4] = { '_', 'S', '5', '_' };

    for (size_t i = HEADER + 1; length >= 4 && i < length - 4; i++) {
        bool same = true;

        for (unsigned int j = 0; j < 4; j++)
            same = same && at[i + j] == (uint8_t)name[j];
        /* NameOp before it, maybe with a root prefix in between */
        if (same && (at[i - 1] == 0x08 || (at[i - 1] == '\\' && at[i - 2] == 0x08)) &&
            read_s5(info, at, length, i + 4))
            return true;
    }
    return false;
}

bool acpi_read_hpet(struct acpi_info *info, const uint8_t *at, size_t length)
{
    if (length < 56 || at[40] != 0) /* not in memory space */
        return false;
    info->hpet = get(at, length, 44, 8);
    return info->hpet != 0;
}

bool acpi_read_mcfg(struct acpi_info *info, const uint8_t *at, size_t length)
{
    if (length < 44)
        return false;
    for (size_t i = 44; length - i >= 16; i += 16) {
        struct acpi_segment s = { get(at, length, i, 8), (uint16_t)get(at, length, i + 8, 2),
                                  at[i + 10], at[i + 11] };

        if (s.base & 0xfffff || s.first_bus > s.last_bus || info->segment_count == ACPI_SEGMENTS)
            return false;
        info->segments[info->segment_count++] = s;
    }
    return true;
}

static uint32_t node_of_proximity(struct acpi_info *info, uint32_t proximity)
{
    for (unsigned int i = 0; i < info->node_count; i++)
        if (info->proximity[i] == proximity)
            return i;
    if (info->node_count == ACPI_NODES)
        return 0;
    info->proximity[info->node_count] = proximity;
    return info->node_count++;
}

static void set_cpu_node(struct acpi_info *info, uint32_t apic_id, uint32_t proximity)
{
    uint32_t node = node_of_proximity(info, proximity);

    for (unsigned int i = 0; i < info->cpu_count; i++)
        if (info->cpus[i].apic_id == apic_id)
            info->cpus[i].node = node;
}

static bool add_memory(struct acpi_info *info, const uint8_t *e)
{
    paddr_t start = get(e, 40, 8, 8);
    uint64_t size = get(e, 40, 16, 8);

    if (!(e[28] & 1) || size == 0) /* not enabled */
        return true;
    if (start + size < start || info->memory_count == ACPI_MEMORIES)
        return false;
    info->memories[info->memory_count++] = (struct acpi_memory){
        start, start + size, node_of_proximity(info, (uint32_t)get(e, 40, 2, 4))
    };
    return true;
}

static bool srat_entry(struct acpi_info *info, const uint8_t *e, size_t size)
{
    if (e[0] == 0 && size >= 16) { /* processor, by APIC id */
        uint32_t proximity = (uint32_t)(e[2] | e[9] << 8 | e[10] << 16) | (uint32_t)e[11] << 24;

        if (e[4] & 1)
            set_cpu_node(info, e[3], proximity);
    } else if (e[0] == 1 && size >= 40) {
        return add_memory(info, e);
    } else if (e[0] == 2 && size >= 24) { /* processor, by x2APIC id */
        if (e[12] & 1)
            set_cpu_node(info, (uint32_t)get(e, size, 8, 4), (uint32_t)get(e, size, 4, 4));
    }
    return true;
}

bool acpi_read_srat(struct acpi_info *info, const uint8_t *at, size_t length)
{
    size_t offset = 48;

    if (length < offset)
        return false;
    info->node_count = 0;
    while (length - offset >= 2) {
        size_t size = at[offset + 1];

        if (size < 2 || size > length - offset || !srat_entry(info, at + offset, size))
            break;
        offset += size;
    }
    if (info->node_count == 0)
        info->node_count = 1;
    return length - offset < 2;
}
