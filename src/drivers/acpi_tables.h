/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsers of ACPI's tables (ACPI 6.4, chapter 5.2).  They take bytes and a length and trust
 * neither; they also run on the host, under sanitizers.
 */
#ifndef DRIVERS_ACPI_TABLES_H
#define DRIVERS_ACPI_TABLES_H

#include "drivers/acpi.h"

/* The parsers, one a table: whole checked table with its header.  False: malformed (what was read
 * before the fault stays). */
bool acpi_sum_ok(const uint8_t *at, size_t length);
bool acpi_read_madt(struct acpi_info *info, const uint8_t *at, size_t length);
bool acpi_read_fadt(struct acpi_info *info, const uint8_t *at, size_t length, paddr_t *dsdt);
bool acpi_read_dsdt(struct acpi_info *info, const uint8_t *at, size_t length);
bool acpi_read_hpet(struct acpi_info *info, const uint8_t *at, size_t length);
bool acpi_read_mcfg(struct acpi_info *info, const uint8_t *at, size_t length);
/* After the MADT. */
bool acpi_read_srat(struct acpi_info *info, const uint8_t *at, size_t length);

#endif
