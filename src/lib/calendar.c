/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/calendar.h"

#define DAY       86400u
#define YEARS_4   1461u   /* days, one leap day among them */
#define YEARS_100 36524u  /* the last year has none */
#define YEARS_400 146097u /* the last year has one again */
#define MARCH_0   719468u /* days from 0000-03-01 to 1970-01-01 */

/* Years that begin in March have their leap day at the end, and months in a pattern of five. */
struct calendar calendar_of(uint64_t seconds)
{
    uint64_t days = seconds / DAY + MARCH_0;
    unsigned int time = (unsigned int)(seconds % DAY);
    unsigned int of_400 = (unsigned int)(days % YEARS_400);
    unsigned int year =
        (of_400 - of_400 / (YEARS_4 - 1) + of_400 / YEARS_100 - of_400 / (YEARS_400 - 1)) / 365;
    unsigned int of_year = of_400 - (365 * year + year / 4 - year / 100);
    unsigned int month = (5 * of_year + 2) / 153; /* 0: March */

    return (struct calendar){
        .year = (unsigned int)(days / YEARS_400) * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
        .hour = time / 3600,
        .minute = time / 60 % 60,
        .second = time % 60,
    };
}
