# SPDX-License-Identifier: Apache-2.0
"""What Dom0 sees and does once it runs."""
import re

# Measured on Xen 4.17 of Debian 12.
VERSION = {"major": "4", "minor": "17", "type": "xen"}


def test_sys_hypervisor(dom0):
    """/sys/hypervisor shows Xen 4.17."""
    fields = dict(re.findall(r"ZT HV (\S+) (.*)", dom0("hypervisor")))
    for name, value in VERSION.items():
        found = [fields[key] for key in fields if key.rsplit("/", 1)[-1] == name]
        assert found == [value], name


def test_cpu_hotplug(dom0):
    """A vCPU goes offline and comes back, several times."""
    dom0("hotplug", smp=2)


def test_balloon(dom0):
    """Dom0 gives memory back and gets it again."""
    dom0("balloon")


def test_programs(dom0):
    """System calls of 64- and 32-bit processes, FPU state, signals, forks, time."""
    dom0("programs", work=240)
