/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/libc_shim.h"

#include "core/assert.h"

#include <stdint.h>

#define ALIGN 16ul

static uint8_t *next;
static size_t left;

void libc_shim_arena(void *at, size_t size)
{
    ASSERT(((uintptr_t)at & (ALIGN - 1)) == 0);
    next = at;
    left = size;
}

void *malloc(size_t size)
{
    size_t whole = (size + ALIGN - 1) & ~(ALIGN - 1);
    uint8_t *piece = next;

    if (whole < size || whole > left)
        return NULL;
    next += whole;
    left -= whole;
    return piece;
}

void *calloc(size_t count, size_t size)
{
    size_t all;
    void *piece;

    if (__builtin_mul_overflow(count, size, &all))
        return NULL;
    piece = malloc(all);
    if (piece)
        __builtin_memset(piece, 0, all);
    return piece;
}

void free(void *object)
{
    (void)object;
}

/* By the string instruction, so that the compiler makes no call of memmove out of it. */
void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((uintptr_t)d - (uintptr_t)s >= size) {
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(size) : : "memory");
    } else {
        d += size - 1;
        s += size - 1;
        __asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(size) : : "memory");
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

_Noreturn void __stack_chk_fail(void)
{
    BUG("a decompressor wrote beyond its stack frame");
}
