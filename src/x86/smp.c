/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/smp.h"

#include "core/assert.h"
#include "core/lock.h"
#include "core/machine.h"
#include "x86/apic.h"
#include "x86/irq.h"
#include "x86/percpu.h"

unsigned int cpu_count = 1;
struct percpu *percpu_of[CPUS_MAX];

static struct lock lock = LOCK(RANK_TLB);       /* guards the next three */
static void (*call)(void *argument);
static void *call_argument;
static uint32_t calls_left;

static void handle_call(struct regs *regs)
{
    (void)regs;
    call(call_argument);
    __atomic_fetch_sub(&calls_left, 1, __ATOMIC_RELEASE);
}

/* Nothing to do here: the way out to the guest does it. */
static void handle_kick(struct regs *regs)
{
    (void)regs;
}

void smp_init(void)
{
    irq_bind_vector(VECTOR_CALL, handle_call);
    irq_bind_vector(VECTOR_KICK, handle_kick);
}

void smp_call_others(void (*fn)(void *), void *argument)
{
    if (cpu_count == 1)
        return;
    ASSERT(irq_is_on());                /* two that wait for each other must answer each other */
    lock_take(&lock);
    call = fn;
    call_argument = argument;
    __atomic_store_n(&calls_left, cpu_count - 1, __ATOMIC_RELEASE);
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (i != cpu_id())
            apic_send(percpu_of[i]->apic_id, VECTOR_CALL);
    }
    while (__atomic_load_n(&calls_left, __ATOMIC_ACQUIRE))
        cpu_relax();
    lock_release(&lock);
}

void arch_kick(unsigned int target)
{
    ASSERT(target < cpu_count);
    apic_send(percpu_of[target]->apic_id, VECTOR_KICK);
}

void arch_softirq_send(unsigned int target, uint32_t bits)
{
    uint32_t before;

    ASSERT(target < cpu_count);
    before = __atomic_fetch_or(&percpu_of[target]->softirqs, bits, __ATOMIC_SEQ_CST);
    if ((before & bits) != bits && target != cpu_id())
        arch_kick(target);
}

/* STI lets no interrupt in before the next instruction has begun: none is missed. */
void arch_idle(void)
{
    ASSERT(!irq_is_on());
    __asm__ volatile("sti; hlt" : : : "memory");
}
