# SPDX-License-Identifier: Apache-2.0
"""The ABI's conformance tests on Zeroth, held against what Debian's Xen 4.17 did (measured/conform-*)."""
import os
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.mark.zeroth_only
@pytest.mark.parametrize("place", ["zeroth-pv", "zeroth-pvh"])
def test_conform(place):
    """No case fails, differs from Xen, or is skipped where it passed there."""
    done = subprocess.run([os.path.join(TOP, "tools/conform"), "--measured", "-p", place], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
