/* SPDX-License-Identifier: Apache-2.0 */
/* In place of src/x86/io.h: port instructions of a test (-iquote test/workbench/instructions). */
#ifndef WORKBENCH_IO_H
#define WORKBENCH_IO_H

#include <stdint.h>

uint32_t workbench_in(uint16_t port, unsigned int size);
void workbench_out(uint16_t port, unsigned int size, uint32_t value);

static inline uint8_t io_in8(uint16_t port)
{
    return (uint8_t)workbench_in(port, 1);
}

static inline uint16_t io_in16(uint16_t port)
{
    return (uint16_t)workbench_in(port, 2);
}

static inline uint32_t io_in32(uint16_t port)
{
    return workbench_in(port, 4);
}

static inline void io_out8(uint16_t port, uint8_t value)
{
    workbench_out(port, 1, value);
}

static inline void io_out16(uint16_t port, uint16_t value)
{
    workbench_out(port, 2, value);
}

static inline void io_out32(uint16_t port, uint32_t value)
{
    workbench_out(port, 4, value);
}

#endif
