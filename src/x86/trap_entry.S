/* SPDX-License-Identifier: Apache-2.0 */
/* One stub a vector; those without an error code push 0 for it (AMD APM 2, table 8-1). */
    .text

    .macro stub vector
stub_\vector:
    .if (\vector != 8) && (\vector != 17) && (\vector != 21) && \
        (\vector != 29) && (\vector != 30) && ((\vector < 10) || (\vector > 14))
    push    $0
    .endif
    push    $\vector
    jmp     trap_common
    .endm

    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stub \vector
    .endr

trap_common:
    .irp register, rdi,rsi,rdx,rcx,rax,r8,r9,r10,r11,rbx,rbp,r12,r13,r14,r15
    push    %\register
    .endr
    cld
    mov     %rsp, %rdi
    and     $-16, %rsp          /* the calling convention's alignment; there is no way back */
    xor     %ebp, %ebp
    call    trap_dispatch

    .section .rodata
    .balign 8
    .globl trap_stubs
    .hidden trap_stubs
trap_stubs:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .quad   stub_\vector
    .endr

    .section .note.GNU-stack, "", @progbits
