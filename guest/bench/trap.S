/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest ways of a PV guest: exceptions, HYPERVISOR_iret, system calls. */
    .text
/* #PF: the same as #UD, the error code off. */
    .globl bench_trap_pf
bench_trap_pf:
    pop     %rcx
    pop     %r11
    add     $8, %rsp
    jmp     1f

/* Step over two bytes, and go back. */
    .globl bench_trap_ud
bench_trap_ud:
    pop     %rcx
    pop     %r11
1:  addq    $2, (%rsp)
    pushq   $0                          /* struct iret_context from its end: flags */
    push    %rcx
    push    %r11
    push    %rax
    mov     $23, %eax                   /* HYPERVISOR_iret */
    syscall

/* A return to where it was called from. */
    .globl bench_iret
bench_iret:
    pop     %rax
    mov     %rsp, %rcx
    pushq   $0xe02b                     /* FLAT_KERNEL_SS */
    push    %rcx
    pushq   $2
    pushq   $0xe030                     /* FLAT_KERNEL_CS, ring 0: to the kernel */
    push    %rax
    pushq   $0
    pushq   $0
    pushq   $0
    pushq   $0
    mov     $23, %eax
    syscall

/* Into user mode at %rdi with the stack %rsi; back by a system call with %rax = 1. */
    .globl bench_user_enter
bench_user_enter:
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, kernel_stack
    pushq   $0xe02b
    push    %rsi
    pushq   $0x202
    pushq   $0xe033                     /* FLAT_USER_CS */
    push    %rdi
    pushq   $0
    pushq   $0
    pushq   $0
    pushq   $0
    mov     $23, %eax
    syscall

/* A system call: rcx, r11 and the frame; at once back, or (%rax = 1) into the kernel. */
    .globl bench_syscall
bench_syscall:
    test    %eax, %eax
    jnz     2f
    pop     %rcx
    pop     %r11
    pushq   $0x100                      /* VGCF_in_syscall */
    push    %rcx
    push    %r11
    push    %rax
    mov     $23, %eax
    syscall
2:  mov     kernel_stack, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    ret

/* What runs in user mode: 64 system calls between two readings of the TSC, in %r12 at the end. */
    .globl bench_user_code, bench_user_code_end
bench_user_code:
    mov     $64, %ebx
    rdtsc
    shl     $32, %rdx
    or      %rdx, %rax
    mov     %rax, %r12
1:  xor     %eax, %eax
    syscall
    dec     %ebx
    jnz     1b
    rdtsc
    shl     $32, %rdx
    or      %rdx, %rax
    sub     %r12, %rax
    mov     %rax, 8(%rsp)
    mov     $1, %eax
    syscall
bench_user_code_end:

    .section .bss
    .balign 8
kernel_stack:
    .skip   8

    .section .note.GNU-stack, "", @progbits
