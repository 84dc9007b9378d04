/* SPDX-License-Identifier: Apache-2.0 */
/* The console: a 16550 at port 0x3f8, as the firmware or a hypervisor's model left it at 115,200. */
#include "machine.h"

#include <pv/native.h>

#define COM1           0x3f8
#define LINE_STATUS    (COM1 + 5)
#define TRANSMIT_EMPTY 0x20

static void put(char c)
{
    /* Bounded: where no such port exists all bits read as ones or zeros. */
    for (unsigned int i = 0; i < 100000 && !(in8(LINE_STATUS) & TRANSMIT_EMPTY); i++)
        __asm__ volatile("pause");
    out8(COM1, (uint8_t)c);
}

void native_console_write(const char *text, unsigned int length)
{
    for (unsigned int i = 0; i < length; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
}
