# SPDX-License-Identifier: Apache-2.0
"""Boots of Debian's kernel, counted; sizes of images and of memory."""
import lzma
import os
import re
import struct
import subprocess
import sys

from elftools.elf.elffile import ELFFile

import debugger
import fetch
import machine
import measure

VERSION = "6.1"
# With CMPXCHG16B, whose flags TCG damages (machine.WITHOUT): Linux does more without, and figures are of what people have.
CPU = "max,-smap"
NOTE_ENTRY, NOTE_PHYS32_ENTRY = 1, 18           # xen/elfnote.h
PACKED = "power-on to Dom0's first instruction, Debian 6.1 as shipped (xz)"
PLAIN = "power-on to Dom0's first instruction, Debian 6.1 as an uncompressed ELF"
START = "Dom0 kernel's start to /init, Debian 6.1, 1 CPU, 2 GiB"
IMAGE = "image as it goes into /boot, compressed"
MEMORY = "the hypervisor's own memory, of a machine of 2 GiB"
UNITS = {IMAGE: "bytes", MEMORY: "KiB"}


def unpacked(vmlinuz):
    """The ELF in a kernel packed by xz (the boot protocol's payload_offset and payload_length)."""
    target = os.path.join(measure.TOP, "build", f"bench-vmlinux-{VERSION}")
    if not os.path.exists(target):
        with open(vmlinuz, "rb") as file:
            data = file.read()
        begin, length = struct.unpack_from("<II", data, 0x248)
        begin += ((data[0x1f1] or 4) + 1) * 512
        with open(target + ".new", "wb") as file:
            file.write(lzma.LZMADecompressor().decompress(data[begin:begin + length]))
        os.rename(target + ".new", target)
    return target


def entries(path):
    """A kernel's ways in by its ELF notes: type -> address."""
    with open(path, "rb") as file:
        segments = [one for one in ELFFile(file).iter_segments() if one["p_type"] == "PT_NOTE"]
        data = segments[0].data()
    found, at = {}, 0
    while at + 12 <= len(data):
        names, size, kind = struct.unpack_from("<III", data, at)
        name = data[at + 12:at + 12 + names]
        at += 12 + -(-names // 4) * 4
        if name == b"Xen\0" and size in (4, 8):
            found[kind] = int.from_bytes(data[at:at + size], "little")
        at += -(-size // 4) * 4
    return found


def first_program():
    """Where /init begins: its interpreter's entry point, which is static."""
    with open("/bin/busybox", "rb") as file:
        return ELFFile(file)["e_entry"]


def configuration(hypervisor, kernel):
    """The machine of the boots: one CPU, 2 GiB."""
    return machine.Config(hypervisor=hypervisor, smp=1, mem=2048, icount=True, cpu=CPU,
                          kernel=VERSION, image=kernel, firmware="", append="console=hvc0 panic=-1")


def log_of(name):
    """The path of a boot's log."""
    return os.path.join(measure.LOGS, f"bench-boot-{name}.log")


def under(hypervisor):
    """The rows of one hypervisor."""
    packed = os.path.join(fetch.fetch(VERSION), "vmlinuz")
    plain, rows = unpacked(packed), {}
    entry = entries(plain)[NOTE_ENTRY]
    with debugger.Marked(configuration(hypervisor, packed), log_of(hypervisor + "-xz")) as guest:
        rows[PACKED] = guest.run_to(entry)
    with debugger.Marked(configuration(hypervisor, plain), log_of(hypervisor + "-elf")) as guest:
        rows[PLAIN] = guest.run_to(entry)
        rows[START] = guest.run_to(first_program()) - rows[PLAIN]
        own = re.search(r"(\d+) KiB of \d+ KiB are Zeroth's own", guest.text)
    if own:
        rows[MEMORY] = int(own.group(1))
    rows[IMAGE] = image_size(hypervisor)
    print(f"bench: {hypervisor}: {len(rows)} rows of boots", file=sys.stderr, flush=True)
    return rows


class Natively(debugger.Marked):
    """The kernel by itself, which QEMU's -kernel starts at its PVH entry."""

    def command(self, directory):
        """Override: no hypervisor."""
        command = super().command(directory)
        for option, value in (("-kernel", self.config.image), ("-append", "console=ttyS0 panic=-1"),
                              ("-initrd", machine.initrd_image(VERSION))):
            command[command.index(option) + 1] = value
        return command


def natively():
    """The kernel's start to /init with no hypervisor."""
    plain = unpacked(os.path.join(fetch.fetch(VERSION), "vmlinuz"))
    with Natively(configuration("xen", plain), log_of("native")) as guest:
        start = guest.run_to(entries(plain)[NOTE_PHYS32_ENTRY])
        return {START: guest.run_to(first_program()) - start}


def image_size(hypervisor):
    """The bytes of a hypervisor's image as gzip -9 packs it."""
    with open(machine.hypervisor_image(hypervisor), "rb") as file:
        return len(subprocess.run(["gzip", "-9nc"], input=file.read(), check=True,
                                  stdout=subprocess.PIPE).stdout)
