/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: National Semiconductor PC16550D datasheet, section 8. */
#include "drivers/uart.h"

#include "x86/io.h"

enum { DATA = 0, INTERRUPTS = 1, DIVISOR_LOW = 0, DIVISOR_HIGH = 1, FIFO = 2, LINE = 3, MODEM = 4,
       STATUS = 5, SCRATCH = 7 };

#define LINE_8N1      0x03
#define LINE_DIVISOR  0x80
#define FIFO_ON       0x07      /* enabled, both queues emptied */
#define MODEM_READY   0x03      /* data terminal ready, request to send */
#define STATUS_EMPTY  0x20
#define CLOCK         115200
#define TRIES         100000    /* above one byte's time at 300 bits per second */

bool uart_init(uint16_t port, uint32_t baud)
{
    io_out8(port + SCRATCH, 0x5a);
    if (io_in8(port + SCRATCH) != 0x5a)
        return false;

    io_out8(port + INTERRUPTS, 0);
    if (baud) {
        uint16_t divisor = (uint16_t)(CLOCK / baud);

        io_out8(port + LINE, LINE_DIVISOR | LINE_8N1);
        io_out8(port + DIVISOR_LOW, (uint8_t)divisor);
        io_out8(port + DIVISOR_HIGH, (uint8_t)(divisor >> 8));
    }
    io_out8(port + LINE, LINE_8N1);
    io_out8(port + FIFO, FIFO_ON);
    io_out8(port + MODEM, MODEM_READY);
    return true;
}

void uart_put(uint16_t port, char c)
{
    for (unsigned int i = 0; i < TRIES; i++)
        if (io_in8(port + STATUS) & STATUS_EMPTY) {
            io_out8(port + DATA, (uint8_t)c);
            return;
        }
}
