/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/time.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "drivers/acpi.h"
#include "x86/interrupt/apic.h"
#include "x86/features.h"
#include "x86/io.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"

#define PM_TIMER_HZ  3579545u /* ACPI 6.4, 4.8.3.3 */
#define PIT_HZ       1193182u
#define WINDOW_MS    5 /* measured that long, */
#define WINDOWS      3 /* and so many times */
#define HPET_SIZE    1024
#define HPET_PERIOD  1 /* 32-bit registers: IA-PC HPET 1.0a, section 2.3 */
#define HPET_CONFIG  4
#define HPET_COUNTER 60
#define TRIES        100000000u /* a clock that stands still is none */

static uint64_t tsc_start, tsc_khz, apic_khz;
static uint64_t newest;     /* TSC that the boot CPU saw last */
static bool apart;          /* TSCs of some CPUs differ */
static uint32_t multiplier; /* ns = (ticks << shift) * multiplier >> 32 */
static int8_t shift;

uint64_t arch_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Wait WINDOW_MS by a counter that grows; hz of it, width as a mask.  0: it stands still; else the
 * TSC's ticks. */
static uint64_t wait_counter(uint32_t (*read)(void), uint64_t hz, uint32_t mask)
{
    uint64_t target = hz * WINDOW_MS / 1000, from = arch_tsc();
    uint32_t start = read(), passed = 0;

    for (uint32_t i = 0; passed < target; i++) {
        if (i == TRIES)
            return 0;
        passed = (read() - start) & mask;
    }
    return passed ? (arch_tsc() - from) * target / passed : 0;
}

static volatile uint32_t *hpet;

static uint32_t hpet_read(void)
{
    return hpet[HPET_COUNTER];
}

static uint32_t pm_timer_read(void)
{
    return io_in32((uint16_t)acpi.pm_timer);
}

/* Counter 2 of the 8254 in mode 0, its gate and output at port 0x61. */
static uint64_t pit_wait(void)
{
    uint32_t ticks = PIT_HZ * WINDOW_MS / 1000;
    uint64_t from = arch_tsc();

    io_out8(0x61, (uint8_t)((io_in8(0x61) & ~2) | 1));
    io_out8(0x43, 0xb0);
    io_out8(0x42, (uint8_t)ticks);
    io_out8(0x42, (uint8_t)(ticks >> 8));
    for (uint32_t i = 0; i < TRIES / 100; i++)
        if (io_in8(0x61) & 0x20)
            return i ? arch_tsc() - from : 0;
    return 0;
}

static uint64_t by_hpet(void)
{
    if (!acpi.hpet)
        return 0;
    if (!hpet)
        hpet = map_device(acpi.hpet, HPET_SIZE, MAP_UNCACHED);
    if (!hpet || hpet[HPET_PERIOD] < 100000 || hpet[HPET_PERIOD] > 100000000) /* fs */
        return 0;
    hpet[HPET_CONFIG] |= 1;
    return wait_counter(hpet_read, 1000000000000000ull / hpet[HPET_PERIOD], ~0u);
}

static uint64_t by_pm_timer(void)
{
    return acpi.pm_timer ? wait_counter(pm_timer_read, PM_TIMER_HZ, 0xffffff) : 0;
}

/* Leaf 0x15: the crystal's rate, and the ratio of the TSC's to it (Intel SDM 2A, CPUID). */
static uint64_t by_cpuid(void)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    if (r[0] < 0x15)
        return 0;
    cpuid(0x15, 0, r);
    return r[0] && r[1] && r[2] ? (uint64_t)r[2] * r[1] / r[0] * WINDOW_MS / 1000 : 0;
}

static const struct reference {
    const char *name;
    uint64_t (*measure)(void); /* TSC ticks in WINDOW_MS; 0: it is not there */
} references[] = {
    [REFERENCE_HPET] = { "HPET", by_hpet },
    [REFERENCE_PM_TIMER] = { "PM timer", by_pm_timer },
    [REFERENCE_PIT] = { "PIT", pit_wait },
    [REFERENCE_CPUID] = { "CPUID", by_cpuid },
};

/* The least of several: what comes in between (the firmware's own interrupts, an emulator's host)
 * only makes a window longer. */
static uint64_t measure_by(const struct reference *r)
{
    uint64_t least = r->measure();

    for (unsigned int i = 1; least && i < WINDOWS; i++) {
        uint64_t ticks = r->measure();

        if (ticks && ticks < least)
            least = ticks;
    }
    return least;
}

