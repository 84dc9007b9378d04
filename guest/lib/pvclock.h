/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock page that several hypervisors share with a CPU (Linux, Documentation/virt/kvm/x86/msr,
 * MSR_KVM_SYSTEM_TIME_NEW; the other folders that use it name their own source).
 */
#ifndef PV_CLOCK_H
#define PV_CLOCK_H

#include <stdint.h>

#include <pv/ops.h>

struct pv_clock {
    uint32_t version, pad; /* odd: being written */
    uint64_t tsc, ns;      /* of the last update */
    uint32_t multiplier;   /* of the shifted difference, times 2^-32 */
    int8_t shift;
    uint8_t flags, pad1[2];
};

/* Nanoseconds: a copy is whole if the version did not change meanwhile. */
static inline uint64_t pv_clock_read(const volatile struct pv_clock *clock)
{
    uint64_t base, delta;
    uint32_t version;

    do {
        version = clock->version;
        __asm__ volatile("lfence" : : : "memory");
        delta = pv_ticks() - clock->tsc;
        base = clock->ns;
        delta = clock->shift < 0 ? delta >> -clock->shift : delta << clock->shift;
        delta = (uint64_t)((unsigned __int128)delta * clock->multiplier >> 32);
        __asm__ volatile("lfence" : : : "memory");
    } while ((version & 1) || version != clock->version);
    return base + delta;
}

#endif
