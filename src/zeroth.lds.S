/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/layout.h"

OUTPUT_FORMAT("elf64-x86-64")
ENTRY(start)

SECTIONS
{
    . = VIRT_OFFSET + IMAGE_BASE;
    image_start = .;
    .text : { *(.text.head) *(.text .text.*) }
    . = ALIGN(4096);
    .rodata : { *(.rodata .rodata.*) }
    . = ALIGN(4096);
    .data : { *(.data .data.*) }
    .bss : { *(.bss .bss.*) *(COMMON) }
    . = ALIGN(4096);
    image_end = .;
    /DISCARD/ : { *(.note.*) *(.comment) *(.eh_frame) }
}
