# SPDX-License-Identifier: Apache-2.0
"""Debian's kdump-tools on the disk of `make image`: it loads the crash kernel, which leaves a vmcore of
Zeroth's panic, and of Dom0's, in /var/crash."""
import pytest

import disk
import machine
import test_disk
import xl

pytestmark = [pytest.mark.slow, pytest.mark.zeroth_only, pytest.mark.timeout(7200)]

OURS = test_disk.OURS
KEYS = "\x01\x01\x01"           # Ctrl-a three times: the input goes to Zeroth
# kexec asks the hypervisor, by a device whose module xen.service loads later than this service starts.  And as
# makedumpfile wants it of a Xen's vmcore: an ELF, and no page left out by what it means to Linux.
SETTINGS = r"""
mkdir -p /etc/systemd/system/kdump-tools.service.d
printf '[Service]\nExecStartPre=/sbin/modprobe xen-privcmd\n' > /etc/systemd/system/kdump-tools.service.d/xen.conf
echo 'GRUB_CMDLINE_XEN="$GRUB_CMDLINE_XEN crashkernel=256M"' > /etc/default/grub.d/zz-crash.cfg
cat >> /etc/default/kdump-tools << 'END'
MAKEDUMP_ARGS="-E -d 1"
KDUMP_CMDLINE_APPEND="console=ttyS0,115200 reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1"
END
update-grub && systemctl enable kdump-tools
"""
# Names, and how often, of the notes of an ELF in makedumpfile's flattened form; then it is out of the way.
NOTES = r"""
set -e
makedumpfile -R /root/vmcore < /var/crash/*/dump.2*
rm -r /var/crash/2*
python3 - << 'END'
import struct
with open("/root/vmcore", "rb") as file:
    data = file.read(1 << 20)
at, = struct.unpack_from("<Q", data, 32)
count, = struct.unpack_from("<H", data, 56)
for header in range(at, at + 56 * count, 56):
    kind, _, offset, _, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", data, header)
    while kind == 4 and size > 0:
        name, desc, _ = struct.unpack_from("<III", data, offset)
        print(data[offset + 12:offset + 12 + name].rstrip(b"\0").decode())
        step = 12 + (name + 3 & ~3) + (desc + 3 & ~3)
        offset, size = offset + step, size - step
END
rm /root/vmcore
"""


def dump_is_there(m):
    """The crash kernel has saved what it found; the machine is back, and the next crash kernel loaded."""
    m.expect("jumping into the crash kernel", timeout=60)
    m.expect("saved vmcore in /var/crash/", timeout=1500)
    m.start(OURS)
    notes = xl.ok(m, NOTES, 900).split()
    assert notes.count("CORE") == 2 and notes.count("Xen") == 3 and notes.count("VMCOREINFO_XEN") == 1
    crash_kernel_is_loaded(m)


def crash_kernel_is_loaded(m):
    """The service has done its work."""
    assert "loaded kdump kernel" in xl.ok(m, "systemctl start kdump-tools && journalctl -b -u kdump-tools", 900)


def test_crashes(log):
    """Zeroth panics, then Dom0 does."""
    with disk.DiskMachine(machine.Config(mem=2048), log) as m:
        m.start(OURS)
        xl.ok(m, SETTINGS, 300)
        m.reboot(OURS)
        crash_kernel_is_loaded(m)
        m.send(KEYS)
        m.expect("serial input goes to Zeroth", timeout=60)
        m.send("C")
        dump_is_there(m)
        m.ssh("sync; (sleep 1; echo c > /proc/sysrq-trigger) > /dev/null 2>&1 &")
        dump_is_there(m)
