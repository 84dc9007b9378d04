/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual operations as functions.
 *
 * Each is one call site (pv/oplist.h), patched at boot.  Operations that are an instruction natively
 * keep every register but their result's, so that a native kernel pays nothing for the site; the
 * others are calls with C's rules.  All may be called on any CPU unless a line says otherwise.
 * Physical addresses are the guest's own: what page tables and CR3 need under a hypervisor is
 * translated by the operation.
 */
#ifndef PV_OPS_H
#define PV_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include <pv/oplist.h>

/* What each operation calls until it is patched, and all that is called through a pointer. */
extern const void *pv_ops[PV_OPS];

/* A site: the indirect call, filled up to the operation's length, and its record for pv_patch(). */
#define PV_SITE \
    "771: call *pv_ops + 8 * %c[pv_op](%%rip)\n" \
    "   .fill %c[pv_len] - 6, 1, 0x90\n" \
    "   .pushsection .pv_sites, \"a\"\n" \
    "   .long 771b - .\n   .byte %c[pv_op], %c[pv_len], 0, 0\n" \
    "   .popsection\n"
#define PV_SITE_IN(op) [pv_op] "i"(PV_OP_##op), [pv_len] "i"(PV_LEN_##op)
/* What a call with C's rules may change beside its arguments' registers. */
#define PV_CALL_CLOBBERS "rcx", "r8", "r9", "r10", "r11", "memory", "cc"

/* ---- interrupt flag ---- */

/* A token for irq_restore(): whether interrupts are on.  Its bits differ from machine to machine. */
static inline uint64_t pv_irq_flags(void)
{
    uint64_t token;

    __asm__ volatile(PV_SITE : "=a"(token) : PV_SITE_IN(irq_flags) : "memory");
    return token;
}

/* Interrupts as they were when the token was taken; events that waited come at once. */
static inline void pv_irq_restore(uint64_t token)
{
    __asm__ volatile(PV_SITE : : "D"(token), PV_SITE_IN(irq_restore) : "memory", "cc");
}

/* No interrupts on this CPU until irq_enable() or irq_restore(). */
static inline void pv_irq_disable(void)
{
    __asm__ volatile(PV_SITE : : PV_SITE_IN(irq_disable) : "memory");
}

/* Interrupts on; those that waited come at once. */
static inline void pv_irq_enable(void)
{
    __asm__ volatile(PV_SITE : : PV_SITE_IN(irq_enable) : "memory");
}

/* Interrupts off; returns the token for irq_restore(). */
static inline uint64_t pv_irq_save(void)
{
    uint64_t token = pv_irq_flags();

    pv_irq_disable();
    return token;
}

/* Interrupts on and sleep until one came, without a gap between the two.  Call with them off. */
static inline void pv_idle(void)
{
    __asm__ volatile(PV_SITE : : PV_SITE_IN(idle) : "memory");
}

/* Stop this CPU for good. */
static inline void __attribute__((noreturn)) pv_halt(void)
{
    for (;;)
        __asm__ volatile(PV_SITE : : PV_SITE_IN(halt) : "memory");
}

/* ---- control registers and MSRs ---- */

#define PV_READ(name) \
    static inline uint64_t pv_##name(void) \
    { \
        uint64_t value; \
\
        __asm__ volatile(PV_SITE : "=a"(value) : PV_SITE_IN(name) : "memory"); \
        return value; \
    }
#define PV_WRITE(name) \
    static inline void pv_##name(uint64_t value) \
    { \
        __asm__ volatile(PV_SITE : : "D"(value), PV_SITE_IN(name) : "memory"); \
    }

/* CR0; under a hypervisor only TS may change (AMD APM 2, 3.1.1). */
PV_READ(read_cr0)
PV_WRITE(write_cr0)
/* The address of the last page fault on this CPU. */
PV_READ(read_cr2)
/* The physical address of the level-4 table in use; writing it flushes this CPU's TLB. */
PV_READ(read_cr3)
PV_WRITE(write_cr3)
/* CR4; a hypervisor may refuse bits, and then nothing changes. */
PV_READ(read_cr4)
PV_WRITE(write_cr4)

/* A model-specific register; one that does not exist raises #GP as RDMSR does. */
static inline uint64_t pv_read_msr(uint32_t index)
{
    uint32_t low, high;

    __asm__ volatile(PV_SITE : "=a"(low), "=d"(high) : "c"(index), PV_SITE_IN(read_msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void pv_write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile(PV_SITE
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)),
                       PV_SITE_IN(write_msr)
                     : "memory");
}

/* ---- page tables: entries hold the guest's physical addresses ---- */

/* The entry as set_pte() takes it. */
static inline uint64_t pv_get_pte(const uint64_t *entry)
{
    uint64_t value;

    __asm__ volatile(PV_SITE : "=a"(value) : "D"(entry), "m"(*entry), PV_SITE_IN(get_pte));
    return value;
}

