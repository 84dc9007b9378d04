/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in from a PV guest by SYSCALL and SYSENTER, and the ways out to it.  A vCPU's registers
 * are saved in its own struct regs (x86/regs.h), at whose end the pushes begin; C runs on the CPU's
 * stack.  Offsets below are from the end of struct regs; names ending in FROM_END come from
 * offsets.c.  Interrupts are off wherever RSP is not on the CPU's stack, and nothing there can fault.
 */
#include "x86/entry.inc"
#include "x86/gdt.h"

#define R_R15    -176
#define R_R14    -168
#define R_R13    -160
#define R_R12    -152
#define R_RBP    -144
#define R_RBX    -136
#define R_R11    -128
#define R_R10    -120
#define R_R9     -112
#define R_R8     -104
#define R_RAX    -96
#define R_RCX    -88
#define R_RDX    -80
#define R_RSI    -72
#define R_RDI    -64
#define R_VECTOR -56
#define R_RIP    -40
#define R_CS     -32
#define R_RFLAGS -24
#define R_RSP    -16
#define R_SS     -8

#define REGS_SYSCALL   0x100    /* x86/regs.h */
#define DOOR_RESTART   -1000    /* abi/door.h */
#define HYPERCALLS     64       /* DOOR_CALLS there */
#define KERNEL_MODE    1        /* PV_KERNEL_MODE of vcpu.h */
#define FAILSAFE_DUE   2        /* PV_FAILSAFE there */
#define EVENT_WANTED   1        /* vcpu_info: pending (byte 0) and not masked (byte 1) */
#define HYPERVISOR_END 0xffff880000000000
/* Flags that only IRET may load: TF would trap at once, RF, VM and NT are lost by SYSRET. */
#define FLAGS_BY_IRET  0x34100
#define FLAGS_IF       0x200
#define SYSCALL_LENGTH 2

    .text

/* What SYSCALL does not save but C may change; from here on RSP is 48 bytes above struct regs. */
    .macro save_caller_saved vector
    push    $0
    push    $\vector
    push    %rdi
    push    %rsi
    push    %rdx
    push    %rcx
    push    %rax
    push    %r8
    push    %r9
    push    %r10
    push    %r11
    .endm

    .macro save_callee_saved
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    .endm

/*
 * 64-bit SYSCALL: rip is in rcx, rflags in r11, and both are lost to the guest.  From its kernel it
 * is a hypercall; the registers that C preserves are saved only when the way out needs them in
 * memory.
 */
begin entry_syscall
    swapgs
    mov     %rsp, %gs:PERCPU_GUEST_RSP
    mov     %gs:PERCPU_REGS_END, %rsp
    push    $SELECTOR_USER_DATA
    push    %gs:PERCPU_GUEST_RSP
    push    %r11
    push    $SELECTOR_USER_CODE
    push    %rcx
    save_caller_saved REGS_SYSCALL
    testb   $KERNEL_MODE, (PV_FLAGS_FROM_END - R_R11)(%rsp)
    jz      user_syscall
    mov     %gs:PERCPU_STACK_TOP, %rsp
    cmp     $HYPERCALLS, %rax
    jae     no_hypercall
    and     $HYPERCALLS - 1, %eax               /* nor while the CPU only guesses so */
    trace   %rax, %rcx, %r11d, %r11
    patch_enter
    mov     %r10, %rcx
    lea     hypercall_pv(%rip), %r10
    sti
    call    *(%r10, %rax, 8)
    cli
hypercall_done:
    mov     %gs:PERCPU_REGS_END, %rdx
    cmp     $DOOR_RESTART, %rax
    je      hypercall_restart
    mov     %rax, R_RAX(%rdx)

