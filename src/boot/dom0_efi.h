/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_EFI_H
#define BOOT_DOM0_EFI_H

#include "boot/multiboot.h"

/*
 * Read what the EFI firmware left behind and have platform_op tell Dom0 of it (abi/platform.h): by
 * its configuration tables Dom0 finds ACPI's, which on such machines do not lie where a BIOS puts
 * them.  Without an EFI system table nothing happens.
 */
void dom0_efi_tell(const struct boot_info *info);

#endif
