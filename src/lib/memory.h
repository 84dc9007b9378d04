/* SPDX-License-Identifier: Apache-2.0 */
/* What a freestanding C compiler calls by itself (GCC manual, section 2.1); C11 7.24.
 * The machine provides them: x86/memory/memory.c. */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stddef.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
