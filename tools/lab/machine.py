# SPDX-License-Identifier: Apache-2.0
"""One emulated machine: its QEMU command and its console.

Waits are for text on the console, bounded by a deadline; nothing sleeps for a guessed time.
"""
import ctypes
import dataclasses
import fcntl
import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import fetch
import initramfs
import toolstack

TOP = fetch.TOP
# TCG (QEMU 7.2) is wrong in two features.  SMAP: IRET from ring 3 reads the stack as the supervisor.
# CMPXCHG16B: flags from the operands of an earlier comparison; what interrupts or leaves the CPU right
# behind it takes them into RFLAGS, DF, NT and reserved bits among them, and strings run backwards.
WITHOUT = "-smap,-cx16"
CPU = f"max,{WITHOUT}"
SVM = f"qemu64,+svm,+npt,{WITHOUT}"     # what hardware virtualization works on under TCG
OVMF = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")


class MachineError(Exception):
    """A machine that did not do what was waited for; carries the console's tail."""


@dataclasses.dataclass
class Config:
    """What to boot, and on what."""
    hypervisor: str = os.environ.get("HYPERVISOR", "zeroth")
    kernel: str = os.environ.get("KERNEL", "6.1")
    smp: int = int(os.environ.get("SMP", "2"))
    mem: int = int(os.environ.get("MEM", "1024"))           # MiB
    cpu: str = os.environ.get("CPU", CPU)
    options: str = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all"
    append: str = "console=hvc0 panic=-1"                   # Dom0's command line
    icount: bool = False        # time is that of instructions (test/README.md)
    qemu: list = dataclasses.field(default_factory=list)    # further arguments
    machine: str = "q35"
    image: str = ""             # another Dom0 kernel than the stock one
    no_dom0: bool = False       # hand over no module at all
    toolstack: bool = False     # Dom0 has Debian's toolstack (tools/lab/toolstack.py)
    firmware: str = os.environ.get("FIRMWARE", "")          # "": -kernel; "bios", "uefi": ISO
    protocol: str = os.environ.get("PROTOCOL", "multiboot2")  # of the ISO's menu entry

    def use_toolstack(self):
        """The larger Dom0, on a machine that has room for guests beside it."""
        self.toolstack = True
        self.options += " dom0_mem=768M"
        if "MEM" not in os.environ:
            self.mem = 2048


def hypervisor_image(name):
    """The ELF of a hypervisor: ours, or Debian's Xen 4.17."""
    if name == "xen":
        return os.path.join(fetch.fetch("xen"), "xen.elf")
    if name != "zeroth":
        raise MachineError(f"HYPERVISOR={name}: known are zeroth and xen")
    path = os.environ.get("ZEROTH_IMAGE", os.path.join(TOP, "build/zeroth.elf"))
    if not os.path.exists(path):
        raise MachineError(f"{path} is missing: run make first")
    return path


def initrd_image(kernel, with_toolstack=False):
    """The initramfs for a kernel, small or with the toolstack, built once per process."""
    name = "toolstack" if with_toolstack else "initramfs"
    path = os.path.join(TOP, "build", f"{name}-{kernel}.cpio")
    if path not in _built:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (toolstack if with_toolstack else initramfs).build(kernel, path)
        _built.add(path)
    return path


_built = set()


def grub_iso(config, kernel, initrd, directory):
    """A GRUB ISO with one menu entry that boots at once, on BIOS and UEFI alike."""
    root = os.path.join(directory, "iso")
    os.makedirs(os.path.join(root, "boot/grub"))
    for name, source in (("hv", hypervisor_image(config.hypervisor)), ("vmlinuz", kernel),
                         ("initrd", initrd)):
        shutil.copy(source, os.path.join(root, "boot", name))
    load, module = {"multiboot1": ("multiboot", "module"),
                    "multiboot2": ("multiboot2", "module2")}[config.protocol]
    with open(os.path.join(root, "boot/grub/grub.cfg"), "w", encoding="ascii") as file:
        file.write("serial --speed=115200\nterminal_output serial\n"
                   "set timeout=0\nmenuentry zeroth {\n"
                   f"  {load} /boot/hv {config.options}\n"
                   f"  {module} /boot/vmlinuz {config.append}\n"
                   f"  {module} /boot/initrd\n}}\n")
    iso = os.path.join(directory, "boot.iso")
    done = subprocess.run(["grub-mkrescue", "-o", iso, root], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise MachineError("grub-mkrescue failed:\n" + done.stdout)
    return iso


def qemu_command(config, directory):
    """The arguments that boot a configuration; temporary files go to a directory."""
    command = ["qemu-system-x86_64", "-machine", config.machine, "-accel", "tcg", "-cpu",
               config.cpu, "-m", str(config.mem), "-smp", str(config.smp), "-display", "none",
               "-nodefaults", "-no-reboot", "-chardev", "stdio,id=console,signal=off",
               "-serial", "chardev:console"]
    if config.icount:
        command += ["-icount", "shift=0,sleep=off,align=off"]
    initrd = None if config.no_dom0 else initrd_image(config.kernel, config.toolstack)
    kernel = config.image
    if not kernel and not config.no_dom0:
        kernel = os.path.join(fetch.fetch(config.kernel), "vmlinuz")
    if config.firmware:
        iso = grub_iso(config, kernel, initrd, directory)
        command += ["-drive", f"if=none,id=boot,media=cdrom,format=raw,file={iso}",
                    "-device", "ide-cd,drive=boot"]
        if config.firmware == "uefi":
            # Variables are read-only: nothing needs to outlive the run.
            command += ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF[0]}",
                        "-drive", f"if=pflash,format=raw,snapshot=on,file={OVMF[1]}"]
    else:
        command += ["-kernel", hypervisor_image(config.hypervisor), "-append", config.options]
        if kernel:
            line = config.append.replace(",", ",,")
            command += ["-initrd", f"{kernel} {line},{initrd}"]
    return command + config.qemu


