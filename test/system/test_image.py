# SPDX-License-Identifier: Apache-2.0
"""Dom0's image: packed in every way that Debian ships, as plain ELF, broken, too large."""
import lzma
import os
import struct
import subprocess
import zlib

import pytest

import fetch
import machine

PACKERS = {"elf": None, "gzip": ["gzip", "-nc"], "xz": ["xz", "--check=crc32", "-0c"],
           "zstd": ["zstd", "-qc"], "lz4": ["lz4", "-lqc"]}


def vmlinux(kernel):
    """The ELF inside a stock kernel whose payload is xz (the boot protocol's payload fields)."""
    with open(os.path.join(fetch.fetch(kernel), "vmlinuz"), "rb") as file:
        image = file.read()
    setup = (image[0x1f1] or 4) + 1
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[setup * 512 + offset:setup * 512 + offset + length]
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    """The path of the stock kernel's ELF."""
    path = tmp_path_factory.mktemp("kernel") / "vmlinux"
    path.write_bytes(vmlinux("6.1"))
    return path


@pytest.mark.zeroth_only
@pytest.mark.parametrize("packer", PACKERS)
def test_packed(dom0, elf, tmp_path, packer):
    """The kernel as an ELF, and that ELF packed in each way, reaches user space."""
    path = elf
    if PACKERS[packer]:
        path = tmp_path / "packed"
        with open(path, "wb") as out:
            subprocess.run(PACKERS[packer] + [str(elf)], stdout=out, check=True)
    dom0("hello", image=str(path), smp=1)


def broken(log, data, tmp_path, line, options="", mem=1024):
    """Boot with a broken image; the line that says why, and a reset."""
    path = tmp_path / "image"
    path.write_bytes(data)
    config = machine.Config(image=str(path), mem=mem)
    config.options += " " + options
    with machine.Machine(config, log) as guest:
        guest.expect(line, timeout=120)
        guest.wait_end(60)
        assert "PANIC" not in guest.text


@pytest.mark.zeroth_only
def test_garbage(log, tmp_path):
    """What is no kernel at all is said to be none."""
    broken(log, b"no kernel " * 4096, tmp_path, "Dom0: its kernel cannot be started: ")


@pytest.mark.zeroth_only
def test_cut_off(log, elf, tmp_path):
    """An ELF that ends too early."""
    broken(log, elf.read_bytes()[:1 << 20], tmp_path, "Dom0: its kernel cannot be started: it is cut off")


@pytest.mark.zeroth_only
def test_damaged_packing(log, elf, tmp_path):
    """A packed kernel whose bytes are damaged."""
    data = bytearray(zlib.compress(elf.read_bytes()[:4 << 20], 1, wbits=31))
    data[len(data) // 2] ^= 0xff
    broken(log, bytes(data), tmp_path, "Dom0: its kernel cannot be started: ")


@pytest.mark.zeroth_only
def test_no_pv_kernel(log, tmp_path):
    """An ELF without the notes of a PV kernel: Zeroth itself."""
    with open(os.path.join(machine.TOP, "build/zeroth-syms.elf"), "rb") as file:
        broken(log, file.read(), tmp_path, "Dom0: its kernel cannot be started: ")


@pytest.mark.zeroth_only
def test_little_memory(log, elf, tmp_path):
    """A Dom0 that is smaller than its kernel."""
    broken(log, elf.read_bytes(), tmp_path, "are too little",
           options="dom0_mem=40M")


def test_too_large(log):
    """More memory than there is: Dom0 gets what there is."""
    config = machine.Config()
    config.options += " dom0_mem=8G,max:8G"
    with machine.Machine(config, log) as guest:
        guest.expect("DOM0 READY", timeout=150)


@pytest.mark.zeroth_only
def test_no_acpi(log):
    """A machine without ACPI tables."""
    config = machine.Config(machine="pc", qemu=["-no-acpi"])
    with machine.Machine(config, log) as guest:
        guest.expect("ACPI: no usable tables", timeout=60)
        guest.wait_end(60)
