/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into a hardware guest and out again.  VMRUN changes of the registers RAX, RSP, RIP and the flags;
 * VMLOAD and VMSAVE the segments that it leaves, GS among them; the others are changed here.  From
 * CLGI to STGI nothing interrupts, NMIs neither.
 */
#include "x86/entry.inc"
#include "x86/regs.h"

/* Offsets in struct regs. */
#define R_R15    0
#define R_R14    8
#define R_R13    16
#define R_R12    24
#define R_RBP    32
#define R_RBX    40
#define R_R11    48
#define R_R10    56
#define R_R9     64
#define R_R8     72
#define R_RCX    88
#define R_RDX    96
#define R_RSI    104
#define R_RDI    112

    .text

/* RSP is at the top of the CPU's stack, interrupts are off: IF must be on for a guest to be left for
 * an interrupt. */
begin svm_enter
    patch_leave
    mov     %gs:PERCPU_REGS_END, %rdx
    sub     $REGS_SIZE, %rdx
    mov     %gs:PERCPU_GUEST_STATE, %rax
    pushq   %gs:PERCPU_HOST_STATE
    mov     R_R15(%rdx), %r15
    mov     R_R14(%rdx), %r14
    mov     R_R13(%rdx), %r13
    mov     R_R12(%rdx), %r12
    mov     R_RBP(%rdx), %rbp
    mov     R_RBX(%rdx), %rbx
    mov     R_R11(%rdx), %r11
    mov     R_R10(%rdx), %r10
    mov     R_R9(%rdx), %r9
    mov     R_R8(%rdx), %r8
    mov     R_RCX(%rdx), %rcx
    mov     R_RSI(%rdx), %rsi
    mov     R_RDI(%rdx), %rdi
    mov     R_RDX(%rdx), %rdx
    clgi
    sti
    vmload  %rax
    vmrun   %rax
    vmsave  %rax
    pop     %rax
    vmload  %rax
    mov     %gs:PERCPU_REGS_END, %rax
    sub     $REGS_SIZE, %rax
    mov     %r15, R_R15(%rax)
    mov     %r14, R_R14(%rax)
    mov     %r13, R_R13(%rax)
    mov     %r12, R_R12(%rax)
    mov     %rbp, R_RBP(%rax)
    mov     %rbx, R_RBX(%rax)
    mov     %r11, R_R11(%rax)
    mov     %r10, R_R10(%rax)
    mov     %r9, R_R9(%rax)
    mov     %r8, R_R8(%rax)
    mov     %rcx, R_RCX(%rax)
    mov     %rdx, R_RDX(%rax)
    mov     %rsi, R_RSI(%rax)
    mov     %rdi, R_RDI(%rax)
    xor     %ebp, %ebp
    cli
    stgi
    patch_enter
    call    svm_exit
    jmp     exit_to_guest

    .section .note.GNU-stack, "", @progbits
