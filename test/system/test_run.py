# SPDX-License-Identifier: Apache-2.0
"""What `make run` shows, on a terminal of its own: Dom0 with xl, its demonstration guest, the way out."""
import os
import pty
import select
import subprocess
import time

import machine
import pytest

pytestmark = pytest.mark.slow
SWITCH, LEAVE = "\x01" * 3, "\x1d"
NAME = {"zeroth": "Zeroth", "xen": "Xen"}[machine.Config().hypervisor]


class Terminal:
    """tools/run on a terminal: `with Terminal(GUEST="1") as t: t.expect("GUEST READY")`."""

    def __init__(self, log, **variables):
        self.log, self.variables, self.text, self.seen = log, variables, "", 0

    def __enter__(self):
        self.slot = machine.take_slot()
        self.fd, tty = pty.openpty()
        self.process = subprocess.Popen([os.path.join(machine.TOP, "tools/run")], stdin=tty,
                                        stdout=tty, stderr=tty, env={**os.environ, **self.variables},
                                        preexec_fn=machine.die_with_parent)
        os.close(tty)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.fd)
        self.slot.close()
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        with open(self.log, "w", encoding="utf-8") as file:
            file.write(self.text)

    def expect(self, needle, timeout=300):
        """Wait for a text after what was waited for before."""
        deadline = time.monotonic() + timeout
        while self.text.find(needle, self.seen) < 0:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.fd], [], [], left)[0], \
                f"no {needle!r} in time; the end:\n{self.text[-1500:]}"
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            assert data, f"it ended before {needle!r}; the end:\n{self.text[-1500:]}"
            self.text += data.decode("utf-8", "replace").replace("\r", "")
        self.seen = self.text.find(needle, self.seen) + len(needle)

    def type(self, keys):
        """Keys on the terminal."""
        os.write(self.fd, keys.encode())

    def ended(self):
        """Wait for the end of it all."""
        self.expect("run: the machine has ended")
        assert self.process.wait(60) == 0


def test_dom0(log):
    """It says how to leave, and ends in a Dom0 where xl works; the input switches there and back."""
    with Terminal(log) as t:
        t.expect("run: leave with Ctrl-]")
        t.expect("This is Dom0.")
        t.expect("# ")
        t.type("xl list\r")
        t.expect("Domain-0")
        t.expect("# ")
        t.type(SWITCH)
        t.expect(f"input to {NAME}" if NAME == "Xen" else f"input goes to {NAME}")
        t.type("q")
        t.expect("domain 0")
        t.type(SWITCH)
        t.expect("put to DOM0" if NAME == "Xen" else "input goes to Dom0")
        t.type("\recho sum$((6*7))\r")
        t.expect("sum42")
        t.type("xl create -c /etc/xen/demo.cfg\r")
        t.expect("GUEST READY")
        t.expect("# ")
        t.type(LEAVE)
        t.expect(":/# ")
        t.type("echo sum$((6*8)); xl list\r")
        t.expect("sum48")
        t.expect("demo")
        t.type("poweroff\r")
        t.ended()


def test_guest(log):
    """GUEST=1 shows the demonstration guest's console; three times the key leaves."""
    with Terminal(log, GUEST="1") as t:
        t.expect("Parsing config from /etc/xen/demo.cfg")
        t.expect("GUEST READY")
        t.expect("# ")
        t.type("cat /sys/hypervisor/type; echo sum$((6*7))\r")
        t.expect("xen")
        t.expect("sum42")
        t.type(LEAVE)
        t.expect("This is Dom0.")
        t.type(LEAVE * 3)
        t.ended()
