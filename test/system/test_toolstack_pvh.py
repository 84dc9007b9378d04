# SPDX-License-Identifier: Apache-2.0
"""PVH guests by Debian's unmodified xl, on an emulated CPU with SVM: what is theirs alone.

Their lives, devices, saves and sizes are in the other files of the toolstack, by kind of guest.
"""
import re

import life
import pytest

slow = pytest.mark.slow
pytestmark = pytest.mark.xdist_group("toolstack-pvh")

DOWNTIME = 300      # ms for which a guest that moves may stand still, of virtual time
RATE = 20           # MiB that it writes meanwhile, each second
HPET_ID = "0x8086A201"
MAPPINGS = """
not permitted: EPERM
not permitted, remove: EPERM
permit: 0
two: 0
the same: 0
four, of which are two: 2
none is: EINVAL
the second: 0
two, the second is: EINVAL
another's number: 0
no frames: EINVAL
65: 64
65, remove: 64
frames around: EINVAL
numbers around: EINVAL
beyond the last frame: EINVAL
the last number: 0
the last number, remove: 0
the last number and one more: 1
beyond the last number: ENOENT
RAM, remove: EINVAL
over RAM: 0
over RAM, remove: 0
before the right goes: 0
permit no more: 0
after the right has gone: EPERM
after the right has gone, remove: EPERM
"""


@pytest.fixture(scope="module")
def dom0():
    """A Dom0 with the toolstack, for all tests of this file."""
    with life.Dom0("toolstack-pvh", "pvh", smp=2, kernels=("5.10", "6.12")) as m:
        m.warm_up()
        yield m


@pytest.fixture
def guest(dom0):
    """Makes guests of Linux; at the end of the test they are destroyed, and their memory is free again."""
    free, made = dom0.free(), []

    def make(name, *settings, **options):
        made.append(name)
        dom0.create(name, *settings, **options)
        return name

    yield make
    for name in made:
        dom0.run(f"xl destroy {name}")
        dom0.gone(name)
    assert dom0.free() == free


def test_prompt(dom0, guest):
    """A stock kernel reaches its shell, and knows what it runs on; its timers come when they are due."""
    guest("one", "vcpus=2")
    assert dom0.inside("cat /sys/hypervisor/type /sys/hypervisor/guest_type; nproc", "one").split() == \
        ["xen", "PVH", "2"]
    text = dom0.inside("cut -d. -f1 /proc/uptime; sleep 3; cut -d. -f1 /proc/uptime", "one")
    first, last = (int(word) for word in text.split())
    assert 3 <= last - first <= 4


def test_device_memory(dom0, guest):
    """A guest reads the registers of a device that iomem= gives it."""
    guest("one", 'iomem=["fed00,1"]')
    assert dom0.inside("busybox devmem 0xfed00000 32", "one") == HPET_ID


def test_mappings(dom0):
    """Devices' memory for a hardware domain: answers as measured on Xen; nothing of it is left."""
    free = dom0.free()
    dom0.start("one", options="-p")
    text = dom0.ok(f"python3 /tests/mappings {dom0.domid('one')}")
    assert text.strip().splitlines() == MAPPINGS.strip().splitlines()
    dom0.destroy("one")
    dom0.returned(free)


@slow
@pytest.mark.parametrize("khz", [400000, 2500000])
def test_rate_of_the_clock(dom0, khz):
    """A TSC that counts at another rate than the machine's: the guest is told, and its time is right."""
    dom0.start("one", options="-p", linux=True)
    dom0.ok(f"python3 /tests/domains rate {dom0.domid('one')} {khz}")
    dom0.ok("xl unpause one")
    dom0.ok("sh /tests/guest wait one 'GUEST READY' 240", 300)
    assert f"Detected {khz // 1000}.0" in dom0.inside("dmesg | grep Detected", "one")
    text = dom0.ok("cut -d. -f1 /proc/uptime; sh /tests/guest run one 'sleep 5'; cut -d. -f1 /proc/uptime")
    times = [int(word) for word in re.findall(r"^\d+$", text, re.M)]
    assert 5 <= times[-1] - times[0] <= 7
    text = dom0.inside("cut -d. -f1 /proc/uptime; sleep 5; cut -d. -f1 /proc/uptime", "one")
    first, last = (int(word) for word in text.split())
    assert 5 <= last - first <= 6
    dom0.destroy("one")


