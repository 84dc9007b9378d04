/* SPDX-License-Identifier: Apache-2.0 */
/* From System V's calling convention to the firmware's (UEFI 2.10, 2.3.4.2), on a stack of its own. */
#include "x86/entry.inc"

    .text

/* uint64_t efi_enter(uint64_t function, const uint64_t arguments[EFI_ARGUMENTS], uint64_t stack) */
begin efi_enter
    .irp register, rbx,rbp,r12,r13,r14,r15
    push    %\register
    .endr
    mov     %rsp, efi_left(%rip)
    mov     %rdi, %rax
    lea     -48(%rdx), %rsp             /* room for four arguments, then the fifth; 16-aligned */
    mov     32(%rsi), %rcx
    mov     %rcx, 32(%rsp)
    mov     (%rsi), %rcx
    mov     8(%rsi), %rdx
    mov     16(%rsi), %r8
    mov     24(%rsi), %r9
    call    *%rax

/* A fault of the firmware's ends here, too, with a status in RAX. */
    .globl  efi_leave
    .hidden efi_leave
efi_leave:
    mov     efi_left(%rip), %rsp
    cld
    .irp register, r15,r14,r13,r12,rbp,rbx
    pop     %\register
    .endr
    ret

    .local  efi_left
    .comm   efi_left, 8, 8

    .section .note.GNU-stack, "", @progbits
