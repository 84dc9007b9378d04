/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual operations as functions.
 *
 * Each is one call site (pv/oplist.h), patched at boot.  Operations that are an instruction natively
 * keep every register but their result's, so that a native kernel pays nothing for the site; the
 * others are calls with C's rules.  All may be called on any CPU unless a line says otherwise, and
 * cannot fail unless a line says how.  Physical addresses are the guest's own, in bytes: what page
 * tables and CR3 need under a hypervisor is translated by the operation.  Where an operation of a PV
 * guest is a hypercall that is refused though it must not be, the library prints which and ends the
 * guest: an unnoticed refusal would corrupt memory.  docs/guest-kit.md has which hypercall that is.
 */
#ifndef PV_OPS_H
#define PV_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include <pv/cpu.h>
#include <pv/oplist.h>

/* What each operation calls until it is patched, and all that is called through a pointer. */
extern const void *pv_ops[PV_OPS];

/*
 * A site without operands, or with those of C's calling rules: the indirect call, and its record for
 * pv_patch() (struct pv_site in the library's start.h).
 */
#define PV_SITE \
    "771: call *pv_ops + 8 * %c[pv_op](%%rip)\n" \
    "   .pushsection .pv_sites, \"a\"\n" \
    "   .long 771b - ., 771b - ., 0\n" \
    "   .byte %c[pv_op], 6, 0, 0\n" \
    "   .popsection\n"
/*
 * A site whose operands the compiler chose, so that its native code is what it would be without a
 * site.  Until it is replaced by that, a stub out of line moves them to where functions take them.
 */
#define PV_SITE_OF(native, before, after) \
    "   .pushsection .pv_native, \"a\"\n" \
    "775: " native "\n776:\n" \
    "   .popsection\n" \
    "771: call 773f\n" \
    "   .fill -(((776b - 775b) - 5) > 0) * ((776b - 775b) - 5), 1, 0x90\n" \
    "772:\n" \
    "   .pushsection .text.pv_stub, \"ax\"\n" \
    "773: " before "\n" \
    "774: call *pv_ops + 8 * %c[pv_op](%%rip)\n" \
    "   " after "\n   ret\n" \
    "   .popsection\n" \
    "   .pushsection .pv_sites, \"a\"\n" \
    "   .long 771b - ., 774b - ., 775b - .\n" \
    "   .byte %c[pv_op], 772b - 771b, 776b - 775b, 0\n" \
    "   .popsection\n"
#define PV_NUMBER(op) [pv_op] "i"(PV_OP_##op)
/* Stubs: a result out of RAX; one operand into RDI; two into RDI and RSI. */
#define PV_RESULT "push %%rax", "xchg %%rax, (%%rsp)\n   pop %[result]"
#define PV_NONE   "", ""
#define PV_ONE    "push %%rdi\n   mov %[a], %%rdi", "pop %%rdi"
#define PV_TWO \
    "push %%rdi\n   push %%rsi\n   push %[a]\n   push %[b]\n   pop %%rsi\n   pop %%rdi", \
        "pop %%rsi\n   pop %%rdi"
#define PV_ONE_RESULT \
    "push %%rdi\n   push %%rax\n   mov %[a], %%rdi", \
        "mov 8(%%rsp), %%rdi\n   xchg %%rax, (%%rsp)\n   pop %[result]\n   lea 8(%%rsp), %%rsp"
#define PV_SITE_WITH(native, stub) PV_SITE_OF_(native, stub)
#define PV_SITE_OF_(native, ...)   PV_SITE_OF(native, __VA_ARGS__)
/* What a call with C's rules may change beside its arguments' registers. */
#define PV_CALL_CLOBBERS "rcx", "r8", "r9", "r10", "r11", "memory", "cc"

/* To the compiler a site is as small as its code, whatever is written beside it out of line. */
#define PV_ASM __asm__ __volatile__ __inline__

/* ---- interrupt flag ---- */

/*
 * A token for irq_restore(): whether interrupts are on.  Its bits differ from machine to machine.
 * RFLAGS (AMD APM 2, 3.1.6), or what a hypervisor keeps of this CPU in its place.
 */
static inline uint64_t pv_irq_flags(void)
{
    uint64_t token;

    PV_ASM(PV_SITE_WITH(".byte 0x3e, 0x3e, 0x3e, 0x3e\n   pushfq\n"
                        "   .byte 0x3e, 0x3e, 0x3e\n   popq %[result]",
                        PV_RESULT)
           : [result] "=r"(token)
           : PV_NUMBER(irq_flags)
           : "memory");
    return token;
}

/* Interrupts as they were when the token was taken; events that waited come at once. */
static inline void pv_irq_restore(uint64_t token)
{
    PV_ASM(PV_SITE_WITH("pushq %[a]\n   popfq", PV_ONE)
           :
           : [a] "r"(token), PV_NUMBER(irq_restore)
           : "memory", "cc");
}