def dirty(m, name):
    """In a guest write so many MiB each second, by its clock, all of them summed up."""
    m.inside(f"kept 64 /tmp/rounds {RATE} & sleep 0", name)
    m.until(f"sh /tests/guest run {name} 'cat /tmp/rounds' | grep -q '^[1-9]'")


def written(m, name):
    """Rounds done, pages written, and the time that took; all sums were right."""
    text = m.inside("cat /tmp/rounds", name)
    assert text != "broken"
    return [int(word) for word in text.split()]


def goes_on(m, name, before):
    """It is there again, is what it was, and writes on at its rate."""
    m.attach_again(name)
    # Sums are made anew in each second round.
    m.until(f"test $(sh /tests/guest run {name} 'cat /tmp/rounds' | cut -d' ' -f1) -ge {before[0] + 3}")
    _, pages, time = written(m, name)
    assert pages / (time / 1e9) == pytest.approx(RATE << 8, rel=0.05)


def move(m, name, turn, capsys):
    """One live migration to the same host."""
    before = written(m, name)
    said = m.ok(f"timeout 100 python3 /tests/domains move {name}", 200)
    stood = float(re.search("downtime ([0-9.]+) ms", said).group(1))
    with capsys.disabled():
        print(f"\nmigration {turn}: {name} stood still for {stood} ms")
    goes_on(m, name, before)
    assert stood < DOWNTIME


def moves(m, guest, times, capsys):
    """A guest that writes all the time moves, so many times."""
    guest("mover", "vcpus=2", "memory=192")
    dirty(m, "mover")
    for turn in range(1, times + 1):
        move(m, "mover", turn, capsys)


def test_moves(dom0, guest, capsys):
    """A guest that writes all the time moves to the same host, twice."""
    moves(dom0, guest, 2, capsys)


@slow
def test_moves_twenty(dom0, guest, capsys):
    """The same twenty times in a row."""
    moves(dom0, guest, 20, capsys)


def test_saved(dom0, guest):
    """A guest that writes all the time is saved, which ends it, and comes back."""
    guest("kept", "vcpus=2", "memory=192")
    dirty(dom0, "kept")
    before = written(dom0, "kept")
    dom0.ok("xl save kept /run/saved", 240)
    dom0.gone("kept")
    dom0.ok("xl restore /run/saved && rm /run/saved", 240)
    goes_on(dom0, "kept", before)


@slow
@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.12"])
def test_kernel(dom0, guest, kernel):
    """Debian's kernels as packaged, with two vCPUs."""
    path = "/boot/vmlinuz" if kernel == "6.1" else f"/run/goods/vmlinuz-{kernel}"
    guest("one", f'kernel="{path}"', "vcpus=2", "memory=192")
    assert dom0.inside("uname -r", "one").startswith(kernel)
    assert dom0.inside("nproc", "one") == "2"
    both = "for i in 1 2; do taskset $i cut -d. -f1 /proc/uptime; sleep 1; done; echo $((6 * 7))"
    assert dom0.inside(both, "one").split()[-1] == "42"


@slow
@pytest.mark.parametrize("vcpus", range(1, 9))
def test_processors(dom0, guest, vcpus):
    """All vCPUs of a guest come up and are used; it shuts down when it is asked to."""
    guest("one", f"vcpus={vcpus}", "memory=192")
    assert dom0.inside("nproc", "one") == str(vcpus)
    dom0.inside(f"for i in $(seq 0 {vcpus - 1}); do taskset -p $((1 << i)) $$ || exit 1; done", "one")
    dom0.ok("xl shutdown -w one", 240)


@slow
@pytest.mark.parametrize("vcpus", [1, 2])
def test_shim(dom0, guest, vcpus):
    """A PV kernel inside Debian's xen-shim reaches its shell."""
    guest("one", "pvshim=1", 'pvshim_path="/run/goods/xen-shim"', f"vcpus={vcpus}", "memory=512")
    # The shim's own messages come between.
    assert "PV" in dom0.inside("cat /sys/hypervisor/guest_type", "one").splitlines()
    assert str(vcpus) in dom0.inside("nproc", "one").splitlines()
    assert "(XEN) Command line: pv-shim" in dom0.ok("cat /tmp/one.console")


@slow
def test_hundred(dom0, capsys):
    """A hundred guests in a row, each to its shell."""
    free = dom0.free()
    for turn in range(1, 101):
        dom0.create("one")
        dom0.destroy("one")
        with capsys.disabled():
            print(f" {turn}", end="", flush=True)
    assert dom0.free() == free
