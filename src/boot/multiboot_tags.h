/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of multiboot 2's tags (its specification, 3.6), for who reads them and who writes them. */
#ifndef BOOT_MULTIBOOT_TAGS_H
#define BOOT_MULTIBOOT_TAGS_H

enum {
    TAG_END = 0,
    TAG_LINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_REGIONS = 6,
    TAG_SCREEN = 8,
    TAG_EFI64 = 12,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MAP = 17
};

#endif
