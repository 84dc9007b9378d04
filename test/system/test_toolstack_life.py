# SPDX-License-Identifier: Apache-2.0
"""The life of PV and PVH guests by Debian's unmodified xl: from pause to crash, vCPUs, memory, shares, pools."""
import re

import life
import pytest

slow = pytest.mark.slow
pytestmark = pytest.mark.xdist_group("toolstack-life")
DUMP = 600          # seconds for a dump: of a PVH guest xl tries each of a million pages below 4 GiB
PIN_TO_1 = ("vcpus=1", 'cpus="1"')     # xl looks at cpus only beside vcpus


@pytest.fixture(scope="module", params=["pv", pytest.param("pvh", marks=slow)])
def dom0(request):
    """A Dom0 with the toolstack, for all tests of a kind of guests; it runs on CPU 0 only.

    It has one vCPU: of two on one CPU each may wait for the other, at QEMU's expense."""
    with life.Dom0("toolstack-life", request.param, options=" dom0_max_vcpus=1") as m:
        m.ok("xl vcpu-pin 0 all 0")
        m.warm_up()
        yield m


@pytest.fixture(scope="module")
def linux(dom0):
    """A guest with Debian's kernel, two vCPUs of four and 128 MiB of 192; it lives as long as the tests."""
    dom0.create("linux", "vcpus=2", "maxvcpus=4", "maxmem=192")
    dom0.until("xl list linux | grep -q '  *128  '")    # of a PVH guest the balloon sees to that
    yield "linux"


@pytest.fixture
def small(dom0):
    """Makes small guests; at the end of the test they are destroyed, and their memory is free again."""
    free, made = dom0.free(), []

    def make(name, what, *settings):
        dom0.create(name, f'extra="{what}"', *settings, linux=False)
        made.append(name)
        return name

    yield make
    for name in made:
        dom0.run(f"xl destroy {name}")
    dom0.until("! xl list | sed 1,2d | grep -v '^linux ' | grep -q .")
    dom0.returned(free)


# ---- pauses, names, ends ----

def test_pause(dom0, small):
    """A paused guest does not run; unpaused it goes on."""
    small("one", "spin")
    dom0.until_runs("one")
    dom0.ok("xl pause one")
    assert "p" in dom0.state("one")
    spent = dom0.run_time("one")
    dom0.ok("xl list; xl vcpu-list; xl info")
    assert dom0.run_time("one") == spent
    dom0.ok("xl unpause one")
    assert "p" not in dom0.state("one")
    dom0.until_runs("one")


@slow
def test_create_paused(dom0, small):
    """A guest that is created paused has not run."""
    dom0.ok("true")
    dom0.create("one", 'extra="spin"', linux=False, options="-p")
    assert dom0.state("one") == "--p---" and dom0.run_time("one") == 0
    dom0.ok("xl unpause one")
    dom0.until_runs("one")
    dom0.destroy("one")


@slow
def test_rename(dom0, small):
    """A guest answers to its new name, and not to the old one."""
    small("one", "idle")
    domid = dom0.domid("one")
    dom0.ok("xl rename one two")
    assert dom0.domid("two") == domid
    assert dom0.run("xl domid one")[0] != 0
    assert dom0.ok(f"xl domname {domid}").strip() == "two"
    assert dom0.ok(f"xenstore-read /local/domain/{domid}/name").strip() == "two"
    dom0.ok("xl rename two one")


def test_poweroff(dom0, small):
    """A guest that powers itself off is taken away by xl."""
    small("one", "off")
    dom0.gone("one")


def test_preserve(dom0, small):
    """A crashed guest stays as it was for on_crash="preserve", and its memory can be dumped."""
    small("one", "crash", 'on_crash="preserve"')
    dom0.until("xl list one | grep -q -e '-sc-'")
    dom0.ok("xl dump-core one /run/core", DUMP)
    assert "unknown note type 0x2000001" in dom0.ok("/usr/lib/xen-4.17/bin/readnotes /run/core")
    assert int(dom0.ok("stat -c %s /run/core")) > 16 << 20
    dom0.ok("rm /run/core")


@slow
def test_coredump(dom0, small):
    """on_crash="coredump-destroy" leaves a dump and no guest."""
    dom0.ok("rm -rf /var/lib/xen/dump/*; mkdir -p /var/lib/xen/dump")
    small("one", "crash", 'on_crash="coredump-destroy"')
    dom0.gone("one", DUMP)
    text = dom0.ok("find /var/lib/xen/dump -type f -size +16384k")
    assert text.strip(), "no dump"
    dom0.ok("rm -rf /var/lib/xen/dump/*")


