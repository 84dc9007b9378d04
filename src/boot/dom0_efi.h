/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_EFI_H
#define BOOT_DOM0_EFI_H

#include "boot/multiboot.h"

/* Before memory is given away, first 4 GiB mapped one to one: the firmware's table of memory attributes
 * (info->efi_attributes), which lies in memory that is ours otherwise. */
void dom0_efi_find(struct boot_info *info);

/*
 * Read what the EFI firmware left behind and have platform_op tell Dom0 of it (abi/platform.h): by
 * its configuration tables Dom0 finds ACPI's, which on such machines do not lie where a BIOS puts
 * them.  Without an EFI system table nothing happens.
 * services: its runtime services are to be called (x86/efi.h).
 */
void dom0_efi_tell(const struct boot_info *info, bool services);

#endif
