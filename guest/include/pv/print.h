/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text on the console. */
#ifndef PV_PRINT_H
#define PV_PRINT_H

#include <stdarg.h>

/*
 * Like C's: %s %c %d %u %x with l, a width and 0 before it, %%.  At most 256 bytes a call, the rest is
 * cut off.
 */
void pv_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Into a buffer of size bytes, at least 1, always ended by a zero; the length without it. */
unsigned int pv_format(char *buffer, unsigned int size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
unsigned int pv_vformat(char *buffer, unsigned int size, const char *format, va_list args);

#endif
