/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap/panic.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/cpu.h"
#include "x86/crash.h"
#include "x86/trap/fault.h"
#include "x86/gdt.h"
#include "x86/guest.h"
#include "x86/report.h"
#include "x86/reset.h"
#include "x86/smp/smp.h"
#include "x86/trap/symbols.h"
#include "x86/trap/trace.h"
#include "x86/trap/trap.h"

#define FRAMES_MAX  24   /* return addresses printed */
#define WORDS_MAX   1024 /* of a stack, looked at */
#define CALL_DIRECT 0xe8
#define CALL_GROUP  0xff /* with /2 in the next byte */

extern const char image_start[], image_rodata[];

static unsigned int depth; /* of the CPU that panics: a report may fail itself */
static bool begun;

void panic_begin(void)
{
    irq_off();
    if (begun)
        return;
    smp_stop_others(); /* a second CPU stays in there */
    begun = true;
    console_force();
}

/* A word of memory that may not be there. */
static bool peek(uint64_t at, uint64_t *value)
{
    bool good = false;

    __asm__ volatile("1: movq (%2), %1\n movb $1, %0\n2:\n" FAULT_FIXUP("1b", "2b")
                     : "+q"(good), "=&r"(*value)
                     : "r"(at)
                     : "memory");
    return good;
}

static bool is_code(uint64_t address)
{
    return address > (uint64_t)image_start + 8 && address < (uint64_t)image_rodata;
}

/* Does a call end here? */
static bool is_return_address(uint64_t address)
{
    static const uint8_t lengths[] = { 2, 3, 4, 6, 7 };
    const uint8_t *at = (const uint8_t *)address;

    if (!is_code(address))
        return false;
    if (at[-5] == CALL_DIRECT) {
        int32_t distance;

        __builtin_memcpy(&distance, at - 4, sizeof(distance));
        if (is_code(address + (uint64_t)(int64_t)distance))
            return true;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++)
        if (at[-lengths[i]] == CALL_GROUP && (at[1 - lengths[i]] >> 3 & 7) == 2)
            return true;
    return false;
}

static void print_address(const char *what, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbol_at(address, &offset);

    if (name)
        console_log(LOG_ERROR, "%s %016lx %s+%#lx", what, (unsigned long)address, name,
                    (unsigned long)offset);
    else
        console_log(LOG_ERROR, "%s %016lx", what, (unsigned long)address);
}

/* There are no frame pointers, which would cost instructions everywhere: all that looks like a
 * return address is printed, and may be one of an earlier call. */
static void print_backtrace(uint64_t rip, uint64_t rsp)
{
    uint64_t top = percpu()->stack_top, word;
    unsigned int frames = 0;

    print_address("at  ", rip);
    rsp &= ~7ul;
    if (!peek(rsp, &word)) /* it ran into the guard page */
        rsp = (rsp + PAGE_MASK) & ~PAGE_MASK;
    for (unsigned int i = 0; i < WORDS_MAX && frames < FRAMES_MAX; i++, rsp += sizeof(word)) {
        if (rsp == top || !peek(rsp, &word))
            break;
        if (is_return_address(word)) {
            print_address("from", word);
            frames++;
        }
    }
}

void panic_registers(const struct regs *r)
{
    report_registers(r);
    console_log(LOG_ERROR, "rip %04lx:%016lx flags %08lx ss %04lx", r->cs, r->rip, r->rflags,
                r->ss);
}

static void print_control_registers(void)
{
    uint64_t cr3;

    __asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
    console_log(LOG_ERROR, "cr0 %016lx cr2 %016lx cr3 %016lx cr4 %08lx", cr0_read(), cr2_read(),
                cr3, cr4_read());
}

static void print_guest(const struct regs *r)
{
    struct vcpu *v = current_vcpu();

    if (!v || v->is_idle || !v->domain || r == &x86_vcpu(v)->regs)
        return;
    console_log(LOG_ERROR, "for d%uv%u, whose registers are:", v->domain->id, v->id);
    panic_registers(&x86_vcpu(v)->regs);
}

