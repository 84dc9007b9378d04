# SPDX-License-Identifier: Apache-2.0
"""Debian's unmodified toolstack in Dom0: what it tells of the machine, against what it tells on Xen.

Expectations were measured on Debian's Xen 4.17 on this emulated machine; DIFFERENT says where Zeroth
differs, and why.
"""
import os
import re

import machine
import pytest

pytestmark = pytest.mark.xdist_group("toolstack")

MEASURED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured")
ZEROTH = machine.Config().hypervisor == "zeroth"
NUMBER = r"\d+(\.\d+)?"

# Each line of the answer is one of these, whole, in this order.
INFO = rf"""
host                   : dom0
release                : \S+-amd64
version                : #1 SMP .* Debian .*
machine                : x86_64
nr_cpus                : 2
max_cpu_id             : 1
nr_nodes               : 1
cores_per_socket       : 2
threads_per_core       : 1
cpu_mhz                : {NUMBER}
hw_caps                : 1fcbf3fd:f6d8120b:ec500800:00000077:00000005:018843a9:0000020c:00000000
virt_caps              : pv( hvm)?( hap)?( shadow)? gnttab-v1( gnttab-v2)?
total_memory           : 2047
free_memory            : 12\d\d
sharing_freed_memory   : 0
sharing_used_memory    : 0
outstanding_claims     : 0
free_cpus              : 0
cpu_topology           :
cpu:    core    socket     node
  0:       0        0        0
  1:       1        0        0
device topology        :
device           node
No device topology data available
numa_info              :
node:    memsize    memfree    distances
   0:      2047       12\d\d      10
xen_major              : 4
xen_minor              : 17
xen_extra              : \S+
xen_version            : 4\.17\S+
xen_caps               : xen-3.0-x86_64 .*
xen_scheduler          : credit2
xen_pagesize           : 4096
platform_params        : virt_start=0xffff800000000000
xen_changeset          : .*
xen_commandline        : console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all dom0_mem=768M
cc_compiler            : .*12\.2\.0
cc_compile_by          : \S+
cc_compile_domain      : .*
cc_compile_date        : .*
build_id               : [0-9a-f]{{40}}
xend_config_format     : 4
"""

NAME = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
DOM0 = r"Domain-0 +0 +768 +2 +(r-----|-b----) +" + NUMBER
ANSWERS = {
    "xl info -n": INFO,
    "xl list": f"{re.escape(NAME)}\n{DOM0}",
    "xl list -v": rf"""
{re.escape(NAME)}   UUID                            Reason-Code\tSecurity Label
{DOM0} 00000000-0000-0000-0000-000000000000 +- +-
""",
    "xl list -l | tr -d ' \\n'": re.escape(
        '[{"domid":0,"config":{"c_info":{"type":"pv","name":"Domain-0"},"b_info":{"max_memkb":'
        '17179869180,"target_memkb":786431,"sched_params":{"sched":"credit2","weight":256,"cap":0},'
        '"type.pv":{},"arch_arm":{},"arch_x86":{}}}}]'),
    "xl vcpu-list": rf"""
Name +ID  VCPU   CPU State   Time\(s\) Affinity \(Hard / Soft\)
Domain-0 +0     0    [01]   (r|-)(b|-)- +{NUMBER}  all / all
Domain-0 +0     1    [01]   (r|-)(b|-)- +{NUMBER}  all / all
""",
    "xl cpupool-list": """
Name               CPUs   Sched     Active   Domain count
Pool-0               2   credit2       y          1
""",
    "xl cpupool-list -c": """
Name               CPU list
Pool-0             0,1
""",
    "xl sched-credit2": """
Cpupool Pool-0: ratelimit=1000us
Name                                ID Weight  Cap
Domain-0                             0    256    0
""",
    "xl uptime": r"""
Name                                ID Uptime
Domain-0                             0  0:0\d:\d\d
""",
    "xl claims": rf"""
{re.escape(NAME)}  Claimed
{DOM0}     0
""",
    "xl domid Domain-0": "0",
    "xl domname 0": "Domain-0",
    "xentop -b -i 1": rf"""
 +NAME  STATE   CPU\(sec\) CPU\(%\)     MEM\(k\) MEM\(%\)  MAXMEM\(k\) MAXMEM\(%\) VCPUS .* SSID
 +Domain-0 -----r +\d+    0.0     786432   37.5   no limit       n/a     2 ( +0)+
""",
    "xenpm get-cpu-topology": """
CPU\tcore\tsocket\tnode
CPU0\t 0\t 0\t 0
CPU1\t 1\t 0\t 0
""",
    "xenpm get-cpufreq-para": r"""
\[CPU0\] failed to get cpufreq parameter
\[CPU1\] failed to get cpufreq parameter
""",
    "xenpm get-cpuidle-states 1": r"""
Max possible C-state: C1
 *
cpu id +: 1
total C-states +: 2
idle time\(ms\) +: \d+
C0 +: transition \[ +\d+\]
 +residency  \[ +\d+ ms\]
C1 +: transition \[ +\d+\]
 +residency  \[ +\d+ ms\]
""",
    "xen-diag gnttab_query_size 0": "domid=0: nr_frames=1, max_nr_frames=64",
    "xen-livepatch list": "Nothing to list",
    "xl network-list 0": r"Idx BE Mac Addr\. +handle state evt-ch +tx-/rx-ring-ref BE-path +",
    "xl block-list 0": r"Vdev +BE +handle +state +evt-ch +ring-ref +BE-path +",
    "xenstore-read domid": "0",
    "xenstore-read /local/domain/0/name": "Domain-0",
}


