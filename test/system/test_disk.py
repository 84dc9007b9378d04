# SPDX-License-Identifier: Apache-2.0
"""The disk of `make image`, as its user sees it: the menu, Debian with systemd, xl over ssh."""
import os
import re
import socket
import subprocess

import pytest

import disk
import machine
import xl

pytestmark = [pytest.mark.slow, pytest.mark.zeroth_only, pytest.mark.timeout(7200)]

OURS, XEN = "Xen 4.17-zeroth", "Xen 4.17-amd64"


@pytest.fixture(autouse=True)
def disk_is_there():
    """Left to `make`, which builds the disk of what is built."""
    assert os.path.exists(disk.DISK), f"{disk.DISK} is missing: make image"


def is_well(m, version):
    """All of Debian's services run, on a hypervisor of this name, whose tools answer."""
    code, text = m.ssh("systemctl is-system-running --wait || systemctl --failed --no-pager", 600)
    assert (code, text) == (0, "running\n")
    code, text = m.ssh("systemctl is-active xen xendomains && pidof xenstored xenconsoled")
    assert code == 0 and text.startswith("active\nactive\n"), text
    code, text = m.ssh("xl list")
    assert code == 0 and [line.split()[:4] for line in text.splitlines()[1:]] == [["Domain-0", "0", "1024", "2"]]
    code, text = m.ssh("xl info xen_version")
    assert code == 0 and version in text


def log_tells(m):
    """What an administrator looks for is in xl dmesg, and in xl info what was built."""
    text = xl.ok(m, "xl dmesg")
    for line in (r"version 4\.17\.0-zeroth, build [0-9a-f]{8} by compiler \S+", r"sources of 20\S+ \S+ UTC",
                 "loaded by GRUB", "command line: placeholder console=com1,vga", r"memory: \d+ MiB of RAM",
                 r"CPUs: (\d+) of \1 run", "spec-ctrl: CPU has.*; used:.", r"Dom0: 1024 MiB of memory, \d vCPUs"):
        assert re.search(line, text), line
    assert "ignored" not in text            # nothing that it did not understand


def key_comes(m, path):
    """A key of the USB keyboard comes to Dom0; path: of QEMU's monitor."""
    xl.ok(m, "exec 3< $(ls /dev/input/by-id/usb-*-kbd); head -c 24 <&3 > /root/key 2> /dev/null &")
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        monitor.sendall(b"sendkey a\n")
        xl.ok(m, "until [ -s /root/key ]; do sleep 0.2; done")


def test_bios_and_usb_keyboard(log, tmp_path):
    """BIOS starts GRUB, its default entry Zeroth, Debian reaches its login with nothing failed."""
    path = str(tmp_path / "monitor")
    config = machine.Config(mem=2048, qemu=["-device", "qemu-xhci", "-device", "usb-kbd",
                                            "-monitor", f"unix:{path},server=on,wait=off"])
    with disk.DiskMachine(config, log) as m:
        m.start(OURS)
        is_well(m, "zeroth")
        log_tells(m)
        key_comes(m, path)


def test_uefi_and_the_other_entry(log):
    """So does UEFI; and the menu's other entry is Debian's Xen, on which all is the same."""
    with disk.DiskMachine(machine.Config(mem=2048, firmware="uefi"), log) as m:
        m.start(OURS)
        is_well(m, "zeroth")
        m.choose_xen()
        m.reboot(XEN)
        is_well(m, "4.17")
        code, text = m.ssh("xl dmesg")
        assert code == 0 and "zeroth" not in text


NODES = [word for node in (0, 1) for word in (
    "-object", f"memory-backend-ram,id=m{node},size=2G",
    "-numa", f"node,nodeid={node},memdev=m{node},cpus={2 * node}-{2 * node + 1}")]
HARDWARE = {
    "ahci-e1000e-2-nodes": (dict(mem=4096, smp=4, qemu=NODES), "ahci", "e1000e"),
    "nvme-no-hpet-1-cpu": (dict(mem=1536, smp=1, machine="q35,hpet=off"), "nvme", "virtio-net-pci"),
    "16-cpus-16-gib": (dict(mem=16384, smp=16), "virtio", "virtio-net-pci"),
    "1-gib": (dict(mem=1024, smp=2), "virtio", "virtio-net-pci"),     # of which the menu's options give all to Dom0
    "x2apic": (dict(mem=2048, smp=2, cpu=f"{machine.CPU},+x2apic"), "virtio", "virtio-net-pci"),
    "no-pic-uefi": (dict(mem=2048, smp=2, machine="q35,pic=off", firmware="uefi"), "nvme", "e1000e"),
}

TRANSPORT = {"ahci": "ata-QEMU", "nvme": "nvme-", "virtio": "virtio-pci-"}


def has_x2apic():
    """Whether QEMU's emulated CPU can have it: since 9.0."""
    version = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"version (\d+)", version)[1]) >= 9


def machine_of(log, name, **more):
    """A machine of that kind; more: of machine.Config."""
    settings, kind, net = HARDWARE[name]
    settings = {**settings, **more, "qemu": settings.get("qemu", []) + more.get("qemu", [])}
    return disk.DiskMachine(machine.Config(**settings), log, disk=kind, net=net)


def comes_up(m, name):
    """It reaches its login, with its CPUs, memory, nodes, disk and card."""
    _, kind, net = HARDWARE[name]
    m.start(OURS)
    info = xl.ok(m, "xl info")
    assert re.search(rf"nr_cpus +: {m.config.smp}\n", info) and m.config.mem - 32 < total(info) <= m.config.mem
    assert re.search(rf"nr_nodes +: {2 if 'nodes' in name else 1}\n", info)
    assert TRANSPORT[kind] in xl.ok(m, "ls /dev/disk/by-*")
    assert name != "x2apic" or "APIC: x2APIC" in xl.ok(m, "xl dmesg")
    driver = xl.ok(m, "readlink /sys/class/net/en*/device/driver")
    assert driver.split("/")[-1].strip() == {"virtio-net-pci": "virtio_net"}.get(net, net)


@pytest.mark.parametrize("name", ["16-cpus-16-gib", "1-gib", "x2apic"])
def test_hardware(log, name):
    """Machines that no other test of the disk is on."""
    if name == "x2apic" and not has_x2apic():
        pytest.skip("this QEMU emulates no x2APIC; from 9.0 on it does")
    with machine_of(log, name) as m:
        comes_up(m, name)


def total(info):
    """MiB of memory by xl info."""
    return int(re.search(r"total_memory +: (\d+)", info)[1])
