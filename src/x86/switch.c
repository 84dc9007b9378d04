/* SPDX-License-Identifier: Apache-2.0 */
/* From one vCPU to another, and out to the current one, whatever their kinds. */
#include "core/assert.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "x86/memory/map.h"
#include "x86/percpu.h"
#include "x86/pv/segment.h"
#include "x86/trap/trace.h"
#include "x86/way.h"

#define TSS_RSP0 4 /* offset, bytes (AMD APM 2, section 12.2.5) */

void (*exit_by_hardware)(void);

static void set_entry_stack(struct x86_vcpu *v)
{
    struct percpu *p = percpu();
    uint64_t end = (uint64_t)(&v->regs + 1);

    ASSERT(end % 16 == 0);
    p->current = &v->core;
    p->regs_end = end;
    __builtin_memcpy((char *)p->tss + TSS_RSP0, &end, sizeof(end));
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    struct x86_vcpu *from = x86_vcpu(prev), *to = x86_vcpu(next);

    ASSERT(!irq_is_on());
    ASSERT(prev == current_vcpu() && prev != next);
    trace_add(TRACE_SWITCH, (uint64_t)next);
    from->way->save(from);
    set_entry_stack(to);
    to->way->load(to);
    from->way->left(from, next);
}

void exit_work(void)
{
    struct x86_vcpu *v;

    do {
        ASSERT(!irq_is_on());
        while (softirq_bits()) {
            irq_on();
            softirq_run();
            irq_off();
        }
        v = x86_vcpu(current_vcpu());
    } while (v->way->deliver(v));
}

/* ---- idle vCPUs ---- */

static void idle_save(struct x86_vcpu *v)
{
    (void)v;
}

void switch_to_own_tables(void)
{
    paddr_t cr3 = image_paddr(hypervisor_l4);

    percpu()->cr3 = cr3;
    __asm__ volatile("movq %0, %%cr3" : : "r"(cr3) : "memory");
    pv_window_unload();
}

static void idle_load(struct x86_vcpu *v)
{
    (void)v;
    switch_to_own_tables();
}

static void idle_left(struct x86_vcpu *v, const struct vcpu *next)
{
    (void)v;
    (void)next;
}

static bool idle_deliver(struct x86_vcpu *v)
{
    (void)v;
    sched_idle();
    irq_off();
    return true;
}

const struct vcpu_way idle_way = { idle_save, idle_load, idle_left, idle_deliver };
