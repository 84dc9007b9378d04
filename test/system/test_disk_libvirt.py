# SPDX-License-Identifier: Apache-2.0
"""Debian's libvirt on the disk of `make image`: the same commands, the same answers on Zeroth and on Xen."""
import re

import pytest

import machine
import test_disk
import test_disk_life
import xl

pytestmark = [pytest.mark.slow, pytest.mark.zeroth_only, pytest.mark.timeout(7200)]

CPU_MODEL = "/usr/share/libvirt/cpu_map/x86_kvm64.xml"
GUEST = ("virt-install --connect xen:///system --import --name {name} --memory 128 --vcpus 1,maxvcpus=2 "
         "--disk /root/{name}.img,format=raw,bus=xen --network none --graphics none --noautoconsole "
         "--osinfo detect=off,require=off --boot kernel=/boot/vmlinuz-$(uname -r),initrd=/root/guest.cpio,"
         "kernel_args='console=hvc0 quiet' --print-xml {kind}")
KINDS = {   # of guests: machine, CPU, and what virt-install is told
    "pv": ("ahci-e1000e-2-nodes", f"{machine.CPU},vendor=GenuineIntel,-svm", "--paravirt"),
    "pvh": ("no-pic-uefi", machine.CPU, "--paravirt --xml ./os/type=xenpvh --xml ./os/type/@machine=xenpvh"),
}
# A terminal for virsh console: when it is connected (and says a text), type; read the answer, leave.  virsh
# forgets what was typed before its terminal is raw, which is after its last word: who hears nothing types again.
CONSOLE = r"""
import os, pty, select, sys
pid, fd = pty.fork()
if not pid:
    os.execvp("virsh", ["virsh", "-c", "xen:///system", "console", "--force", sys.argv[1]])
text = b""
def until(what):
    global text
    while what not in text:
        text += os.read(fd, 4096)
until(b"Escape character")
if sys.argv[2:]:
    until(sys.argv[2].encode())
while b"up 42" not in text:
    os.write(fd, b"\necho up $((6*7))\n")
    while b"up 42" not in text and select.select([fd], [], [], 20)[0]:
        text += os.read(fd, 4096)
os.write(fd, b"\x1d")
print("up 42")
"""


def virsh(m, command, timeout=600):
    """What virsh says that must succeed."""
    return xl.ok(m, f"virsh -q -c xen:///system {command}", timeout)


def set_up(m, name):
    """libvirt 9.0 starts on no CPU without VME and SYSENTER, as TCG's of AMD is, on Debian's Xen neither: for PVH
    guests, which need SVM, it is told that kvm64 is one without SYSENTER and CMPXCHG16B.  TCG's of Intel's make
    it takes as it is."""
    test_disk_life.set_up_files(m)
    if name == "pvh":
        xl.ok(m, f"sed -i -E '/name=.(sep|cx16).\\/>/d' {CPU_MODEL} && ! grep -E 'sep|cx16' {CPU_MODEL}")
    m.ssh("cat > /root/console.py", data=CONSOLE.encode())


def begin(m, name, options=""):
    """Define a guest and start it."""
    xl.ok(m, f"truncate -s 64M /root/{name}.img /root/more.img")
    xl.ok(m, GUEST.format(name=name, kind=KINDS[name][2]) + f" > /root/{name}.xml", 600)
    virsh(m, f"define /root/{name}.xml")
    virsh(m, f"start {name} {options}")


def used_memory(m, name):
    """KiB, by dominfo."""
    return int(re.search(r"Used memory: +(\d+) KiB\n", virsh(m, f"dominfo {name}"))[1])


def migrate(m, name):
    """What it says of a migration to where the guest is, which leaves the domain locked until libvirtd is
    started anew."""
    code, text = m.ssh(f"virsh -c xen:///system migrate --live {name} xen:///system", 600)
    return code, text.split()       # an empty line comes by another road, somewhere


def life(m, name):
    """One guest's life; what it used of memory, and what was said of its migration."""
    begin(m, name)
    assert re.search(rf"\d+ +{name} +running", virsh(m, "list"))
    assert "up 42" in xl.ok(m, f"timeout 500 python3 /root/console.py {name} 'GUEST READY'", 600)
    text = virsh(m, f"dominfo {name}")
    assert re.search(r"CPU\(s\): +1\n", text) and re.search(r"State: +running", text)
    used = used_memory(m, name)
    virsh(m, f"suspend {name}")
    assert virsh(m, f"domstate {name}") == "paused\n"
    virsh(m, f"resume {name}")
    virsh(m, f"setvcpus {name} 2 --live")
    assert virsh(m, f"vcpucount {name} --live --active") == "2\n"
    virsh(m, f"setmem {name} 112M --live")
    xl.ok(m, f"xenstore-read /local/domain/$(xl domid {name})/memory/target | grep 114688")
    virsh(m, f"attach-disk {name} /root/more.img xvdb --driver qemu --subdriver raw --live")
    assert "xvdb" in virsh(m, f"domblklist {name}")
    virsh(m, f"save {name} /root/{name}.save", 900)
    assert "shut off" in virsh(m, f"domstate {name}")
    virsh(m, f"restore /root/{name}.save", 900)
    assert "up 42" in xl.ok(m, f"timeout 500 python3 /root/console.py {name}", 600)
    refused = migrate(m, name)
    xl.ok(m, "systemctl restart libvirtd", 600)
    virsh(m, f"shutdown {name}")
    xl.ok(m, f"until virsh -c xen:///system domstate {name} | grep 'shut off'; do sleep 1; done", 600)
    virsh(m, f"undefine {name}")
    assert name not in virsh(m, "list --all --name")
    return used, refused


def told(m):
    """What libvirt says of the machine, but for what it measures or makes up anew at each boot."""
    node = re.sub(r"CPU frequency.*\n", "", virsh(m, "nodeinfo"))
    return node, re.sub(r"<uuid>.*", "", virsh(m, "capabilities"))


@pytest.mark.parametrize("name", KINDS)
def test_guests_and_machine(log, name):
    """A guest from its definition to its end on Zeroth; the machine described, its memory told and its migration
    refused as on Xen, where PVH guests of an emulator without -icount do not always run."""
    hardware, cpu, _ = KINDS[name]
    with test_disk.machine_of(log, hardware, cpu=cpu) as m:
        test_disk.comes_up(m, hardware)
        set_up(m, name)
        ours, (used, refused) = told(m), life(m, name)
        m.choose_xen()
        m.reboot(test_disk.XEN)
        assert ours == told(m)
        begin(m, name, "--paused")
        assert 0 <= used_memory(m, name) - used <= 4    # a page more, of a PVH guest that has not run yet
        assert refused == migrate(m, name)
