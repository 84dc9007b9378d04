/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap/trap.h"

#include "x86/control.h"
#include "x86/cpu.h"
#include "x86/efi.h"
#include "x86/trap/fault.h"
#include "x86/gdt.h"
#include "x86/trap/nmi.h"
#include "x86/trap/panic.h"
#include "x86/pv/entry.h"

#define VECTORS        256
#define GATE_INTERRUPT 0x8e         /* present, ring 0, 64-bit interrupt gate */
#define GATE_FOR_RING3 0x60         /* INT n may use it */
#define DR6_INITIAL    0xffff0ff0ul /* AMD APM 2, section 13.1.1.3 */

/* Vectors that the CPU raises before or at an instruction which a table of fix-ups can name. */
#define FAULTS (1u << 0 | 1u << 6 | 0x1fu << 10 | 1u << 17)

/* AMD APM 2, section 4.8.4. */
struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, zero;
};

extern const char trap_stubs[]; /* trap_entry.S */

static struct gate table[VECTORS] __attribute__((aligned(4096)));

static uint8_t ist_of(unsigned int vector)
{
    switch (vector) {
    case TRAP_NMI: return IST_NMI;
    case TRAP_DF: return IST_DF;
    case TRAP_MC: return IST_MC;
    case TRAP_DB: return IST_DB;
    }
    return 0;
}

void trap_init(void)
{
    for (unsigned int i = 0; i < VECTORS; i++) {
        uint64_t stub = (uint64_t)trap_stubs + i * TRAP_STUB_SIZE;
        bool open = i == TRAP_BP || i == TRAP_OF || i == TRAP_INT80;

        table[i] = (struct gate){
            .low = (uint16_t)stub,
            .middle = (uint16_t)(stub >> 16),
            .high = (uint32_t)(stub >> 32),
            .selector = SELECTOR_CODE,
            .ist = ist_of(i),
            .type = (uint8_t)(GATE_INTERRUPT | (open ? GATE_FOR_RING3 : 0)),
        };
    }
}

void trap_load(void)
{
    const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } idtr = {
        sizeof(table) - 1,
        (uint64_t)table,
    };

    __asm__ volatile("lidt %0" : : "m"(idtr));
}

const char *trap_name(uint64_t vector)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "?", "#TS",
        "#NP", "#SS", "#GP", "#PF", "?",   "#MF", "#AC", "#MC", "#XF", "?", "#CP",
    };

    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "?";
}

void trap_inside(struct regs *regs)
{
    uint64_t to;

    if (regs->vector < TRAP_COUNT && (FAULTS >> regs->vector & 1) && fault_fixup(regs->rip, &to)) {
        if (regs->rip == (uint64_t)exit_iretq)
            pv_iret_fault(regs);
        regs->rip = to;
        return;
    }
    if (!efi_fault(regs, trap_name(regs->vector)))
        panic_trap(regs, trap_name(regs->vector));
}

/*
 * #DB in Zeroth is a guest's doing: a breakpoint on its own data, reached by a copy; one put off by
 * MOV SS until after the next instruction, which was a way in; or TF, which SYSENTER leaves set
 * (its entry saves the flags before it clears them).  DR6 is not told to the guest.
 */
static void debug_inside(struct regs *regs)
{
    bool sysenter = regs->rip >= (uint64_t)entry_sysenter && regs->rip < (uint64_t)exit_to_guest;

    __asm__ volatile("movq %0, %%db6" : : "r"(DR6_INITIAL));
    if (!sysenter)
        regs->rflags &= ~FLAGS_TF;
}

void trap_on_ist(struct regs *regs)
{
    switch (regs->vector) {
    case TRAP_DB: debug_inside(regs); return;
    case TRAP_NMI: nmi_came(regs); return;
    case TRAP_MC: machine_check(regs);
    default: panic_trap(regs, "#DF: an exception could not be delivered (stack overflow?)");
    }
}
