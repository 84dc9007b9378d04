/* SPDX-License-Identifier: Apache-2.0 */
/* The native entries of all 256 vectors, 16 bytes each. */
    .text
    .balign 16
    .globl  native_vectors
native_vectors:
    .set    vector, 0
    .rept   256
    .balign 16
    .if     (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    push    $0                          /* no error code (AMD APM 2, table 8-1) */
    .endif
    push    $vector
    jmp     pv_trap_common
    .set    vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
