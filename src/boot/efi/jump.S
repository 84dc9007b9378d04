/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the firmware's 64-bit mode to the hypervisor's entry in 32-bit protected mode, as a
 * multiboot 2 loader leaves the machine (Multiboot2 2.0, section 3.4).  This code is copied to a
 * page below 4 GiB, away from where the hypervisor goes: with paging off it then copies the
 * hypervisor over whatever the firmware had there, its page tables too.
 *
 * jump_code(struct jump *), System V's convention.  The stack is the end of the page.
 */
#include "boot/efi/jump.h"

    .section .text.jump, "ax"
    .code64
    .globl jump_code
    .hidden jump_code
jump_code:
    cli
    cld
    mov     %rdi, %rbp                  /* the copy of struct jump, below 4 GiB */
    lea     jump_code(%rip), %rbx
    lea     JUMP_PAGE(%rbx), %rsp
    lea     jump_gdt(%rip), %rax
    mov     %rax, jump_gdtr+2(%rip)
    lgdt    jump_gdtr(%rip)
    lea     1f(%rip), %rax
    push    $8
    push    %rax
    lretq

    .code32
1:  mov     $16, %eax
    mov     %eax, %ds
    mov     %eax, %es
    mov     %eax, %fs
    mov     %eax, %gs
    mov     %eax, %ss
    mov     $0x11, %eax                 /* PE, ET: paging off ends long mode (AMD APM 2, 14.7) */
    mov     %eax, %cr0
    mov     $0xc0000080, %ecx           /* EFER: nothing of the firmware's */
    xor     %eax, %eax
    xor     %edx, %edx
    wrmsr
    mov     %eax, %cr4

    mov     JUMP_FROM(%ebp), %esi
    mov     JUMP_TO(%ebp), %edi
    mov     JUMP_SIZE(%ebp), %ecx
    rep     movsb
    mov     JUMP_ZEROES(%ebp), %ecx
    rep     stosb
    mov     $JUMP_MAGIC, %eax
    mov     JUMP_TAGS(%ebp), %ebx
    jmp     *JUMP_ENTRY(%ebp)

    .balign 8
jump_gdt:
    .quad   0
    .quad   0x00cf9b000000ffff          /* 32-bit code */
    .quad   0x00cf93000000ffff          /* data */
jump_gdtr:
    .word   jump_gdtr - jump_gdt - 1
    .quad   0
    .org    jump_code + JUMP_CODE

    .section .note.GNU-stack, "", @progbits