def take_slot():
    """Hold one of a few machine-wide emulator slots; close the returned file to free it.

    LAB_SLOTS is their number, LAB_SLOT_DIR the directory of their locks.
    """
    directory = os.environ.get("LAB_SLOT_DIR") or os.path.join(tempfile.gettempdir(),
                                                               f"lab-slots-{os.getuid()}")
    os.makedirs(directory, exist_ok=True)
    count = int(os.environ.get("LAB_SLOTS", "2"))
    with open(os.path.join(directory, "queue"), "w", encoding="ascii") as queue:
        # Who waits is before who has just given a slot back.
        fcntl.flock(queue, fcntl.LOCK_EX)
        files = [open(os.path.join(directory, f"slot.{i + 1}"), "w", encoding="ascii")
                 for i in range(count)]
        while True:
            for file in files:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                for other in files:
                    if other is not file:
                        other.close()
                return file
            time.sleep(0.1)  # whichever is free first: a wait for one of them may be the longest


def die_with_parent():
    """In the child: end when the test driver ends, however it does (prctl(2), option 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Machine:
    """A running machine: `with Machine(config, log) as m: m.expect("DOM0 READY", 60)`."""

    def __init__(self, config, log):
        self.config, self.log, self.text, self.seen = config, log, "", 0

    def command(self, directory):
        """QEMU's arguments; a machine of another kind overrides this."""
        return qemu_command(self.config, directory)

    def __enter__(self):
        self.slot = take_slot()
        self.directory = tempfile.TemporaryDirectory(prefix="lab-")
        try:
            command = self.command(self.directory.name)
            # The slot belongs to this process alone: O_CLOEXEC is Python's default.
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            preexec_fn=die_with_parent)
        except BaseException:
            self.slot.close()
            self.directory.cleanup()
            raise
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        with open(self.log, "w", encoding="utf-8") as file:
            file.write(self.text)
        self.selector.close()
        self.process.stdin.close()
        self.process.stdout.close()
        self.directory.cleanup()
        self.slot.close()

    def pump(self, deadline):
        """Read what the console says; False at the end of QEMU's output."""
        if not self.selector.select(max(0.0, deadline - time.monotonic())):
            return True
        data = self.process.stdout.read(65536)
        self.text += (data or b"").decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def fail(self, why):
        """Raise with the last lines of the console."""
        tail = "\n".join(self.text.splitlines()[-25:])
        raise MachineError(f"{why}; log: {self.log}; the console ended with:\n{tail}")

    def expect(self, *needles, timeout=120):
        """Wait until one of the texts appears after what was matched before; returns it."""
        deadline, alive = time.monotonic() + timeout, True
        while True:
            hits = [(self.text.find(n, self.seen), n) for n in needles]
            hits = [hit for hit in hits if hit[0] >= 0]
            if hits:
                at, needle = min(hits)
                self.seen = at + len(needle)
                return needle
            if not alive:
                self.fail(f"QEMU ended before {needles!r}")
            if time.monotonic() >= deadline:
                self.fail(f"no {needles!r} within {timeout} s")
            alive = self.pump(deadline)

    def wait_end(self, timeout=60):
        """Wait until QEMU ends by itself (the guest powered off or reset); its exit code."""
        deadline = time.monotonic() + timeout
        while self.pump(deadline):
            if time.monotonic() >= deadline:
                self.fail(f"the machine did not end within {timeout} s")
        return self.process.wait()

    def send(self, text):
        """Type on the console."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()


class Toolstack(Machine):
    """A machine whose Dom0 has Debian's toolstack and obeys: `status, text = m.run("xl info")`.

    Commands go by a virtio port of their own, so that no console is between.
    """

    def __init__(self, config, log):
        config.use_toolstack()
        config.append += " zt.agent"
        super().__init__(config, log)
        self.commands = 0

    def command(self, directory):
        """Override: a port for the agent of tools/lab/toolstack/init."""
        path = os.path.join(directory, "agent")
        return super().command(directory) + [
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent",
            "-chardev", f"socket,id=agent,path={path},server=on,wait=off"]

    def __enter__(self):
        super().__enter__()
        try:
            self.expect("DOM0 READY", timeout=300)
            self.agent = socket.socket(socket.AF_UNIX)
            self.agent.connect(os.path.join(self.directory.name, "agent"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *args):
        if hasattr(self, "agent"):
            self.agent.close()
        super().__exit__(*args)

    def run(self, command, timeout=60):
        """Run a shell command in Dom0; its exit code and what it said, both outputs together."""
        self.commands += 1
        timeout *= 3 if self.config.icount else 1
        mark = f"@{self.commands}@"
        self.agent.sendall(f"{mark} {command}\n".encode())
        deadline, text = time.monotonic() + timeout, b""
        while f"\n{mark} ".encode() not in text or not text.endswith(b"\n"):
            if time.monotonic() >= deadline:
                self.fail(f"no answer to {command!r} within {timeout} s; so far: {text.decode()}")
            if not self.pump(time.monotonic()):
                self.fail(f"QEMU ended during {command!r}")
            self.agent.settimeout(0.2)
            try:
                text += self.agent.recv(65536)
            except TimeoutError:
                continue
        said, _, code = text.decode("utf-8", "replace").rpartition(f"\n{mark} ")
        self.text += f"\n@ {command}\n{said}@ exit {code}"
        return int(code), said
