/* SPDX-License-Identifier: Apache-2.0 */
/* The console's devices, in the order of the boot. */
#ifndef BOOT_CONSOLES_H
#define BOOT_CONSOLES_H

#include "boot/options.h"

/* First of all, when cpu_id() works: open the devices that the options name, and hand the options
 * over to core/console.  A serial port that is not there is left out, and so is the screen when it
 * is in no text mode (efi: the firmware is UEFI, which has none).  The first 4 GiB are mapped one
 * to one. */
void boot_consoles_init(const struct options *o, bool efi);

/* After map_init, before map_low_drop: the screen's memory is mapped anew. */
void boot_consoles_map(void);

/* After irq_init, before Dom0 is built: input by interrupt; the serial ports in use are denied to
 * Dom0; Zeroth's keys. */
void boot_consoles_start_input(void);

/* Last, when Dom0 is about to run and softirqs with it: it gets the screen, unless vga=keep; lines
 * are written to the devices by a softirq from now on. */
void boot_consoles_end_boot(void);

#endif
