#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make an EFI application of a position-independent ELF64: mkpe.py ELF OUT [.SECTION=FILE ...]

Sections that are loaded become the image's; the ELF's relative relocations its base relocations. Files
become sections of their own behind them, read-only and not executable.  Nothing of the time or
the place of the build is in it.  (Microsoft PE/COFF, revision 11; UEFI 2.10, section 2.1.1.)
"""
import struct
import sys

from elftools.elf.elffile import ELFFile

PAGE, SECTOR = 4096, 512
HEADERS = 4096                                  # room for the sections' headers
MACHINE, PE32_PLUS, EFI_APPLICATION = 0x8664, 0x20b, 10
EXECUTABLE, LARGE, NO_DEBUG = 0x0002, 0x0020, 0x0200
ANY_ADDRESS, HIGH_ADDRESS, NX = 0x0040, 0x0020, 0x0100
CODE, DATA, DISCARDABLE, RUN, READ, WRITE = 0x20, 0x40, 0x02000000, 0x20000000, 0x40000000, 0x80000000
R_RELATIVE, DIR64 = 8, 10


def up(value, to):
    """Round up."""
    return (value + to - 1) // to * to


def loaded(elf):
    """The ELF's bytes by address, and its segments as (start, end, flags of PE)."""
    segments = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_memsz"]]
    memory, parts = bytearray(max(s["p_vaddr"] + s["p_memsz"] for s in segments)), []
    for s in segments:
        memory[s["p_vaddr"]:s["p_vaddr"] + s["p_filesz"]] = s.data()
        flags = s["p_flags"]
        kind = CODE | RUN if flags & 1 else DATA
        parts.append((s["p_vaddr"], s["p_vaddr"] + s["p_memsz"], kind | READ | (WRITE if flags & 2 else 0)))
        if flags & 3 == 3:
            sys.exit("mkpe: a segment is writable and executable")
    return memory, parts


def relocate(elf, memory):
    """Put the relative relocations' values into place; the addresses of them."""
    places = []
    for section in elf.iter_sections():
        if section["sh_type"] == "SHT_RELA":
            for entry in section.iter_relocations():
                if entry["r_info_type"] != R_RELATIVE:
                    sys.exit(f"mkpe: relocation of type {entry['r_info_type']}: {section.name}")
                struct.pack_into("<Q", memory, entry["r_offset"], entry["r_addend"])
                places.append(entry["r_offset"])
    return sorted(places)


def base_relocations(places):
    """Blocks of one page each; one that is empty when there is none, as firmware wants a table."""
    blocks = {}
    for place in places:
        blocks.setdefault(place & -PAGE, []).append(DIR64 << 12 | place & PAGE - 1)
    out = b""
    for page, entries in sorted(blocks.items()) or [(0, [0, 0])]:
        entries += [0] * (len(entries) % 2)
        out += struct.pack(f"<II{len(entries)}H", page, 8 + 2 * len(entries), *entries)
    return out


def headers(entry, sections, relocations):
    """The MS-DOS, PE and section headers; sections: name, address, size, data, flags, offset."""
    end = max(up(address + size, PAGE) for _, address, size, *_ in sections)
    sizes = [sum(up(len(s[3]), SECTOR) for s in sections if s[4] & kind) for kind in (CODE, DATA)]
    dos = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40)
    coff = struct.pack("<4sHHIIIHH", b"PE", MACHINE, len(sections), 0, 0, 0, 112 + 16 * 8,
                       EXECUTABLE | LARGE | NO_DEBUG)
    optional = struct.pack("<HBBIIIII", PE32_PLUS, 0, 0, *sizes, 0, entry, sections[0][1])
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0, PAGE, SECTOR, 0, 0, 0, 0, 0, 0, 0, end, HEADERS, 0,
                            EFI_APPLICATION, ANY_ADDRESS | HIGH_ADDRESS | NX)
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, 16)
    for number in range(16):
        optional += struct.pack("<II", *(relocations if number == 5 else (0, 0)))
    table = b"".join(struct.pack("<8sIIIIIIHHI", name.encode(), size, address, up(len(data), SECTOR),
                                 offset, 0, 0, 0, 0, flags)
                     for name, address, size, data, flags, offset in sections)
    text = dos + coff + optional + table
    if len(text) > HEADERS:
        sys.exit("mkpe: too many sections")
    return text.ljust(HEADERS, b"\0")


def main():
    """Write OUT."""
    if len(sys.argv) < 3:
        sys.exit("usage: mkpe.py ELF OUT [.SECTION=FILE ...]")
    with open(sys.argv[1], "rb") as file:
        elf = ELFFile(file)
        entry = elf["e_entry"]
        memory, parts = loaded(elf)
        places = relocate(elf, memory)
    names = {CODE: ".text", DATA: ".rodata", DATA | WRITE: ".data"}
    pieces = [(names[flags & (CODE | DATA | WRITE)], start, bytes(memory[start:end]), flags)
              for start, end, flags in parts]
    at = up(len(memory), PAGE)
    table = base_relocations(places)
    relocations = (at, len(table))
    pieces.append((".reloc", at, table, DATA | READ | DISCARDABLE))
    for word in sys.argv[3:]:
        name, _, path = word.partition("=")
        if not path or not name.startswith(".") or len(name) > 8:
            sys.exit(f"mkpe: {word}: not .SECTION=FILE, of 8 characters at most")
        at = up(at + len(pieces[-1][2]), PAGE)
        with open(path, "rb") as file:
            pieces.append((name, at, file.read(), DATA | READ))
        if not pieces[-1][2]:
            sys.exit(f"mkpe: {path} is empty")
    offset, sections = HEADERS, []
    for name, address, data, flags in pieces:
        sections.append((name, address, len(data), data, flags, offset))
        offset += up(len(data), SECTOR)
    with open(sys.argv[2], "wb") as file:
        file.write(headers(entry, sections, relocations))
        for section in sections:
            file.write(section[3].ljust(up(len(section[3]), SECTOR), b"\0"))


main()
