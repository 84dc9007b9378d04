/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot loader's entry: multiboot 1 and 2 headers, then from 32-bit protected mode to C in
 * long mode at the linked address.  (Multiboot 0.6.96 chapter 3, Multiboot2 2.0 chapter 3;
 * mode switch: AMD APM volume 2, section 14.6.)
 */
#include "x86/layout.h"

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00000003            /* page-aligned modules, memory information */
#define MB2_MAGIC 0xe85250d6

#define PHYS(symbol) ((symbol) - VIRT_OFFSET)

    .section .text.head, "ax"
    .code32
    .globl start
start:
    jmp     1f

    .balign 4
    .long   MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

    .balign 8
mb2_header:
    .long   MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + (mb2_end - mb2_header))
    .word   0, 0                        /* end tag */
    .long   8
mb2_end:

1:  cli
    cld
    mov     %eax, %edi                  /* the loader's magic and information: C's arguments */
    mov     %ebx, %esi
    mov     $PHYS(boot_stack_top), %esp

    mov     $0x80000000, %eax           /* has this CPU long mode? (CPUID 80000001 EDX 29) */
    cpuid
    cmp     $0x80000001, %eax
    jb      no_long_mode
    mov     $0x80000001, %eax
    cpuid
    bt      $29, %edx
    jnc     no_long_mode

    /* Four level-2 tables map the first 4 GiB in 2 MiB pages; ECX counts the entries. */
    xor     %ecx, %ecx
2:  mov     %ecx, %eax
    shl     $21, %eax
    or      $0x83, %eax                 /* present, writable, large */
    mov     %eax, PHYS(boot_l2)(,%ecx,8)
    inc     %ecx
    cmp     $2048, %ecx
    jne     2b

    mov     $PHYS(boot_l4), %eax
    mov     %eax, %cr3
    mov     %cr4, %eax
    or      $0x20, %eax                 /* PAE */
    mov     %eax, %cr4
    mov     $0xc0000080, %ecx           /* EFER.LME */
    rdmsr
    or      $0x100, %eax
    wrmsr
    mov     %cr0, %eax
    or      $0x80010000, %eax           /* PG, WP */
    mov     %eax, %cr0
    lgdt    PHYS(boot_gdtr)
    ljmp    $8, $PHYS(3f)

no_long_mode:
    mov     $PHYS(no_long_mode_text), %esi
4:  mov     (%esi), %al
    test    %al, %al
    jz      5f
    mov     $0x3f8, %dx
    out     %al, %dx
    inc     %esi
    jmp     4b
5:  hlt
    jmp     5b

    .code64
3:  movabs  $6f, %rax
    jmp     *%rax
6:  mov     $16, %eax
    mov     %eax, %ss
    mov     %eax, %ds
    mov     %eax, %es
    movabs  $boot_stack_top, %rsp
    mov     %edi, %edi                  /* clear the upper halves */
    mov     %esi, %esi
    xor     %ebp, %ebp
    call    boot_main
7:  cli
    hlt
    jmp     7b

    .section .rodata
no_long_mode_text:
    .asciz "zeroth: this CPU has no long mode (64-bit); cannot run\r\n"

    .section .data
    .balign 8
boot_gdt:
    .quad   0
    .quad   0x00af9b000000ffff          /* 64-bit code */
    .quad   0x00cf93000000ffff          /* data */
boot_gdtr:
    .word   boot_gdtr - boot_gdt - 1
    .long   PHYS(boot_gdt), 0

    .balign 4096
boot_l4:
    .quad   PHYS(boot_l3_low) + 3
    .fill   VIRT_L4 - 1, 8, 0
    .quad   PHYS(boot_l3_high) + 3
    .fill   511 - VIRT_L4, 8, 0
boot_l3_low:
    .quad   PHYS(boot_l2) + 0x0003, PHYS(boot_l2) + 0x1003
    .quad   PHYS(boot_l2) + 0x2003, PHYS(boot_l2) + 0x3003
    .fill   508, 8, 0
    .globl  boot_l3_high, boot_l2
    .hidden boot_l3_high, boot_l2
boot_l3_high:
    .fill   VIRT_L3, 8, 0
    .quad   PHYS(boot_l2) + 3
    .fill   511 - VIRT_L3, 8, 0

    .section .bss
    .balign 4096
boot_l2:
    .skip   4 * 4096
boot_stack:
    .skip   16384
    .globl  boot_stack_top
    .hidden boot_stack_top
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
