# SPDX-License-Identifier: Apache-2.0
"""Many guests of a kind, and guests that end at the wrong moment: all is given back, Dom0 and the others go on."""
import life
import pytest

pytestmark = pytest.mark.xdist_group("toolstack-stress")
slow = pytest.mark.slow

DISK = 'disk=["format=raw, vdev=xvda, access=rw, target=/var/lib/xen/images/demo.img"]'
NET = 'vif=["bridge=xenbr0"]'


@pytest.fixture(scope="module", params=["pv", pytest.param("pvh", marks=slow)])
def machine_up(request):
    """A Dom0 with the toolstack, for all tests of a kind of guests."""
    with life.Dom0("toolstack-stress", request.param, icount=True) as m:
        m.warm_up()
        yield m


def left(m):
    """What a test must leave as it was: event channels of Dom0, guests' places in xenstore."""
    return (m.ok("/usr/lib/xen-4.17/bin/lsevtchn 0 | wc -l").strip(),
            m.ok("xenstore-list /local/domain; xenstore-list /vm | wc -l; xl list | wc -l"))


@pytest.fixture
def dom0(machine_up):
    """The same Dom0; after each test no guest is there and nothing is lost."""
    before, free = left(machine_up), machine_up.free()
    yield machine_up
    for domid in machine_up.ok("xl list | awk 'NR > 2 { print $2 }'").split():
        machine_up.run(f"xl destroy {domid}")
    machine_up.until("! xl list | sed 1,2d | grep -q .")
    machine_up.until(f"test $(/usr/lib/xen-4.17/bin/lsevtchn 0 | wc -l) = {before[0]}")
    assert left(machine_up) == before
    machine_up.returned(free, devices=True)     # test_come_and_go is exact
    assert machine_up.run("dmesg | grep -i -e 'soft lockup' -e 'rcu.*stall' -e BUG:")[0] == 1


@slow
def test_eight(dom0):
    """Eight guests with stock kernels at once; all answer, and end together."""
    names = [f"guest{i}" for i in range(8)]
    for name in names:
        dom0.start(name, "memory=96")
    for name in names:
        dom0.ok(f"sh /tests/guest wait {name} 'GUEST READY' 600", 700)
    for name in names:
        assert dom0.inside("echo $((6 * 7))", name) == "42"
    assert len(dom0.ok("xl list").strip().splitlines()) == 2 + len(names)
    dom0.ok(f"for name in {' '.join(names)}; do xl destroy $name & done; wait", 300)


@pytest.mark.parametrize("tens", [4, pytest.param(20, marks=slow)])
def test_come_and_go(dom0, tens):
    """Guests come and go; after the first ten not a page is missing."""
    dom0.create("one", 'extra="idle"', linux=False)
    dom0.destroy("one")
    free = []
    for _ in range(tens):
        dom0.ok("for i in $(seq 10); do xl create -q /run/one.cfg && xl destroy one || exit 1; done",
                900)
        dom0.gone("one")
        free.append(dom0.free())
    dom0.returned(free[0])


def loaded(m, name="linux"):
    """A guest that writes to its disk and its network without end."""
    m.create(name, DISK, NET)
    m.inside("ip address add 192.168.128.2/24 dev eth0; ip link set eth0 up; "
             "ping -c 1 -W 30 192.168.128.1", name)
    m.ok("(tcp listen 5000 > /dev/null 2>&1 < /dev/null &)")
    m.inside("(while :; do dd if=/dev/zero of=/dev/xvda bs=1M count=64 conv=fsync; done) "
             "> /dev/null 2>&1 & cat /dev/zero | tcp connect 192.168.128.1 5000 & sleep 0",
             name)
    domid = m.domid(name)
    m.until(f"test $(cat /sys/class/net/vif{domid}.0/statistics/rx_bytes) -gt 4000000")
    m.until(f"test $(cat /sys/bus/xen-backend/devices/vbd-{domid}-51712/statistics/wr_sect) -gt 4000")
    return domid


@slow
def test_destroy_loaded(dom0):
    """A guest ends in the middle of disk and network traffic; another one does not notice."""
    dom0.create("other", "memory=96")
    loaded(dom0)
    dom0.ok("xl destroy linux")
    dom0.gone("linux")
    assert dom0.inside("echo it goes on", "other") == "it goes on"
    dom0.destroy("other")
    dom0.ok("killall tcp; true")


@slow
def test_backend_gone(dom0):
    """A disk's backend lets go of a guest that uses it; the guest can be destroyed."""
    domid = loaded(dom0)
    dom0.ok(f"echo vbd-{domid}-51712 > /sys/bus/xen-backend/drivers/vbd/unbind")
    assert dom0.inside("echo it goes on", "linux") == "it goes on"
    dom0.ok("xl destroy linux")
    dom0.gone("linux")
    dom0.ok("killall tcp; true")


@slow
def test_xl_killed(dom0):
    """xl is killed while it creates guests, at different points; what it leaves can be destroyed."""
    dom0.create("one", 'extra="idle"', linux=False)
    dom0.ok("killall -9 xl; true")
    assert dom0.state("one")
    dom0.destroy("one")
    for tenths in range(1, 12, 2):
        dom0.ok(f"xl create -q /run/one.cfg & sleep 0.{tenths % 10}; kill -9 $!; wait; true")
        dom0.ok("for id in $(xl list | awk 'NR > 2 { print $2 }'); do xl destroy $id; done")


@slow
def test_console_daemon_killed(dom0):
    """xenconsoled ends and is started again: guests live on, consoles work again."""
    dom0.create("linux")
    dom0.ok("killall -9 xenconsoled")
    dom0.until_runs("linux")
    dom0.ok("/usr/lib/xen-4.17/bin/xenconsoled --pid-file=/run/xenconsoled.pid")
    dom0.until("xenstore-read /local/domain/$(xl domid linux)/console/tty")
    dom0.attach_again("linux")
    dom0.ok("sh /tests/guest type linux ''")
    assert dom0.inside("echo it goes on", "linux") == "it goes on"


@slow
def test_crash_saved(dom0):
    """A guest crashes while it is about to be saved."""
    dom0.create("linux", 'on_crash="destroy"')
    dom0.ok("sh /tests/guest type linux '(sleep 1; echo c > /proc/sysrq-trigger) &'")
    dom0.run("xl save linux /run/saved; rm -f /run/saved", 240)
    dom0.run("xl destroy linux")
    dom0.gone("linux")


@slow
def test_destroyed_saved(dom0):
    """A guest is destroyed in the middle of being saved."""
    dom0.create("linux")
    dom0.ok("mkfifo /run/fifo; (xl save linux /run/fifo > /tmp/save.out 2>&1 &)")
    dom0.ok("exec 4< /run/fifo; head -c 8000000 <&4 | wc -c; xl destroy linux; exec 4<&-", 240)
    dom0.ok("rm /run/fifo")
    dom0.gone("linux")
    dom0.until("! pgrep -f 'xl save'")
