/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Format into out, which holds size bytes and is always terminated when size > 0.
 * Conversions: %s %c %d %u %x %p %%, with 0, '#', a width, and the lengths l, ll and z.
 * Returns the length the whole text has, in bytes, as C11 7.21.6.5 says of snprintf.
 * An unknown conversion is put out as it stands.
 */
size_t format_va(char *out, size_t size, const char *text, va_list args);

/* The same with its arguments in line. */
size_t format(char *out, size_t size, const char *text, ...) __attribute__((format(printf, 3, 4)));

#endif
