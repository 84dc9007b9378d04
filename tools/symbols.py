#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the image knows of itself (src/x86/trap/symbols.h), as assembly: symbols.py [LINKED]

The table of its functions, a number that tells its code from another's, and a date: SOURCE_DATE_EPOCH
or else the commit's, so that two builds of one tree are the same.  Without an image the table and
the date are empty and the number 0.  symbols.py --check FIRST SECOND fails unless the functions of
both images stand at the same addresses.
"""
import hashlib
import os
import subprocess
import sys
import time

from elftools.elf.elffile import ELFFile


def functions(name):
    """Pairs of distance from image_start and name, ascending; one of each address."""
    with open(name, "rb") as file:
        elf = ELFFile(file)
        text = elf.get_section_index(".text")
        table = elf.get_section_by_name(".symtab")
        start = table.get_symbol_by_name("image_start")[0]["st_value"]
        found = {}
        for symbol in table.iter_symbols():
            info = symbol["st_info"]
            if symbol["st_shndx"] != text or info["type"] not in ("STT_FUNC", "STT_NOTYPE"):
                continue
            if not symbol.name or symbol["st_value"] <= start:
                continue
            rank = (info["type"] != "STT_FUNC", info["bind"] != "STB_GLOBAL", symbol.name)
            offset = symbol["st_value"] - start
            found[offset] = min(rank, found.get(offset, rank))
    return [(offset, rank[2]) for offset, rank in sorted(found.items())]


def build_id(name):
    """Twenty bytes made of all that is loaded of an image; debugging information holds paths."""
    with open(name, "rb") as file:
        elf = ELFFile(file)
        digest = hashlib.sha1()
        for section in (".text", ".rodata", ".data"):
            digest.update(elf.get_section_by_name(section).data())
        return digest.digest()


def date():
    """When the sources were as they are; a tree that is no repository's does not know."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        try:
            seconds = subprocess.run(["git", "-C", top, "log", "-1", "--format=%ct"], check=True,
                                     capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return "unknown"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(seconds)))


def number(value):
    """Seven bits a byte, low ones first; bit 7: more follow."""
    out = []
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return out + [value]


def main():
    """Write the table, or compare."""
    if sys.argv[1:2] == ["--check"]:
        if functions(sys.argv[2]) != functions(sys.argv[3]):
            sys.exit("symbols.py: the code moved between the two links")
        return
    print('    .section .symbols, "a"\n    .globl symbols_build_id, symbols_date, symbol_table\n'
          "    .hidden symbols_build_id, symbols_date, symbol_table\nsymbols_build_id:")
    print("    .byte", ",".join(map(str, build_id(sys.argv[1]) if sys.argv[1:] else bytes(20))))
    print(f'symbols_date:\n    .asciz "{date() if sys.argv[1:] else str()}"\nsymbol_table:')
    last = 0
    for offset, name in functions(sys.argv[1]) if sys.argv[1:] else []:
        print("    .byte", ",".join(map(str, number(offset - last))))
        print(f'    .asciz "{name}"')
        last = offset
    print('    .byte 0\n    .section .note.GNU-stack, "", @progbits')


main()
