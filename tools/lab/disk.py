# SPDX-License-Identifier: Apache-2.0
"""The machine that starts from the disk of `make image`, as a user's does.

    with DiskMachine(config, log) as m:
        m.start()
        status, text = m.ssh("xl list")

What it writes goes to a layer of its own (`overlay`), so that the disk stays as it was built; a
layer given at creation is used on, and so outlives a machine.
"""
import os
import socket
import subprocess
import tempfile
import time

import machine

IMAGE = os.path.join(machine.TOP, "build/image")
DISK, KEY = os.path.join(IMAGE, "disk.img"), os.path.join(IMAGE, "ssh_key")
LOGIN = "zeroth login:"
# The other hypervisor's entry, for grub-reboot, by titles: GRUB's script gives the first submenu the
# name of another.  A kernel's release is to be filled in.
XEN_ENTRY = ("Advanced options for Debian GNU/Linux (with Xen hypervisor)>Xen hypervisor, version 4.17-amd64>"
             "Debian GNU/Linux, with Xen 4.17-amd64 and Linux %s")
DISKS = {"virtio": ["-device", "virtio-blk-pci,drive=disk,bootindex=0"],
         "ahci": ["-device", "ide-hd,drive=disk,bootindex=0"],
         "nvme": ["-device", "nvme,drive=disk,serial=1,bootindex=0"]}


def free_port():
    """A TCP port of the host that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_overlay(path):
    """A layer over the disk."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", DISK, "-F", "raw", path], check=True)
    return path


def disk_command(config, overlay, port, disk="virtio", net="virtio-net-pci"):
    """QEMU's arguments; config.firmware is "" or "bios", or "uefi".

    CPUs take turns: in threads of their own, of a host with few, each waits for one that does not run.
    """
    command = ["qemu-system-x86_64", "-machine", config.machine, "-accel", "tcg,thread=single", "-cpu", config.cpu,
               "-m", str(config.mem), "-smp", str(config.smp), "-display", "none", "-nodefaults",
               "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
               "-device", "VGA", "-drive", f"if=none,id=disk,format=qcow2,file={overlay}", *DISKS[disk],
               "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", f"{net},netdev=net",
               "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"]
    if config.firmware == "uefi":
        command += ["-drive", f"if=pflash,format=raw,readonly=on,file={machine.OVMF[0]}",
                    "-drive", f"if=pflash,format=raw,snapshot=on,file={machine.OVMF[1]}"]
    return command + config.qemu


class DiskMachine(machine.Machine):
    """A machine of the disk; disk and net: what it finds that disk and the network by."""

    def __init__(self, config, log, overlay=None, disk="virtio", net="virtio-net-pci"):
        super().__init__(config, log)
        self.overlay, self.disk, self.net = overlay, disk, net
        self.port, self.tries = free_port(), 1

    def command(self, directory):
        """Override: the disk's machine."""
        overlay = self.overlay or make_overlay(os.path.join(directory, "overlay.qcow2"))
        return disk_command(self.config, overlay, self.port, self.disk, self.net)

    def start(self, loading=None, timeout=1500):
        """Wait for the console's login and for ssh; loading: what GRUB says it loads on the way there."""
        if loading:
            self.expect(f"Loading {loading}", timeout=timeout)
        self.expect(LOGIN, timeout=timeout)
        for _ in range(100):
            code, text = self.ssh("true", timeout)
            if code == 0:
                return
            self.pump(time.monotonic() + 1)     # sshd is still being started
        self.fail(f"no answer by ssh: {text}")

    def ssh(self, command, timeout=300, data=b""):
        """Run a shell command as root, by the network; its exit code and what it said.  data: its input.

        On Debian's Xen up to five times while ssh itself fails: of its processes some die in this emulator.
        """
        for _ in range(self.tries):
            code, said = self.ssh_once(command, timeout, data)
            if code != 255:
                break
        return code, said

    def ssh_once(self, command, timeout, data):
        """The same, without another try."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                   "BatchMode=yes", f"ConnectTimeout={timeout}", "ConnectionAttempts=5"]
        deadline = time.monotonic() + timeout
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
            given.write(data)
            given.seek(0)
            with subprocess.Popen(["ssh", "-F", "/dev/null", "-i", KEY, "-p", str(self.port),
                                   *(word for option in options for word in ("-o", option)),
                                   "root@127.0.0.1", command], stdin=given, stdout=answer,
                                  stderr=subprocess.STDOUT) as process:
                while process.poll() is None:
                    # The console is read on: QEMU would wait for a full pipe.
                    if time.monotonic() > deadline or not self.pump(time.monotonic() + 0.1):
                        process.kill()
                        self.fail(f"no end of {command!r} within {timeout} s")
            answer.seek(0)
            said = answer.read().decode("utf-8", "replace")
        self.pump(0)
        self.text += f"\n@ {command}\n{said}@ exit {process.returncode}\n"
        self.seen = len(self.text)
        return process.returncode, said

    def run(self, command, timeout=300):
        """The same, by the name that it has on the lab's other machines."""
        return self.ssh(command, timeout)

    def choose_xen(self):
        """Debian's Xen is what the next start boots."""
        code, release = self.ssh("uname -r")
        assert code == 0, release
        code, text = self.ssh(f"grub-reboot '{XEN_ENTRY % release.strip()}'")
        assert code == 0, text

    def reboot(self, loading, timeout=1500):
        """Reboot, as an administrator does, to the login of what GRUB says it loads."""
        self.ssh_once("systemctl reboot", 300, b"")
        self.tries = 1 if "zeroth" in loading else 5
        self.start(loading, timeout)
