/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include <stdint.h>

/* A moment in the Gregorian calendar, UTC; month and day count from 1. */
struct calendar {
    unsigned int year, month, day, hour, minute, second;
};

/* From seconds since the start of 1970, leap seconds not counted. */
struct calendar calendar_of(uint64_t seconds);

#endif
