/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550 on I/O ports as a console device. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include "core/console/console.h"

#define UART_COM1  0x3f8
#define UART_COM2  0x2f8
#define UART_PORTS 8

struct uart {
    struct console_device device;
    uint16_t port;
    bool stuck;    /* it took nothing for long: not waited for until it does */
    uint8_t burst; /* bytes it takes once it is empty */
    char last;
};

/*
 * Set a 16550 to 8n1, FIFO on, interrupts off, and fill u for console_add.  baud: bits per second,
 * a divisor of 115200; 0 keeps the line as it is.  False when no such chip answers (its scratch
 * register does not hold a value): the port must not be written to then.
 */
bool uart_open(struct uart *u, uint16_t port, uint32_t baud);

/* Let it interrupt when bytes come in; then the line's handler is uart_interrupt. */
void uart_start_input(struct uart *u);

/* Interrupt handler, of a struct uart: what came in goes to console_input.  Interrupts off. */
void uart_interrupt(void *uart);

#endif
