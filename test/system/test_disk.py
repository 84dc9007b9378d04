# SPDX-License-Identifier: Apache-2.0
"""The disk of `make image`, as its user sees it: the menu, Debian with systemd, xl over ssh."""
import os

import pytest

import disk
import machine

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


def test_bios(log):
    """BIOS starts GRUB, its default entry Zeroth, Debian reaches its login with nothing failed."""
    with disk.DiskMachine(machine.Config(mem=2048), log) as m:
        m.start(OURS)
        is_well(m, "zeroth")


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


def test_hardware(log):
    """A disk by AHCI, a card of Intel's, one CPU more than usual."""
    with disk.DiskMachine(machine.Config(mem=2048, smp=3), log, disk="ahci", net="e1000e") as m:
        m.start(OURS)
        code, text = m.ssh("xl info nr_cpus && lsblk -no TRAN /dev/sda && ls /sys/bus/pci/drivers/e1000e")
        assert code == 0 and text.split()[:2] == ["3", "sata"] and "0000:" in text
