/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/text.h"

struct span text_span(const char *text)
{
    struct span span = { text, 0 };

    while (text[span.length])
        span.length++;
    return span;
}

bool text_equal(struct span span, const char *text)
{
    size_t i;

    for (i = 0; i < span.length; i++)
        if (text[i] == '\0' || text[i] != span.at[i])
            return false;
    return text[i] == '\0';
}

struct span text_cut(struct span *rest, char separator)
{
    struct span piece = { rest->at, 0 };
    size_t gone;

    while (piece.length < rest->length && rest->at[piece.length] != separator)
        piece.length++;
    gone = piece.length + (piece.length < rest->length);
    rest->at += gone;
    rest->length -= gone;
    return piece;
}

static unsigned int digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    c |= 0x20; /* lower case */
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    return 16;
}

bool text_number(struct span span, uint64_t *value)
{
    unsigned int base = 10;
    uint64_t sum = 0;

    if (span.length > 2 && span.at[0] == '0' && (span.at[1] | 0x20) == 'x') {
        base = 16;
        span.at += 2;
        span.length -= 2;
    }
    if (span.length == 0)
        return false;
    for (size_t i = 0; i < span.length; i++) {
        unsigned int d = digit(span.at[i]);

        if (d >= base || sum > (UINT64_MAX - d) / base)
            return false;
        sum = sum * base + d;
    }
    *value = sum;
    return true;
}
