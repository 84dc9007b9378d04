/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/patch.h"

#include "core/assert.h"
#include "lib/memory.h"
#include "x86/memory/map.h"

#include <stdbool.h>

#define CALL 0xe8

struct place {
    int32_t at; /* relative to its own address */
    uint32_t kind;
};

/* Set by the linker script. */
extern const struct place patch_table_start[], patch_table_end[];
extern const char image_start[], image_rodata[];

static bool is_end(const struct place *p)
{
    return (uintptr_t)p >= (uintptr_t)patch_table_end;
}

static const char *place_at(const struct place *p)
{
    const char *at = (const char *)&p->at + p->at;

    ASSERT((uintptr_t)at >= (uintptr_t)image_start && (uintptr_t)at < (uintptr_t)image_rodata);
    return at;
}

static void write_code(const char *at, const uint8_t *bytes, size_t size)
{
    memcpy(direct(image_paddr(at)), bytes, size);
}

/* What was fetched before the change is not run after it (Intel SDM 3, 8.1.3). */
static void serialise(void)
{
    uint32_t a = 0, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

void patch_bytes(unsigned int kind, const uint8_t *bytes, size_t size)
{
    for (const struct place *p = patch_table_start; !is_end(p); p++)
        if (p->kind == kind)
            write_code(place_at(p), bytes, size);
    serialise();
}

void patch_call(unsigned int kind, const void *function)
{
    uint8_t bytes[PATCH_CALL_SIZE] = { CALL };

    for (const struct place *p = patch_table_start; !is_end(p); p++) {
        const char *at = place_at(p);
        int64_t distance = (const char *)function - (at + PATCH_CALL_SIZE);
        int32_t offset = (int32_t)distance;

        if (p->kind != kind)
            continue;
        ASSERT(offset == distance);
        memcpy(&bytes[1], &offset, sizeof(offset));
        write_code(at, bytes, sizeof(bytes));
    }
    serialise();
}
