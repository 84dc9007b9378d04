/* SPDX-License-Identifier: Apache-2.0 */
/* lib/: formatting agrees with the host's C library; texts and numbers. */
#include "cmocka_all.h"
#include "lib/format.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

#define SAME(...) \
    do { \
        char ours[64], theirs[64]; \
        int length = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
        assert_int_equal(format(ours, sizeof(ours), __VA_ARGS__), (size_t)length); \
        assert_string_equal(ours, theirs); \
    } while (0)

static void format_agrees_with_libc(void **state)
{
    (void)state;
    SAME("plain %% text");
    SAME("[%s] [%5s] [%c]", "word", "ab", 'x');
    SAME("%d %d %d %ld", 0, -1, -2147483647 - 1, (long)INT64_MIN);
    SAME("%u %08x %#x %#lx %5d %05d %3x", 4294967295u, 0xabcu, 0x10u, ~0ul, -42, -42, 0x12345u);
    SAME("%zu %lu %#x", (size_t)-1, ~0ul, 0u);
    SAME("%#010x", 0x1fu);
}

static void format_is_bounded(void **state)
{
    char out[4] = { 1, 1, 1, 1 };

    (void)state;
    assert_int_equal(format(out, sizeof(out), "%s", "abcdef"), 6);
    assert_string_equal(out, "abc");
    assert_int_equal(format(out, 0, "%d", 12), 2);
    assert_string_equal(out, "abc");
    assert_int_equal(format(out, 1, "xy"), 2);
    assert_string_equal(out, "");
}

static void numbers(void **state)
{
    uint64_t n = 7;

    (void)state;
    assert_true(text_number(text_span("18446744073709551615"), &n));
    assert_true(n == UINT64_MAX);
    assert_true(text_number(text_span("0xFFFFffffFFFFffff"), &n));
    assert_true(n == UINT64_MAX);
    n = 7;
    assert_false(text_number(text_span("18446744073709551616"), &n));
    assert_false(text_number(text_span("0x10000000000000000"), &n));
    assert_false(text_number(text_span(""), &n));
    assert_false(text_number(text_span("0x"), &n));
    assert_false(text_number(text_span("12a"), &n));
    assert_false(text_number(text_span("-1"), &n));
    assert_int_equal(n, 7);
}

static void cutting(void **state)
{
    struct span rest = text_span("a,,bc");

    (void)state;
    assert_true(text_equal(text_cut(&rest, ','), "a"));
    assert_true(text_equal(text_cut(&rest, ','), ""));
    assert_true(text_equal(text_cut(&rest, ','), "bc"));
    assert_int_equal(rest.length, 0);
    assert_true(text_equal(text_cut(&rest, ','), ""));
    assert_false(text_equal(text_span("ab"), "abc"));
    assert_false(text_equal(text_span("abc"), "ab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_agrees_with_libc),
        cmocka_unit_test(format_is_bounded),
        cmocka_unit_test(numbers),
        cmocka_unit_test(cutting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
