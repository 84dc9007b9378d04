/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations natively: the code that replaces sites without operands, of exactly their length
 * (stretched by 0x3e, DS, which means nothing in 64-bit mode; AMD APM 3, 1.2.4), and the functions
 * that sites call until they are patched.  Those keep every register but RAX, their result.
 */
#include <pv/cpu.h>
#include <pv/oplist.h>

    .macro function name
    .globl native_\name
native_\name:
    .endm

    .macro end name
    .globl native_\name\()_end
native_\name\()_end:
    .if (. - native_\name) - PV_SITE_LENGTH
    .error "native code of \name has not a site's length"
    .endif
    ret
    .endm

    .macro stretch count
    .fill   \count, 1, 0x3e
    .endm

    .text
function irq_disable
    stretch 5
    cli
end irq_disable

function irq_enable
    stretch 5
    sti
end irq_enable

function idle
    stretch 4
    sti
    hlt
end idle

function halt
    stretch 4
    cli
    hlt
end halt

function read_msr
    stretch 4
    rdmsr
end read_msr

function write_msr
    stretch 4
    wrmsr
end write_msr

function swapgs
    stretch 3
    swapgs
end swapgs

function iret
    stretch 4
    iretq
end iret

/* Sites with operands have their own native code (pv/ops.h). */
function irq_flags
    pushfq
    pop     %rax
    ret

function irq_restore
    push    %rdi
    popfq
    ret

    .irp    n, 0, 2, 3, 4
function read_cr\n
    mov     %cr\n, %rax
    ret
    .endr

    .irp    n, 0, 3, 4
function write_cr\n
    mov     %rdi, %cr\n
    ret
    .endr

function get_pte
    mov     (%rdi), %rax
    ret

function set_pte
    mov     %rsi, (%rdi)
    ret

function flush_tlb
    push    %rax
    mov     %cr3, %rax
    mov     %rax, %cr3
    pop     %rax
    ret

function flush_page
    invlpg  (%rdi)
    ret

function switch_stack
    movq    %rdi, %gs:PV_CPU_RSP0
    ret

    .section .note.GNU-stack, "", @progbits
