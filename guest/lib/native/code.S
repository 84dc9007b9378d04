/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native code of the operations that are instructions, each of exactly its site's length, so
 * that a patched site executes these instructions and no others.  Shorter code is stretched: 0x3e
 * (DS, no meaning in 64-bit mode without a memory operand; AMD APM 3, 1.2.4) before an instruction,
 * or a 32-bit displacement of 0.  Followed by RET each is also the function that an unpatched site
 * calls.
 */
#include <pv/cpu.h>
#include <pv/oplist.h>

    .macro code name
    .globl native_\name
native_\name:
    .endm

    .macro end name, length
    .globl native_\name\()_end
native_\name\()_end:
    .if (. - native_\name) - \length
    .error "native code of \name has not the site's length"
    .endif
    ret
    .endm

    .macro stretch count
    .fill   \count, 1, 0x3e
    .endm

    .text
code irq_flags
    stretch 3
    pushfq
    stretch 3
    .byte   0x8f, 0xc0                  /* pop %rax, the two-byte form */
end irq_flags, PV_LEN_irq_flags

code irq_restore
    stretch 2
    pushq   %rdi
    stretch 2
    popfq
end irq_restore, PV_LEN_irq_restore

code irq_disable
    stretch 5
    cli
end irq_disable, PV_LEN_irq_disable

code irq_enable
    stretch 5
    sti
end irq_enable, PV_LEN_irq_enable

code idle
    stretch 4
    sti
    hlt
end idle, PV_LEN_idle

code halt
    stretch 4
    cli
    hlt
end halt, PV_LEN_halt

    .irp    n, 0, 2, 3, 4
code read_cr\n
    stretch 3
    mov     %cr\n, %rax
end read_cr\n, 6
    .endr

    .irp    n, 0, 3, 4
code write_cr\n
    stretch 3
    mov     %rdi, %cr\n
end write_cr\n, 6
    .endr

code read_msr
    stretch 4
    rdmsr
end read_msr, PV_LEN_read_msr

code write_msr
    stretch 4
    wrmsr
end write_msr, PV_LEN_write_msr

code get_pte
    .byte   0x48, 0x8b, 0x87, 0, 0, 0, 0        /* mov 0(%rdi), %rax */
end get_pte, PV_LEN_get_pte

code set_pte
    .byte   0x48, 0x89, 0xb7, 0, 0, 0, 0        /* mov %rsi, 0(%rdi) */
end set_pte, PV_LEN_set_pte

code flush_tlb
    mov     %cr3, %rax
    mov     %rax, %cr3
end flush_tlb, PV_LEN_flush_tlb

code flush_page
    .byte   0x0f, 0x01, 0xbf, 0, 0, 0, 0        /* invlpg 0(%rdi) */
end flush_page, PV_LEN_flush_page

code switch_stack
    movq    %rdi, %gs:PV_CPU_RSP0
end switch_stack, PV_LEN_switch_stack

code set_fs_base
    mov     $0xc0000100, %ecx                   /* FS.Base, AMD APM 2, appendix A */
    mov     %edi, %eax
    mov     %rdi, %rdx
    shrq    $32, %rdx
    wrmsr
end set_fs_base, PV_LEN_set_fs_base

code swapgs
    stretch 3
    swapgs
end swapgs, PV_LEN_swapgs

code iret
    stretch 4
    iretq
end iret, PV_LEN_iret

    .section .note.GNU-stack, "", @progbits
