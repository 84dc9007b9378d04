/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap/fault.h"

#include "core/assert.h"

struct fixup {
    int32_t from, to; /* each relative to its own address */
};

/* Set by the linker script. */
extern const struct fixup fixup_table_start[], fixup_table_end[];

bool fault_fixup(uint64_t from, uint64_t *to)
{
    for (const struct fixup *f = fixup_table_start; (uintptr_t)f < (uintptr_t)fixup_table_end;
         f++) {
        if ((uint64_t)&f->from + (int64_t)f->from == from) {
            *to = (uint64_t)&f->to + (int64_t)f->to;
            ASSERT(*to != from);
            return true;
        }
    }
    return false;
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t low, high;
    bool good = false;

    __asm__ volatile("1: rdmsr\n movb $1, %2\n2:\n" FAULT_FIXUP("1b", "2b")
                     : "=a"(low), "=d"(high), "+q"(good)
                     : "c"(msr));
    if (good)
        *value = (uint64_t)high << 32 | low;
    return good;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    bool good = false;

    __asm__ volatile("1: wrmsr\n movb $1, %0\n2:\n" FAULT_FIXUP("1b", "2b")
                     : "+q"(good)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return good;
}
