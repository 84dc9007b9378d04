/* SPDX-License-Identifier: Apache-2.0 */
/* IO-APICs (Intel 82093AA datasheet). */
#ifndef X86_IOAPIC_H
#define X86_IOAPIC_H

#include "core/types.h"

/* Boot: map all that ACPI lists, mask their lines, and set ISA overrides. */
void ioapic_init(void);
/* For the crash kernel: no line comes any more.  Any context. */
void ioapic_mask_all(void);

#endif
