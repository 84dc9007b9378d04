/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/console.h"

#include "drivers/uart.h"
#include "lib/format.h"
#include "x86/reset.h"

static bool com1, com2;
static struct options chosen;

void console_init(const struct options *o)
{
    chosen = *o;
    com1 = o->console_com1 && uart_init(UART_COM1, o->com1_baud);
    com2 = o->console_com2 && uart_init(UART_COM2, o->com2_baud);
}

static void put(char c)
{
    if (c == '\n')
        put('\r');
    if (com1)
        uart_put(UART_COM1, c);
    if (com2)
        uart_put(UART_COM2, c);
}

static void put_text(const char *text)
{
    while (*text)
        put(*text++);
}

static void put_line(const char *text, va_list args)
{
    char line[256];

    format_va(line, sizeof(line), text, args);
    put_text("(zeroth) ");
    put_text(line);
    put('\n');
}

void console_log(unsigned int level, const char *text, ...)
{
    va_list args;

    if (level > chosen.loglvl)
        return;
    va_start(args, text);
    put_line(text, args);
    va_end(args);
}

_Noreturn void console_fatal(const char *text, ...)
{
    va_list args;

    va_start(args, text);
    put_line(text, args);
    va_end(args);
    if (chosen.noreboot) {
        put_text("(zeroth) halted (noreboot)\n");
        x86_halt();
    }
    put_text("(zeroth) resetting the machine\n");
    x86_reset();
}
