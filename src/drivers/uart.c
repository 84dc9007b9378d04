/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: National Semiconductor PC16550D datasheet, section 8. */
#include "drivers/uart.h"

#include "x86/io.h"

enum {
    DATA = 0,
    INTERRUPTS = 1,
    DIVISOR_LOW = 0,
    DIVISOR_HIGH = 1,
    FIFO = 2,
    WHICH = 2,
    LINE = 3,
    MODEM = 4,
    STATUS = 5,
    SCRATCH = 7
};

#define LINE_8N1     0x03
#define LINE_DIVISOR 0x80
#define FIFO_ON      0x07 /* enabled, both queues emptied */
#define WHICH_FIFO   0xc0 /* the queues work (the 16450 has none) */
#define MODEM_READY  0x03 /* data terminal ready, request to send */
#define MODEM_OUT2   0x08 /* on a PC: its interrupt reaches the controller */
#define INTERRUPT_IN 0x01
#define STATUS_IN    0x01
#define STATUS_EMPTY 0x20
#define NO_CHIP      0xff /* what a port without a device reads as */
#define CLOCK        115200
#define QUEUE        16
#define TRIES        100000 /* reads of about 1 us: above QUEUE bytes' time at 2400 bit/s */
#define INPUT_MAX    256    /* bytes taken by one interrupt */

/* False: not in time.  Once it was not, it is only looked at, until there is room again. */
static bool wait_empty(struct uart *u)
{
    unsigned int tries = u->stuck ? 1 : TRIES;

    for (unsigned int i = 0; i < tries; i++)
        if (io_in8(u->port + STATUS) & STATUS_EMPTY) {
            u->stuck = false;
            return true;
        }
    u->stuck = true;
    return false;
}

/* What finds no room in time is dropped. */
static void put(void *state, const char *text, size_t length)
{
    struct uart *u = state;
    unsigned int room = 0;

    for (size_t i = 0; i < length;) {
        char c = text[i] == '\n' && u->last != '\r' ? '\r' : text[i];

        if (!room && !wait_empty(u))
            return;
        room = (room ? room : u->burst) - 1;
        io_out8(u->port + DATA, (uint8_t)c);
        u->last = c;
        i += c == text[i];
    }
}

static void set_speed(uint16_t port, uint32_t baud)
{
    uint16_t divisor = (uint16_t)(CLOCK / baud);

    io_out8(port + LINE, LINE_DIVISOR | LINE_8N1);
    io_out8(port + DIVISOR_LOW, (uint8_t)divisor);
    io_out8(port + DIVISOR_HIGH, (uint8_t)(divisor >> 8));
}

bool uart_open(struct uart *u, uint16_t port, uint32_t baud)
{
    io_out8(port + SCRATCH, 0x5a);
    if (io_in8(port + SCRATCH) != 0x5a)
        return false;

    io_out8(port + INTERRUPTS, 0);
    if (baud)
        set_speed(port, baud);
    io_out8(port + LINE, LINE_8N1);
    io_out8(port + FIFO, FIFO_ON);
    io_out8(port + MODEM, MODEM_READY);
    *u = (struct uart){
        .device = { .put = put, .state = u },
        .port = port,
        .burst = (io_in8(port + WHICH) & WHICH_FIFO) == WHICH_FIFO ? QUEUE : 1,
    };
    return true;
}

void uart_start_input(struct uart *u)
{
    io_out8(u->port + MODEM, MODEM_READY | MODEM_OUT2);
    io_out8(u->port + INTERRUPTS, INTERRUPT_IN);
}

void uart_interrupt(void *uart)
{
    struct uart *u = uart;

    for (unsigned int i = 0; i < INPUT_MAX; i++) {
        uint8_t status = io_in8(u->port + STATUS);

        if (!(status & STATUS_IN) || status == NO_CHIP)
            break;
        console_input((char)io_in8(u->port + DATA));
    }
    io_out8(u->port + INTERRUPTS, 0); /* what came meanwhile makes another edge */
    io_out8(u->port + INTERRUPTS, INTERRUPT_IN);
}
