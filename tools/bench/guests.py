# SPDX-License-Identifier: Apache-2.0
"""A PV guest that Debian's xl makes, counted by a plugin of QEMU's (count.c): its creation, its network
and its disk, all instructions and those of the hypervisor.  As a program: guests.py HYPERVISOR
[profile] prints the rows, and where the hypervisor's instructions were."""
import bisect
import collections
import os
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab")]
import boots    # noqa: E402
import fetch    # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGIN = os.path.join(measure.TOP, "build/count.so")
CREATE = "xl create to the guest's first instruction: the hypervisor's"
MIB, READS = 32, 4000
ROWS = (("TCP from guest to Dom0, a KiB", MIB * 1024), ("4 KiB random reads of a RAM disk, a KiB", READS * 4))
BRIDGE = "192.168.128"
GUEST = ["name=\"bench\"", "disk=[\"phy:/dev/ram0,xvda,w\"]", "vif=[\"bridge=xenbr0\"]"]


class Counted(machine.Toolstack):
    """A Dom0 with the toolstack on one CPU, whose instructions the plugin counts."""

    def __init__(self, hypervisor, log, profile=False):
        config = machine.Config(hypervisor=hypervisor, smp=1, icount=True, kernel=boots.VERSION,
                                cpu=boots.CPU, firmware="")
        super().__init__(config, log)
        self.profile = profile
        self.start = boots.entries(boots.unpacked(
            os.path.join(fetch.fetch(boots.VERSION), "vmlinuz")))[boots.NOTE_ENTRY]

    def command(self, directory):
        """Override: the plugin, and nothing that differs from run to run."""
        self.counts = os.path.join(os.path.dirname(self.log), f"bench-guests-{self.config.hypervisor}.counts")
        return super().command(directory) + measure.EXACT + [
            "-plugin", f"{PLUGIN},out={self.counts},at={self.start:x}"
            + (",profile=yes" if self.profile else "")]

    def ok(self, command, seconds):
        """A command in Dom0 that must succeed."""
        code, text = self.run(command, seconds)
        if code:
            raise measure.BenchError(f"{command}: {code}\n{text}")

    def guest(self, command, seconds=300):
        """A command in the guest's shell that must succeed."""
        self.ok(f"sh /tests/guest run bench '{command}' {seconds}", seconds + 60)

    def marks(self):
        """What the plugin saw: [(what, inside, outside, [(address, count)])]."""
        found = []
        with open(self.counts, encoding="ascii") as file:
            for line in file:
                words = line.split()
                if line.startswith(" "):
                    found[-1][3].append((int(words[0], 16), int(words[1])))
                else:
                    found.append((words[0], int(words[1]), int(words[2]), []))
        return found


def build_plugin():
    """Compile the plugin."""
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden",
                    "-o", PLUGIN, os.path.join(HERE, "count.c")], check=True)


def marks_under(hypervisor, profile=False):
    """The seven marks of one hypervisor: Dom0's start, two of the creation, two of each load."""
    build_plugin()
    os.makedirs(measure.LOGS, exist_ok=True)
    log = os.path.join(measure.LOGS, f"bench-guests-{hypervisor}.log")
    settings = " ".join(f"'{setting}'" for setting in GUEST)
    with Counted(hypervisor, log, profile) as lab:
        lab.ok("pattern 16 > /dev/ram0", 120)
        lab.ok(f"measure mark; xl create /etc/xen/demo.cfg {settings}", 900)
        lab.ok("sh /tests/guest open bench && sh /tests/guest wait bench 'GUEST READY' 600", 900)
        lab.guest(f"ip addr add {BRIDGE}.2/24 dev eth0 && ping -c 2 {BRIDGE}.1")
        lab.ok("setsid tcp listen 5001 > /dev/null 2>&1 < /dev/null &", 60)
        lab.guest(f"measure send {BRIDGE}.1 5001 {MIB}")
        lab.guest(f"measure read /dev/xvda {READS}")
        found = lab.marks()
    if [mark[0] for mark in found] != ["at", "mark", "at", "mark", "mark", "mark", "mark"]:
        raise measure.BenchError(f"{hypervisor}: marks are {[mark[0] for mark in found]}")
    return found


def under(hypervisor):
    """The rows of one hypervisor."""
    marks = marks_under(hypervisor)
    rows = {CREATE: marks[2][1] - marks[1][1]}
    for (name, units), begin, end in zip(ROWS, marks[3::2], marks[4::2]):
        rows[f"{name}: all"] = round((end[1] + end[2] - begin[1] - begin[2]) / units)
        rows[f"{name}: the hypervisor's"] = round((end[1] - begin[1]) / units)
    print(f"bench: {hypervisor}: {len(rows)} rows of a guest", file=sys.stderr, flush=True)
    return rows


def functions():
    """Zeroth's functions: ([address], [name])."""
    text = subprocess.run(["nm", "-n", os.path.join(measure.TOP, "build/zeroth-syms.elf")], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    lines = [line.split() for line in text.splitlines() if line.split()[1] in "tT"]
    return [int(line[0], 16) for line in lines], [line[2] for line in lines]


def show_profile(marks):
    """Where the hypervisor's instructions were, by function."""
    addresses, names = functions()
    for title, mark in zip(("creation", "tcp", "reads"), marks[2::2]):
        by_name = collections.Counter()
        for address, count in mark[3]:
            by_name[names[max(0, bisect.bisect_right(addresses, address) - 1)]] += count
        print(f"\n{title}: {sum(by_name.values())}")
        for name, count in by_name.most_common(60):
            print(f"{count:12} {name}")


def main():
    """The command line of this file."""
    profile = "profile" in sys.argv[2:]
    marks = marks_under(sys.argv[1], profile)
    for mark in marks:
        print(*mark[:3])
    if profile:
        show_profile(marks)


if __name__ == "__main__":
    main()
