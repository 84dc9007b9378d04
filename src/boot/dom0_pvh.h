/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_PVH_H
#define BOOT_DOM0_PVH_H

#include "boot/multiboot.h"
#include "boot/options.h"

/* dom0_build of boot/dom0.h, for the option dom0=pvh: a kernel that needs no devices, started by its
 * PVH entry, with the other modules as it has them. */
void dom0_pvh_build(const struct boot_info *info, const struct options *o);

#endif
