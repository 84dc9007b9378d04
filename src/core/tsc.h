/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's TSC, which may count at another rate than the machine's, and begin elsewhere. */
#ifndef CORE_TSC_H
#define CORE_TSC_H

#include "core/machine.h"
#include "core/vcpu.h"

/* Ticks at a rate of 32 bits of fraction; 0: as many. */
static inline uint64_t tsc_ticks_at(uint64_t ticks, uint64_t rate)
{
    return rate ? (uint64_t)((unsigned __int128)ticks * rate >> 32) : ticks;
}

/* What it shows when the machine's shows so much. */
static inline uint64_t vcpu_tsc(const struct vcpu *v, uint64_t machine)
{
    return tsc_ticks_at(machine, v->tsc_rate) + v->tsc_offset;
}

/* How its ticks become nanoseconds: the two numbers of struct vcpu_time_info (xen/xen.h). */
static inline void vcpu_tsc_scale(const struct vcpu *v, uint32_t *multiplier, int8_t *shift)
{
    uint64_t scaled;

    arch_tsc_scale(multiplier, shift);
    if (!v->tsc_rate)
        return;
    scaled = ((uint64_t)*multiplier << 32) / v->tsc_rate;
    for (; scaled >> 32; scaled >>= 1)
        ++*shift;
    for (; scaled && !(scaled >> 31); scaled <<= 1)
        --*shift;
    *multiplier = (uint32_t)scaled;
}

#endif
