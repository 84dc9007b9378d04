#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Build Dom0's initramfs for one kernel: initramfs.py KERNEL OUTPUT.

A reproducible cpio (sorted, all times and owners zero): static busybox, tools/lab/init, the
storage and network modules of that kernel with their dependencies, the scripts of
test/system/dom0 and the test programs of test/system/progs.
"""
import glob
import lzma
import os
import re
import subprocess
import sys

import fetch

TOP = fetch.TOP
# In load order; dependencies come first by themselves. Names absent from a kernel (built in, or
# of another version) are left out.
WANTED = ["crc32c_generic", "crc32c_intel", "crct10dif_common", "crc64", "crc64_rocksoft_generic",
          "ahci", "nvme", "sd_mod", "virtio_pci", "virtio_blk", "virtio_net", "e1000e",
          "af_packet", "ext4", "efivarfs", "xen_evtchn", "xen_privcmd", "xenfs"]


def module_files(root):
    """All modules of a kernel: name with underscores -> path."""
    found = {}
    for path in glob.glob(os.path.join(root, "**", "*.ko*"), recursive=True):
        found[os.path.basename(path).split(".ko")[0].replace("-", "_")] = path
    return found


def module_bytes(path):
    """The ELF of a module, decompressed."""
    opener = lzma.open if path.endswith(".xz") else open
    with opener(path, "rb") as file:
        return file.read()


def dependencies(data):
    """The modules that a module names as needed, from its ELF."""
    depends = re.search(rb"\0depends=([^\0]*)\0", data)
    names = (depends.group(1).decode() if depends else "").replace("-", "_")
    return [name for name in names.split(",") if name]


def closure(files, wanted):
    """The wanted modules with dependencies first: list of (name, bytes)."""
    done = {}

    def add(name):
        if name in done or name not in files:
            return
        data = module_bytes(files[name])
        for other in dependencies(data):
            add(other)
        done[name] = data

    for name in wanted:
        add(name)
    return list(done.items())


def build_programs(into):
    """Compile the test programs; those named *32.c are freestanding 32-bit ones."""
    os.makedirs(into, exist_ok=True)
    built = []
    for source in sorted(glob.glob(os.path.join(TOP, "test/system/progs/*.c"))):
        name = os.path.basename(source)[:-2]
        out = os.path.join(into, name)
        mode = ["-m32", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie"] \
            if name.endswith("32") else ["-pthread"]
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-static", *mode, "-Wl,--build-id=none",
                        "-s", "-o", out, source], check=True)
        built.append((name, out))
    return built


class Cpio:
    """Writes the newc format that the kernel unpacks."""

    def __init__(self, file):
        self.file, self.inode = file, 0

    def add(self, name, mode, data=b"", rdev=(0, 0)):
        """One entry; mode holds the file type."""
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0]
        self.file.write(b"070701" + b"".join(b"%08X" % field for field in fields))
        self.file.write(name.encode() + b"\0")
        self.pad()
        self.file.write(data)
        self.pad()

    def pad(self):
        """Entries and their data begin at multiples of four."""
        self.file.write(b"\0" * (-self.file.tell() % 4))


def read(path):
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def build(kernel, output):
    """Write the initramfs for a kernel ("6.1") to a path."""
    source = fetch.fetch(kernel)
    modules = closure(module_files(os.path.join(source, "modules")), WANTED)
    programs = build_programs(os.path.join(os.path.dirname(output), "progs"))
    scratch = f"{output}.{os.getpid()}"
    with open(scratch, "wb") as file:
        cpio = Cpio(file)
        for name in ("bin", "dev", "mnt", "proc", "sys", "tmp", "tests", "modules"):
            cpio.add(name, 0o040755)
        cpio.add("dev/console", 0o020600, rdev=(5, 1))
        cpio.add("bin/busybox", 0o100755, read("/bin/busybox"))
        cpio.add("init", 0o100755, read(os.path.join(TOP, "tools/lab/init")))
        for name, path in programs:
            cpio.add("bin/" + name, 0o100755, read(path))
        for path in sorted(glob.glob(os.path.join(TOP, "test/system/dom0/*"))):
            cpio.add("tests/" + os.path.basename(path), 0o100755, read(path))
        for name, data in modules:
            cpio.add(f"modules/{name}.ko", 0o100644, data)
        cpio.add("modules/order", 0o100644, "".join(f"{n}\n" for n, _ in modules).encode())
        cpio.add("TRAILER!!!", 0)
    os.rename(scratch, output)
    return output


def main():
    """The command line of this file."""
    if len(sys.argv) != 3:
        sys.exit("usage: initramfs.py KERNEL OUTPUT")
    os.makedirs(os.path.dirname(os.path.abspath(sys.argv[2])), exist_ok=True)
    try:
        build(sys.argv[1], os.path.abspath(sys.argv[2]))
    except fetch.FetchError as error:
        sys.exit(f"initramfs: {error}")


if __name__ == "__main__":
    main()
