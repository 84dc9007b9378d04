/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions that a backtrace reads. */
#include "x86/trap/symbols.h"

#include "cmocka_all.h"

/* An image of 2 KiB of code; nothing is read there. */
char image_start[4096];
__asm__(".globl image_rodata\n .set image_rodata, image_start + 2048");

/* At 16, 17, 17 + 300 and 17 + 300 + 1000. */
const uint8_t symbol_table[] = {
    16,
    'a',
    0,
    1,
    'b',
    '_',
    'b',
    0,
    0x80 | (300 & 0x7f),
    300 >> 7,
    'c',
    0,
    0x80 | (1000 & 0x7f),
    1000 >> 7,
    'd',
    0,
    0,
};

static void expect(uint64_t at, const char *name, uint64_t offset)
{
    uint64_t found = ~0ul;
    const char *n = symbol_at((uint64_t)image_start + at, &found);

    if (!name) {
        assert_null(n);
        return;
    }
    assert_non_null(n);
    assert_string_equal(n, name);
    assert_int_equal(found, offset);
}

static void test_found(void **state)
{
    (void)state;
    expect(16, "a", 0);
    expect(17, "b_b", 0);
    expect(316, "b_b", 299);
    expect(317, "c", 0);
    expect(1316, "c", 999);
    expect(1317, "d", 0);
    expect(2047, "d", 2047 - 1317);
}

static void test_not_code(void **state)
{
    uint64_t offset;

    (void)state;
    expect(0, NULL, 0);
    expect(15, NULL, 0);
    expect(2048, NULL, 0);
    assert_null(symbol_at(0, &offset));
    assert_null(symbol_at(~0ul, &offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
