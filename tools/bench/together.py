#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Dom0 and a PVH guest together, to both prompts, against Dom0 alone and the guest's kernel natively:
together.py [HYPERVISOR].  Instructions, as the plugin counts them (count.c); kernels are unpacked ELFs."""
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab")]
import boots      # noqa: E402
import fetch      # noqa: E402
import guests     # noqa: E402
import machine    # noqa: E402
import measure    # noqa: E402
import toolstack  # noqa: E402

CPU = "qemu64,+svm,+npt"     # with CMPXCHG16B, as boots.CPU
GUEST = ('name="bench"', 'type="pvh"', 'kernel="/run/vmlinux"', "disk=[]", "vif=[]")


def plain():
    """The kernel of both, unpacked."""
    return boots.unpacked(os.path.join(fetch.fetch(boots.VERSION), "vmlinuz"))


def total(found):
    """Instructions up to a mark."""
    return found[1] + found[2]


class Together(guests.Counted):
    """A Dom0 on a CPU with SVM; the kernel is a disk's bytes."""

    def __init__(self, hypervisor, log):
        super().__init__(hypervisor, log)
        self.config.cpu, self.config.image = CPU, plain()

    def command(self, directory):
        """Override: the disk."""
        return super().command(directory) + [
            "-drive", f"if=none,id=kernel,format=raw,read-only=on,file={plain()}",
            "-device", "virtio-blk-pci,drive=kernel"]


class Natively(machine.Machine):
    """The guest's kernel and initramfs with no hypervisor, counted as well."""

    def command(self, directory):
        """Override: no hypervisor."""
        command = super().command(directory) + measure.EXACT
        programs = machine.initramfs.build_programs(os.path.join(measure.TOP, "build/progs"))
        small = [(name, path) for name, path in programs if name in toolstack.GUEST_PROGRAMS]
        initrd = os.path.join(directory, "guest.cpio")
        with open(initrd, "wb") as file:
            release = machine.initramfs.read(os.path.join(fetch.fetch(boots.VERSION), "release"))
            file.write(toolstack.guest(fetch.fetch(boots.VERSION), release.decode().strip(), small))
        for option, value in (("-kernel", plain()), ("-append", "console=ttyS0 quiet"), ("-initrd", initrd)):
            command[command.index(option) + 1] = value
        self.counts = os.path.join(measure.LOGS, "bench-together-native.counts")
        return command + ["-plugin", f"{guests.PLUGIN},out={self.counts}"]


def natively():
    """The kernel's boot to its prompt."""
    config = machine.Config(hypervisor="zeroth", smp=1, mem=256, icount=True, kernel=boots.VERSION,
                            cpu=CPU, image=plain(), firmware="")
    with Natively(config, os.path.join(measure.LOGS, "bench-together-native.log")) as lab:
        lab.expect("GUEST READY", timeout=300)
        lab.expect("# ", timeout=60)
        lab.send("measure mark; echo MARK''ED\r")
        lab.expect("MARKED", timeout=60)
    with open(lab.counts, encoding="ascii") as file:
        _, inside, outside = file.readline().split()[:3]
    return int(inside) + int(outside)


def under(hypervisor):
    """Dom0's boot to its prompt; both boots."""
    log = os.path.join(measure.LOGS, f"bench-together-{hypervisor}.log")
    settings = " ".join(f"'{setting}'" for setting in GUEST)
    with Together(hypervisor, log) as lab:
        lab.ok("measure mark; cat /dev/vda > /run/vmlinux", 300)
        lab.ok(f"xl create /etc/xen/demo.cfg {settings} && sh /tests/guest open bench && "
               "sh /tests/guest wait bench 'GUEST READY' 600", 900)
        lab.guest("measure mark")
        marks = [mark for mark in lab.marks() if mark[0] == "mark"]
    return total(marks[0]), total(marks[1])


def measured(hypervisor):
    """(Dom0 alone, the guest's kernel natively, both together, the last by the sum of the others)."""
    guests.build_plugin()
    os.makedirs(measure.LOGS, exist_ok=True)
    alone, both = under(hypervisor)
    native = natively()
    return alone, native, both, both / (alone + native)


if __name__ == "__main__":
    print("Dom0 alone {}, the guest natively {}, together {}: {:.3f}".format(
        *measured(sys.argv[1] if len(sys.argv) > 1 else "zeroth")))
