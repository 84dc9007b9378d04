# SPDX-License-Identifier: Apache-2.0
"""A crash kernel: Debian's kexec-tools loads it, a panic of the hypervisor starts it."""
import os
import re
import shutil

import pytest

import fetch
import machine

pytestmark = [pytest.mark.slow, pytest.mark.zeroth_only]
KEYS = "\x01\x01\x01"           # Ctrl-a three times: the input goes to Zeroth
APPEND = "console=ttyS0,115200 zt.test=vmcore nr_cpus=1 reset_devices panic=-1"
LOAD = f"/tmp/kexec -p /boot/vmlinuz --initrd=/tmp/initrd --append='{APPEND}'"


def disk(path):
    """QEMU's arguments for a disk that is a file."""
    name = os.path.basename(path).replace(".", "-")
    return ["-drive", f"if=none,id={name},format=raw,readonly=on,file={path}", "-device", f"virtio-blk-pci,drive={name}"]


def test_panic_leaves_a_vmcore(log, tmp_path):
    """The crash kernel finds the CPUs' notes and Zeroth's."""
    tool = tmp_path / "kexec"
    shutil.copy(os.path.join(fetch.fetch("kexec"), "kexec"), tool)
    os.truncate(tool, (tool.stat().st_size + 511) // 512 * 512)
    config = machine.Config(smp=2, qemu=disk(str(tool)) + disk(machine.initrd_image("6.1")))
    config.options += " crashkernel=256M"
    with machine.Toolstack(config, log) as guest:
        for command in ("cat /dev/vda > /tmp/kexec; chmod +x /tmp/kexec; cat /dev/vdb > /tmp/initrd", LOAD):
            code, said = guest.run(command, timeout=120)
            assert code == 0, said
        guest.send(KEYS)
        guest.expect("serial input goes to Zeroth", timeout=30)
        guest.send("C")
        guest.expect("jumping into the crash kernel", timeout=30)
        guest.expect("ZT RESULT pass", timeout=200)
        guest.wait_end(60)
    assert "ZT VMCORE XEN_VERSION=4.17" in guest.text
    counts = {name: int(count) for name, count in re.findall(r"ZT VMCORE (\w+) (\d+)\n", guest.text)}
    assert counts["CORE"] and counts["Xen"] and counts["VMCOREINFO_XEN"]
