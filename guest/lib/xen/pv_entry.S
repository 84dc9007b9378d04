/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into a PV guest: its first instruction, exceptions, events; and the way back by
 * HYPERVISOR_iret (xen/arch-x86/xen-x86_64.h).
 */
#include <pv/cpu.h>
#include <pv/trap.h>
#include "../start.h"

#define HYPERVISOR_iret 23

/* %rsi: struct start_info, on page tables and a stack of the domain builder. */
    .section .text.boot, "ax"
    .globl  xen_pv_entry
xen_pv_entry:
    cld
    mov     $pv_stacks + PV_STACK_SIZE, %rsp
    xor     %ebp, %ebp
    mov     $PV_ENTRY_DIRECT, %edi
    call    pv_start
    ud2

/* Another CPU, on its own stack: %rdi is its number. */
    .globl  xen_pv_processor
xen_pv_processor:
    xor     %ebp, %ebp
    call    pv_cpu_enter
    ud2

    .text
    .balign 4096
    .globl  hypercall_page
hypercall_page:
    .skip   4096

/* long hypercall_any(unsigned int nr, const uint64_t args[5]) */
    .globl  hypercall_any
hypercall_any:
    mov     %edi, %eax
    shl     $5, %eax
    add     $hypercall_page, %rax
    mov     %rsi, %r11
    mov     (%r11), %rdi
    mov     8(%r11), %rsi
    mov     16(%r11), %rdx
    mov     24(%r11), %r10
    mov     32(%r11), %r8
    jmp     *%rax

/* Exceptions: rcx and r11 lie above what a CPU would push.  16 bytes each, of all 256 vectors. */
    .balign 16
    .globl  xen_pv_vectors
xen_pv_vectors:
    .set    vector, 0
    .rept   256
    .balign 16
    pop     %rcx
    pop     %r11
    .if     (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
    .else
    push    $0
    .endif
    push    $vector
    jmp     pv_trap_common
    .set    vector, vector + 1
    .endr

    .globl  xen_pv_event
xen_pv_event:
    pop     %rcx
    pop     %r11
    push    $0
    push    $PV_VECTOR_UPCALL
    jmp     pv_trap_common

/*
 * A return whose selectors do not load: rcx, r11, ds, es, fs, gs, then the frame that failed.  The
 * kernel is told of a #GP with an error code that no selector has.
 */
    .globl  xen_pv_failsafe
xen_pv_failsafe:
    pop     %rcx
    pop     %r11
    add     $32, %rsp
    push    $-1
    push    $13
    jmp     pv_trap_common

/* The frame is a CPU's; struct iret_context has four words more. */
    .globl  xen_pv_iret
xen_pv_iret:
    push    $0
    push    %rcx
    push    %r11
    push    %rax
    mov     $HYPERVISOR_iret, %eax
    syscall
    ud2

    .section .note.GNU-stack, "", @progbits
