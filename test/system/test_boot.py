# SPDX-License-Identifier: Apache-2.0
"""Dom0 reaches user space: kernels, numbers of CPUs, boot roads, power-off and reboot."""
import pytest

import machine

# Measured: GRUB on UEFI ends Xen's multiboot 1 with "no suitable video mode found".
ROADS = [("bios", "multiboot1"), ("bios", "multiboot2"), ("uefi", "multiboot2"),
         pytest.param("uefi", "multiboot1", marks=pytest.mark.zeroth_only)]


@pytest.mark.parametrize("kernel", ["6.1", "5.10", "6.12"])
def test_kernel(dom0, kernel):
    """Debian's stock kernels reach user space and power off."""
    assert "ZT cpus=2" in dom0("hello", kernel=kernel, smp=2)


@pytest.mark.parametrize("smp", [1, 4])
def test_smp(dom0, smp):
    """Dom0 gets a vCPU for each CPU of the machine."""
    text = dom0("hello", smp=smp)
    assert f"ZT cpus={smp}\n" in text


@pytest.mark.parametrize("firmware,protocol", ROADS)
def test_grub(dom0, firmware, protocol):
    """A GRUB menu boots on BIOS and on UEFI, by multiboot 1 and 2."""
    dom0("hello", firmware=firmware, protocol=protocol, boot=240)


def test_reboot(dom0):
    """Dom0's reboot resets the machine (QEMU ends, by -no-reboot)."""
    assert "reboot: Restarting system" in dom0("reboot")


def test_no_dom0(log):
    """Without a module there is one clear line, not a hang or a fault."""
    with machine.Machine(machine.Config(no_dom0=True), log) as guest:
        guest.expect("dom0", "Dom0", "DOM0", timeout=60)
        assert "FATAL TRAP" not in guest.text
