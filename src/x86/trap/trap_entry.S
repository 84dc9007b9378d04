/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stub a vector.  From ring 3, which is a PV guest, the CPU has pushed onto the end of the
 * current vCPU's struct regs (TSS.RSP0) and the rest is pushed there; C runs on the CPU's own stack
 * and the way out is exit_to_guest (x86/pv/entry.S).  From Zeroth the registers stand on the stack
 * that was in use, and IRET goes back.
 */
#include "x86/entry.inc"
#include "x86/gdt.h"
#include "x86/regs.h"
#include "x86/trap/trap.h"

/* Offsets in struct regs. */
#define REGS_VECTOR 120
#define REGS_RIP    136
#define REGS_CS     144
#define REGS_WORDS  (REGS_SIZE / 8)

#define MSR_GS_BASE 0xc0000101

    .macro save
    .irp register, rdi,rsi,rdx,rcx,rax,r8,r9,r10,r11,rbx,rbp,r12,r13,r14,r15
    push    %\register
    .endr
    cld
    patch_trap
    .endm

    /* The error code and the vector go, too. */
    .macro restore_and_iret
    .irp register, r15,r14,r13,r12,rbp,rbx,r11,r10,r9,r8,rax,rcx,rdx,rsi,rdi
    pop     %\register
    .endr
    add     $16, %rsp
    iretq
    .endm

    .text

/* Those without an error code push 0 for it (AMD APM 2, table 8-1). */
    .set    vector, 0
begin trap_stubs
    .rept   256
    .balign TRAP_STUB_SIZE
    .if (vector != 8) && (vector != 17) && (vector != 21) && (vector != 29) && \
        (vector != 30) && ((vector < 10) || (vector > 14))
    push    $0
    .endif
    push    $vector
    .if (vector == TRAP_DB) || (vector == TRAP_NMI) || (vector == TRAP_DF) || (vector == TRAP_MC)
    jmp     on_ist
    .elseif (vector < TRAP_COUNT) || (vector == TRAP_INT80)
    jmp     exception
    .else
    jmp     interrupt
    .endif
    .set    vector, vector + 1
    .endr

    .balign 64
exception:
    save
    testb   $3, REGS_CS(%rsp)
    jz      exception_inside
    swapgs
exception_outside:
    mov     %rsp, %rdi
    mov     REGS_VECTOR(%rsp), %ecx
    mov     REGS_RIP(%rsp), %rdx
    mov     %gs:PERCPU_STACK_TOP, %rsp
    or      $TRACE_TRAP, %ecx
    trace   %rcx, %rdx, %eax, %rax
    patch_enter
    call    pv_trap
    jmp     exit_to_guest

/* The IRET to a guest is the one instruction that may fault with the guest's GS base. */
exception_inside:
    lea     exit_iretq(%rip), %rax
    cmp     %rax, REGS_RIP(%rsp)
    jne     1f
    swapgs
    patch_enter
1:  mov     %rsp, %rdi
    call    trap_inside
    restore_and_iret

    .balign 64
interrupt:
    save
    testb   $3, REGS_CS(%rsp)
    jz      interrupt_inside
    swapgs
    mov     %rsp, %rdi
    mov     REGS_VECTOR(%rsp), %ecx
    mov     REGS_RIP(%rsp), %rdx
    mov     %gs:PERCPU_STACK_TOP, %rsp
    or      $TRACE_IRQ, %ecx
    trace   %rcx, %rdx, %eax, %rax
    patch_enter
    call    irq_dispatch
    jmp     exit_to_guest

interrupt_inside:
    mov     %rsp, %rdi
    call    irq_dispatch
    restore_and_iret

/*
 * These come at any instruction, with GS base and stack of a guest's as well: the CPU's data is
 * found above the frame, and the GS base is put back as it was.
 */
    .balign 64
on_ist:
    save
    cmpb    $TRAP_DB, REGS_VECTOR(%rsp)
    jne     1f
    testb   $3, REGS_CS(%rsp)
    jnz     debug_outside
1:  mov     $MSR_GS_BASE, %ecx
    rdmsr
    mov     %eax, %ebx
    mov     %edx, %ebp
    mov     REGS_SIZE(%rsp), %rax
    mov     %rax, %rdx
    shr     $32, %rdx
    wrmsr
    mov     %rsp, %rdi
    call    trap_on_ist
    mov     $MSR_GS_BASE, %ecx
    mov     %ebx, %eax
    mov     %ebp, %edx
    wrmsr
    restore_and_iret

/* #DB from a guest goes on as if it had come by its struct regs. */
debug_outside:
    swapgs
    mov     %rsp, %rsi
    mov     %gs:PERCPU_REGS_END, %rdi
    sub     $REGS_SIZE, %rdi
    mov     %rdi, %rdx
    mov     $REGS_WORDS, %ecx
    rep movsq
    mov     %rdx, %rsp
    jmp     exception_outside

    .section .note.GNU-stack, "", @progbits
