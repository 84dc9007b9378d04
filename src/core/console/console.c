/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: composed, stamped, printed.  queue.c takes them to the devices. */
#include "core/console/console.h"

#include "core/console/queue.h"
#include "core/machine.h"
#include "lib/calendar.h"
#include "lib/format.h"

static unsigned int host_level = LOG_WARNING, guest_level = LOG_WARNING;
static unsigned int timestamps;
static uint64_t wallclock; /* seconds since 1970 at system time 0 */
static bool guest_quiet, noreboot;

static size_t date(char *to, size_t size, ns_t now)
{
    struct calendar c = calendar_of(wallclock + (uint64_t)(now / SECOND));
    size_t length = format(to, size, "[%04u-%02u-%02u %02u:%02u:%02u", c.year, c.month, c.day,
                           c.hour, c.minute, c.second);

    if (timestamps == TIMESTAMPS_DATE_MS)
        length += format(to + length, size - length, ".%03u",
                         (unsigned int)(now % SECOND / 1000000));
    return length + format(to + length, size - length, "] ");
}

static size_t timestamp(char *to, size_t size)
{
    ns_t now = arch_now();

    switch (timestamps) {
    case TIMESTAMPS_DATE:
    case TIMESTAMPS_DATE_MS: return date(to, size, now);
    case TIMESTAMPS_BOOT:
        return format(to, size, "[%5lu.%06lu] ", (unsigned long)(now / SECOND),
                      (unsigned long)(now % SECOND / 1000));
    case TIMESTAMPS_RAW: return format(to, size, "[%020lu] ", (unsigned long)arch_tsc());
    default: return 0;
    }
}

/* Newlines inside would let what follows look like another's line. */
static void make_one_line(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
}

/* Into line, CONSOLE_LINE_MAX bytes; its length, which is at least 1. */
static size_t compose(char *line, const char *prefix, const char *text, va_list args)
{
    size_t length = format(line, CONSOLE_LINE_MAX, "%s", prefix), start;

    length += timestamp(line + length, CONSOLE_LINE_MAX - length);
    start = length;
    length += format_va(line + length, CONSOLE_LINE_MAX - length, text, args);
    if (length > CONSOLE_LINE_MAX - 1)
        length = CONSOLE_LINE_MAX - 1;
    make_one_line(line + start, length - start);
    line[length] = '\n';
    return length + 1;
}

static void print(bool urgent, const char *prefix, const char *text, va_list args)
{
    char line[CONSOLE_LINE_MAX];
    size_t length = compose(line, prefix, text, args);
    bool on = console_take();

    console_queue_line(line, length);
    console_release(on);
    console_put_out(urgent);
}

void console_log(unsigned int level, const char *text, ...)
{
    va_list args;

    if (level > host_level)
        return;
    va_start(args, text);
    print(level == LOG_ERROR, "(zeroth) ", text, args);
    va_end(args);
}

void console_say(const char *text, ...)
{
    va_list args;

    va_start(args, text);
    print(true, "(zeroth) ", text, args);
    va_end(args);
}

void console_guest_log(domid_t id, unsigned int level, const char *text, ...)
{
    char prefix[48];
    uint32_t left_out;
    size_t length;
    va_list args;

    if (guest_quiet || level > guest_level || !console_rate_allows(id, &left_out))
        return;
    length = format(prefix, sizeof(prefix), "(d%u) ", id);
    if (left_out)
        format(prefix + length, sizeof(prefix) - length, "(%u lines left out) ", left_out);
    va_start(args, text);
    print(false, prefix, text, args);
    va_end(args);
}

void console_flush(void)
{
    console_put_out(true);
}

_Noreturn void console_fatal(const char *text, ...)
{
    va_list args;

    console_force();
    va_start(args, text);
    print(true, "(zeroth) ", text, args);
    va_end(args);
    arch_crash();
    if (noreboot) {
        console_say("halted (noreboot)");
        arch_halt();
    }
    console_say("resetting the machine");
    arch_reset();
}

void console_set_levels(unsigned int host, unsigned int guest)
{
    host_level = host;
    guest_level = guest;
}

void console_set_guest_quiet(bool quiet)
{
    guest_quiet = quiet;
}

void console_set_timestamps(unsigned int mode)
{
    if (mode == TIMESTAMPS_DATE || mode == TIMESTAMPS_DATE_MS)
        wallclock = arch_wallclock_boot();
    timestamps = mode;
}

void console_set_noreboot(bool halt)
{
    noreboot = halt;
}
