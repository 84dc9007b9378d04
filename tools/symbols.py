#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the image knows of itself (src/x86/trap/symbols.h), as assembly: symbols.py [LINKED]

The table of its functions, a number that tells its code from another's, a date and a commit: SOURCE_DATE_EPOCH
and SOURCE_COMMIT or else those of the repository, so that two builds of one tree are the same.  Without
an image all are empty and the number 0.  symbols.py --check FIRST SECOND fails unless the functions of
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


def told(variable, form):
    """What a variable or else git says of the sources; "" in a tree that is no repository."""
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        return os.environ.get(variable) or subprocess.run(
            ["git", "-C", top, "log", "-1", f"--format={form}"], check=True, capture_output=True,
            text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def date():
    """When the sources were as they are."""
    seconds = told("SOURCE_DATE_EPOCH", "%ct")
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(seconds))) if seconds else "unknown"


def changeset():
    """The commit, in the form of xl info's xen_changeset."""
    commit = told("SOURCE_COMMIT", "%H")
    return f"git:{commit}" if commit else ""


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
    print('    .section .symbols, "a"\n    .globl symbols_build_id, symbols_date, symbols_changeset, symbol_table\n'
          "    .hidden symbols_build_id, symbols_date, symbols_changeset, symbol_table\nsymbols_build_id:")
    print("    .byte", ",".join(map(str, build_id(sys.argv[1]) if sys.argv[1:] else bytes(20))))
    print(f'symbols_date:\n    .asciz "{date() if sys.argv[1:] else str()}"\nsymbols_changeset:')
    print(f'    .asciz "{changeset() if sys.argv[1:] else str()}"\nsymbol_table:')
    last = 0
    for offset, name in functions(sys.argv[1]) if sys.argv[1:] else []:
        print("    .byte", ",".join(map(str, number(offset - last))))
        print(f'    .asciz "{name}"')
        last = offset
    print('    .byte 0\n    .section .note.GNU-stack, "", @progbits')


main()
