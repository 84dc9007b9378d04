# SPDX-License-Identifier: Apache-2.0
"""Guests by Debian's xl in a Dom0 of the lab, for the tests of the toolstack."""
import contextlib
import os
import re
import subprocess

import life
import machine

LONG = 900      # seconds for 256 MiB, on a machine that does other things besides


@contextlib.contextmanager
def dom0(name, mem=2048, disks=(), kind="pv", icount=False):
    """A Dom0 with the toolstack on mem MiB, for guests of a kind; disks (MiB each) are /dev/vda, /dev/vdb …"""
    config = machine.Config(icount=icount)
    config.smp = 2
    if kind != "pv":
        life.hardware(config)
        name += f"-{kind}"
    logs = os.path.join(machine.TOP, "build/logs")
    os.makedirs(logs, exist_ok=True)
    files = []
    for number, size in enumerate(disks):
        files.append(os.path.join(logs, f"{config.hypervisor}-{name}.disk{number}"))
        subprocess.run(["truncate", "-s", "0", files[-1]], check=True)
        subprocess.run(["truncate", "-s", f"{size}M", files[-1]], check=True)
        config.qemu += ["-drive", f"if=none,id=d{number},format=raw,cache=unsafe,file={files[-1]}",
                        "-device", f"virtio-blk-pci,drive=d{number}"]
    lab = machine.Toolstack(config, os.path.join(logs, f"{config.hypervisor}-{name}.log"))
    config.mem = mem
    lab.kind = kind
    try:
        with lab as m:
            yield m
    finally:
        for path in files:
            os.unlink(path)


def ok(m, command, timeout=180):
    """What a command says that must succeed."""
    code, text = m.run(command, timeout)
    assert code == 0, f"{command}: {code}\n{text}"
    return text


def in_guest(m, name, command, seconds=150):
    """What a command says in a guest's shell, that must succeed."""
    assert "'" not in command
    return ok(m, f"sh /tests/guest run {name} '{command}' {seconds}", seconds + 30)


def wait(m, name, text, seconds=300):
    """Wait until a guest's console says a text, from its beginning."""
    ok(m, f"sh /tests/guest wait {name} '{text}' {seconds}", seconds + 60)


def create(m, name, *settings, config="/etc/xen/demo.cfg"):
    """Create a guest by a file and further settings ('vcpus=2'); wait for its shell."""
    more = " ".join(f"'{setting}'" for setting in settings)
    ok(m, f"xl create {config} 'name=\"{name}\"' 'type=\"{m.kind}\"' {more}", 400)
    ok(m, f"sh /tests/guest open {name}")
    wait(m, name, "GUEST READY")


def gone(m, name, seconds=120):
    """Wait until a guest is no more."""
    ok(m, f"for i in $(seq {seconds * 5}); do xl list | grep -q -e '^{name} ' -e null || exit 0; "
          "sleep 0.2; done; exit 1", seconds * 2)


def destroy(m, name):
    """End a guest, and wait until it is gone."""
    ok(m, f"xl destroy {name}", 300)
    gone(m, name)


def free_memory(m):
    """MiB that the hypervisor has free."""
    return int(re.search(r"free_memory +: (\d+)", ok(m, "xl info")).group(1))


def state(m, name):
    """The state column of xl list."""
    return ok(m, f"xl list {name}").splitlines()[1].split()[4]
