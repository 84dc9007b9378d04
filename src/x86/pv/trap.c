/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions of PV guests: what Zeroth does for them itself, and what their kernel gets. */
#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/copy.h"
#include "x86/fpu.h"
#include "x86/gdt.h"
#include "x86/layout.h"
#include "x86/pv/bounce.h"
#include "x86/pv/debug.h"
#include "x86/pv/emulate.h"
#include "x86/pv/entry.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/trap/trap.h"

#define TRAP_UD      6
#define TRAP_NM      7
#define TRAP_GP      13
#define INT80_LENGTH 2u

#define PREFIX      0x6e65780b0ful /* ud2 and "xen", XEN_EMULATE_PREFIX of the ABI */
#define PREFIX_MASK 0xfffffffffful

#define FAULT_USER     4u /* page fault's error code: by ring 3 */
#define ERROR_EXTERNAL 1u /* other error codes: not the guest's instruction; */
#define ERROR_IDT      2u /* a vector, not a selector */

/* The guest's kernel runs in ring 3 as well, and is not to see that. */
static __attribute__((noinline)) void page_fault(struct x86_vcpu *v, uint32_t error)
{
    uint64_t address = cr2_read();

    irq_on();
    if (address - SEGMENTS_BASE < SEGMENTS_SIZE && pv_ldt_fault(v, &address))
        return;
    if (pv_mmu_fault(v, address, error))
        return;
    if (pv_in_kernel(v))
        error &= ~FAULT_USER;
    pv_bounce_page_fault(v, address, error);
}

/* Gates of most vectors are closed to ring 3, so INT n comes here. */
static void software_interrupt(struct x86_vcpu *v, uint32_t error)
{
    unsigned int length, vector = pv_software_vector(v, error, &length);

    v->regs.rip += length;
    pv_bounce_software(v, vector, length);
}

static __attribute__((noinline)) void general_protection(struct x86_vcpu *v, uint32_t error)
{
    irq_on();
    if ((error & (ERROR_IDT | ERROR_EXTERNAL)) == ERROR_IDT)
        software_interrupt(v, error);
    else if (error || !pv_emulate(v))
        pv_bounce_trap(v, TRAP_GP, error);
}

/* Most are no XEN_CPUID, which one word shows. */
static __attribute__((noinline)) void undefined_opcode(struct x86_vcpu *v)
{
    uint64_t word;
    bool flat = v->regs.cs == SELECTOR_USER_CODE && read_word_of_guest(&word, v->regs.rip);

    if (flat && (word & PREFIX_MASK) != PREFIX) {
        pv_bounce_trap(v, TRAP_UD, 0);
        return;
    }
    irq_on();
    if (!(flat && pv_emulate_forced_word(v, word)) && !pv_emulate_forced(v))
        pv_bounce_trap(v, TRAP_UD, 0);
}

/* INT3 and INTO are here too: Xen asks their gates' DPL as little. */
static __attribute__((noinline)) void other_trap(struct x86_vcpu *v, unsigned int vector,
                                                 uint32_t error)
{
    switch (vector) {
    case TRAP_NM:
        /* The handler finds CR0.TS clear, as it is to load the FPU's state. */
        fpu_set_ts(v, false);
        break;
    case TRAP_DB: pv_debug_trap(v); break;
    case TRAP_INT80: pv_bounce_software(v, TRAP_INT80, INT80_LENGTH); return;
    }
    ASSERT(vector < TRAP_COUNT);
    pv_bounce_trap(v, vector, error);
}

void pv_trap(struct regs *regs)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    uint32_t error = (uint32_t)regs->error, vector = (uint32_t)regs->vector;

    ASSERT(regs == &v->regs);
    if (vector == TRAP_PF)
        page_fault(v, error);
    else if (vector == TRAP_GP)
        general_protection(v, error);
    else if (vector == TRAP_UD)
        undefined_opcode(v);
    else
        other_trap(v, vector, error);
}
