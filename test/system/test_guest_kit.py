# SPDX-License-Identifier: Apache-2.0
"""The guest kit: one binary in each place; what its patched operations cost on a bare machine."""
import os
import re

import pytest

import places

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KITS = {"gcc": "build/guest", "clang": "build/clang/guest"}


def kernel_of(name, kit="gcc"):
    """The path of one of the kit's kernels, by the compiler that built it."""
    return os.path.join(TOP, KITS[kit], f"{name}.elf")


@pytest.mark.parametrize("kit", KITS)
def test_patched_natively_costs_nothing(log, kit):
    """Each operation, and 1,000 context switches: patched exactly as many instructions as without."""
    with places.Running("bare", kernel_of("bench", kit), log, icount=0) as guest:
        guest.expect("BENCH END", timeout=120)
        rows = re.findall(r"^BENCH (\d+) pv_ops (.+): ([\w ]+)$", guest.text, re.MULTILINE)
    cost = {way: {name: int(value) for value, name, of in rows if of == way}
            for way in ("no paravirt", "before patching", "patched")}
    assert len(cost["patched"]) >= 22
    assert cost["patched"] == cost["no paravirt"]
    assert cost["before patching"].keys() == cost["patched"].keys()
    dearer = [name for name, value in cost["before patching"].items() if value > cost["patched"][name]]
    assert "1,000 context switches with a page-table update each" in dearer
