/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/layout.h"

OUTPUT_FORMAT("elf64-x86-64")
ENTRY(start)

SECTIONS
{
    . = VIRT_OFFSET + IMAGE_BASE;
    image_start = .;
    .text : { KEEP(*(.text.head)) *(.text .text.*) }
    . = ALIGN(4096);
    image_rodata = .;
    .rodata : {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        fixup_table_start = .;
        KEEP(*(.fixup_table))
        fixup_table_end = .;
        patch_table_start = .;
        KEEP(*(.patch_table))
        patch_table_end = .;
        . = ALIGN(8);
        init_array_start = .;
        KEEP(*(.init_array .init_array.*))
        init_array_end = .;
        *(.symbols)
    }
    . = ALIGN(4096);
    image_data = .;
    .data : { *(.data .data.*) }
    .bss : { *(.bss .bss.*) *(COMMON) }
    . = ALIGN(4096);
    image_end = .;
    ASSERT(image_end - image_start <= 0x200000, "one page table maps the image: x86/memory/paging.c")
    /DISCARD/ : { *(.note.*) *(.comment) *(.eh_frame) }
}