# Lines of the program's output that differ from run to run, and those that differ on Zeroth.
# (A CPU leaves its pool at once, or Xen asks to be called again.)
VARIES = {"physinfo memory", "domain pages", "numainfo memory", "page_offline_op beyond",
          "cpupool remove any of two"}
DIFFERENT = {
    # Zeroth has no hardware guests yet, nor grants of version 2.
    "physinfo": re.compile(r"0 threads 1 cores 2 cpus 2 max_cpu 1 nodes 1 max_node 63 caps 0x1\w+ .*"),
    "get_cpu_featureset 3 short": re.compile("-95 .*|-105 .*"),
    "get_cpu_featureset 3": re.compile("-95 .*|0 .*"),
    "get_cpu_featureset 5 short": re.compile("-95 .*|-105 .*"),
    "get_cpu_featureset 5": re.compile("-95 .*|0 .*"),
    "get_cpu_policy 3 null": re.compile("-95 .*|0 .*"),
    "get_cpu_policy 3 short": re.compile("-95 .*|-105 .*"),
    "get_cpu_policy 3": re.compile("-95 .*|0 .*"),
    "get_cpu_policy 5 null": re.compile("-95 .*|0 .*"),
    "get_cpu_policy 5 short": re.compile("-95 .*|-105 .*"),
    "get_cpu_policy 5": re.compile("-95 .*|0 .*"),
    # It masks no CPUID by the CPU, and uses no protection keys.
    "get_cpu_levelling_caps": re.compile("0 0"),
    "get_cpu_featureset 0": re.compile("0 nr 19 1fcbfbfd .* 8001020c .*"),
    # One leaf for the topology instead of two.
    "get_cpu_policy 0": re.compile("0 leaves 36 msrs 2"),
}


def matches(text, expected):
    """Whether the text is those lines."""
    found = text.strip("\n").split("\n")
    wanted = expected.strip("\n").split("\n")
    for line, pattern in zip(found, wanted):
        assert re.fullmatch(pattern, line.rstrip()) or re.fullmatch(pattern, line), line
    assert len(found) == len(wanted), text


@pytest.fixture(scope="module")
def dom0():
    """A Dom0 with the toolstack, for all tests of this file."""
    config = machine.Config()
    config.smp, config.mem = 2, 2048
    log = os.path.join(machine.TOP, "build/logs", f"{config.hypervisor}-toolstack.log")
    with machine.Toolstack(config, log) as m:
        yield m


def ok(m, command, timeout=120):
    """What a command says that must succeed."""
    code, text = m.run(command, timeout)
    assert code == 0, f"{command}: {code}\n{text}"
    return text


@pytest.mark.parametrize("command", ANSWERS)
def test_answer(dom0, command):
    """A tool says the same as on Xen."""
    matches(ok(dom0, command), ANSWERS[command])


