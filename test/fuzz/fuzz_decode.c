/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder of guests' instructions and what a write to a page-table entry makes of them.  No byte
 * beyond those given is read (each input is in an allocation of its own), an instruction has at most
 * 15, and it is none when its last one is missing.
 */
#include "x86/decode.h"
#include "x86/pv/ptwr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
_Noreturn void arch_panic(const char *file, int line, const char *what);

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static void check_form(const struct instruction *i, unsigned int available)
{
    REQUIRE(i->length >= 1 && i->length <= INSTRUCTION_MAX && i->length <= available);
    REQUIRE(i->size == 1 || i->size == 2 || i->size == 4 || i->size == 8);
    REQUIRE(i->reg < 16 && i->rm < 16 && i->mod < 4);
    REQUIRE(i->rex == 0 || (i->rex & 0xf0) == 0x40);
}

/* An operand of 1, 2 or 4 bytes stays one, whatever is in the registers. */
static void check_operands(const struct instruction *i, const uint8_t *data, size_t size)
{
    uint64_t old, source, result = 0, mask = i->size == 8 ? ~0ul : (1ul << 8 * i->size) - 1;
    struct regs regs, before;

    memset(&regs, 0x5a, sizeof(regs));
    memcpy(&regs, data, size < sizeof(regs) ? size : sizeof(regs));
    old = regs.r15 & mask;
    source = regs.r14 & mask;
    before = regs;
    REQUIRE(!(decode_read(&regs, i, i->reg) & ~mask));
    if (ptwr_compute(&regs, i, old, source, &result))
        REQUIRE(!(result & ~mask));
    REQUIRE(regs.rip == before.rip && regs.cs == before.cs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct instruction i, again;
    uint8_t *bytes;
    unsigned int count;
    bool long_mode;

    if (size < 2)
        return 0;
    long_mode = data[0] & 1;
    count = (unsigned int)(size - 1 < 20 ? size - 1 : 20);
    bytes = malloc(count);
    memcpy(bytes, data + 1, count);
    if (decode(bytes, count, long_mode, &i)) {
        check_form(&i, count);
        REQUIRE(!decode(bytes, i.length - 1u, long_mode, &again));
        REQUIRE(decode(bytes, i.length, long_mode, &again) && again.length == i.length);
        check_operands(&i, data + 1 + count, size - 1 - count);
    }
    free(bytes);
    return 0;
}
