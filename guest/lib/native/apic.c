/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC, on its page or (x2APIC, when the firmware chose it) through MSRs; IPIs, timer. */
#include "../start.h"
#include "machine.h"

#include <pv/native.h>
#include <pv/ops.h>
#include <pv/trap.h>

#define APIC_PAGE       0xfee00000ul
#define MSR_APIC_BASE   0x1b
#define MSR_X2APIC      0x800 /* plus the register's offset / 16 */
#define BASE_X2APIC     0x400
#define SOFTWARE_ENABLE 0x100
#define MASKED          0x10000
#define DIVIDE_1        0xb
#define ICR_ASSERT      0x4000
#define ICR_BUSY        0x1000
#define ICR_INIT        0x500
#define ICR_STARTUP     0x600

static bool x2apic;
uint64_t native_apic_hz;

static uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

uint32_t native_apic_read(unsigned int reg)
{
    if (x2apic)
        return (uint32_t)read_msr(MSR_X2APIC + reg / 16);
    return *(volatile uint32_t *)(APIC_PAGE + reg);
}

void native_apic_write(unsigned int reg, uint32_t value)
{
    if (x2apic)
        write_msr(MSR_X2APIC + reg / 16, value);
    else
        *(volatile uint32_t *)(APIC_PAGE + reg) = value;
}

void native_apic_init(struct pv_cpu *cpu)
{
    x2apic = read_msr(MSR_APIC_BASE) & BASE_X2APIC;
    native_apic_write(APIC_SPURIOUS, SOFTWARE_ENABLE | PV_VECTOR_SPURIOUS);
    native_apic_write(APIC_LVT_LINT0, MASKED);
    native_apic_write(APIC_LVT_TIMER, PV_VECTOR_TIMER);
    native_apic_write(APIC_DIVIDE, DIVIDE_1);
    cpu->apic_id = native_apic_read(APIC_ID);
    if (!x2apic)
        cpu->apic_id >>= 24;
}

static void send(uint32_t apic_id, uint32_t command)
{
    if (x2apic) {
        write_msr(MSR_X2APIC + APIC_ICR / 16, (uint64_t)apic_id << 32 | command);
        return;
    }
    native_apic_write(APIC_ICR_HIGH, apic_id << 24);
    native_apic_write(APIC_ICR, command);
    while (native_apic_read(APIC_ICR) & ICR_BUSY)
        __asm__ volatile("pause");
}

void native_ipi(unsigned int cpu)
{
    send(pv_cpus[cpu].apic_id, ICR_ASSERT | PV_VECTOR_IPI);
}

/* The timer counts down from what is left, at most 2^32 - 1: the handler of an early one resets it. */
void native_set_timer(uint64_t when)
{
    uint64_t now = pv_time_ns(), left = when > now ? when - now : 0, count;

    count = left / 1000 * native_apic_hz / 1000000 + left % 1000 * native_apic_hz / 1000000000 + 1;
    native_apic_write(APIC_COUNT, when == 0 ? 0 : count >> 32 ? ~0u : (uint32_t)count);
}

void native_flush_all(void)
{
    const struct pv_cpu *self = pv_this_cpu();

    for (unsigned int i = 0; i < pv_boot.cpus; i++)
        if (&pv_cpus[i] != self && __atomic_load_n(&pv_cpus[i].started, __ATOMIC_ACQUIRE)) {
            __atomic_store_n(&pv_cpus[i].flush, 1, __ATOMIC_RELEASE);
            send(pv_cpus[i].apic_id, ICR_ASSERT | PV_VECTOR_FLUSH);
        }
    native_flush_local();
    for (unsigned int i = 0; i < pv_boot.cpus; i++)
        while (&pv_cpus[i] != self && __atomic_load_n(&pv_cpus[i].flush, __ATOMIC_ACQUIRE))
            __asm__ volatile("pause");
}

void native_flush_local(void)
{
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
}

void native_interrupt(struct pv_regs *regs)
{
    if (regs->vector == PV_VECTOR_SPURIOUS)
        return;
    native_apic_write(APIC_EOI, 0);
    if (regs->vector == PV_VECTOR_FLUSH) {
        native_flush_local();
        __atomic_store_n(&pv_this_cpu()->flush, 0, __ATOMIC_RELEASE);
        return;
    }
    pv_interrupt((unsigned int)regs->vector, regs);
}

/* A wait for the start of a CPU; only its order of magnitude matters. */
static void wait_us(unsigned int us)
{
    uint64_t end = pv_time_ns() + us * 1000ul;

    while (pv_time_ns() < end)
        __asm__ volatile("pause");
}

bool native_cpu_start(unsigned int cpu)
{
    extern const char pv_trampoline[], pv_trampoline_cpu[], pv_trampoline_end[];
    char *page = (char *)PV_TRAMPOLINE;

    if (cpu >= pv_boot.cpus || pv_cpus[cpu].started)
        return false;
    __builtin_memcpy(page, pv_trampoline, (uint64_t)(pv_trampoline_end - pv_trampoline));
    *(volatile uint32_t *)(page + (pv_trampoline_cpu - pv_trampoline)) = cpu;
    send(pv_cpus[cpu].apic_id, ICR_ASSERT | ICR_INIT);
    wait_us(200);
    send(pv_cpus[cpu].apic_id, ICR_ASSERT | ICR_STARTUP | PV_TRAMPOLINE >> 12);
    for (unsigned int i = 0; i < 1000; i++) {
        if (__atomic_load_n(&pv_cpus[cpu].started, __ATOMIC_ACQUIRE))
            return true;
        wait_us(100);
    }
    return false;
}
