/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_COM1 0x3f8
#define UART_COM2 0x2f8

/*
 * Set a 16550 on I/O ports to 8n1, FIFO on, interrupts off.  baud: bits per second, a divisor of
 * 115200; 0 keeps the line as it is.  False when no such chip answers (its scratch register does
 * not hold a value): the port must not be written to then.
 */
bool uart_init(uint16_t port, uint32_t baud);

/* Send one byte; waits for room, a bounded time, and drops the byte after it. */
void uart_put(uint16_t port, char c);

#endif
