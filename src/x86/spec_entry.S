/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ways in from and out to a guest call where this CPU needs it (x86/patch.h), on the CPU's
 * stack with Zeroth's GS; all registers are preserved.  spec_work and the values are x86/spec.c's.
 */
#include "x86/entry.inc"

#define MSR_SPEC_CTRL 0x48
#define WORK_IBRS     1                 /* enum there */
#define WORK_RSB      2
#define WORK_VERW     4
#define RSB_ENTRIES   32

    .macro write_spec_ctrl value
    push    %rax
    push    %rcx
    push    %rdx
    mov     $MSR_SPEC_CTRL, %ecx
    mov     \value(%rip), %eax
    xor     %edx, %edx
    wrmsr
    pop     %rdx
    pop     %rcx
    pop     %rax
    .endm

    .text

/* Each CALL pushes a return prediction that leads into a trap for speculation (Intel, "Deep dive:
 * retpoline", section RSB stuffing); the stack is put back whole. */
begin spec_enter
    testb   $WORK_IBRS, spec_work(%rip)
    jz      1f
    write_spec_ctrl spec_ctrl_inside
1:  testb   $WORK_RSB, spec_work(%rip)
    jz      4f
    .rept   RSB_ENTRIES
    call    2f
3:  pause
    lfence
    jmp     3b
2:
    .endr
    add     $RSB_ENTRIES * 8, %rsp
4:  lfence
    ret

begin spec_leave
    testb   $WORK_IBRS, spec_work(%rip)
    jz      1f
    write_spec_ctrl spec_ctrl_guest
1:  testb   $WORK_VERW, spec_work(%rip)
    jz      2f
    verw    spec_selector(%rip)
2:  ret

    .section .note.GNU-stack, "", @progbits
