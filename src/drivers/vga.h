/* SPDX-License-Identifier: Apache-2.0 */
/* The screen in VGA text mode, 80 by 25, as a console device. */
#ifndef DRIVERS_VGA_H
#define DRIVERS_VGA_H

#include "core/console/console.h"

#define VGA_MEMORY      0xb8000 /* machine address */
#define VGA_MEMORY_SIZE 4000

/* Clear the screen, whose memory is mapped at `at`.  The device, for console_add; NULL: the adapter
 * is in no text mode, or absent. */
struct console_device *vga_open(void *at);
/* Its memory is mapped elsewhere from now on. */
void vga_move(void *at);

#endif
