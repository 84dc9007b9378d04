/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of a PV guest that keep all registers: those on the interrupt flag, which is a byte of
 * this CPU's vcpu_info (xen/xen.h, struct vcpu_info), and thunks around C functions.
 */
#include <pv/cpu.h>
#include <pv/oplist.h>

#define PENDING PV_CPU_SHARED
#define MASK    (PV_CPU_SHARED + 1)
#define CR2     (PV_CPU_SHARED + 16)

    .text
/* The token is the mask; the same code stands in the sites (pv.c). */
    .globl  xen_pv_irq_flags
xen_pv_irq_flags:
    movzbl  %gs:MASK, %eax
    ret

    .globl  xen_pv_irq_disable
xen_pv_irq_disable:
    movb    $1, %gs:MASK
    ret

    .globl  xen_pv_irq_restore
xen_pv_irq_restore:
    test    %dil, %dil
    jnz     xen_pv_irq_disable
/* Unmask, then look: an event that came before is delivered on the way out of any hypercall. */
    .globl  xen_pv_irq_enable
xen_pv_irq_enable:
    movb    $0, %gs:MASK
    cmpb    $0, %gs:PENDING
    jne     xen_pv_force
    ret

    .globl  xen_pv_read_cr2
xen_pv_read_cr2:
    mov     %gs:CR2, %rax
    ret

/* Nothing: the hypervisor switches GS on the way in and out. */
    .globl  xen_pv_swapgs, xen_pv_swapgs_end
xen_pv_swapgs:
    .nops   PV_SITE_LENGTH
xen_pv_swapgs_end:
    ret

/* A function of C that keeps every register, but the result's when there is one. */
    .macro thunk name, function, result=0
    .globl  \name
\name:
    .if     \result == 0
    push    %rax
    .endif
    .irp    r, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    push    %\r
    .endr
    call    \function
    .irp    r, r11, r10, r9, r8, rdi, rsi, rdx, rcx
    pop     %\r
    .endr
    .if     \result == 0
    pop     %rax
    .endif
    ret
    .endm

    thunk   xen_pv_force, xen_force_upcall
    thunk   xen_pv_idle, xen_block
    thunk   xen_pv_halt, xen_cpu_down
    thunk   xen_pv_read_cr0, xen_do_read_cr0, result=1
    thunk   xen_pv_write_cr0, xen_do_write_cr0
    thunk   xen_pv_read_cr3, xen_do_read_cr3, result=1
    thunk   xen_pv_write_cr3, xen_do_write_cr3
    thunk   xen_pv_get_pte, xen_do_get_pte, result=1
    thunk   xen_pv_set_pte, xen_do_set_pte
    thunk   xen_pv_flush_tlb, xen_do_flush_tlb
    thunk   xen_pv_flush_page, xen_do_flush_page
    thunk   xen_pv_switch_stack, xen_do_switch_stack

/* wrmsr, and the base of FS by its hypercall: ECX, EDX:EAX as the instruction has them. */
    .globl  xen_pv_write_msr
xen_pv_write_msr:
    cmp     $0xc0000100, %ecx
    je      1f
    wrmsr
    ret
1:  push    %rdi
    push    %rdx
    mov     %eax, %edi
    shl     $32, %rdx
    or      %rdx, %rdi
    pop     %rdx
    call    xen_pv_set_fs_base
    pop     %rdi
    ret

    thunk   xen_pv_set_fs_base, xen_do_set_fs_base

    .section .note.GNU-stack, "", @progbits
