/* SPDX-License-Identifier: Apache-2.0 */
#include "cpus.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/softirq.h"

#include <stdlib.h>
#include <string.h>

ns_t workbench_now, workbench_programmed[WORKBENCH_CPUS];
unsigned int workbench_programs, workbench_kicks[WORKBENCH_CPUS], cpu_count;

static struct {
    struct vcpu *current;
    uint32_t softirqs;
    bool irq;
} asleep[WORKBENCH_CPUS]; /* what belongs to the CPUs that this is not now */

void workbench_be(unsigned int cpu)
{
    asleep[workbench_cpu].current = workbench_current;
    asleep[workbench_cpu].softirqs = workbench_softirqs;
    asleep[workbench_cpu].irq = workbench_irq;
    workbench_cpu = cpu;
    workbench_current = asleep[cpu].current;
    workbench_softirqs = asleep[cpu].softirqs;
    workbench_irq = asleep[cpu].irq;
}

void workbench_cpus(unsigned int count)
{
    cpu_count = count;
    workbench_cpu = 0;
    workbench_now = SECOND;
    workbench_programs = 0;
    for (unsigned int cpu = 0; cpu < WORKBENCH_CPUS; cpu++) {
        memset(&asleep[cpu], 0, sizeof(asleep[cpu]));
        asleep[cpu].irq = true;
        workbench_programmed[cpu] = NS_MAX;
        workbench_kicks[cpu] = 0;
    }
    workbench_current = NULL;
    workbench_softirqs = 0;
    workbench_irq = true;
}

uint32_t workbench_softirqs_of(unsigned int cpu)
{
    return cpu == workbench_cpu ? workbench_softirqs : asleep[cpu].softirqs;
}

void workbench_turn(unsigned int cpu)
{
    unsigned int before = workbench_cpu;

    workbench_be(cpu);
    if (workbench_programmed[cpu] <= workbench_now) {
        workbench_programmed[cpu] = NS_MAX;
        softirq_raise(SOFTIRQ_TIMER);
    }
    while (softirq_bits())
        softirq_run();
    workbench_be(before);
}

static bool busy(unsigned int cpu)
{
    return workbench_softirqs_of(cpu) || workbench_programmed[cpu] <= workbench_now;
}

void workbench_settle(void)
{
    bool again = true;

    while (again) {
        again = false;
        for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
            while (busy(cpu)) {
                workbench_turn(cpu);
                again = true;
            }
    }
}

void workbench_pass_until(ns_t until)
{
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        if (workbench_programmed[cpu] < until)
            until = workbench_programmed[cpu];
    if (until > workbench_now)
        workbench_now = until;
}

ns_t arch_now(void)
{
    return workbench_now;
}

void arch_timer_program(ns_t when)
{
    ASSERT(!irq_is_on());
    workbench_programmed[workbench_cpu] = when;
    workbench_programs++;
}

void arch_kick(unsigned int cpu)
{
    ASSERT(cpu < cpu_count && cpu != workbench_cpu);
    workbench_kicks[cpu]++;
}

void arch_softirq_send(unsigned int cpu, uint32_t bits)
{
    ASSERT(cpu < cpu_count && cpu != workbench_cpu);
    asleep[cpu].softirqs |= bits;
    workbench_kicks[cpu]++;
}