@slow
def test_crash_restart(dom0):
    """on_crash="restart" makes a guest anew after a crash of its kernel."""
    dom0.create("again", 'on_crash="restart"', "memory=96")
    before = dom0.domid("again")
    dom0.ok("sh /tests/guest type again 'echo c > /proc/sysrq-trigger'")
    dom0.until(f"test \"$(xl domid again)\" -gt {before}")
    dom0.attach("again")
    assert dom0.inside("echo there", "again") == "there"
    dom0.destroy("again")


@slow
def test_reboot(dom0):
    """A guest that xl asks to reboot comes back with another number, one that it tells to shut down does
    not."""
    dom0.create("again", "memory=96")
    before = dom0.domid("again")
    dom0.ok("xl reboot again")
    dom0.until(f"test \"$(xl domid again)\" -gt {before}")
    dom0.attach("again")
    assert dom0.inside("echo there", "again") == "there"
    dom0.ok("xl shutdown -w again")
    dom0.gone("again")


@slow
def test_dump_core(dom0, linux):
    """A running guest's memory is dumped; the guest runs on."""
    dom0.inside("echo ZT''MARK''OF''MEMORY > /tmp/mark", linux)
    dom0.ok(f"xl dump-core {linux} /run/core", DUMP)
    assert int(dom0.ok("grep -c -a ZTMARKOFMEMORY /run/core")) > 0
    dom0.ok("rm /run/core")
    assert dom0.inside("echo it goes on", linux) == "it goes on"


# ---- what is sent ----

def test_nmi(dom0, linux):
    """An NMI arrives at the vCPU it is for."""
    count = "sed -n 's/^ *NMI: *\\([0-9]*\\) *\\([0-9]*\\).*/\\1 \\2/p' /proc/interrupts"
    before = dom0.inside(count, linux).split()
    dom0.ok(f"xl trigger {linux} nmi 1")
    dom0.until(f"sh /tests/guest run {linux} \"{count}\" | grep -v -q '^{' '.join(before)}$'")
    after = dom0.inside(count, linux).split()
    assert after[0] == before[0] and int(after[1]) == int(before[1]) + 1


def test_sysrq(dom0, linux):
    """A sysrq key reaches the guest's kernel."""
    dom0.ok(f"xl sysrq {linux} h")
    dom0.until(f"sh /tests/guest run {linux} 'dmesg | grep sysrq: | tail -1' | grep -q HELP")


# ---- vCPUs and memory ----

def cpus_of(m, name):
    """CPUs of the guest that are online, as the guest sees it."""
    return int(m.inside("nproc", name))


def test_vcpu_set(dom0, linux):
    """vCPUs go and come back, up to the most that there may be."""
    assert cpus_of(dom0, linux) == 2
    for count in (1, 4, 3, 2):
        dom0.ok(f"xl vcpu-set --ignore-host {linux} {count}")
        # The kernel leaves it to user mode to bring up what came; it waits until it may.
        wanted = "".join(f"[ -e /sys/devices/system/cpu/cpu{i}/online ] && "
                         f"echo 1 > /sys/devices/system/cpu/cpu{i}/online; "
                         for i in range(1, count))
        dom0.until(f"sh /tests/guest run {linux} '{wanted} nproc' | tail -1 | grep -q '^{count}$'")
        dom0.until(f"test $(xl vcpu-list {linux} | sed 1d | grep -v -c -e '--p') = {count}")
        assert dom0.inside("echo $((6 * 7))", linux) == "42"


@slow
def test_pin(dom0, small):
    """Hard and soft affinity are kept, shown, and obeyed."""
    small("one", "spin", "vcpus=2")
    dom0.until_runs("one")
    for cpu in (0, 1, 0):
        dom0.ok(f"xl vcpu-pin one 0 {cpu}")
        dom0.until(f"xl vcpu-list one | grep -q '^one  *[0-9]*  *0  *{cpu}  *[r-].*  {cpu} / all'")
    dom0.ok("xl vcpu-pin one 1 all 1")
    assert re.search(r"one +\d+ +1 +\d.* all / 1", dom0.ok("xl vcpu-list one"))
    dom0.ok("xl vcpu-pin one all 1 0")
    text = dom0.ok("xl vcpu-list one")
    assert len(re.findall(r" 1 / 0", text)) == 2, text
    dom0.until("test $(xl vcpu-list one | sed 1d | grep -c '^one  *[0-9]*  *[01]  *1 ') = 2")
    assert dom0.run("xl vcpu-pin one 0 9")[0] != 0


