/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *at;
    size_t size;
    size_t length; /* of the whole text, kept or not */
};

struct conversion {
    bool zero, prefix, wide;
    unsigned int width;
};

static void put(struct output *o, char c)
{
    if (o->length + 1 < o->size)
        o->at[o->length] = c;
    o->length++;
}

static void put_text(struct output *o, const struct conversion *c, const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    for (size_t i = length; i < c->width; i++)
        put(o, ' ');
    for (size_t i = 0; i < length; i++)
        put(o, text[i]);
}

static void put_number(struct output *o, const struct conversion *c, uint64_t value, bool minus,
                       unsigned int base)
{
    char digits[20];
    const char *sign = minus ? "-" : (c->prefix && base == 16 && value) ? "0x" : "";
    unsigned int n = 0, taken = minus ? 1 : (sign[0] ? 2 : 0);

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);

    if (!c->zero)
        for (unsigned int i = n + taken; i < c->width; i++)
            put(o, ' ');
    while (*sign)
        put(o, *sign++);
    if (c->zero)
        for (unsigned int i = n + taken; i < c->width; i++)
            put(o, '0');
    while (n)
        put(o, digits[--n]);
}

static const char *read_conversion(struct conversion *c, const char *text)
{
    for (; *text == '0' || *text == '#'; text++) {
        c->zero |= *text == '0';
        c->prefix |= *text == '#';
    }
    for (; *text >= '0' && *text <= '9'; text++)
        c->width = c->width * 10 + (unsigned int)(*text - '0');
    for (; *text == 'l' || *text == 'z'; text++)
        c->wide = true;
    return text;
}

size_t format_va(char *out, size_t size, const char *text, va_list args)
{
    struct output o = { out, size, 0 };

    for (; *text; text++) {
        struct conversion c = { false, false, false, 0 };
        int64_t number;

        if (*text != '%') {
            put(&o, *text);
            continue;
        }
        text = read_conversion(&c, text + 1);
        switch (*text) {
        case 's': put_text(&o, &c, va_arg(args, const char *)); break;
        case 'c': put(&o, (char)va_arg(args, int)); break;
        case 'd':
            number = c.wide ? va_arg(args, long) : va_arg(args, int);
            put_number(&o, &c, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0,
                       10);
            break;
        case 'u':
        case 'x':
            put_number(&o, &c, c.wide ? va_arg(args, unsigned long) : va_arg(args, unsigned int),
                       false, *text == 'x' ? 16 : 10);
            break;
        case 'p':
            c.prefix = true;
            put_number(&o, &c, (uintptr_t)va_arg(args, void *), false, 16);
            break;
        case '\0':
            text--; /* a lone % at the end */
            break;
        default: put(&o, *text); break;
        }
    }
    if (size)
        out[o.length < size ? o.length : size - 1] = '\0';
    return o.length;
}

size_t format(char *out, size_t size, const char *text, ...)
{
    va_list args;
    size_t length;

    va_start(args, text);
    length = format_va(out, size, text, args);
    va_end(args);
    return length;
}
