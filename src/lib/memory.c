/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/memory.h"

/* Keeps the compiler from making a call of memset or memcpy out of its own body. */
#define KEEP_LOOP() __asm__ volatile("" : : : "memory")

void *memset(void *to, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)to)[i] = (unsigned char)byte;
        KEEP_LOOP();
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
        KEEP_LOOP();
    }
    return to;
}
