/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts, and what a kernel gets that defines no handlers of its own. */
#include "start.h"

#include <pv/ops.h>
#include <pv/print.h>
#include <pv/trap.h>

#define FIRST_INTERRUPT 0x20

/* An interrupt, as the platform takes it: a site of its own, reached from here only. */
static void take_interrupt(struct pv_regs *regs)
{
    uint64_t a0 = (uint64_t)regs;

    __asm__ volatile(PV_SITE
                     : "+D"(a0)
                     : PV_NUMBER(interrupt)
                     : "rax", "rdx", "rsi", PV_CALL_CLOBBERS);
}

void pv_dispatch(struct pv_regs *regs)
{
    if (regs->vector >= PV_VECTOR_TIMER)
        take_interrupt(regs);
    else if (regs->vector >= FIRST_INTERRUPT && regs->vector != 0x80)
        pv_interrupt((unsigned int)regs->vector, regs);
    else
        pv_trap(regs);
}

__attribute__((weak)) void pv_trap(struct pv_regs *regs)
{
    pv_print("exception %lu, error %lx, at %04lx:%016lx, flags %lx, stack %016lx, cr2 %016lx\n",
             regs->vector, regs->error, regs->cs, regs->rip, regs->rflags, regs->rsp,
             pv_read_cr2());
    pv_power_off();
}

__attribute__((weak)) void pv_interrupt(unsigned int vector, struct pv_regs *regs)
{
    (void)vector;
    (void)regs;
}
