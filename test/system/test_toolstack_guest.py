# SPDX-License-Identifier: Apache-2.0
"""A PV guest with Debian's unmodified toolstack: created, used, ended; the same on Xen and on Zeroth."""
import os
import re

import machine
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dom0():
    """A Dom0 with the toolstack, for all tests of this file."""
    config = machine.Config()
    config.smp, config.mem = 2, 2048
    log = os.path.join(machine.TOP, "build/logs", f"{config.hypervisor}-toolstack-guest.log")
    with machine.Toolstack(config, log) as m:
        yield m


def ok(m, command, timeout=120):
    """What a command says that must succeed."""
    code, text = m.run(command, timeout)
    assert code == 0, f"{command}: {code}\n{text}"
    return text


def in_guest(m, command, name="demo", timeout=150):
    """What a command says in the guest's shell, that must succeed."""
    return ok(m, f"sh /tests/guest run {name} '{command}'", timeout)


def free_memory(m):
    """MiB that the hypervisor has free."""
    return int(re.search(r"free_memory +: (\d+)", ok(m, "xl info")).group(1))


def create(m, name="demo", more=""):
    """Create the demonstration guest and wait for its shell."""
    ok(m, f"xl create /etc/xen/demo.cfg 'name=\"{name}\"' {more}", 240)
    ok(m, f"sh /tests/guest open {name}")
    ok(m, f"sh /tests/guest wait {name} 'GUEST READY' 120", 150)


@pytest.fixture(scope="module")
def demo(dom0):
    """The demonstration guest, running."""
    dom0.free = free_memory(dom0)
    create(dom0)
    yield dom0


def state(m, name="demo"):
    """The state column of xl list."""
    return ok(m, f"xl list {name}").splitlines()[1].split()[4]


def test_prompt(demo):
    """A stock kernel from its bzImage reaches its shell, on the console of xenconsoled."""
    assert in_guest(demo, "cat /sys/hypervisor/type /sys/hypervisor/uuid | head -1").strip() == "xen"
    assert in_guest(demo, "uname -r").strip().endswith("-amd64")
    line = ok(demo, "xl list demo").splitlines()[1].split()
    assert line[0] == "demo" and line[2:4] == ["256", "1"]


def test_pause(demo):
    """A paused guest does not run; unpaused it goes on."""
    ok(demo, "xl pause demo")
    assert "p" in state(demo)
    ok(demo, "xl unpause demo")
    assert "p" not in state(demo)
    assert in_guest(demo, "echo it goes on").strip() == "it goes on"


def test_disk(demo):
    """What the guest writes to its disk is what Dom0 finds in the file."""
    in_guest(demo, "dd if=/dev/urandom of=/dev/xvda bs=64k count=64 conv=fsync 2>/dev/null")
    inside = in_guest(demo, "dd if=/dev/xvda bs=64k count=64 2>/dev/null | md5sum").split()[0]
    outside = ok(demo, "dd if=/var/lib/xen/images/demo.img bs=64k count=64 2>/dev/null | md5sum")
    assert inside == outside.split()[0]


def test_network(demo):
    """The guest and Dom0 reach each other by the bridge."""
    in_guest(demo, "ip address add 192.168.128.2/24 dev eth0; ip link set eth0 up")
    ok(demo, "ping -c 2 -W 10 192.168.128.2")
    in_guest(demo, "ping -c 2 -W 10 192.168.128.1")


def test_destroy(demo):
    """A destroyed guest is gone, and its memory is free again."""
    ok(demo, "xl destroy demo")
    ok(demo, "for i in $(seq 100); do xl list | grep -q -e demo -e null || exit 0; sleep 0.2; done; exit 1")
    assert free_memory(demo) == demo.free


def test_shutdown(dom0):
    """A guest with two vCPUs shuts down when asked to."""
    create(dom0, "two", "vcpus=2 memory=128 'disk=[]'")
    assert in_guest(dom0, "nproc", "two").strip() == "2"
    assert len(ok(dom0, "xl vcpu-list two").strip().splitlines()) == 3
    ok(dom0, "xl shutdown two")
    ok(dom0, "for i in $(seq 60); do xl list | grep -q two || exit 0; sleep 0.2; done; exit 1", 180)
