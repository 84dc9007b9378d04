/* SPDX-License-Identifier: Apache-2.0 */
/* Into user mode of a PV guest and back (xen/arch-x86/xen-x86_64.h, HYPERVISOR_iret()). */
    .text
/* uint64_t conform_user_enter(uint64_t rip, uint64_t rsp): RAX as user mode left it. */
    .globl  conform_user_enter
conform_user_enter:
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, kernel_stack
    pushq   $0xe02b                     /* FLAT_USER_SS */
    push    %rsi
    pushq   $0x202
    pushq   $0xe033                     /* FLAT_USER_CS */
    push    %rdi
    pushq   $0                          /* flags */
    pushq   $0                          /* rcx, r11, rax */
    pushq   $0
    pushq   $0
    mov     $23, %eax
    syscall
    ud2

/* A system call: rcx, r11, rip, cs, rflags, rsp, ss on the kernel's stack. */
    .globl  conform_syscall_entry, conform_sysenter_entry
conform_sysenter_entry:
    movq    $0x101, conform_user_way
    jmp     1f
conform_syscall_entry:
    movq    $0x100, conform_user_way
1:  mov     %rsp, %rsi
    lea     conform_user_frame(%rip), %rdi
    mov     $7, %ecx
    cld
    rep movsq
    .globl  conform_user_return
conform_user_return:
    mov     kernel_stack, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    ret

/* What runs there.  Each ends by a fault or a system call. */
    .macro user name
    .globl  user_\name, user_\name\()_end
user_\name:
    .endm
    .macro done name
user_\name\()_end:
    .endm

    user spin
    mov     $20000000, %eax
1:  dec     %eax
    jnz     1b
    syscall
    done spin

    user syscall
    mov     $0x1234, %eax
    syscall
    ud2
    done syscall

    user undefined
    ud2
    done undefined

    user int80
    mov     $0x80, %eax
    int     $0x80
    ud2
    done int80

    user int3
    int3
    ud2
    done int3

    user read_kernel
    mov     $0xffffffff80200000, %rax
    mov     (%rax), %rax
    ud2
    done read_kernel

    user read_xen
    movabs  $0xffff830000000000, %rax
    mov     (%rax), %rax
    ud2
    done read_xen

    user write_code
    lea     user_write_code(%rip), %rax
    movb    $0, (%rax)
    ud2
    done write_code

    user in_port
    in      $0x80, %al
    mov     $0x77, %eax
    syscall
    ud2
    done in_port

    user cli
    cli
    mov     $0x77, %eax
    syscall
    ud2
    done cli

    user privileged
    mov     %cr0, %rax
    mov     $0x77, %eax
    syscall
    ud2
    done privileged

    user cpuid
    mov     $0x40000000, %eax
    ud2
    .byte   0x78, 0x65, 0x6e
    cpuid
    mov     %ebx, %eax
    syscall
    ud2
    done cpuid

    user rdtsc
    rdtsc
    mov     $0x55, %eax
    syscall
    ud2
    done rdtsc

    user sysenter
    mov     $0x44, %eax
    sysenter
    ud2
    done sysenter

    user iret_hypercall
    mov     $23, %eax
    syscall
    ud2
    done iret_hypercall

    .section .bss
    .balign 8
kernel_stack:
    .skip   8
    .globl  conform_user_frame, conform_user_way
conform_user_frame:
    .skip   56
conform_user_way:
    .skip   8

    .section .note.GNU-stack, "", @progbits
