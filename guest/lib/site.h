/* SPDX-License-Identifier: Apache-2.0 */
/* Sites in assembly: an operation called, or jumped to (pv/ops.h has C's form). */
/* clang-format off */
#ifndef PV_SITE_H
#define PV_SITE_H

#include <pv/oplist.h>

    .macro pv_site kind, op
771:
    \kind   *pv_ops + 8 * \op(%rip)
    .pushsection .pv_sites, "a"
    .long   771b - ., 771b - ., 0
    .byte   \op, PV_SITE_LENGTH, 0, 0
    .popsection
    .endm

    .macro push_registers
    .irp    r, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    push    %\r
    .endr
    .endm

    .macro pop_registers
    .irp    r, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    pop     %\r
    .endr
    .endm

#endif
