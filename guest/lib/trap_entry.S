/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common way of all exceptions and interrupts, native or not: struct pv_regs on the stack,
 * pv_dispatch(), and back.
 */
#include "site.h"

    .text
/* The stack holds vector, error code and what the CPU pushed. */
    .globl  pv_trap_common
pv_trap_common:
    cld
    testb   $3, 24(%rsp)                /* from user mode? */
    jz      1f
    pv_site call, PV_OP_swapgs
1:  push_registers
    mov     %rsp, %rdi
    call    pv_dispatch
    .globl  pv_trap_return
pv_trap_return:
    pop_registers
    testb   $3, 24(%rsp)
    jz      1f
    pv_site call, PV_OP_swapgs
1:  add     $16, %rsp
    pv_site jmp, PV_OP_iret

    .section .note.GNU-stack, "", @progbits
