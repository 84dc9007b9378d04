/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/memory/tlb.h"

#include "core/assert.h"
#include "core/lock.h"
#include "core/machine.h"
#include "x86/interrupt/apic.h"
#include "x86/guest.h"
#include "x86/interrupt/irq.h"
#include "x86/percpu.h"

#define CR4_PGE      (1ul << 7)
#define CLOCK_PERIOD (1u << 28) /* flushes after which even idle CPUs flush */

/*
 * The clock counts whole flushes, of all CPUs together.  A flush draws its number before it begins:
 * a CPU whose number is later than a stamp holds nothing from before the stamp.  Numbers wrap; they
 * are compared by their difference, and no CPU falls half a round behind (flush_all_now_and_then).
 */
uint32_t tlb_clock = 1;
static struct {
    uint32_t flushed; /* number of its last flush */
} __attribute__((aligned(64))) cpus[CPUS_MAX];

static struct lock lock = LOCK(RANK_TLB); /* guards the next two */
static uint64_t request_address;
static struct cpu_set waited_for; /* each CPU takes itself out */

/* Ask without waiting: the numbers are a quarter of their range behind at most. */
static __attribute__((noinline)) void flush_all_now_and_then(void)
{
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (i != cpu_id())
            apic_send(percpu_of[i]->apic_id, VECTOR_TLB);
    }
}

static inline uint32_t draw_number(void)
{
    uint32_t number = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);

    if (__builtin_expect(number % CLOCK_PERIOD == 0, false))
        flush_all_now_and_then();
    return number;
}

void tlb_flush_local(void)
{
    uint32_t number = draw_number();
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
    cpus[cpu_id()].flushed = number;
}

static void flush_here(uint64_t address)
{
    if (address)
        tlb_flush_page(address);
    else
        tlb_flush_local();
}

/* Also comes without a request (flush_all_now_and_then): then all is flushed. */
static void handle(struct regs *regs)
{
    bool asked = cpu_set_has(&waited_for, cpu_id());

    (void)regs;
    flush_here(asked ? request_address : 0);
    if (asked)
        cpu_set_remove(&waited_for, cpu_id());
}

void tlb_init(void)
{
    irq_bind_vector(VECTOR_TLB, handle);
}

/* Lock held: ask the CPUs of waited_for and wait for the last. */
static void ask(void)
{
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (cpu_set_has(&waited_for, i))
            apic_send(percpu_of[i]->apic_id, VECTOR_TLB);
    }
    for (unsigned int i = 0; i < CPUS_MAX / 64; i++) {
        while (__atomic_load_n(&waited_for.bits[i], __ATOMIC_ACQUIRE))
            cpu_relax();
    }
}

static __attribute__((noinline)) void flush_others(const struct cpu_set *set, uint64_t address)
{
    struct cpu_set others = *set;

    ASSERT(irq_is_on()); /* two that wait for each other must answer each other */
    cpu_set_remove(&others, cpu_id());
    lock_take(&lock);
    request_address = address;
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (cpu_set_has(&others, i))
            cpu_set_add(&waited_for, i);
    }
    ask();
    lock_release(&lock);
}

/* In a straight line where only this CPU is meant. */
void tlb_flush_cpus(const struct cpu_set *set, uint64_t address)
{
    unsigned int word = cpu_id() / 64;
    uint64_t self = 1ul << cpu_id() % 64, mine = set->bits[word], others = mine & ~self;

    for (unsigned int i = 0; i < CPUS_MAX / 64; i++)
        others |= i == word ? 0 : set->bits[i];
    if (mine & self)
        flush_here(address);
    if (__builtin_expect(others != 0, false))
        flush_others(set, address);
}

void arch_tlb_flush_stamped(struct domain *d, uint32_t stamp)
{
    struct cpu_set behind = { 0 };

    for (unsigned int i = 0; i < cpu_count; i++) {
        uint32_t flushed = __atomic_load_n(&cpus[i].flushed, __ATOMIC_ACQUIRE);

        if ((int32_t)(flushed - stamp) <= 0 && (!d || cpu_set_has(&x86_domain(d)->dirty, i)))
            cpu_set_add(&behind, i);
    }
    tlb_flush_cpus(&behind, 0);
}
