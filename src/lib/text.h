/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a longer text; not terminated. */
struct span {
    const char *at;
    size_t length;
};

/* Does a span hold exactly this text? */
bool text_equal(struct span span, const char *text);

/* Take what stands before the next separator off the front of rest; the separator goes too. */
struct span text_cut(struct span *rest, char separator);

/*
 * Read a whole span as a number: decimal, or hexadecimal after 0x.
 * False, and *value unchanged, when it is empty, has another character or exceeds 64 bits.
 */
bool text_number(struct span span, uint64_t *value);

/* The whole of a terminated text. */
struct span text_span(const char *text);

#endif