def test_sysctls(dom0):
    """Each operation of sysctl, well and badly, returns what it returns on Xen."""
    with open(os.path.join(MEASURED, "sysctls"), encoding="ascii") as file:
        expected = [line.rstrip("\n").partition(": ") for line in file]
    said = [line[len("ZT SYSCTL "):].partition(": ")
            for line in ok(dom0, "sysctls").splitlines() if line.startswith("ZT SYSCTL ")]
    assert [name for name, _, _ in said] == [name for name, _, _ in expected]
    wrong = []
    for (name, _, got), (_, _, wanted) in zip(said, expected):
        if name in VARIES or got == wanted:
            continue
        if ZEROTH and name in DIFFERENT and DIFFERENT[name].fullmatch(got):
            continue
        wrong.append(f"{name}: {got}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_dmesg_and_keys(dom0):
    """xl dmesg shows the hypervisor's messages from the start; a key adds some; -c forgets them."""
    first = ok(dom0, "xl dmesg")
    assert "CPU" in first and "Dom0" in first.replace("dom0", "Dom0")
    if ZEROTH:
        changeset = re.search(r"changeset +: (.*)", ok(dom0, "xl info"))[1]
        assert re.search(r"version 4\.17\.0-zeroth, build [0-9a-f]{8} by compiler \S", first)
        assert f" UTC {changeset}\n" in first
        assert re.search(r"^\(d0\) v0 at [0-9a-f]{16}: RDMSR of [0-9a-f]+ is refused$", first, re.M)
    ok(dom0, "xl debug-keys q")
    more = ok(dom0, "xl dmesg -c")
    assert more.startswith(first.rstrip("\n")) and len(more) > len(first)
    assert ok(dom0, "xl dmesg").strip() == ""


def test_cpu_features(dom0):
    """xen-cpuid shows the policies of PV guests and of the machine as Xen makes them."""
    text = ok(dom0, "xen-cpuid")
    for name, words in (
            ("Host", "1fcbf3fd:f6d8120b:edd3fbfd:00000077:00000005:018843a9:0000020c:00000000:"),
            ("PV Default", "1fc9c3f5:f6d81203:e8500800:00000063:00000005:01880329:00000200:0"),
            ("PV Max", "1fc9c3f5:f6f81203:e8500800:00000063:00000005:01880329:00000200:0")):
        line = [line for line in text.split("Dynamic sets:")[1].splitlines()
                if line.startswith(name + " ")]
        assert line and line[0].split()[-1].startswith(words), name


def test_policy_tests(dom0):
    """Xen's own test programs pass."""
    assert "Done: all ok" in ok(dom0, "/usr/lib/xen-4.17/bin/test-cpu-policy")
    assert "Test x86 PV\n  Created d" in ok(dom0, "/usr/lib/xen-4.17/bin/test-resource")


def test_pools(dom0):
    """A CPU leaves its pool and its vCPUs with it; a pool is made of it, and ends."""
    ok(dom0, "xl cpupool-cpu-remove Pool-0 1")
    assert re.search(r"Pool-0 +0\n", ok(dom0, "xl cpupool-list -c"))
    vcpus = ok(dom0, "xl vcpu-list").splitlines()[1:]
    assert [line.split()[3] for line in vcpus if line] == ["0", "0"]
    ok(dom0, "xl cpupool-create 'name=\"second\"' 'cpus=[\"1\"]'")
    assert re.search(r"Pool-0 +0\nsecond +1\n", ok(dom0, "xl cpupool-list -c"))
    assert dom0.run("xl cpupool-migrate 0 second")[0] != 0
    ok(dom0, "xl cpupool-destroy second")
    ok(dom0, "xl cpupool-cpu-add Pool-0 1")
    matches(ok(dom0, "xl cpupool-list"), ANSWERS["xl cpupool-list"])


def test_affinity(dom0):
    """A vCPU is pinned to a CPU and is free again."""
    ok(dom0, "xl vcpu-pin 0 1 1")
    assert re.search(r"Domain-0 +0 +1 +1 +... +[0-9.]+  1 / all", ok(dom0, "xl vcpu-list"))
    ok(dom0, "xl vcpu-pin 0 1 all all")
    matches(ok(dom0, "xl vcpu-list"), ANSWERS["xl vcpu-list"])


def test_schedule(dom0):
    """Weight and cap of Dom0, and the scheduler's limit, are set and shown."""
    said = ok(dom0, "xl sched-credit2 -d 0 -w 512 -c 150 && xl sched-credit2 -d 0 && "
              "xl sched-credit2 -d 0 -w 256 -c 0", 180)
    assert re.search(r"Domain-0 +0 +512 +150", said)
    ok(dom0, "xl sched-credit2 -s -r 2000")
    assert "ratelimit=2000us" in ok(dom0, "xl sched-credit2")
    ok(dom0, "xl sched-credit2 -s -r 1000")
    matches(ok(dom0, "xl sched-credit2"), ANSWERS["xl sched-credit2"])


def test_balloon(dom0):
    """xl mem-set takes memory from Dom0 and gives it back."""
    free = int(re.search(r"free_memory +: (\d+)", ok(dom0, "xl info")).group(1))
    ok(dom0, "xl mem-set 0 704")
    ok(dom0, "for i in $(seq 100); do xl list | grep -q ' 704 ' && exit; sleep 0.2; done; exit 1")
    more = int(re.search(r"free_memory +: (\d+)", ok(dom0, "xl info")).group(1))
    assert more - free == 64
    ok(dom0, "xl mem-set 0 768")
    ok(dom0, "for i in $(seq 100); do xl list | grep -q ' 768 ' && exit; sleep 0.2; done; exit 1")


def test_refusals(dom0):
    """What cannot be done is refused as on Xen."""
    for command, words in (
            ("xl pause 0", "Pausing domain: Invalid argument"),
            ("xl pause nobody", "nobody is an invalid domain identifier"),
            ("xl destroy 0", "Not destroying domain 0; use -f to force."),
            ("xl list nobody", "nobody is an invalid domain identifier"),
            ("xl vcpu-pin 0 7 0", ""),
            ("xenperf", "Function not implemented"),
            ("xencov read", "Operation not supported")):
        text = dom0.run(command)[1]
        assert words in text, f"{command}: {text}"
