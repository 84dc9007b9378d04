/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap/symbols.h"

#include <stddef.h>

/*
 * Made of the linked image by tools/symbols.py: for each function, ascending, the distance from the
 * one before (the first: from image_start) as a number of 7 bits a byte, low ones first, bit 7:
 * more follow; then its name, terminated.  A distance of 0 ends the table.
 */
extern const uint8_t symbol_table[];
extern const char image_start[], image_rodata[];

static uint64_t take_number(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned int shift = 0;
    uint8_t byte;

    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

const char *symbol_at(uint64_t address, uint64_t *offset)
{
    const uint8_t *at = symbol_table;
    uint64_t start = (uint64_t)image_start, distance;
    const char *found = NULL;

    if (address < start || address >= (uint64_t)image_rodata)
        return NULL;
    while ((distance = take_number(&at)) != 0 && start + distance <= address) {
        start += distance;
        found = (const char *)at;
        while (*at++)
            ;
    }
    *offset = address - start;
    return found;
}
