/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H

#include "boot/multiboot.h"
#include "boot/options.h"

/* Build Dom0 from the first module (kernel) and the second (initrd), if any; it is left paused.
 * Does not return on failure (console_fatal says why). */
void dom0_build(const struct boot_info *info, const struct options *o);

#endif
