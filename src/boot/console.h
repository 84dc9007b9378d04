/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

#include "boot/options.h"

/* Open the consoles that the options name; a serial port that is not there is left out. */
void console_init(const struct options *o);

/* Print one line, which needs no newline, after "(zeroth) ", if level is within loglvl. */
void console_log(unsigned int level, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The boot cannot go on: say why in one line, whatever loglvl is, then reset the machine, or halt
 * with the option noreboot.
 */
_Noreturn void console_fatal(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
