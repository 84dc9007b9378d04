/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in from a boot loader, in 32-bit mode without paging: multiboot 1 and PVH.  One table set
 * maps the first 4 GiB one to one and their first 1 GiB at PV_VIRT_BASE; then pv_start(how, info).
 * A hypervisor's own ways in are in its folder.
 */
#include <pv/cpu.h>
#include "start.h"

#define PHYS(symbol) (symbol - 0xffffffff80000000)

/*
 * The multiboot header (Multiboot 0.6.96, 3.1) in the last 32 of the file's first 8,192 bytes, where
 * GRUB finds it and QEMU's -kernel does not look any more: QEMU would prefer it to the PVH entry, and
 * refuses it in a 64-bit ELF without the address fields.  Those ask for the file as one piece.
 */
    .section .head, "ax"
    .skip   PV_HEADER_OFFSET
    .globl  multiboot_header
multiboot_header:
    .long   0x1badb002
    .long   0x00010003
    .long   -(0x1badb002 + 0x00010003)
    .long   PHYS(multiboot_header)
    .long   PHYS(pv_image_start)
    .long   PHYS(pv_image_data_end)
    .long   PHYS(pv_image_end)
    .long   PHYS(multiboot_entry)

    .section .text.boot, "ax"
    .code32
multiboot_entry:
    mov     $PV_ENTRY_MULTIBOOT, %edi
    jmp     enter

/* PVH: %ebx is the physical address of the start info, struct pvh_info of native/platform.c. */
    .globl  pvh_entry
pvh_entry:
    mov     $PV_ENTRY_PVH, %edi

enter:
    mov     %ebx, %esi
to_long_mode:
    cli
    cld
    mov     $PHYS(boot_gdt_pointer), %eax
    lgdt    (%eax)
    mov     %cr4, %eax
    or      $0x20, %eax                 /* PAE */
    mov     %eax, %cr4
    mov     $PHYS(pv_boot_l4), %eax
    mov     %eax, %cr3
    mov     $0xc0000080, %ecx           /* EFER: LME, NXE, SCE */
    rdmsr
    or      $0x901, %eax
    wrmsr
    mov     %cr0, %eax
    and     $0x9fffffff, %eax           /* caches on */
    or      $0x80010001, %eax           /* PG, WP, PE */
    mov     %eax, %cr0
    ljmp    $PV_KERNEL_CS, $PHYS(1f)
    .code64
1:  movabs  $2f, %rax
    jmp     *%rax
2:  mov     $PV_KERNEL_SS, %eax
    mov     %eax, %ss
    mov     %eax, %ds
    mov     %eax, %es
    xor     %ebp, %ebp
    mov     %ebp, %fs
    mov     %ebp, %gs
    cmp     $PV_ENTRY_PROCESSOR, %edi
    je      3f
    mov     $pv_stacks + PV_STACK_SIZE, %rsp
    call    pv_start
    ud2
3:  mov     %esi, %edi                  /* another CPU: its number, its own stack */
    lea     1(%rdi), %rsp
    imul    $PV_STACK_SIZE, %rsp
    add     $pv_stacks, %rsp
    call    pv_cpu_enter
    ud2

/*
 * What another CPU executes first: copied to PV_TRAMPOLINE, where a start-up interrupt enters it in
 * real mode (AMD APM 2, 16.6).  pv_trampoline_cpu, in the copy, is the CPU's number.
 */
    .section .rodata.boot, "a"
    .code16
    .globl  pv_trampoline, pv_trampoline_cpu, pv_trampoline_end
pv_trampoline:
    cli
    mov     %cs, %ax
    mov     %ax, %ds
    mov     pv_trampoline_cpu - pv_trampoline, %esi
    lgdtl   trampoline_gdt_pointer - pv_trampoline
    mov     %cr0, %eax
    or      $1, %al
    mov     %eax, %cr0
    ljmpl   $0x18, $PHYS(processor_entry)
    .balign 4
pv_trampoline_cpu:
    .long   0
trampoline_gdt_pointer:
    .word   31
    .long   PHYS(pv_boot_gdt)
pv_trampoline_end:

    .section .text.boot, "ax"
    .code32
processor_entry:
    mov     $PV_KERNEL_SS, %eax
    mov     %eax, %ds
    mov     %eax, %ss
    mov     $PV_ENTRY_PROCESSOR, %edi
    jmp     to_long_mode

    .section .data.boot, "aw"
    .balign 8
    .globl  pv_boot_gdt
pv_boot_gdt:
    .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
boot_gdt_pointer:
    .word   31
    .long   PHYS(pv_boot_gdt)

/* Level 4; level 3 for the one to one map and for the image; level 2 for 4 GiB in 2 MiB pages. */
    .balign 4096
    .globl  pv_boot_l4
pv_boot_l4:
    .quad   PHYS(boot_l3_low) + 3
    .fill   510, 8, 0
    .quad   PHYS(boot_l3_high) + 3
boot_l3_low:
    .irp    n, 0, 1, 2, 3
    .quad   PHYS(boot_l2) + 4096 * \n + 3
    .endr
    .fill   508, 8, 0
boot_l3_high:
    .fill   510, 8, 0
    .quad   PHYS(boot_l2) + 3
    .quad   0
boot_l2:
    .set    page, 0
    .rept   2048
    .quad   page * 0x200000 + 0x83
    .set    page, page + 1
    .endr

    .section .note.GNU-stack, "", @progbits
