/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/smp/smp.h"

#include "core/assert.h"
#include "core/lock.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/interrupt/apic.h"
#include "x86/interrupt/irq.h"
#include "x86/trap/nmi.h"
#include "x86/trap/panic.h"
#include "x86/percpu.h"
#include "x86/reset.h"

#define STOP_PATIENCE 10000000u /* reads of a counter: well over what an NMI takes */

unsigned int cpu_count = 1;
struct percpu *percpu_of[CPUS_MAX];
bool smp_ready;

static struct lock lock = LOCK(RANK_TLB); /* guards the next three */
static void (*call)(void *argument);
static void *call_argument;
static uint32_t calls_left;

static uint32_t stopper; /* CPU + 1 that stops all others; 0: none */
static uint32_t stopped; /* how many have */

static void handle_call(struct regs *regs)
{
    (void)regs;
    call(call_argument);
    __atomic_fetch_sub(&calls_left, 1, __ATOMIC_RELEASE);
}

/* Mostly nothing to do here: the way out to the guest does it. */
static void handle_kick(struct regs *regs)
{
    (void)regs;
    nmi_tell();
}

static void identify_boot_cpu(void)
{
    struct percpu *p = percpu();

    p->apic_id = apic_id();
    for (unsigned int i = 0; i < acpi.cpu_count; i++) {
        if (acpi.cpus[i].enabled && acpi.cpus[i].apic_id == p->apic_id) {
            p->acpi_id = acpi.cpus[i].acpi_id;
            p->node = acpi.cpus[i].node;
        }
    }
}

void smp_init(void)
{
    identify_boot_cpu();
    smp_ready = true;
    panic_init();
    irq_bind_vector(VECTOR_CALL, handle_call);
    irq_bind_vector(VECTOR_KICK, handle_kick);
}

void smp_call_others(void (*fn)(void *), void *argument)
{
    if (cpu_count == 1)
        return;
    ASSERT(irq_is_on()); /* two that wait for each other must answer each other */
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

_Noreturn void smp_stop_here(void)
{
    __atomic_fetch_add(&stopped, 1, __ATOMIC_RELEASE);
    x86_halt();
}

bool smp_is_stopping(void)
{
    uint32_t by = __atomic_load_n(&stopper, __ATOMIC_ACQUIRE);

    return by != 0 && by != cpu_id() + 1;
}

void smp_stop_others(void)
{
    uint32_t none = 0, self = cpu_id() + 1;

    if (!__atomic_compare_exchange_n(&stopper, &none, self, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        if (none == self)
            return; /* done already */
        irq_off();
        smp_stop_here();
    }
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (i != cpu_id())
            apic_send_nmi(percpu_of[i]->apic_id);
    }
    for (unsigned int i = 0; i < STOP_PATIENCE; i++) {
        if (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE) >= cpu_count - 1)
            break;
        cpu_relax();
    }
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
