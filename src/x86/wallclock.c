/* SPDX-License-Identifier: Apache-2.0 */
/* The battery clock (MC146818A): seconds since 1970 at system time 0. */
#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/io.h"

static uint8_t cmos(uint8_t index)
{
    io_out8(0x70, index);
    return io_in8(0x71);
}

static unsigned int number(uint8_t raw, bool binary)
{
    return binary ? raw : (raw & 15u) + (raw >> 4) * 10u;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static uint64_t days(uint64_t year, unsigned int month, unsigned int day)
{
    static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    uint64_t last = year - 1;
    uint64_t result = (year - 1970) * 365 + (last / 4 - last / 100 + last / 400) - 477;

    if (month > 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        result++;
    return result + before[month - 1] + day - 1;
}

struct rtc {
    uint8_t second, minute, hour, day, month, year, century;
};

static struct rtc read_once(void)
{
    for (unsigned int i = 0; i < 100000 && (cmos(10) & 0x80); i++)
        ; /* update in progress */
    return (struct rtc){
        cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9), acpi.century ? cmos(acpi.century) : 0
    };
}

static bool same(const struct rtc *a, const struct rtc *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day;
}

static uint64_t since_boot(uint64_t year, unsigned int month, unsigned int day, unsigned int hour,
                           unsigned int minute, unsigned int second)
{
    if (month < 1 || month > 12 || year < 1970 || day < 1 || day > 31)
        return 0;
    return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second -
           (uint64_t)(arch_now() / SECOND);
}

/* UEFI 2.10, 8.3; zone: minutes that are to be added, unless they are none. */
static uint64_t efi_clock(void)
{
    struct {
        uint16_t year;
        uint8_t month, day, hour, minute, second, pad;
        uint32_t ns;
        int16_t zone;
        uint8_t daylight, pad2;
    } now = { 0 };
    const uint64_t arguments[EFI_ARGUMENTS] = { (uint64_t)&now };
    uint64_t status, seconds;

    if (!arch_efi_call(EFI_GET_TIME, arguments, &status) || status)
        return 0;
    seconds = since_boot(now.year, now.month, now.day, now.hour, now.minute, now.second);
    return seconds + (uint64_t)(now.zone >= -1440 && now.zone <= 1440 ? now.zone * 60L : 0);
}

uint64_t arch_wallclock_boot(void)
{
    struct rtc now, again = read_once();
    uint8_t mode = cmos(11);
    bool binary = mode & 4;
    unsigned int hour, month, day;
    uint64_t year;

    if (acpi.no_cmos)
        return efi_clock();
    do {
        now = again;
        again = read_once();
    } while (!same(&now, &again));
    hour = number(now.hour & 0x7f, binary);
    if (!(mode & 2))
        hour = hour % 12 + (now.hour & 0x80 ? 12 : 0);
    year = number(now.year, binary);
    year += now.century ? number(now.century, binary) * 100 : year < 70 ? 2000 : 1900;
    month = number(now.month, binary);
    day = number(now.day, binary);
    return since_boot(year, month, day, hour, number(now.minute, binary),
                      number(now.second, binary));
}
