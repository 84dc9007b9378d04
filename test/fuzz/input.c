/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

static const uint8_t *next, *end;

void input_begin(const uint8_t *data, size_t size)
{
    next = data;
    end = data + size;
}

bool input_is_left(void)
{
    return next < end;
}

uint8_t input_byte(void)
{
    return next < end ? *next++ : 0;
}

uint64_t input_number(unsigned int bytes)
{
    uint64_t number = 0;

    for (unsigned int i = 0; i < bytes; i++)
        number |= (uint64_t)input_byte() << 8 * i;
    return number;
}

bool input_chance(unsigned int of_256)
{
    return 256 - input_byte() <= (int)of_256;
}
