# SPDX-License-Identifier: Apache-2.0
"""KVM under the emulator: Debian's kernel, whose initramfs starts Debian's QEMU with a kernel.

The stock kernel's kvm-amd and the installed QEMU with its libraries and firmware go into an
initramfs; the machine has `-cpu qemu64,+svm,+npt`.  The guest's serial line is the machine's.
"""
import os
import re
import subprocess

import fetch
import initramfs

FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/pvh.bin",
            "/usr/share/seabios/vgabios-stdvga.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in irqbypass ccp kvm kvm_amd; do
    [ -f /modules/$module.ko ] && /bin/busybox insmod /modules/$module.ko
done
/bin/busybox echo NESTED START
/usr/bin/qemu-system-x86_64 -L /firmware -machine q35 -accel kvm -cpu host,-pmu -m 64 -smp @SMP@ \\
    -display none -nodefaults -no-reboot -serial stdio -kernel /kernel -append "@LINE@" </dev/null
/bin/busybox echo NESTED END
/bin/busybox poweroff -f
"""


def libraries(program):
    """The shared objects a program is loaded with, the loader included."""
    text = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted(set(re.findall(r"(/\S+) \(0x", text)))


def build(kernel, arguments, smp, output):
    """Write the initramfs."""
    files = initramfs.module_files(os.path.join(fetch.fetch("6.1"), "modules"))
    qemu = "/usr/bin/qemu-system-x86_64"
    with open(output, "wb") as file:
        cpio = initramfs.Cpio(file)
        made = set()

        def add(name, mode, data):
            parts = name.split("/")[:-1]
            for i in range(len(parts)):
                folder = "/".join(parts[:i + 1])
                if folder not in made:
                    made.add(folder)
                    cpio.add(folder, 0o040755)
            cpio.add(name, mode, data)

        for folder in ("dev", "tmp", "proc"):
            made.add(folder)
            cpio.add(folder, 0o040755)
        cpio.add("dev/console", 0o020600, rdev=(5, 1))
        add("bin/busybox", 0o100755, initramfs.read("/bin/busybox"))
        line = INIT.replace("@SMP@", str(smp)).replace("@LINE@", arguments)
        add("init", 0o100755, line.encode())
        add("kernel", 0o100644, initramfs.read(kernel))
        for path in (qemu, *libraries(qemu)):
            add(path[1:], 0o100755, initramfs.read(path))
        for path in FIRMWARE:
            if os.path.exists(path):
                add("firmware/" + os.path.basename(path), 0o100644, initramfs.read(path))
        for name in ("irqbypass", "ccp", "kvm", "kvm_amd"):
            if name in files:
                add(f"modules/{name}.ko", 0o100644, initramfs.module_bytes(files[name]))
        cpio.add("TRAILER!!!", 0)


def boot_arguments(kernel, arguments, directory, smp=1):
    """QEMU's arguments that boot the stock kernel with that initramfs."""
    path = os.path.join(directory, "nested.cpio")
    build(kernel, arguments, smp, path)
    return ["-kernel", os.path.join(fetch.fetch("6.1"), "vmlinuz"), "-initrd", path,
            "-append", "console=ttyS0 quiet panic=-1"]
