/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that guests choose, for tables of functions (Spectre variant 1: a check that is guessed away). */
#ifndef LIB_INDEX_H
#define LIB_INDEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * An index that has been found below count, or 0 while the CPU only guesses that it is: by arithmetic,
 * which waits for its operands.  count at most 2^63.
 */
static inline size_t index_safe(size_t index, size_t count)
{
    size_t wrong;

    __asm__("" : "+r"(index)); /* the compiler forgets what it knows of the check */
    wrong = 0 - ((index | (count - 1 - index)) >> 63);
    return index & ~wrong;
}

#endif
