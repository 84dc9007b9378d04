/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firmware tells of the machine (ACPI 6.4).  Read once at boot, constant after it.  The
 * parsers stand in drivers/acpi_tables.h.
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include "core/types.h"

#define ACPI_CPUS      512
#define ACPI_IOAPICS   16
#define ACPI_OVERRIDES 32
#define ACPI_SEGMENTS  16
#define ACPI_MEMORIES  128
#define ACPI_NODES     64

struct acpi_cpu {
    uint32_t apic_id, acpi_id;
    uint32_t node; /* 0 without an SRAT */
    bool enabled;  /* false: may be plugged in later */
};

struct acpi_ioapic {
    uint32_t id, gsi_base;
    paddr_t address;
};

/* An ISA interrupt that is not GSI number = IRQ number, edge, active high. */
struct acpi_override {
    uint8_t irq;
    uint32_t gsi;
    bool level, low;
};

struct acpi_segment { /* MCFG: PCI configuration space in memory */
    paddr_t base;     /* of bus 0 */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

struct acpi_memory { /* SRAT */
    paddr_t start, end;
    uint32_t node;
};

/* Generic address (ACPI 6.4, 5.2.3.2). */
struct acpi_address {
    uint8_t space, bits, offset, access; /* space 0: memory, 1: ports, 2: PCI */
    uint64_t address;                    /* 0: not there */
};

struct acpi_info {
    paddr_t lapic;
    struct acpi_cpu cpus[ACPI_CPUS];
    unsigned int cpu_count; /* enabled ones come first; the boot CPU is not always [0] */
    struct acpi_ioapic ioapics[ACPI_IOAPICS];
    unsigned int ioapic_count;
    struct acpi_override overrides[ACPI_OVERRIDES];
    unsigned int override_count;
    uint32_t lapic_nmi_acpi_id; /* ~0: all CPUs */
    int lapic_nmi_lint;         /* 0, 1; -1: none */
    bool has_8259;

    bool has_fadt;
    uint16_t sci; /* ISA interrupt or GSI of ACPI's events */
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control; /* ports, 0: none */
    uint32_t pm_timer;                                           /* port, 0: none */
    unsigned int pm_timer_bits;                                  /* 24 or 32 */
    bool has_reset;
    struct acpi_address reset;
    uint8_t reset_value;
    bool has_s5;
    uint8_t s5_a, s5_b; /* SLP_TYP of the _S5_ package */
    bool no_cmos;       /* there is no CMOS clock */
    uint8_t century;    /* CMOS register, 0: none */

    paddr_t hpet; /* 0: none */
    struct acpi_segment segments[ACPI_SEGMENTS];
    unsigned int segment_count;
    struct acpi_memory memories[ACPI_MEMORIES];
    unsigned int memory_count;
    uint32_t proximity[ACPI_NODES]; /* of each node */
    unsigned int node_count;        /* at least 1 */
};

extern struct acpi_info acpi;

/*
 * Boot, after map_init: read all tables from the root pointer at rsdp (0: looked for in the BIOS's
 * memory).  False: no usable tables; acpi then says one node and nothing else.
 */
bool acpi_init(paddr_t rsdp);

/* Look for the root pointer in memory of the firmware's, before acpi_init: its machine address; 0:
 * there is none. */
paddr_t acpi_find_root(paddr_t start, size_t size);

/* Node of the RAM at a machine address, and in *end (may be NULL) where that stops being so: fits
 * boot_memory_give. */
unsigned int acpi_node_at(paddr_t at, paddr_t *end);

#endif
