/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions of another CPU: from real mode at a page below 1 MiB, to which this is
 * copied, to long mode (AMD APM 2, sections 14.6 and 15.27.8; Intel SDM 3, 8.4).  x86/smp/start.c
 * fills in the fields that are zero here.  EBX: address of the copy.
 */
#include "x86/percpu.h"

#define MSR_EFER    0xc0000080
#define CR0_PE      0x1
#define CR0_PG_WP   0x80010000
#define CR4_PAE     0x20
#define OF(symbol)  ((symbol) - trampoline)

    .macro exported name
    .globl  \name
    .hidden \name
\name:
    .endm

    .section .rodata
    .balign 16
exported trampoline
    .code16
    cli
    cld
    mov     %cs, %ax
    mov     %ax, %ds
    movzwl  %ax, %ebx
    shl     $4, %ebx
    lgdtl   OF(trampoline_gdtr)
    mov     %cr0, %eax
    or      $CR0_PE, %al
    mov     %eax, %cr0
    ljmpl   *OF(trampoline_to_32)

    .code32
exported trampoline_32
    mov     $16, %eax
    mov     %eax, %ds
    mov     %eax, %ss
    mov     $CR4_PAE, %eax
    mov     %eax, %cr4
    mov     OF(trampoline_cr3)(%ebx), %eax
    mov     %eax, %cr3
    mov     $MSR_EFER, %ecx
    rdmsr
    or      OF(trampoline_efer)(%ebx), %eax
    wrmsr
    mov     %cr0, %eax
    or      $CR0_PG_WP, %eax
    mov     %eax, %cr0
    ljmp    *OF(trampoline_to_64)(%ebx)

    .code64
exported trampoline_64
    jmp     *OF(trampoline_entry)(%rbx)

    .balign 8
exported trampoline_gdt
    .quad   0
    .quad   0x00cf9b000000ffff          /* 32-bit code */
    .quad   0x00cf93000000ffff          /* data */
    .quad   0x00af9b000000ffff          /* 64-bit code */
exported trampoline_gdtr
    .word   trampoline_gdtr - trampoline_gdt - 1
exported trampoline_gdt_base
    .long   0
    .word   0
exported trampoline_to_32
    .long   0
    .word   8, 0
exported trampoline_to_64
    .long   0
    .word   24, 0
exported trampoline_cr3
    .long   0
exported trampoline_efer
    .long   0
exported trampoline_entry
    .quad   0
exported trampoline_end

/*
 * In the image: take the ticket, which is the struct percpu of the CPU that is being started.  One
 * that comes too late finds none and stops here.
 */
    .text
    .balign 16
exported ap_entry
    xor     %edi, %edi
    xchg    %rdi, smp_ticket(%rip)
    test    %rdi, %rdi
    jz      1f
    mov     PERCPU_STACK_TOP(%rdi), %rsp
    xor     %ebp, %ebp
    call    smp_run_cpu
1:  cli
    hlt
    jmp     1b

    .section .note.GNU-stack, "", @progbits
