# SPDX-License-Identifier: Apache-2.0
"""A stock 32-bit kernel as a PVH guest: Debian's i386 one, with a 32-bit busybox; the same on Xen and Zeroth.

Dom0 finds the guest's kernel and initramfs in a tar archive on /dev/vda.
"""
import os
import tarfile

import fetch
import machine
import pytest
import toolstack
import xl

pytestmark = pytest.mark.slow

NAME = "pvh32"
SETTINGS = ("kernel=\"/tmp/vmlinuz\"", "ramdisk=\"/tmp/guest.cpio\"", "vcpus=2")


def archive(path):
    """The guest's kernel and initramfs."""
    source = fetch.fetch("6.1-i386")
    with open(os.path.join(source, "release"), encoding="ascii") as file:
        release = file.read().strip()
    with open(path + ".cpio", "wb") as file:
        file.write(toolstack.guest(source, release, [], os.path.join(source, "busybox")))
    with tarfile.open(path, "w") as tar:
        tar.add(os.path.join(source, "vmlinuz"), "vmlinuz")
        tar.add(path + ".cpio", "guest.cpio")
    os.unlink(path + ".cpio")


@pytest.fixture(scope="module")
def guest():
    """A Dom0 with the guest running."""
    config = machine.Config()
    config.smp, config.cpu = 2, "qemu64,+svm,+npt"
    logs = os.path.join(machine.TOP, "build/logs")
    os.makedirs(logs, exist_ok=True)
    path = os.path.join(logs, f"{config.hypervisor}-{NAME}.tar")
    archive(path)
    config.qemu += ["-icount", "shift=1,sleep=off",
                    "-drive", f"if=none,id=d0,format=raw,readonly=on,file={path}",
                    "-device", "virtio-blk-pci,drive=d0"]
    try:
        with machine.Toolstack(config, path[:-4] + ".log") as m:
            m.kind = "pvh"
            xl.ok(m, "tar xf /dev/vda -C /tmp")
            xl.create(m, NAME, *SETTINGS)
            yield m
    finally:
        os.unlink(path)


def test_runs(guest):
    """It has its CPUs and knows what it runs on."""
    assert xl.in_guest(guest, NAME, "uname -m; nproc; cat /sys/hypervisor/type").split() == ["i686", "2", "xen"]


def test_clock(guest):
    """The wall clock in shared_info is where 32-bit code looks for it, and time passes."""
    inside = int(xl.in_guest(guest, NAME, "date +%s"))
    outside = int(xl.ok(guest, "date +%s"))
    assert 0 <= outside - inside <= 60 or 0 <= inside - outside <= 5
    text = xl.in_guest(guest, NAME, "cut -d. -f1 /proc/uptime; sleep 3; cut -d. -f1 /proc/uptime")
    first, last = (int(word) for word in text.split())
    assert 3 <= last - first <= 4


def test_steal(guest):
    """Run states are where it registered them: time that it waited is not more than there was."""
    words = xl.in_guest(guest, NAME, "grep -w cpu /proc/stat").split()
    assert 0 <= int(words[8]) < sum(int(word) for word in words[1:8])


def test_devices(guest):
    """Grants and events: a disk that holds what was written, a network that answers."""
    xl.in_guest(guest, NAME, "dd if=/dev/urandom of=/dev/xvda bs=64k count=64 conv=fsync 2>/dev/null")
    inside = xl.in_guest(guest, NAME, "dd if=/dev/xvda bs=64k count=64 2>/dev/null | md5sum").split()[0]
    outside = xl.ok(guest, "dd if=/var/lib/xen/images/demo.img bs=64k count=64 2>/dev/null | md5sum")
    assert inside == outside.split()[0]
    xl.in_guest(guest, NAME, "ip addr add 192.168.128.32/24 dev eth0 && ping -c 2 192.168.128.1")


def test_reboot_and_end(guest):
    """It shuts down when it is asked to."""
    xl.ok(guest, f"xl shutdown -w {NAME}", 300)
    xl.gone(guest, NAME)
