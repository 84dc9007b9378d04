/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_SCREEN_H
#define BOOT_DOM0_SCREEN_H

#include <stdbool.h>

/* Is there a VGA, and does it show text at 0xb8000?  *cursor: its place, counted in characters. */
bool dom0_screen_is_text(unsigned int *cursor);

#endif
