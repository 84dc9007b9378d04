/* SPDX-License-Identifier: Apache-2.0 */
/* The TSC as clock: its frequency, and the APIC timer's, measured against the PIT. */
#include "../start.h"
#include "machine.h"

#include <pv/native.h>
#include <pv/ops.h>

#define PIT_HZ        1193182ul
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61    /* bit 0: gate of channel 2, bit 5: its output */
#define ROUND_TICKS   11932ul /* 10 ms */

static uint64_t tsc_start, scale; /* nanoseconds per tick, times 2^32 */

/* TSC and APIC ticks while channel 2 counts ROUND_TICKS down (8254 data sheet, mode 0). */
static void measure(uint64_t *tsc, uint64_t *apic)
{
    uint8_t gate = in8(PIT_GATE) & 0xfc;
    uint64_t before;

    out8(PIT_GATE, gate | 1);
    out8(PIT_COMMAND, 0xb0);
    out8(PIT_CHANNEL_2, ROUND_TICKS & 0xff);
    native_apic_write(APIC_COUNT, ~0u);
    out8(PIT_CHANNEL_2, ROUND_TICKS >> 8);
    before = pv_ticks();
    while (!(in8(PIT_GATE) & 0x20) && pv_ticks() - before < 10000000000ul)
        ;
    *tsc = pv_ticks() - before;
    *apic = ~0u - native_apic_read(APIC_NOW);
    native_apic_write(APIC_COUNT, 0);
    out8(PIT_GATE, gate);
}

void native_clock_init(void)
{
    uint64_t tsc, apic;

    measure(&tsc, &apic);
    native_apic_hz = apic * PIT_HZ / ROUND_TICKS;
    scale = ((ROUND_TICKS * 1000000000ul / PIT_HZ) << 32) / tsc;
    tsc_start = pv_ticks();
}

uint64_t native_time_ns(void)
{
    return (uint64_t)((unsigned __int128)(pv_ticks() - tsc_start) * scale >> 32);
}
