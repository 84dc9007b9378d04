/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest way of a #UD of a PV guest: step over the ud2 and go back. */
    .text
    .globl bench_trap_ud
bench_trap_ud:
    pop     %rcx
    pop     %r11
    addq    $2, (%rsp)
    pushq   $0                          /* struct iret_context from its end: flags */
    push    %rcx
    push    %r11
    push    %rax
    mov     $23, %eax                   /* HYPERVISOR_iret */
    syscall

    .section .note.GNU-stack, "", @progbits