/* Store an entry of a table of any level; no TLB is flushed. */
static inline void pv_set_pte(uint64_t *entry, uint64_t value)
{
    __asm__ volatile(PV_SITE : : "D"(entry), "S"(value), PV_SITE_IN(set_pte) : "memory");
}

/* Everything out of this CPU's TLB that is not global. */
static inline void pv_flush_tlb(void)
{
    __asm__ volatile(PV_SITE : : PV_SITE_IN(flush_tlb) : "rax", "memory");
}

/* One page out of this CPU's TLB. */
static inline void pv_flush_page(const void *address)
{
    __asm__ volatile(PV_SITE : : "D"(address), PV_SITE_IN(flush_page) : "memory");
}

/* Everything that is not global out of all CPUs' TLBs; returns when that is done. Interrupts on. */
static inline void pv_flush_all(void)
{
    __asm__ volatile(PV_SITE
                     :
                     : PV_SITE_IN(flush_all)
                     : "rax", "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
}

/*
 * Clear a page of the guest's own and make it a page table of a level, 1 to 4.  page is its address
 * in the kernel's image or direct map.  Under a hypervisor it becomes read-only; false when refused.
 */
static inline bool pv_table_new(uint64_t *page, unsigned int level)
{
    uint64_t done, a0 = (uint64_t)page, a1 = level;

    __asm__ volatile(PV_SITE
                     : "=a"(done), "+D"(a0), "+S"(a1)
                     : PV_SITE_IN(table_new)
                     : "rdx", PV_CALL_CLOBBERS);
    return (uint8_t)done;
}

/* The page is no table any more, and holds zeros; it must be in no other table and in no CR3. */
static inline void pv_table_free(uint64_t *page)
{
    uint64_t a0 = (uint64_t)page;

    __asm__ volatile(PV_SITE
                     : "+D"(a0)
                     : PV_SITE_IN(table_free)
                     : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/* ---- context switch ---- */

/* The stack that user mode's exceptions enter on this CPU: its upper end. */
static inline void pv_switch_stack(uint64_t top)
{
    __asm__ volatile(PV_SITE : : "D"(top), PV_SITE_IN(switch_stack) : "memory");
}

/* The base of FS. */
static inline void pv_set_fs_base(uint64_t base)
{
    __asm__ volatile(PV_SITE
                     :
                     : "D"(base), PV_SITE_IN(set_fs_base)
                     : "rax", "rcx", "rdx", "memory", "cc");
}

/* ---- time, console, other CPUs ---- */

/* Nanoseconds since some moment before the kernel started; the same on all CPUs, never backward. */
static inline uint64_t pv_time_ns(void)
{
    uint64_t time;

    __asm__ volatile(PV_SITE
                     : "=a"(time)
                     : PV_SITE_IN(time_ns)
                     : "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
    return time;
}

/* One PV_VECTOR_TIMER on this CPU at a time of time_ns(), at once if it is past; 0: none. */
static inline void pv_set_timer(uint64_t when)
{
    __asm__ volatile(PV_SITE
                     : "+D"(when)
                     : PV_SITE_IN(set_timer)
                     : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/* Text to the console; what does not fit at once is waited for. */
static inline void pv_console_write(const char *text, unsigned int length)
{
    uint64_t a0 = (uint64_t)text, a1 = length;

    __asm__ volatile(PV_SITE
                     : "+D"(a0), "+S"(a1)
                     : PV_SITE_IN(console_write)
                     : "rax", "rdx", PV_CALL_CLOBBERS);
}

/* pv_interrupt(PV_VECTOR_IPI) on another CPU, by its number. */
static inline void pv_ipi(unsigned int cpu)
{
    uint64_t a0 = cpu;

    __asm__ volatile(PV_SITE : "+D"(a0) : PV_SITE_IN(ipi) : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/*
 * Start a CPU: it calls pv_cpu_main(cpu) on its own stack, interrupts off.  False when there is no
 * such CPU, or it did not come up.  From CPU 0 only.
 */
static inline bool pv_cpu_start(unsigned int cpu)
{
    uint64_t done, a0 = cpu;

    __asm__ volatile(PV_SITE
                     : "=a"(done), "+D"(a0)
                     : PV_SITE_IN(cpu_start)
                     : "rdx", "rsi", PV_CALL_CLOBBERS);
    return (uint8_t)done;
}

/* The machine, or the guest, off; stops this CPU if that fails. */
static inline void __attribute__((noreturn)) pv_power_off(void)
{
    __asm__ volatile(PV_SITE
                     :
                     : PV_SITE_IN(power_off)
                     : "rax", "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
    pv_halt();
}

/* The time stamp counter, as it is. */
static inline uint64_t pv_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

#endif
