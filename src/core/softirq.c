/* SPDX-License-Identifier: Apache-2.0 */
#include "core/softirq.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

static void (*handlers[SOFTIRQ_COUNT])(void);

void softirq_bind(enum softirq nr, void (*handler)(void))
{
    ASSERT(nr < SOFTIRQ_COUNT && !handlers[nr]);
    handlers[nr] = handler;
}

void softirq_raise(enum softirq nr)
{
    softirq_raise_bits(1u << nr);
}

void softirq_send(unsigned int cpu, enum softirq nr)
{
    if (cpu == cpu_id())
        softirq_raise(nr);
    else
        arch_softirq_send(cpu, 1u << nr);
}

void softirq_run(void)
{
    uint32_t bits = softirq_take_bits();

    ASSERT(irq_is_on());
    for (unsigned int nr = 0; nr < SOFTIRQ_COUNT; nr++)
        if (bits & 1u << nr && handlers[nr])
            handlers[nr]();
}

bool preempt_wanted(void)
{
    const struct vcpu *v = current_vcpu();

    if (softirq_bits())
        return true;
    return v && !v->is_idle && v->info->evtchn_upcall_pending &&
           v->domain->kind->event_deliverable(v);
}