def test_memory(dom0, linux):
    """The guest's balloon gives memory back and takes it again; the limit holds."""
    total = "awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo"
    before, free = int(dom0.inside(total, linux)), dom0.free()
    dom0.ok(f"xl mem-set {linux} 96")
    dom0.until(f"xl list {linux} | grep -q '  *96  '")
    assert dom0.free() == free + (32 << 8)
    assert int(dom0.inside(total, linux)) == before - 32
    dom0.ok(f"xl mem-set {linux} 160")
    dom0.until(f"xl list {linux} | grep -q '  *160  '")
    assert dom0.free() == free - (32 << 8)
    assert int(dom0.inside(total, linux)) == before + 32
    assert dom0.run(f"xl mem-set {linux} 300")[0] != 0
    dom0.ok(f"xl mem-max {linux} 180")
    dom0.ok(f"xl mem-set {linux} 128")
    dom0.until(f"xl list {linux} | grep -q '  *128  '")
    dom0.returned(free)


# ---- shares ----

def shares(m, seconds, *names):
    """What each guest got of the run time of all, in thousandths; then seconds and their run time."""
    ids = " ".join(str(m.domid(name)) for name in names)
    return [float(x) for x in m.ok(f"python3 /tests/domains shares {seconds} {ids}", 180).split()]


def test_weight(dom0, small):
    """On one CPU a guest of twice the weight gets twice the time, within 5 % (on Xen: 1.83 times)."""
    small("one", "spin", *PIN_TO_1)
    small("two", "spin", *PIN_TO_1)
    dom0.ok("xl sched-credit2 -d one -w 256 && xl sched-credit2 -d two -w 512")
    first, second = shares(dom0, 10, "one", "two")[:2]
    assert second / first == pytest.approx(2, rel=0.05 if life.ZEROTH else 0.1)
    dom0.ok("xl sched-credit2 -d one -w 512")
    first, second = shares(dom0, 10, "one", "two")[:2]
    assert second / first == pytest.approx(1, rel=0.05)


def test_cap(dom0, small):
    """A cap of 50 leaves a spinning guest half of a CPU, within 5 %, alone and beside another; without
    it the guest has all."""
    small("one", "spin", *PIN_TO_1)
    dom0.ok("xl sched-credit2 -d one -c 50")
    _, passed, ran = shares(dom0, 5, "one")
    assert ran / passed == pytest.approx(0.5, rel=0.05)
    small("two", "spin", *PIN_TO_1)
    first, second, passed, ran = shares(dom0, 5, "one", "two")
    assert first <= 525 and first + second == pytest.approx(1000)
    dom0.ok("xl destroy two; xl sched-credit2 -d one -c 0")
    _, passed, ran = shares(dom0, 5, "one")
    assert ran / passed == pytest.approx(1, rel=0.05)


def test_pool(dom0, small):
    """A guest is moved to a pool of its own, runs there, and cannot be left there without CPUs."""
    small("one", "spin", "vcpus=2")
    dom0.ok("xl cpupool-cpu-remove Pool-0 1 && xl cpupool-create 'name=\"second\"' 'cpus=[\"1\"]'")
    dom0.ok("xl cpupool-migrate one second")
    assert re.search(r"second +1 +credit2 +y +1\n", dom0.ok("xl cpupool-list") + "\n")
    dom0.until("test $(xl vcpu-list one | sed 1d | grep -c '^one  *[0-9]*  *[01]  *1 ') = 2")
    dom0.until_runs("one")
    assert dom0.ok("xl list -c one").splitlines()[1].split()[-1] == "second"
    assert dom0.run("xl cpupool-destroy second")[0] != 0
    assert dom0.run("xl vcpu-pin one 0 0")[0] != 0
    dom0.ok("xl vcpu-pin one 0 1")
    assert re.search(r"one +\d+ +0 +1 .* 1 / ", dom0.ok("xl vcpu-list one"))
    dom0.ok("xl cpupool-migrate one Pool-0")
    dom0.ok("xl cpupool-destroy second && xl cpupool-cpu-add Pool-0 1")
    assert re.search(r"Pool-0 +2 +credit2 +y +\d", dom0.ok("xl cpupool-list"))
    dom0.until_runs("one")


@slow
def test_create_in_pool(dom0):
    """A guest is created in a pool, and ends there."""
    dom0.ok("xl cpupool-cpu-remove Pool-0 1 && xl cpupool-create 'name=\"second\"' 'cpus=[\"1\"]'")
    dom0.create("one", 'extra="spin"', 'pool="second"', linux=False)
    dom0.until_runs("one")
    dom0.destroy("one")
    dom0.ok("xl cpupool-destroy second && xl cpupool-cpu-add Pool-0 1")
