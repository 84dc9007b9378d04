/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a case, and gets it back when an exception ended it. */
    .text
/* bool conform_call(void (*function)(void)): true if it returned by itself. */
    .globl conform_call
conform_call:
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, conform_stack
    call    *%rdi
    mov     $1, %eax
1:  pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    ret
    .globl conform_abort
conform_abort:
    mov     conform_stack, %rsp
    xor     %eax, %eax
    jmp     1b

    .section .bss
    .balign 8
conform_stack:
    .skip   8

    .section .note.GNU-stack, "", @progbits