/* No interrupts on this CPU until irq_enable() or irq_restore(). */
static inline void pv_irq_disable(void)
{
    PV_ASM(PV_SITE : : PV_NUMBER(irq_disable) : "memory");
}

/* Interrupts on; those that waited come at once. */
static inline void pv_irq_enable(void)
{
    PV_ASM(PV_SITE : : PV_NUMBER(irq_enable) : "memory");
}

/* Interrupts off; returns the token for irq_restore(). */
static inline uint64_t pv_irq_save(void)
{
    uint64_t token = pv_irq_flags();

    pv_irq_disable();
    return token;
}

/*
 * Interrupts on and sleep until one came, without a gap between the two; they are on when it returns.
 * Call with them off.  STI and HLT (AMD APM 3), or a hypercall that blocks.
 */
static inline void pv_idle(void)
{
    PV_ASM(PV_SITE : : PV_NUMBER(idle) : "memory");
}

/* Stop this CPU for good, HLT with interrupts off (AMD APM 3).  Does not return. */
static inline void __attribute__((noreturn)) pv_halt(void)
{
    for (;;)
        PV_ASM(PV_SITE : : PV_NUMBER(halt) : "memory");
}

/* ---- control registers and MSRs ---- */

#define PV_READ(n) \
    static inline uint64_t pv_read_cr##n(void) \
    { \
        uint64_t value; \
\
        PV_ASM(PV_SITE_WITH("mov %%cr" #n ", %[result]", PV_RESULT) \
               : [result] "=r"(value) \
               : PV_NUMBER(read_cr##n) \
               : "memory"); \
        return value; \
    }
#define PV_WRITE(n) \
    static inline void pv_write_cr##n(uint64_t value) \
    { \
        PV_ASM(PV_SITE_WITH("mov %[a], %%cr" #n, PV_ONE) \
               : \
               : [a] "r"(value), PV_NUMBER(write_cr##n) \
               : "memory"); \
    }

/* CR0 (AMD APM 2, 3.1.1); of a PV guest only TS changes, other bits keep their values. */
PV_READ(0)
PV_WRITE(0)
/* The virtual address of the last page fault on this CPU (AMD APM 2, 8.2.15). */
PV_READ(2)
/*
 * The physical address of the level-4 table in use (AMD APM 2, 5.3.2); writing it flushes this CPU's
 * TLB.  Of a PV guest the table must come from table_new(), else the guest ends with a message.
 */
PV_READ(3)
PV_WRITE(3)
/* CR4 (AMD APM 2, 3.1.3); a hypervisor may refuse bits, and then nothing changes. */
PV_READ(4)
PV_WRITE(4)

/* A model-specific register (AMD APM 2, appendix A); #GP for one that is not there, as RDMSR has it. */
static inline uint64_t pv_read_msr(uint32_t index)
{
    uint32_t low, high;

    PV_ASM(PV_SITE : "=a"(low), "=d"(high) : "c"(index), PV_NUMBER(read_msr) : "memory");
    return (uint64_t)high << 32 | low;
}

/* The same for WRMSR; #GP also for a value that the register does not take. */
static inline void pv_write_msr(uint32_t index, uint64_t value)
{
    PV_ASM(PV_SITE
           :
           : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), PV_NUMBER(write_msr)
           : "memory");
}

/* ---- page tables: entries hold the guest's physical addresses (AMD APM 2, 5.4) ---- */

/* The entry as set_pte() takes it. */
static inline uint64_t pv_get_pte(const uint64_t *entry)
{
    uint64_t value;

    PV_ASM(PV_SITE_WITH("%{disp32%} movq (%[a]), %[result]", PV_ONE_RESULT)
           : [result] "=r"(value)
           : [a] "r"(entry), "m"(*entry), PV_NUMBER(get_pte));
    return value;
}

/*
 * Store an entry of a table of any level; no TLB is flushed.  A PV guest ends with a message when the
 * entry breaks the hypervisor's rules: a frame not its own, a table mapped writable.
 */
static inline void pv_set_pte(uint64_t *entry, uint64_t value)
{
    PV_ASM(PV_SITE_WITH("%{disp32%} movq %[b], (%[a])", PV_TWO)
           :
           : [a] "r"(entry), [b] "r"(value), PV_NUMBER(set_pte)
           : "memory");
}

/* Everything out of this CPU's TLB that is not global: CR3 written, or a hypercall. */
static inline void pv_flush_tlb(void)
{
    uint64_t cr3;

    PV_ASM(PV_SITE_WITH("mov %%cr3, %[cr3]\n   mov %[cr3], %%cr3", PV_NONE)
           : [cr3] "=&r"(cr3)
           : PV_NUMBER(flush_tlb)
           : "memory");
}

/* The page of a virtual address out of this CPU's TLB: INVLPG, or a hypercall. */
static inline void pv_flush_page(const void *address)
{
    PV_ASM(PV_SITE_WITH("%{disp32%} invlpg (%[a])", PV_ONE)
           :
           : [a] "r"(address), PV_NUMBER(flush_page)
           : "memory");
}

/* Everything that is not global out of all CPUs' TLBs; returns when that is done. Interrupts on. */
static inline void pv_flush_all(void)
{
    PV_ASM(PV_SITE : : PV_NUMBER(flush_all) : "rax", "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
}

/*
 * Clear a page of the guest's own and make it a page table of a level, 1 to 4.  page is its address in
 * the kernel's image, aligned to 4,096 bytes.  Of a PV guest it becomes read-only, and is pinned;
 * false when that is refused: the page is mapped writable elsewhere, or is a table of another level.
 */
static inline bool pv_table_new(uint64_t *page, unsigned int level)
{
    uint64_t done, a0 = (uint64_t)page, a1 = level;

    PV_ASM(PV_SITE
           : "=a"(done), "+D"(a0), "+S"(a1)
           : PV_NUMBER(table_new)
           : "rdx", PV_CALL_CLOBBERS);
    return (uint8_t)done;
}

/* The page is no table any more, and holds zeros; it must be in no other table and in no CR3. */
static inline void pv_table_free(uint64_t *page)
{
    uint64_t a0 = (uint64_t)page;

    PV_ASM(PV_SITE : "+D"(a0) : PV_NUMBER(table_free) : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/* ---- context switch ---- */

/*
 * The stack that user mode's exceptions enter on this CPU: its upper end, a virtual address.  RSP0 of
 * the TSS (AMD APM 2, 12.2.5), or what a hypervisor keeps in its place.
 */
static inline void pv_switch_stack(uint64_t top)
{
    PV_ASM(PV_SITE_WITH("movq %[a], %%gs:%c[rsp0]", PV_ONE)
           :
           : [a] "r"(top), [rsp0] "i"(PV_CPU_RSP0), PV_NUMBER(switch_stack)
           : "memory");
}

/* The base of FS, a canonical virtual address; #GP for another, or (PV) no effect. */
static inline void pv_set_fs_base(uint64_t base)
{
    pv_write_msr(0xc0000100, base); /* FS.Base, AMD APM 2, appendix A */
}

/* ---- time, console, other CPUs ---- */

/*
 * Nanoseconds since some moment before the kernel started; the same on all CPUs, never backward.  The
 * TSC, its frequency measured against the PIT natively, told by the page of pvclock elsewhere.
 */
static inline uint64_t pv_time_ns(void)
{
    uint64_t time;

    PV_ASM(PV_SITE : "=a"(time) : PV_NUMBER(time_ns) : "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
    return time;
}

/*
 * One PV_VECTOR_TIMER on this CPU at a time of time_ns(), in nanoseconds, at once if it is past;
 * 0: none.  It replaces what was set before.
 */
static inline void pv_set_timer(uint64_t when)
{
    PV_ASM(PV_SITE : "+D"(when) : PV_NUMBER(set_timer) : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/* length bytes of text to the console; what does not fit at once is waited for. */
static inline void pv_console_write(const char *text, unsigned int length)
{
    uint64_t a0 = (uint64_t)text, a1 = length;

    PV_ASM(PV_SITE
           : "+D"(a0), "+S"(a1)
           : PV_NUMBER(console_write)
           : "rax", "rdx", PV_CALL_CLOBBERS);
}

/* pv_interrupt(PV_VECTOR_IPI) on a CPU that was started, by its number; to oneself as well. */
static inline void pv_ipi(unsigned int cpu)
{
    uint64_t a0 = cpu;

    PV_ASM(PV_SITE : "+D"(a0) : PV_NUMBER(ipi) : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

/*
 * Start a CPU, 1 to pv_boot.cpus - 1: it calls pv_cpu_main(cpu) on its own stack, interrupts off.
 * False when there is no such CPU, it runs already, or it did not come up.  From CPU 0 only.  INIT and
 * start-up interrupts (AMD APM 2, 16.5), or hypercalls.
 */
static inline bool pv_cpu_start(unsigned int cpu)
{
    uint64_t done, a0 = cpu;

    PV_ASM(PV_SITE : "=a"(done), "+D"(a0) : PV_NUMBER(cpu_start) : "rdx", "rsi", PV_CALL_CLOBBERS);
    return (uint8_t)done;
}

/* The machine, or the guest, off; stops this CPU if that fails. */
static inline void __attribute__((noreturn)) pv_power_off(void)
{
    PV_ASM(PV_SITE : : PV_NUMBER(power_off) : "rax", "rdx", "rsi", "rdi", PV_CALL_CLOBBERS);
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
