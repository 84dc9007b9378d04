#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wrap a flat image as the ELF32 file that multiboot loaders take: mkelf32.py FLAT SYMS OUT

The addresses are of x86/layout.h, the size with .bss is read from SYMS, the linked ELF64.
(ELF: System V ABI, chapters 4 and 5.)
"""
import re
import struct
import sys

from elftools.elf.elffile import ELFFile

EHDR, PHDR, OFFSET = 52, 32, 4096


def layout(name):
    """A number that src/x86/layout.h defines."""
    with open("src/x86/layout.h", encoding="utf-8") as file:
        return int(re.search(rf"#define {name}\s+(\w+)", file.read()).group(1), 0)


def main():
    """Write OUT: ELF header, one loadable segment, the flat image at a page boundary."""
    flat, syms, out = sys.argv[1:]
    with open(flat, "rb") as file:
        image = file.read()
    with open(syms, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        end = table.get_symbol_by_name("image_end")[0]["st_value"] - layout("VIRT_OFFSET")
    base = layout("IMAGE_BASE")
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 3, 1, base, EHDR, 0, 0,
                         EHDR, PHDR, 1, 0, 0, 0)
    header += struct.pack("<IIIIIIII", 1, OFFSET, base, base, len(image), end - base, 7, 4096)
    with open(out, "wb") as file:
        file.write(header.ljust(OFFSET, b"\0") + image)


if __name__ == "__main__":
    main()
