# SPDX-License-Identifier: Apache-2.0
"""How large Zeroth is: its image, its memory; and a boot of the build that checks its locks."""
import os
import re
import subprocess

import pytest

import machine

pytestmark = pytest.mark.zeroth_only
IMAGE_MAX = 400000              # bytes, compressed
OWN_MAX, OWN_SHARE = 8192, 100  # KiB, and one part of so many of the RAM


def test_image_is_small():
    """What goes into /boot, as gzip packs it."""
    with open(machine.hypervisor_image("zeroth"), "rb") as file:
        packed = subprocess.run(["gzip", "-9nc"], input=file.read(), check=True,
                                stdout=subprocess.PIPE).stdout
    print(f"{len(packed)} bytes, at most {IMAGE_MAX}")
    assert len(packed) <= IMAGE_MAX


@pytest.mark.parametrize("mem,smp", [(512, 1), (4096, 4)])
def test_memory_is_small(log, mem, smp):
    """What neither Dom0 has nor is free when Dom0 begins."""
    with machine.Machine(machine.Config(mem=mem, smp=smp), log) as guest:
        guest.expect("are Zeroth's own", timeout=120)
        own, ram = map(int, re.search(r"(\d+) KiB of (\d+) KiB are Zeroth's own",
                                      guest.text).groups())
    assert own <= OWN_MAX + ram // OWN_SHARE


def test_checked_locks(dom0, monkeypatch):
    """DEBUG=1: each lock's order and holder are looked at, from boot to power-off."""
    folder = os.path.join(machine.TOP, "build/debug")
    subprocess.run(["make", "-s", "-C", machine.TOP, "DEBUG=1", "O=build/debug",
                    "build/debug/zeroth.elf"], check=True)
    monkeypatch.setenv("ZEROTH_IMAGE", os.path.join(folder, "zeroth.elf"))
    assert "PANIC" not in dom0("hello", smp=2)
