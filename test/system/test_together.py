# SPDX-License-Identifier: Apache-2.0
"""What Dom0 and a PVH guest take to boot together, counted."""
import os
import sys

import machine
import pytest

sys.path.insert(0, os.path.join(machine.TOP, "tools/bench"))
import together  # noqa: E402


@pytest.mark.slow
def test_together(capsys):
    """Dom0 and a PVH guest boot within 1.3 times what Dom0 takes alone and the guest's kernel natively."""
    figures = together.measured(machine.Config().hypervisor)
    with capsys.disabled():
        print("\nDom0 alone {}, the guest natively {}, together {}: {:.3f}".format(*figures))
    assert figures[-1] <= 1.3
