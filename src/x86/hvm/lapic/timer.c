/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/lapic/internal.h"

#include "core/tsc.h"

#define TIMER_PERIODIC 0x20000u
#define TIMER_DEADLINE 0x40000u
#define PERIOD_MIN     100000 /* ns between ticks: a guest must not keep a CPU busy with them */

static void local_interrupt(struct x86_vcpu *v, unsigned int lvt)
{
    uint32_t entry = v->hvm->lapic.reg[lvt];

    if (!(entry & MASKED))
        hvm_lapic_raise(v, (uint8_t)(entry & LVT_VECTOR));
}

static bool periodic(const struct hvm_lapic *l)
{
    return (l->reg[REG_TIMER] & TIMER_MODE) == TIMER_PERIODIC;
}

static bool by_deadline(const struct hvm_lapic *l)
{
    return (l->reg[REG_TIMER] & TIMER_MODE) == TIMER_DEADLINE;
}

void lapic_timer_came(void *vcpu)
{
    struct x86_vcpu *v = vcpu;
    struct hvm_lapic *l = &v->hvm->lapic;
    ns_t period = __atomic_load_n(&l->timer_period, __ATOMIC_RELAXED), now = arch_now();

    if (by_deadline(l)) {
        l->deadline = 0;
    } else if (periodic(l) && period) {
        ns_t next = l->timer_began + 2 * period;

        l->timer_began += period;
        if (next < now + PERIOD_MIN) { /* ticks that were missed are left out */
            l->timer_began = now;
            next = now + (period > PERIOD_MIN ? period : PERIOD_MIN);
        }
        timer_set(&l->timer, next);
    } else {
        l->timer_period = 0;
    }
    local_interrupt(v, REG_TIMER);
}

/* The clock's divider: bits 0, 1 and 3. */
ns_t lapic_tick(const struct hvm_lapic *l)
{
    uint32_t code = (l->reg[REG_DIVIDE] & 3) | (l->reg[REG_DIVIDE] >> 1 & 4);

    return BUS_NS << ((code + 1) & 7);
}

void lapic_start_count(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    timer_disarm(&l->timer);
    l->timer_period = by_deadline(l) ? 0 : (ns_t)l->reg[REG_COUNT] * lapic_tick(l);
    if (!l->timer_period)
        return;
    l->timer_began = arch_now();
    timer_set_here(&l->timer, l->timer_began + l->timer_period);
}

uint32_t lapic_count_now(const struct hvm_lapic *l)
{
    ns_t passed = arch_now() - l->timer_began;

    if (!l->timer_period || by_deadline(l))
        return 0;
    if (passed >= l->timer_period) {
        if (!periodic(l))
            return 0;
        passed %= l->timer_period;
    }
    return l->reg[REG_COUNT] - (uint32_t)(passed / lapic_tick(l));
}

/* When the vCPU's TSC shows so much: from now on, so that the error of the inverse stays as small as the way
 * there is short. */
static ns_t tsc_to_time(const struct x86_vcpu *v, uint64_t tsc)
{
    uint64_t rate = v->core.tsc_rate, machine, now;

    if (!rate)
        return arch_tsc_to_time(tsc - v->core.tsc_offset);
    machine = arch_tsc();
    now = vcpu_tsc(&v->core, machine);
    if ((int64_t)(tsc - now) < 0)
        return arch_tsc_to_time(machine);
    return arch_tsc_to_time(machine + tsc_ticks_at(tsc - now, ~0ul / rate));
}

void hvm_lapic_set_deadline(struct x86_vcpu *v, uint64_t tsc)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    if (!by_deadline(l))
        return;
    l->deadline = tsc;
    timer_disarm(&l->timer);
    if (tsc)
        timer_set_here(&l->timer, tsc_to_time(v, tsc));
}

void lapic_stop_timer(struct hvm_lapic *l)
{
    timer_disarm(&l->timer);
    l->timer_period = 0;
    l->deadline = 0;
}

void lapic_set_timer_mode(struct x86_vcpu *v, uint32_t value)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    bool was = by_deadline(l);

    l->reg[REG_TIMER] = value & (LVT_VECTOR | LVT_PENDING | MASKED | TIMER_MODE);
    if (was == by_deadline(l))
        return;
    lapic_stop_timer(l);
}

/* What is left of the count is in the register that counts; a deadline stands as it is. */
void lapic_resume_count(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    ns_t left = (ns_t)l->reg[REG_NOW] * lapic_tick(l);

    timer_disarm(&l->timer);
    l->reg[REG_NOW] = 0;
    l->timer_period = by_deadline(l) ? 0 : (ns_t)l->reg[REG_COUNT] * lapic_tick(l);
    if (by_deadline(l) && l->deadline)
        timer_set(&l->timer, tsc_to_time(v, l->deadline));
    if (!l->timer_period || (!left && !periodic(l))) {
        l->timer_period = 0;
        return;
    }
    if (left > l->timer_period)
        left = l->timer_period;
    l->timer_began = arch_now() + left - l->timer_period;
    timer_set(&l->timer, l->timer_began + l->timer_period);
}
