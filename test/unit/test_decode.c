/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder on known instructions and on random bytes. */
#include "cmocka_all.h"

#include "x86/decode.h"

#include <stdlib.h>
#include <string.h>

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}

struct sample {
    uint8_t bytes[INSTRUCTION_MAX];
    uint8_t length, size, opcode;
    bool extended;
};

static void test_known(void **state)
{
    static const struct sample samples[] = {
        { { 0xec }, 1, 1, 0xec, false },                         /* in al, dx */
        { { 0x66, 0xed }, 2, 2, 0xed, false },                   /* in ax, dx */
        { { 0xe5, 0x80 }, 2, 4, 0xe5, false },                   /* in eax, 0x80 */
        { { 0xf3, 0x6c }, 2, 1, 0x6c, false },                   /* rep insb */
        { { 0x0f, 0x32 }, 2, 4, 0x32, true },                    /* rdmsr */
        { { 0x44, 0x0f, 0x20, 0xc0 }, 4, 4, 0x20, true },        /* mov rax, cr8 */
        { { 0x0f, 0x22, 0x04 }, 3, 4, 0x22, true },              /* mov cr0, rsp */
        { { 0x0f, 0x01, 0xd1 }, 3, 4, 0x01, true },              /* xsetbv */
        { { 0x48, 0x89, 0x44, 0x24, 0x08 }, 5, 8, 0x89, false }, /* mov [rsp+8], rax */
        { { 0x48, 0xc7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8 }, 11, 8, 0xc7, false },
        { { 0xf0, 0x48, 0x0f, 0xb1, 0x0a }, 5, 8, 0xb1, true }, /* lock cmpxchg */
        { { 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, 8, 0xa3, false },
    };
    struct instruction i;

    (void)state;
    for (unsigned int n = 0; n < sizeof(samples) / sizeof(samples[0]); n++) {
        const struct sample *s = &samples[n];

        assert_true(decode(s->bytes, s->length, true, &i));
        assert_int_equal(i.length, s->length);
        assert_int_equal(i.size, s->size);
        assert_int_equal(i.opcode, s->opcode);
        assert_int_equal(i.extended, s->extended);
        assert_false(decode(s->bytes, s->length - 1u, true, &i));
    }
}

static void test_control_register(void **state)
{
    static const uint8_t bytes[] = { 0x45, 0x0f, 0x22, 0xe1 }; /* mov cr12, r9 */
    struct instruction i;

    (void)state;
    assert_true(decode(bytes, sizeof(bytes), true, &i));
    assert_int_equal(i.reg, 12);
    assert_int_equal(i.rm, 9);
}

/* What is decoded is whole in its length and not in less, and needs no byte behind it. */
static void test_random(void **state)
{
    uint8_t bytes[INSTRUCTION_MAX + 1];
    struct instruction a, b;

    (void)state;
    srand(1);
    for (unsigned int n = 0; n < 1000000; n++) {
        unsigned int count = (unsigned int)rand() % (sizeof(bytes) + 1);
        bool long_mode = rand() & 1;

        for (unsigned int i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)rand();
        if (rand() & 1)
            bytes[rand() % 3] = 0x0f;
        if (!decode(bytes, count, long_mode, &a))
            continue;
        assert_in_range(a.length, 1, INSTRUCTION_MAX);
        assert_true(a.length <= count);
        assert_true(a.size == 1 || a.size == 2 || a.size == 4 || a.size == 8);
        assert_true(decode(bytes, a.length, long_mode, &b));
        assert_memory_equal(&a, &b, sizeof(a));
        assert_false(decode(bytes, a.length - 1u, long_mode, &b));
    }
}

static void test_registers(void **state)
{
    struct regs r = { .rax = 0x1122334455667788, .rsp = 0x99aabbccddeeff00 };
    struct instruction i = { .size = 1 };

    (void)state;
    assert_int_equal(decode_read(&r, &i, 4), 0x77); /* ah */
    decode_write(&r, &i, 4, 0xee);
    assert_int_equal(r.rax, 0x112233445566ee88);
    i.rex = 0x40;
    decode_write(&r, &i, 4, 0x11); /* spl */
    assert_int_equal(r.rsp, 0x99aabbccddeeff11);
    i.size = 4;
    decode_write(&r, &i, 0, ~0ul);
    assert_int_equal(r.rax, 0xffffffff);
    i.size = 2;
    decode_write(&r, &i, 0, 0x1234);
    assert_int_equal(r.rax, 0xffff1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_control_register),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
