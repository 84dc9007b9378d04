# SPDX-License-Identifier: Apache-2.0
"""Each domctl and sysctl with arguments that nobody means (test/system/progs/hostile.c): Dom0 lives, and gets the
errors that Debian's Xen 4.17 gave, in test/system/measured/hostile."""
import os
import re

import machine

MEASURED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured", "hostile")
ZEROTH = machine.Config().hypervisor == "zeroth"
# What depends on the number of the empty domain; on Xen, also on what is after the list's memory.
VARIES = {"domctl 46 empty"} if ZEROTH else {"domctl 46 empty", "sysctl 22"}
# What Zeroth does otherwise.
DIFFERENT = {
    # A list without end: it stops before its end and says how far it came, where Xen reads on to a fault.
    "sysctl 22": "-22 -14 -14 0 0 -14 -14",
    "domctl 69 Dom0": "0 0 -14 0 0 -14 -14",
    "domctl 69 empty": "0 0 -14 0 0 -14 -14",
    # A domain asks for the state of none of its vCPUs; on Xen, of any but the one that asks.
    "domctl 13 Dom0": "-22 -22 -22 -22 -22 -22 -22",
    "domctl 73 Dom0": "-22 -3 -3 -22 -3 -22 -3",
    # Dom0 keeps what it takes from itself.
    "domctl 39 Dom0": "-22 -22 0 -22 -22 -22 -22",
    "domctl 20 empty": "-1 -22 0 -1 -1 -1 -1",
    # Left out: an emulated TSC, listeners; and which of two errors comes first.
    "domctl 60 empty": "0 -22 -22 -95 -22 -95 -22",
    "domctl 63 empty": "0 -3 -3 -14 -3 -3 -3",
    "domctl 64 empty": "-95 -95 -95 -95 -95 -95 -95",
}


def test_hostile(dom0):
    """The same numbers line by line; a domain can be made and ended after it all."""
    said = re.findall(r"^ZT HOSTILE (.*?): (.*?)\s*$", dom0("hostile"), re.MULTILINE)
    with open(MEASURED, encoding="ascii") as file:
        expected = [tuple(line.rstrip("\n").split(": ")) for line in file]
    assert [name for name, _ in said] == [name for name, _ in expected]
    wrong = [f"{name}: {got}, not {wanted}" for (name, got), (_, wanted) in zip(said, expected)
             if name not in VARIES and got != (DIFFERENT.get(name, wanted) if ZEROTH else wanted)]
    assert not wrong, "\n".join(wrong)
