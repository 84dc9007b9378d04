/* SPDX-License-Identifier: Apache-2.0 */
/* What the packaged decompressors want of a C library: memory from an arena that one unpacking has. */
#ifndef BOOT_LIBC_SHIM_H
#define BOOT_LIBC_SHIM_H

#include <stddef.h>

/* Begin an unpacking: malloc gives pieces of [at, at + size), aligned to 16, until they are used up. */
void libc_shim_arena(void *at, size_t size);

/*
 * Around every call into those libraries, on the boot CPU: they use SSE and look for a stack
 * protector's canary at FS:28h (System V ABI, AMD64); their constructors run before the first call.
 */
void libc_shim_begin(void);
void libc_shim_end(void);

/* Linked against by name; see C11 7.22.3 and 7.24. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *object); /* keeps it: the arena goes as a whole */
_Noreturn void __stack_chk_fail(void);
_Noreturn void zstd_legacy(void); /* in the place of the functions that the Makefile leaves out */

/* zstd's hooks for tracing, weak there: a weak reference cannot reach address 0 from the image. */
unsigned long long ZSTD_trace_decompress_begin(const void *context);
void ZSTD_trace_decompress_end(unsigned long long trace, const void *record);

#endif
