/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor: zeroth.elf, with one loadable segment (tools/mkelf32.py). */
    .section .rodata.payload, "a"
    .balign 4096
    .globl payload
    .hidden payload
payload:
    .incbin "zeroth.elf"

    .section .note.GNU-stack, "", @progbits
