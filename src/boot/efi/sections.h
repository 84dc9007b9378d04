/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_EFI_SECTIONS_H
#define BOOT_EFI_SECTIONS_H

#include "lib/text.h"

/*
 * A section of a PE image that is loaded at image, by name (PE/COFF 11, section 4); at NULL: none.
 * Of a section whose file data is padded the size in memory counts.
 */
struct span sections_find(struct span image, const char *name);

#endif
