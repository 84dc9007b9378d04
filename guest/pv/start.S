/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way into a small guest that Xen's PV entry starts: ELF notes (xen/elfnote.h), the first
 * instruction, and what an event or an exception enters.
 */
    .macro note type, kind, value:vararg
    .pushsection .note.xen, "a", @note
    .balign 4
    .long   4, 2f - 1f, \type
    .asciz  "Xen"
1:  \kind   \value
2:  .balign 4
    .popsection
    .endm

    note 6, .asciz, "zeroth guest"      /* GUEST_OS */
    note 5, .asciz, "xen-3.0"           /* XEN_VERSION */
    note 3, .quad, 0xffffffff80000000   /* VIRT_BASE */
    note 4, .quad, 0xffffffff80000000   /* PADDR_OFFSET: addresses in the file are virtual */
    note 1, .quad, guest_entry          /* ENTRY */
    note 2, .quad, hypercall_page       /* HYPERCALL_PAGE */
    note 9, .asciz, "yes"               /* PAE_MODE */
    note 8, .asciz, "generic"           /* LOADER */
    note 10, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"   /* FEATURES */

    .section .text
    .globl guest_entry
guest_entry:
    cld
    mov     $guest_stack_top, %rsp
    mov     %rsi, %rdi                  /* struct start_info */
    xor     %ebp, %ebp
    call    guest_main
1:  hlt
    jmp     1b

    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip   4096

/* #UD: the frame is rcx, r11, rip, cs, rflags, rsp, ss.  Step over the ud2 and go back. */
    .globl trap_ud
trap_ud:
    pop     %rcx
    pop     %r11
    addq    $2, (%rsp)
    pushq   $0                          /* struct iret_context from its end: flags */
    push    %rcx
    push    %r11
    push    %rax
    mov     $23, %eax                   /* HYPERVISOR_iret */
    syscall

/* An event: none is expected; its mask stays set, and so none comes again. */
    .globl callback
callback:
    ud2

    .section .bss
    .balign 4096
    .skip   16384
guest_stack_top:

    .section .note.GNU-stack, "", @progbits
