# SPDX-License-Identifier: Apache-2.0
"""Save, restore and migration of PV and PVH guests by Debian's unmodified xl.

The guest's memory changes all the time and is summed up by test/system/progs/kept.c.  Debian's Xen
refuses to migrate PV guests (it is built without shadow page tables, so it has no log of writes).
"""
import os

import life
import machine
import pytest

pytestmark = pytest.mark.xdist_group("toolstack-save")
slow = pytest.mark.slow

GUEST = "linux"
HERE, DOM0 = "192.168.128.2", "192.168.128.1"
PATTERN = "dd if=/dev/urandom of=/dev/xvda bs=64k count=64 conv=fsync 2>/dev/null; "
SUM = "echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/xvda bs=64k count=64 2>/dev/null | md5sum"


@pytest.fixture(scope="module", params=["pv", pytest.param("pvh", marks=slow)])
def dom0(request):
    """A Dom0 with the toolstack, and the guest of all tests of a kind, with disk and network."""
    with life.Dom0("toolstack-save", request.param, icount=True) as m:
        m.warm_up()
        m.free_before = m.free()
        # With each move its kernel's netfront loses 256 pages for each of two queues, on Xen as well (save and
        # restore; not without a card): 128 MiB do not last.
        m.create(GUEST, "vcpus=2", "memory=192", 'vif=["bridge=xenbr0"]',
                 'disk=["format=raw, vdev=xvda, access=rw, target=/var/lib/xen/images/demo.img"]')
        m.inside(f"ip address add {HERE}/24 dev eth0; ip link set eth0 up; ping -c 1 -W 30 {DOM0}",
                 GUEST)
        m.inside(PATTERN + "kept 8 /tmp/rounds & sleep 0", GUEST)
        m.inside("dd if=/dev/urandom of=/tmp/file bs=64k count=128 2>/dev/null", GUEST)
        m.until(f"sh /tests/guest run {GUEST} 'cat /tmp/rounds' | grep -q '[0-9]'")
        yield m


STATE = (f"md5sum < /tmp/file; {SUM}; nproc; ping -q -c 1 -W 30 {DOM0} > /dev/null && echo reached; "
         "cat /tmp/rounds; date +%s")


class Watch:
    """What must be the same after the guest was away, or go on."""

    def __init__(self, m):
        self.m, self.domid = m, m.domid(GUEST)
        *self.same, _, _ = m.inside(STATE, GUEST).splitlines()
        assert self.same[2:] == ["2", "reached"]

    def check(self, moved=True):
        """It is there again, with all that it had: memory, disk, vCPUs, network, and the time is right."""
        m = self.m
        if moved:
            assert m.domid(GUEST) > self.domid
            m.attach_again(GUEST)
        *same, rounds, time = m.inside(STATE, GUEST).splitlines()
        assert same == self.same
        # More than it had when it came back: what was done before it went says nothing.
        m.until(f"test $(sh /tests/guest run {GUEST} 'cat /tmp/rounds') -gt {rounds}")
        assert abs(int(time) - int(m.ok("date +%s"))) <= 30
        m.ok(f"ping -q -c 1 -W 30 {HERE}")


def test_save_restore(dom0):
    """A guest is saved, which ends it, and restored: memory, disk, network and clock are right."""
    watch = Watch(dom0)
    dom0.ok(f"xl save {GUEST} /run/saved", 240)
    dom0.gone(GUEST)
    dom0.returned(dom0.free_before, devices=True)
    dom0.ok("xl restore /run/saved && rm /run/saved", 240)
    watch.check()


@slow
def test_save_goes_on(dom0):
    """A guest that is saved with -c runs on; what was saved is a guest, too."""
    watch = Watch(dom0)
    dom0.ok(f"xl save -c {GUEST} /run/saved", 240)
    watch.check(moved=False)
    dom0.ok(f"xl destroy {GUEST}")
    dom0.gone(GUEST)
    dom0.ok("xl restore /run/saved && rm /run/saved", 240)
    watch.check()


@pytest.mark.parametrize("turn", [0, *(pytest.param(i, marks=slow) for i in range(1, 10))])
def test_migrate(dom0, turn):
    """A guest moves to the same host, ten times in a row."""
    watch = Watch(dom0)
    command = f"xl migrate -s /tests/local-transport {GUEST} localhost"
    if not life.ZEROTH:
        code, text = dom0.run(command, 240)
        assert code and "logdirty" in text, turn
        watch.check(moved=False)
        return
    dom0.ok(command, 240)
    watch.check()
    assert GUEST + "--" not in dom0.ok("xl list")


@slow
def test_shutdown(dom0):
    """A guest shuts down when it is asked to, also after a save that it went on from; nothing is left."""
    dom0.ok(f"xl save -c {GUEST} /run/saved && rm /run/saved", 240)
    dom0.ok(f"xl shutdown -w {GUEST}", 240)
    # The xl that waited for its end left when it was saved ("Domain has suspended. Done. Exiting now").
    assert dom0.state(GUEST) == "---s--"
    dom0.destroy(GUEST)
    dom0.returned(dom0.free_before, devices=True)