hypercall_exit:
    cmpl    $0, %gs:PERCPU_SOFTIRQS
    jne     hypercall_exit_slowly
    mov     INFO_FROM_END(%rdx), %rcx
    cmpw    $EVENT_WANTED, (%rcx)
    je      hypercall_event
    cmpb    $0, NMI_FROM_END(%rdx)
    jne     hypercall_exit_slowly
    cmpl    $REGS_SYSCALL, R_VECTOR(%rdx)       /* else HYPERVISOR_iret has put other registers */
    jne     hypercall_exit_by_iret
    mov     R_RIP(%rdx), %rcx
    mov     R_RFLAGS(%rdx), %r11
    test    $FLAGS_BY_IRET, %r11d
    jnz     hypercall_exit_slowly
    /* SYSRET faults in ring 0 on an address that is not canonical (Intel SDM 2, SYSRET). */
    mov     $HYPERVISOR_END, %rax
    cmp     %rax, %rcx
    jb      hypercall_exit_low
hypercall_sysret:
    patch_leave
    lea     R_R10(%rdx), %rsp
    jmp     restore_and_sysret

hypercall_exit_low:
    mov     %rcx, %rax
    shr     $47, %rax
    jz      hypercall_sysret
/* No further than to there: all that IRET does not load is as C has left it. */
hypercall_exit_by_iret:
    patch_leave
    jmp     exit_by_iret

/* An event for the kernel that called, or that has gone back to itself by HYPERVISOR_iret. */
hypercall_event:
    mov     %gs:PERCPU_CURRENT, %rdi
    call    pv_deliver_event
    mov     %gs:PERCPU_REGS_END, %rdx
    test    %al, %al
    jnz     hypercall_exit

hypercall_exit_slowly:
    lea     R_R11(%rdx), %rsp
    save_callee_saved
    jmp     exit_to_guest

/* RSP: at r10 of struct regs. */
restore_and_sysret:
    pop     %r10
    pop     %r9
    pop     %r8
    pop     %rax
    lea     8(%rsp), %rsp
    pop     %rdx
    pop     %rsi
    pop     %rdi
    mov     (R_RSP - R_VECTOR)(%rsp), %rsp
    swapgs
    sysretq

/* The guest's instruction is to be run again, with arguments as changed.  HYPERVISOR_iret and others
 * whose result may be any number make the vector another to say that it is one. */
hypercall_restart:
    cmpl    $REGS_SYSCALL, R_VECTOR(%rdx)
    jne     hypercall_number
    subq    $SYSCALL_LENGTH, R_RIP(%rdx)
    jmp     hypercall_exit
hypercall_number:
    mov     %rax, R_RAX(%rdx)
    jmp     hypercall_exit_slowly

no_hypercall:
    cli
    mov     $-38, %rax                          /* -XEN_ENOSYS */
    jmp     hypercall_done

user_syscall:
    save_callee_saved
    mov     %gs:PERCPU_STACK_TOP, %rsp
    patch_enter
    call    pv_user_syscall
    jmp     exit_to_guest

/* SYSCALL of 32-bit code (AMD): as above, with its flat code segment. */
begin entry_syscall32
    swapgs
    mov     %rsp, %gs:PERCPU_GUEST_RSP
    mov     %gs:PERCPU_REGS_END, %rsp
    push    $SELECTOR_USER_DATA
    push    %gs:PERCPU_GUEST_RSP
    push    %r11
    push    $SELECTOR_USER_CODE32
    push    %rcx
    save_caller_saved 0
    save_callee_saved
    mov     %gs:PERCPU_STACK_TOP, %rsp
    patch_enter
    call    pv_user_syscall32
    jmp     exit_to_guest

/* SYSENTER (Intel; AMD in 32-bit mode only): the CPU saves nothing, clears IF only, and RSP is that
 * of the MSR, so the flags are read on the CPU's stack and then made harmless.  IF was on, as always in
 * a guest. */
