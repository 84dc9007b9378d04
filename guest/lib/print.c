/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting, as far as a small kernel needs it. */
#include <pv/ops.h>
#include <pv/print.h>

#include <stdbool.h>
#include <stdint.h>

struct out {
    char *at, *end;
};

static void put(struct out *out, char c)
{
    if (out->at < out->end)
        *out->at++ = c;
}

struct spec {
    bool zero, minus, wide;
    unsigned int width;
};

static void put_padded(struct out *out, const char *text, unsigned int length, struct spec spec)
{
    unsigned int pad = spec.width > length ? spec.width - length : 0;

    for (unsigned int i = 0; i < pad && !spec.minus; i++)
        put(out, spec.zero ? '0' : ' ');
    for (unsigned int i = 0; i < length; i++)
        put(out, text[i]);
    for (unsigned int i = 0; i < pad && spec.minus; i++)
        put(out, ' ');
}

static void put_number(struct out *out, uint64_t value, bool negative, unsigned int base,
                       struct spec spec)
{
    char text[24], *at = text + sizeof(text);

    do
        *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    if (negative)
        *--at = '-';
    put_padded(out, at, (unsigned int)(text + sizeof(text) - at), spec);
}

static void put_text(struct out *out, const char *text, struct spec spec)
{
    unsigned int length = 0;

    while (text[length])
        length++;
    put_padded(out, text, length, spec);
}

/* The flags, width and size between % and the letter; the format after them. */
static const char *read_spec(const char *format, struct spec *spec)
{
    *spec = (struct spec){ 0 };
    for (; *format == '0' || *format == '-'; format++)
        *(*format == '0' ? &spec->zero : &spec->minus) = true;
    for (; *format >= '0' && *format <= '9'; format++)
        spec->width = spec->width * 10 + (unsigned int)(*format - '0');
    for (; *format == 'l'; format++)
        spec->wide = true;
    return format;
}

static void put_signed(struct out *out, int64_t value, struct spec spec)
{
    put_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10, spec);
}

unsigned int pv_vformat(char *buffer, unsigned int size, const char *format, va_list args)
{
    struct out out = { buffer, buffer + size - 1 };
    struct spec spec;

    for (; *format; format++) {
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format = read_spec(format + 1, &spec);
        switch (*format) {
        case 'd': put_signed(&out, spec.wide ? va_arg(args, long) : va_arg(args, int), spec); break;
        case 'u':
        case 'x':
            put_number(&out, spec.wide ? va_arg(args, uint64_t) : va_arg(args, unsigned int), false,
                       *format == 'x' ? 16 : 10, spec);
            break;
        case 's': put_text(&out, va_arg(args, const char *), spec); break;
        case 'c': put(&out, (char)va_arg(args, int)); break;
        default: put(&out, *format);
        }
    }
    *out.at = '\0';
    return (unsigned int)(out.at - buffer);
}

unsigned int pv_format(char *buffer, unsigned int size, const char *format, ...)
{
    unsigned int length;
    va_list args;

    va_start(args, format);
    length = pv_vformat(buffer, size, format, args);
    va_end(args);
    return length;
}

void pv_print(const char *format, ...)
{
    char buffer[257];
    unsigned int length;
    va_list args;

    va_start(args, format);
    length = pv_vformat(buffer, sizeof(buffer), format, args);
    va_end(args);
    pv_console_write(buffer, length);
}
