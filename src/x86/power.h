/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_POWER_H
#define X86_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* Ways to reset the machine; which to try first, then the others in this order. */
enum power_reset { RESET_EFI, RESET_ACPI, RESET_CHIPSET, RESET_KEYBOARD, RESET_TRIPLE_FAULT };
/* Boot, while the first 4 GiB are mapped one to one; warm: the BIOS is told to skip its memory test. */
void power_choose_reset(enum power_reset first, bool warm);

/* Enter S5 with these SLP_TYP values (ACPI 6.4, 4.8.3.2).  Returns only when the machine goes on:
 * false then, or when the tables name no control block. */
bool power_enter_s5(uint8_t type_a, uint8_t type_b);

/* Write ACPI's reset register; returns when there is none or it did nothing. */
void power_acpi_reset(void);

#endif
