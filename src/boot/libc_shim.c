/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/libc_shim.h"

#include "core/assert.h"
#include "x86/features.h"

#include <stdint.h>

#define ALIGN 16ul

#define FS_BASE        0xc0000100
#define CR0_MP         (1ul << 1)
#define CR0_EM         (1ul << 2)
#define CR0_TS         (1ul << 3)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)

/* Set by the linker script. */
extern void (*const init_array_start[])(void), (*const init_array_end[])(void);

static uint64_t canary[6]; /* the last one, at 28h, is the canary */
static uint64_t old_cr0, old_cr4, old_fs;
static bool constructed;
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

_Noreturn void __stack_chk_fail(void)
{
    BUG("a decompressor wrote beyond its stack frame");
}

_Noreturn void zstd_legacy(void)
{
    BUG("a decompressor took zstd's magic for that of an older format");
}

void libc_shim_begin(void)
{
    __asm__ volatile("mov %%cr0, %0" : "=r"(old_cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(old_cr4));
    old_fs = rdmsr(FS_BASE);
    __asm__ volatile("mov %0, %%cr0" : : "r"((old_cr0 & ~(CR0_EM | CR0_TS)) | CR0_MP));
    __asm__ volatile("mov %0, %%cr4" : : "r"(old_cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT));
    __asm__ volatile("fninit");
    canary[5] = 0x5a65726f7468ff00; /* the same at every boot: it finds bugs, it is no defence */
    wrmsr(FS_BASE, (uint64_t)canary);
    for (unsigned int i = 0; !constructed && init_array_start + i < init_array_end; i++)
        init_array_start[i]();
    constructed = true;
}

void libc_shim_end(void)
{
    wrmsr(FS_BASE, old_fs);
    __asm__ volatile("mov %0, %%cr4" : : "r"(old_cr4));
    __asm__ volatile("mov %0, %%cr0" : : "r"(old_cr0));
}

unsigned long long ZSTD_trace_decompress_begin(const void *context)
{
    (void)context;
    return 0; /* do not trace */
}

void ZSTD_trace_decompress_end(unsigned long long trace, const void *record)
{
    (void)trace;
    (void)record;
}
