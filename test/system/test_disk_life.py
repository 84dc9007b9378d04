# SPDX-License-Identifier: Apache-2.0
"""The life of an installation, on the disk of `make image`: our package comes, guests start with the
machine, the package goes; and a guest that Debian's own tool makes."""
import os
import subprocess

import pytest

import disk
import fetch
import initramfs
import machine
import test_disk
import toolstack
import xl

pytestmark = [pytest.mark.slow, pytest.mark.zeroth_only, pytest.mark.timeout(7200)]

OURS, XEN = test_disk.OURS, test_disk.XEN
PACKAGE = "zeroth-hypervisor-4.17-amd64"
GUEST = """name = "{name}"
type = "{name}"
kernel = "/boot/vmlinuz-{release}"
ramdisk = "/root/guest.cpio"
extra = "console=hvc0 quiet"
memory = 128
vcpus = 1
"""


def set_up_files(m):
    """What guests are started with, and what drives their consoles."""
    source = fetch.fetch("6.1")
    release = initramfs.read(os.path.join(source, "release")).decode().strip()
    m.ssh("cat > /root/guest.cpio", data=toolstack.guest(source, release, []))
    m.ssh("mkdir -p /tests && cat > /tests/guest",
          data=initramfs.read(os.path.join(machine.TOP, "test/system/dom0/guest")))


def set_up_guests(m):
    """A PV and a PVH guest that Debian's xendomains starts with the machine."""
    set_up_files(m)
    release = xl.ok(m, "uname -r").strip()
    for name in ("pv", "pvh"):
        m.ssh(f"cat > /etc/xen/{name}.cfg", data=GUEST.format(name=name, release=release).encode())
        xl.ok(m, f"mkdir -p /etc/xen/auto && ln -s ../{name}.cfg /etc/xen/auto")
    xl.ok(m, "systemctl restart xendomains", 900)
    for name in ("pv", "pvh"):
        open_console(m, name)
        xl.wait(m, name, "GUEST READY", 600)
        xl.in_guest(m, name, "told=before", 600)


def open_console(m, name):
    """Read it from now on; once in each of the machine's lives."""
    xl.ok(m, f"xl list {name} && sh /tests/guest open {name}", 600)


def guests_are_back(m, *names):
    """xendomains has saved them and restored them: their shells know what they were told."""
    for name in names:
        open_console(m, name)
        assert xl.in_guest(m, name, "echo $told", 600) == "before\n"


def test_life_of_an_installation(log):
    """The package comes to a Debian with Xen; guests that start with the machine are there again after a
    reboot; and so they are on Debian's Xen, when the package is gone."""
    with disk.DiskMachine(machine.Config(mem=2048), log) as m:
        m.start(OURS)
        xl.ok(m, f"dpkg -P {PACKAGE} && ! ls /boot/xen-4.17-zeroth.gz", 600)
        assert "zeroth" not in xl.ok(m, "cat /boot/grub/grub.cfg")
        xl.ok(m, "dpkg -i /root/debs/*.deb", 600)
        m.reboot(OURS)
        set_up_guests(m)
        xl.ok(m, "touch /run/before")
        m.reboot(OURS)
        xl.ok(m, "! ls /run/before")
        guests_are_back(m, "pv", "pvh")
        # The PVH one stays behind: the emulator tells of its RDTSCP as of RDTSC, of which Xen makes nothing when the
        # clock's rate is not the one that the guest was saved at; it says so without end, and Dom0's programs suffer.
        xl.ok(m, "xl destroy pvh && rm /etc/xen/auto/pvh.cfg")
        xl.ok(m, f"dpkg -r {PACKAGE}", 600)
        m.reboot(XEN)
        assert "zeroth" not in xl.ok(m, "xl info xen_version")
        guests_are_back(m, "pv")


def base_system(folder):
    """A small Debian as an archive: debootstrap in an emulator takes longer than all of the rest."""
    path = os.path.join(folder, "base.tar")
    subprocess.run(["mmdebstrap", "-q", "--variant=minbase", "--dpkgopt=path-exclude=/usr/share/doc/*",
                    "--include=systemd-sysv,udev,dbus,openssh-server,ifupdown,iproute2,netbase,kmod",
                    "bookworm", path, fetch.mirror()], check=True)
    return path


def test_xen_create_image(log, tmp_path):
    """A guest that xen-create-image makes boots, and is reached by ssh from Dom0; on a machine with an NVMe disk."""
    base = ["-drive", f"if=none,id=base,format=raw,readonly=on,file={base_system(tmp_path)}",
            "-device", "virtio-blk-pci,drive=base,serial=base"]
    with test_disk.machine_of(log, "nvme-no-hpet-1-cpu", qemu=base) as m:
        test_disk.comes_up(m, "nvme-no-hpet-1-cpu")
        xl.ok(m, "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; mkdir -p /etc/xen-tools/skel/root/.ssh; "
                 "cp /root/.ssh/id_ed25519.pub /etc/xen-tools/skel/root/.ssh/authorized_keys; mkdir /root/modules")
        # Dom0's kernel: to install one of its own takes long here.
        xl.ok(m, "sed -i '/^bookworm/s/ pygrub//' /etc/xen-tools/distributions.conf")
        xl.ok(m, "xen-create-image --hostname=made --dir=/srv/xen --size=1G --swap=64M --memory=256M --vcpus=1 "
                 "--ip=192.168.128.10 --netmask=255.255.255.0 --gateway=192.168.128.1 --bridge=xenbr0 "
                 f"--dist=bookworm --mirror={fetch.mirror()} --password=zeroth "
                 "--install-method=tar --install-source=/dev/disk/by-id/virtio-base "
                 "--modules=/root/modules", 3600)
        xl.ok(m, "sed -i 's/elevator=noop/net.ifnames=0/' /etc/xen/made.cfg")   # xen-tools calls the card eth0
        xl.ok(m, "xl create /etc/xen/made.cfg", 600)
        ask = "ssh -o StrictHostKeyChecking=no -o BatchMode=yes -o ConnectTimeout=60 root@192.168.128.10 hostname"
        text = xl.ok(m, f"for i in $(seq 100); do {ask} && exit 0; sleep 2; done; exit 1", 1200)
        assert text.endswith("made\n")
        xl.ok(m, "xl shutdown -w made", 600)
