/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of pv/ops.h as a kernel has them that knows of no hypervisor: plain instructions.
 * What guest/bench measures the patched sites against.
 */
#ifndef PV_BARE_H
#define PV_BARE_H

#include <stdbool.h>
#include <stdint.h>

#include <pv/cpu.h>
#include <pv/native.h>

static inline uint64_t bare_irq_flags(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
    return flags;
}

static inline void bare_irq_restore(uint64_t flags)
{
    __asm__ volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

static inline void bare_irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void bare_irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void bare_idle(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

#define BARE_CR(n) \
    static inline uint64_t bare_read_cr##n(void) \
    { \
        uint64_t value; \
\
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory"); \
        return value; \
    } \
    static inline void bare_write_cr##n(uint64_t value) \
    { \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
    }

BARE_CR(0)
BARE_CR(2)
BARE_CR(3)
BARE_CR(4)

static inline uint64_t bare_read_msr(uint32_t index)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void bare_write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t bare_get_pte(const uint64_t *entry)
{
    return *(const volatile uint64_t *)entry;
}

static inline void bare_set_pte(uint64_t *entry, uint64_t value)
{
    *(volatile uint64_t *)entry = value;
}

static inline void bare_flush_tlb(void)
{
    bare_write_cr3(bare_read_cr3());
}

static inline void bare_flush_page(const void *address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void bare_flush_all(void)
{
    native_flush_all();
}

static inline bool bare_table_new(uint64_t *page, unsigned int level)
{
    return native_table_new(page, level);
}

static inline void bare_table_free(uint64_t *page)
{
    native_table_free(page);
}

static inline void bare_switch_stack(uint64_t top)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(top), "i"(PV_CPU_RSP0) : "memory");
}

static inline void bare_set_fs_base(uint64_t base)
{
    bare_write_msr(0xc0000100, base);
}

static inline uint64_t bare_time_ns(void)
{
    return native_time_ns();
}

static inline void bare_set_timer(uint64_t when)
{
    native_set_timer(when);
}

static inline void bare_console_write(const char *text, unsigned int length)
{
    native_console_write(text, length);
}

static inline void bare_ipi(unsigned int cpu)
{
    native_ipi(cpu);
}

#endif
