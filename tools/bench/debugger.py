# SPDX-License-Identifier: Apache-2.0
"""A machine that stops where it is told to, and says how many instructions it has run.

QEMU's debugger stub (GDB's remote protocol) stops it, its control socket (QMP) has the count.
"""
import json
import os
import select
import socket
import time

import machine
import measure


class Marked(machine.Machine):
    """`with Marked(config, log) as m: m.run_to(address)`, counting from power-on."""

    def command(self, directory):
        """Override: exact, stopped at power-on, with both sockets."""
        options = ["-gdb", f"unix:{directory}/gdb,server=on,wait=off",
                   "-qmp", f"unix:{directory}/qmp,server=on,wait=off"]
        return super().command(directory) + measure.EXACT + ["-S"] + options

    def __enter__(self):
        super().__enter__()
        try:
            self.stub = self.connect("gdb")
            self.control = self.connect("qmp")
            self.replies = self.control.makefile("r", encoding="utf-8")
            self.replies.readline()                     # the greeting
            self.ask_control("qmp_capabilities")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *args):
        for name in ("stub", "replies", "control"):
            if hasattr(self, name):
                getattr(self, name).close()
        super().__exit__(*args)

    def connect(self, name):
        """One of QEMU's sockets, which is there shortly after the process is."""
        path, deadline = os.path.join(self.directory.name, name), time.monotonic() + 30
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(path)
                return link
            except (FileNotFoundError, ConnectionRefusedError):
                link.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.pump(time.monotonic())
                    self.fail(f"QEMU has no {name} socket")
                time.sleep(0.02)

    def ask_control(self, command):
        """One QMP command's answer; events are skipped."""
        self.control.sendall(json.dumps({"execute": command}).encode())
        while True:
            answer = json.loads(self.replies.readline())
            if "error" in answer:
                self.fail(f"{command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def ask_stub(self, packet, timeout):
        """One packet's answer ("$answer#checksum"); the console is read meanwhile."""
        self.stub.sendall(b"$%s#%02x" % (packet.encode(), sum(packet.encode()) & 255))
        deadline, data = time.monotonic() + timeout, b""
        while b"#" not in data or len(data) - data.index(b"#") < 3:
            left = deadline - time.monotonic()
            if left <= 0:
                self.fail(f"no stop within {timeout} s")
            ready, _, _ = select.select([self.stub, self.process.stdout], [], [], left)
            if self.process.stdout in ready and not self.pump(deadline):
                self.fail("QEMU ended before the mark")
            if self.stub in ready:
                data += self.stub.recv(4096)
        self.stub.sendall(b"+")
        return data[data.index(b"$") + 1:data.index(b"#")].decode()

    def run_to(self, address, timeout=300):
        """Run until an address is about to be executed; instructions since power-on."""
        if self.ask_stub(f"Z1,{address:x},1", 30) != "OK":
            self.fail("the stub takes no breakpoint")
        answer = self.ask_stub("c", timeout)
        if not answer.startswith("T05"):
            self.fail(f"stopped by something else: {answer}")
        self.ask_stub(f"z1,{address:x},1", 30)
        return self.ask_control("query-replay")["icount"]