static void print_event(uint64_t what, uint64_t where)
{
    const struct vcpu *v = (const struct vcpu *)where;

    switch (what & ~0xfful) {
    case TRACE_HYPERCALL: console_log(LOG_ERROR, "  hypercall %lu from %016lx", what, where); break;
    case TRACE_TRAP:
        console_log(LOG_ERROR, "  %s (%lu) at %016lx", trap_name(what & 0xff), what & 0xff, where);
        break;
    case TRACE_IRQ: console_log(LOG_ERROR, "  interrupt %#lx at %016lx", what & 0xff, where); break;
    case TRACE_SWITCH:
        if (v->is_idle || !v->domain)
            console_log(LOG_ERROR, "  switch to idle");
        else
            console_log(LOG_ERROR, "  switch to d%uv%u", v->domain->id, v->id);
        break;
    }
}

/* Oldest first; the place of the next one holds the oldest. */
static void print_events(void)
{
    const struct percpu *p = percpu();
    unsigned int next = (p->trace_at & 0xff) / TRACE_SIZE;

    console_log(LOG_ERROR, "last events of CPU %u:", p->cpu);
    for (unsigned int i = 0; i < TRACE_EVENTS; i++) {
        unsigned int at = (next + i) % TRACE_EVENTS;

        if (p->trace[at].where)
            print_event(p->trace[at].what, p->trace[at].where);
    }
}

static _Noreturn void report(const struct regs *regs)
{
    bool guests = regs->cs & 3;

    crash_note(regs);
    panic_registers(regs);
    print_control_registers();
    print_guest(regs);
    if (!guests)
        print_backtrace(regs->rip, regs->rsp);
    print_events();
    console_fatal("this is a bug of Zeroth's or a fault of the machine; the host is stopped");
}

/* The report failed: what can be said in one line, or nothing at all. */
static void check_depth(const char *why, uint64_t rip)
{
    panic_begin();
    depth++;
    if (depth == 2)
        console_fatal("PANIC while reporting one: %s at %016lx", why, (unsigned long)rip);
    if (depth > 2)
        x86_halt();
}

_Noreturn void panic_trap(const struct regs *regs, const char *why)
{
    check_depth(why, regs->rip);
    console_log(LOG_ERROR, "PANIC on CPU %u: %s, error code %#lx", cpu_id(), why, regs->error);
    report(regs);
}

/* What the registers hold here; those that C preserves are the caller's. */
static inline void take_registers(struct regs *r)
{
    __asm__ volatile("movq %%r15, 0(%0); movq %%r14, 8(%0); movq %%r13, 16(%0)\n"
                     "movq %%r12, 24(%0); movq %%rbp, 32(%0); movq %%rbx, 40(%0)\n"
                     "movq %%r11, 48(%0); movq %%r10, 56(%0); movq %%r9, 64(%0)\n"
                     "movq %%r8, 72(%0); movq %%rax, 80(%0); movq %%rcx, 88(%0)\n"
                     "movq %%rdx, 96(%0); movq %%rsi, 104(%0); movq %%rdi, 112(%0)\n"
                     "movq %%rsp, 160(%0); pushfq; popq 152(%0)"
                     :
                     : "r"(r)
                     : "memory");
}

static void panic_on_demand(void)
{
    BUG("asked for at the console");
}

void panic_init(void)
{
    console_bind_key('C', "panic", panic_on_demand);
}

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    struct regs regs = { .cs = SELECTOR_CODE, .ss = SELECTOR_DATA };

    take_registers(&regs);
    regs.rip = (uint64_t)__builtin_return_address(0);
    regs.rsp = (uint64_t)__builtin_frame_address(0) + 16; /* the caller's */
    check_depth(what, regs.rip);
    console_log(LOG_ERROR, "PANIC on CPU %u: %s:%d: %s", cpu_id(), file, line, what);
    report(&regs);
}
