#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Build the initramfs of a Dom0 with Debian's toolstack: toolstack.py KERNEL OUTPUT.

Debian's packages as fetched (xl, xenstored, xenconsoled, their scripts and libraries, unmodified),
busybox for the rest of a userland, the kernel's backends as modules, tools/lab/toolstack/init, and
in /boot a guest: the same stock kernel with an initramfs of its own, for /etc/xen/demo.cfg.
A reproducible cpio, as initramfs.py's.
"""
import fnmatch
import glob
import io
import os
import subprocess
import sys

import fetch
import initramfs

HERE = os.path.join(fetch.TOP, "tools/lab/toolstack")
MODULES = ["crc32c_generic", "crc32c_intel", "ext4", "af_packet", "virtio_pci", "virtio_console",
           "virtio_blk", "virtio_net", "xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_privcmd",
           "xenfs", "xen_blkback", "xen_netback", "loop", "bridge", "tun",
           "brd"]
GUEST_MODULES = ["crc32c_generic", "crc32c_intel", "ext4", "af_packet", "xen_blkfront",
                 "xen_netfront"]
GUEST_PROGRAMS = ["measure", "pattern", "tcp"]
# Not for running: documentation, translations, character sets, start of the machine, other guests'.
LEFT_OUT = ["usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*",
            "usr/share/lintian/*", "usr/share/bash-completion/*", "usr/share/perl5/*",
            "usr/share/zsh/*", "usr/lib/systemd/*", "usr/lib/*/gconv/*", "*/xen-shim", "*/libmvec*",
            "*/python3.11/test/*", "*/python3.11/idlelib/*", "*/python3.11/lib2to3/*",
            "*/python3.11/pydoc_data/*", "*/python3.11/ensurepip/*", "*/python3.11/distutils/*",
            "*/libbrotli*", "*/libfreetype*", "*/libkrb5*", "*/libgssapi*", "*/libk5crypto*",
            "*/libsepol*", "*/libsemanage*", "*/sbin/tc", "*/sbin/e2fsck", "*/bin/dpkg*",
            # QEMU serves disks here: no firmware, no sound or video.
            "usr/share/qemu/[!k]*", "usr/share/seabios/*", "usr/lib/ipxe/*", "usr/share/iso-codes/*",
            "usr/share/xml/*", "*/gstreamer*", "*/libgst[!abr]*", "*/libgstr[!e]*",
            "*/libgstallocators*", "*/libgstaudio*", "*/libgio-*", "*/share/GConf/*", "*/share/mime/*"]
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")     # links into /usr, as Debian has them
FOLDERS = ("dev", "mnt", "proc", "run", "sys", "tmp", "root", "var/log/xen", "var/lib/xen/images",
           "etc")
LINKS = {"var/run": "/run", "var/lock": "/run/lock"}


class Tree:
    """Files of an initramfs by name, written in order with the folders they need."""

    def __init__(self):
        self.entries = {}

    def add(self, name, mode, data=b"", rdev=(0, 0)):
        """One entry; what is there already stays."""
        top, _, rest = name.partition("/")
        if top in MERGED and rest:
            name = f"usr/{name}"
        if name in self.entries or any(name.startswith(f"{link}/") for link in LINKS):
            return
        for at, char in enumerate(name):
            if char == "/":
                self.entries.setdefault(name[:at], (0o040755, b"", (0, 0)))
        self.entries[name] = (mode, data, rdev)

    def file(self, name, path, mode=0o100755):
        """A file of the host."""
        self.add(name, mode, initramfs.read(path))

    def unpack(self, root):
        """All of a folder of unpacked packages but what is left out."""
        for folder, folders, files in os.walk(root):
            for entry in folders + files:
                path = os.path.join(folder, entry)
                name = os.path.relpath(path, root)
                merged = f"usr/{name}" if name.split("/")[0] in MERGED else name
                if any(fnmatch.fnmatch(merged, pattern) for pattern in LEFT_OUT):
                    continue
                if os.path.islink(path):
                    self.add(name, 0o120777, os.readlink(path).encode())
                elif os.path.isfile(path):
                    self.file(name, path, 0o100755 if os.stat(path).st_mode & 0o100 else 0o100644)
                elif name not in MERGED:
                    self.add(name, 0o040755)

    def write(self, file):
        """As a cpio."""
        cpio = initramfs.Cpio(file)
        for name in sorted(self.entries):
            mode, data, rdev = self.entries[name]
            cpio.add(name, mode, data, rdev)
        cpio.add("TRAILER!!!", 0)


def add_busybox(tree, path="/bin/busybox"):
    """Busybox and links for all of its applets that no package has."""
    tree.file("bin/busybox", path)
    names = subprocess.run(["/bin/busybox", "--list-full"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    # Only programs count: QEMU has a keyboard named tr.
    have = {os.path.basename(name) for name in tree.entries
            if os.path.dirname(name) in ("usr/bin", "usr/sbin")}
    for name in names:
        if os.path.basename(name) not in have:
            tree.add("usr/bin/" + os.path.basename(name), 0o120777, b"/bin/busybox")


def add_modules(tree, source, release, wanted):
    """Modules where modprobe looks for them, all in one folder, and the order to load them in."""
    modules = initramfs.closure(initramfs.module_files(os.path.join(source, "modules")), wanted)
    folder = f"lib/modules/{release}"
    needs, lines = {}, ""
    for name, data in modules:
        tree.add(f"{folder}/{name}.ko", 0o100644, data)
        direct = [other for other in initramfs.dependencies(data) if other in needs]
        needs[name] = sorted({*direct, *(n for other in direct for n in needs[other])},
                             key=list(needs).index, reverse=True)
        lines += f"{name}.ko:{''.join(f' {n}.ko' for n in needs[name])}\n"
    tree.add(f"{folder}/modules.dep", 0o100644, lines.encode())
    tree.add(f"{folder}/order", 0o100644, "".join(f"{name}\n" for name, _ in modules).encode())


def guest(source, release, programs, busybox="/bin/busybox"):
    """The demonstration guest's initramfs, as bytes; with programs [(name, path)]."""
    tree = Tree()
    for name in MERGED[:3]:
        tree.add(name, 0o120777, f"usr/{name}".encode())
    for name in ("dev", "mnt", "proc", "sys", "tmp"):
        tree.add(name, 0o040755)
    tree.add("dev/console", 0o020600, rdev=(5, 1))
    add_busybox(tree, busybox)
    for name in ("poweroff", "reboot"):     # where the kernel calls them
        tree.add("usr/sbin/" + name, 0o120777, b"/bin/busybox")
    add_modules(tree, source, release, GUEST_MODULES)
    tree.file("init", os.path.join(HERE, "guest-init"))
    for name, path in programs:
        tree.file("usr/bin/" + name, path)
    file = io.BytesIO()
    tree.write(file)
    return file.getvalue()


