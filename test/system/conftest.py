# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: machines with logs kept when a test fails."""
import os
import re
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools/lab"))
import machine  # noqa: E402


def pytest_configure(config):
    """Declare the markers."""
    config.addinivalue_line("markers", "slow: not in the quick selection of `make test`")
    config.addinivalue_line("markers", "zeroth_only: says nothing about Xen")


def pytest_collection_modifyitems(items):
    """On Xen, leave out what holds for Zeroth only, and say so."""
    if machine.Config().hypervisor != "zeroth":
        for item in items:
            if item.get_closest_marker("zeroth_only"):
                item.add_marker(pytest.mark.skip(reason="holds for Zeroth only"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Let the fixture below know whether the test passed."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.passed = report.passed


@pytest.fixture
def log(request):
    """The path of this test's console log; the log goes when the test passes."""
    name = re.sub(r"[^\w.-]+", "_", request.node.name)
    hypervisor = machine.Config().hypervisor
    path = os.path.join(TOP, "build/logs", f"{hypervisor}-{name}.log")
    yield path
    if getattr(request.node, "passed", False) and os.path.exists(path):
        os.unlink(path)


@pytest.fixture
def dom0(log):
    """Run a script of test/system/dom0 in Dom0 to power-off; the console's text."""
    def run(script, boot=150, work=120, config=None, **changes):
        config = config or machine.Config(**changes)
        config.append += f" zt.test={script}"
        with machine.Machine(config, log) as guest:
            guest.expect("DOM0 READY", timeout=boot)
            if guest.expect("ZT RESULT pass", "ZT RESULT fail", timeout=work).endswith("fail"):
                guest.fail(f"{script} failed in Dom0")
            guest.wait_end(60)
            return guest.text
    return run
