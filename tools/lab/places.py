# SPDX-License-Identifier: Apache-2.0
"""The places a kernel of the guest kit runs in: `with Running("xen-pv", kernel, log) as m: ...`.

bare: QEMU's -kernel, which uses the PVH entry.  multiboot: a GRUB menu on BIOS.  xen-pv, xen-pvh:
Dom0 of Debian's Xen 4.17.  zeroth-pv, zeroth-pvh: Dom0 of Zeroth.  kvm: a guest of Debian's QEMU and
KVM, which run in Debian's kernel under the emulator (tools/lab/nested.py).
"""
import os
import shutil
import subprocess

import machine
import nested

PLACES = ("bare", "multiboot", "xen-pv", "xen-pvh", "zeroth-pv", "zeroth-pvh", "kvm")
XEN_OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=error"   # what a case asks for is its own to tell

# With CMPXCHG16B, that Xen wants for an IOMMU; kernels of the kit do without (machine.WITHOUT).
SVM = "qemu64,+svm,+npt"


def present(place):
    """Whether the place can exist here: Zeroth needs its image."""
    return not place.startswith("zeroth") or os.path.exists(
        os.path.join(machine.TOP, "build/zeroth.elf"))


def grub_iso(kernel, arguments, directory):
    """An ISO whose GRUB boots a kernel by multiboot 1."""
    root = os.path.join(directory, "iso")
    os.makedirs(os.path.join(root, "boot/grub"))
    shutil.copy(kernel, os.path.join(root, "boot/kernel"))
    with open(os.path.join(root, "boot/grub/grub.cfg"), "w", encoding="ascii") as file:
        file.write("set timeout=0\nmenuentry kernel {\n"
                   f"  multiboot /boot/kernel {arguments}\n}}\n")
    iso = os.path.join(directory, "boot.iso")
    subprocess.run(["grub-mkrescue", "-o", iso, root], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return iso


def boot_arguments(place, kernel, arguments, directory):
    """QEMU's arguments that choose what is booted."""
    if place == "bare":
        return ["-kernel", kernel, "-append", arguments]
    if place == "multiboot":
        return ["-drive", f"if=none,id=cd,media=cdrom,format=raw,file={grub_iso(kernel, arguments, directory)}",
                "-device", "ide-cd,drive=cd"]
    if place == "kvm":
        return nested.boot_arguments(kernel, arguments, directory)
    hypervisor, kind = place.split("-")
    options = XEN_OPTIONS + (" dom0=pvh" if kind == "pvh" else "")
    line = arguments.replace(",", ",,")
    return ["-kernel", machine.hypervisor_image(hypervisor), "-append", options,
            "-initrd", f"{kernel} {line}"]


class Running(machine.Machine):
    """A kernel of the guest kit in one place."""

    def __init__(self, place, kernel, log, arguments="", smp=1, mem=2048, icount=None, cpu=""):
        """icount: how many nanoseconds an instruction takes, as a power of two; None: real time."""
        super().__init__(machine.Config(smp=smp, mem=mem), log)
        self.place, self.kernel, self.arguments, self.cpu = place, kernel, arguments, cpu
        self.icount = icount

    def command(self, directory):
        """Override: the place's machine."""
        config = self.config
        hardware = self.place == "kvm" or self.place.endswith("pvh")
        cpu = self.cpu or (SVM if hardware else machine.CPU)
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", cpu,
                   "-m", str(config.mem), "-smp", str(config.smp), "-display", "none",
                   "-nodefaults", "-no-reboot", "-chardev", "stdio,id=console,signal=off",
                   "-serial", "chardev:console"]
        if self.place.endswith("pvh"):
            command += ["-device", "intel-iommu"]
        if self.icount is not None:
            command += ["-icount", f"shift={self.icount},sleep=off,align=off"]
        return command + boot_arguments(self.place, self.kernel, self.arguments, directory)
