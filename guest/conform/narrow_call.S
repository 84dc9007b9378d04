/* SPDX-License-Identifier: Apache-2.0 */
/* A hypercall from 32-bit code (xen/arch-x86/xen-x86_32.h), which the library's one to one map lets run. */
#include <pv/cpu.h>

#define PHYS(symbol) (symbol - 0xffffffff80000000)

/* uint32_t narrow_call(uint32_t nr, const uint32_t args[5], uint32_t selector): interrupts off. */
    .text
    .globl  narrow_call
narrow_call:
    push    %rbx
    push    %rbp
    mov     %rsp, narrow_stack
    mov     %edx, %r10d
    mov     %edi, %eax
    mov     0(%rsi), %ebx
    mov     4(%rsi), %ecx
    mov     8(%rsi), %edx
    mov     16(%rsi), %edi
    mov     12(%rsi), %esi
    push    %r10
    push    $PHYS(1f)
    lretq
    .code32
1:  vmmcall
    ljmp    $PV_KERNEL_CS, $PHYS(2f)
    .code64
2:  movabs  $3f, %rdx
    jmp     *%rdx
3:  mov     narrow_stack, %rsp
    pop     %rbp
    pop     %rbx
    ret

    .section .bss
    .balign 8
narrow_stack:
    .skip   8

    .section .note.GNU-stack, "", @progbits