begin entry_sysenter
    swapgs
    mov     %gs:PERCPU_STACK_TOP, %rsp
    pushfq
    push    $2
    popfq
    pop     %gs:PERCPU_GUEST_RSP
    orl     $FLAGS_IF, %gs:PERCPU_GUEST_RSP
    mov     %gs:PERCPU_REGS_END, %rsp
    push    $SELECTOR_USER_DATA
    push    $0
    push    %gs:PERCPU_GUEST_RSP
    push    $SELECTOR_USER_CODE32
    push    $0
    save_caller_saved 0
    save_callee_saved
    mov     %gs:PERCPU_STACK_TOP, %rsp
    patch_enter
    call    pv_user_sysenter
    /* fall through */

/* To the current vCPU, all of whose registers are in memory. */
begin exit_to_guest
    cli
    mov     %gs:PERCPU_STACK_TOP, %rsp
    xor     %ebp, %ebp
    mov     %gs:PERCPU_CURRENT, %rdx
    cmpl    $0, %gs:PERCPU_SOFTIRQS
    jne     exit_by_work
    cmpb    $0, VCPU_BY_WORK(%rdx)
    jne     exit_by_work
    add     $VCPU_REGS_END, %rdx
    mov     INFO_FROM_END(%rdx), %rcx
    cmpw    $EVENT_WANTED, (%rcx)
    je      exit_by_work
    cmpb    $0, NMI_FROM_END(%rdx)
    jne     exit_by_work
    testb   $FAILSAFE_DUE, PV_FLAGS_FROM_END(%rdx)
    jnz     exit_by_work
exit_now:
    patch_leave
    mov     R_R15(%rdx), %r15
    mov     R_R14(%rdx), %r14
    mov     R_R13(%rdx), %r13
    mov     R_R12(%rdx), %r12
    mov     R_RBP(%rdx), %rbp
    mov     R_RBX(%rdx), %rbx
    cmpl    $REGS_SYSCALL, R_VECTOR(%rdx)
    jne     exit_by_iret
    mov     R_RIP(%rdx), %rcx
    mov     R_RFLAGS(%rdx), %r11
    test    $FLAGS_BY_IRET, %r11d
    jnz     exit_by_iret
    mov     $HYPERVISOR_END, %rax
    cmp     %rax, %rcx
    jae     exit_by_sysret
    mov     %rcx, %rax
    shr     $47, %rax
    jnz     exit_by_iret
exit_by_sysret:
    lea     R_R10(%rdx), %rsp
    jmp     restore_and_sysret

exit_by_work:
    call    exit_work
    mov     %gs:PERCPU_REGS_END, %rdx
    cmpb    $0, BY_WORK_FROM_END(%rdx)
    je      exit_now
    jmp     *exit_by_hardware(%rip)             /* x86/way.h */

/* IRET may fault, then the CPU pushes on the stack that it finds: the frame must not be read from
 * struct regs. */
exit_by_iret:
    pushq   R_SS(%rdx)
    pushq   R_RSP(%rdx)
    pushq   R_RFLAGS(%rdx)
    pushq   R_CS(%rdx)
    pushq   R_RIP(%rdx)
    mov     R_R11(%rdx), %r11
    mov     R_R10(%rdx), %r10
    mov     R_R9(%rdx), %r9
    mov     R_R8(%rdx), %r8
    mov     R_RAX(%rdx), %rax
    mov     R_RCX(%rdx), %rcx
    mov     R_RSI(%rdx), %rsi
    mov     R_RDI(%rdx), %rdi
    mov     R_RDX(%rdx), %rdx
    swapgs
    .globl  exit_iretq
    .hidden exit_iretq
exit_iretq:
    iretq

/* The guest's segments, stack or address are none.  The fault's entry has put Zeroth's GS base back. */
exit_iretq_failed:
    mov     %gs:PERCPU_REGS_END, %rsp
    lea     R_R11(%rsp), %rsp
    save_callee_saved                           /* a hypercall may have left them in registers */
    mov     %gs:PERCPU_STACK_TOP, %rsp
    call    pv_iret_failed
    jmp     exit_to_guest

    .pushsection .fixup_table, "a"
    .balign 4
    .long   exit_iretq - ., exit_iretq_failed - .
    .popsection

    .section .note.GNU-stack, "", @progbits