def build(kernel, output):
    """Write the initramfs for a kernel ("6.1") to a path."""
    source = fetch.fetch(kernel)
    release = initramfs.read(os.path.join(source, "release")).decode().strip()
    tree = Tree()
    for name in MERGED:
        tree.add(name, 0o120777, f"usr/{name}".encode())
    for name in FOLDERS:
        tree.add(name, 0o040755)
    for name, target in LINKS.items():
        tree.add(name, 0o120777, target.encode())
    tree.add("dev/console", 0o020600, rdev=(5, 1))
    for path in sorted(glob.glob(os.path.join(HERE, "etc", "**"), recursive=True)):
        if os.path.isfile(path):
            tree.file(os.path.relpath(path, HERE), path, 0o100644)
    tree.file("init", os.path.join(HERE, "init"))
    tree.unpack(os.path.join(fetch.fetch("toolstack"), "root"))
    tree.add("usr/bin/sh", 0o120777, b"dash")
    add_busybox(tree)
    add_modules(tree, source, release, MODULES)
    tree.file("boot/vmlinuz", os.path.join(source, "vmlinuz"), 0o100644)
    programs = initramfs.build_programs(os.path.join(os.path.dirname(output), "progs"))
    small = [(name, path) for name, path in programs if name in GUEST_PROGRAMS]
    tree.add("boot/demo.cpio", 0o100644, guest(source, release, small))
    for path in sorted(glob.glob(os.path.join(fetch.TOP, "test/system/dom0/*"))):
        tree.file("tests/" + os.path.basename(path), path)
    for name, path in programs:
        tree.file("usr/bin/" + name, path)
    scratch = f"{output}.{os.getpid()}"
    with open(scratch, "wb") as file:
        tree.write(file)
    os.rename(scratch, output)
    return output


def main():
    """The command line of this file."""
    if len(sys.argv) != 3:
        sys.exit("usage: toolstack.py KERNEL OUTPUT")
    os.makedirs(os.path.dirname(os.path.abspath(sys.argv[2])), exist_ok=True)
    try:
        build(sys.argv[1], os.path.abspath(sys.argv[2]))
    except fetch.FetchError as error:
        sys.exit(f"toolstack: {error}")


if __name__ == "__main__":
    main()