static uint64_t measure(enum time_reference chosen, const char **by)
{
    uint64_t ticks = 0;

    if (chosen != REFERENCE_ANY) {
        *by = references[chosen].name;
        ticks = measure_by(&references[chosen]);
        if (!ticks)
            console_log(LOG_WARNING, "time: no %s to measure the TSC with; trying others", *by);
    }
    for (unsigned int i = REFERENCE_HPET; !ticks && i < ARRAY_SIZE(references); i++) {
        *by = references[i].name;
        ticks = measure_by(&references[i]);
    }
    return ticks;
}

static void set_scale(uint64_t hz)
{
    uint64_t scaled = hz;

    ASSERT(hz != 0);
    shift = 0;
    for (; scaled > 2 * (uint64_t)SECOND; shift--)
        scaled >>= 1;
    for (; scaled <= (uint64_t)SECOND; shift++)
        scaled <<= 1;
    multiplier = (uint32_t)(((uint64_t)SECOND << 32) / scaled);
}

static void timer_interrupt(struct regs *regs)
{
    (void)regs;
    softirq_raise(SOFTIRQ_TIMER);
}

static void measure_apic(void)
{
    uint64_t until = arch_tsc() + tsc_khz * WINDOW_MS;

    apic_timer_set(~0u);
    while (arch_tsc() < until)
        cpu_relax();
    apic_khz = (~0u - apic_timer_count()) / WINDOW_MS;
    apic_timer_set(0);
    if (apic_khz == 0)
        console_fatal("time: the local APIC's timer does not run");
}

void time_calibrate(enum time_reference chosen)
{
    const char *by = NULL;
    uint64_t ticks = measure(chosen, &by);

    if (ticks == 0)
        console_fatal("time: no HPET, PM timer or PIT to measure the TSC with");
    tsc_khz = ticks / WINDOW_MS;
    set_scale(tsc_khz * 1000);
    tsc_start = newest = arch_tsc();
    irq_bind_vector(VECTOR_TIMER, timer_interrupt);
    measure_apic();
    console_log(LOG_INFO, "time: TSC %lu kHz%s by %s, APIC timer %lu kHz", (unsigned long)tsc_khz,
                cpu.invariant_tsc ? " (invariant)" : "", by, (unsigned long)apic_khz);
}

void time_start_cpu(void)
{
    uint64_t theirs = __atomic_load_n(&newest, __ATOMIC_ACQUIRE), mine = arch_tsc();

    if (mine >= theirs)
        return;
    apart = true;
    console_log(LOG_WARNING, "time: the TSC of CPU %u is %lu ticks behind", cpu_id(),
                (unsigned long)(theirs - mine));
}

bool arch_tsc_stable(void)
{
    return cpu.invariant_tsc && !apart;
}

uint64_t time_tsc_khz(void)
{
    return tsc_khz;
}

ns_t arch_tsc_to_time(uint64_t tsc)
{
    uint64_t ticks = tsc - tsc_start;

    if ((int64_t)ticks < 0) /* a TSC a little behind at the start */
        return 0;
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (ns_t)((unsigned __int128)ticks * multiplier >> 32);
}

ns_t arch_now(void)
{
    uint64_t tsc;

    if (!tsc_khz)
        return 0; /* messages before the calibration */
    tsc = arch_tsc();
    if (cpu_id() == 0)
        __atomic_store_n(&newest, tsc, __ATOMIC_RELEASE);
    return arch_tsc_to_time(tsc);
}

void arch_tsc_scale(uint32_t *mul, int8_t *by)
{
    *mul = multiplier;
    *by = shift;
}

void arch_timer_program(ns_t when)
{
    ns_t left;
    uint64_t count;

    ASSERT(!irq_is_on());
    if (when == NS_MAX) {
        apic_timer_set(0);
        return;
    }
    left = when - arch_now();
    if (left <= 0) { /* an interrupt would only say the same, later */
        softirq_raise(SOFTIRQ_TIMER);
        return;
    }
    if (left > SECOND) /* it comes early then, and is programmed again */
        left = SECOND;
    count = (uint64_t)left * apic_khz / 1000000 + 1;
    apic_timer_set(count > ~0u ? ~0u : (uint32_t)count);
}
