# SPDX-License-Identifier: Apache-2.0
"""A machine whose firmware starts an EFI image itself: an EFI system partition of given files.

    EfiMachine(config, log, {"EFI/BOOT/BOOTX64.EFI": path, "EFI/BOOT/BOOTX64.cfg": "text"})

A value that is a path that exists is a file, any other is a file's text.  secure: the firmware enforces
signatures, of Debian's test key (package ovmf, "snakeoil"), with which sign() signs.
"""
import os
import subprocess

import machine

BOOT = "EFI/BOOT/BOOTX64.EFI"           # what firmware starts of itself
SECURE = ("/usr/share/OVMF/OVMF_CODE_4M.snakeoil.fd", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd")
KEY, CERTIFICATE = "/usr/share/ovmf/PkKek-1-snakeoil.key", "/usr/share/ovmf/PkKek-1-snakeoil.pem"
MIB = 1 << 20


def run(*command):
    """Run a tool; what it says is told when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise machine.MachineError(f"{' '.join(command)} failed:\n{done.stdout}")


SECTIONS = {".config": 0x1000000, ".kernel": 0x1100000, ".ramdisk": 0x4000000}     # docs/efi.md


def unify(out, config, kernel, ramdisk, directory, objcopy=False):
    """A unified image of a configuration's text and two files: by `make unified`'s tool, or by objcopy."""
    path = os.path.join(directory, "unified.cfg")
    with open(path, "w", encoding="ascii") as file:
        file.write(config)
    files = {".config": path, ".kernel": kernel, ".ramdisk": ramdisk}
    if objcopy:
        words = [word for name, file in files.items()
                 for word in ("--add-section", f"{name}={file}",
                              "--change-section-vma", f"{name}={SECTIONS[name]:#x}")]
        run("objcopy", *words, os.path.join(machine.TOP, "build/zeroth.efi"), out)
    else:
        run(os.path.join(machine.TOP, "tools/mkpe.py"), os.path.join(machine.TOP, "build/efi.elf"), out,
            *(f"{name}={file}" for name, file in files.items()))
    return out


def sign(image, out, directory):
    """Sign an EFI image with the test key, whose passphrase is its name."""
    key = os.path.join(directory, "test.key")
    run("openssl", "rsa", "-in", KEY, "-passin", "pass:snakeoil", "-out", key)
    run("sbsign", "--key", key, "--cert", CERTIFICATE, "--output", out, image)
    return out


def system_partition(files, directory):
    """A disk image with one FAT file system, of these files."""
    path, names = os.path.join(directory, "esp.img"), {}
    for number, (name, content) in enumerate(files.items()):
        names[name] = content
        if not os.path.exists(content):
            names[name] = os.path.join(directory, f"file{number}")
            with open(names[name], "w", encoding="ascii") as file:
                file.write(content)
    size = sum(os.path.getsize(source) for source in names.values()) // MIB + 40
    with open(path, "wb") as file:
        file.truncate(size * MIB)
    run("mformat", "-i", path, "-F", "-T", str(size * MIB // 512), "-h", "16", "-s", "63", "::")
    folders = {"/".join(name.split("/")[:i]) for name in names for i in range(1, name.count("/") + 1)}
    run("mmd", "-i", path, *(f"::/{folder}" for folder in sorted(folders)))
    for name, source in names.items():
        run("mcopy", "-i", path, source, f"::/{name}")
    return path


class EfiMachine(machine.Machine):
    """The machine; its console is the serial line, for the firmware too."""

    def __init__(self, config, log, files, secure=False):
        super().__init__(config, log)
        self.files, self.secure = files, secure

    def command(self, directory):
        """Override: a firmware with a disk."""
        config, code, variables = self.config, *(SECURE if self.secure else machine.OVMF)
        # Without sleep: else that firmware keeps memory at 16 MiB, where a PV kernel has to be.
        more = ["-global", "driver=cfi.pflash01,property=secure,value=on",
                "-global", "ICH9-LPC.disable_s3=1"] if self.secure else []
        return ["qemu-system-x86_64", "-machine", "q35,smm=on" if self.secure else "q35", "-accel", "tcg",
                "-cpu", config.cpu, "-m", str(config.mem), "-smp", str(config.smp), "-display", "none",
                "-nodefaults", "-no-reboot", "-chardev", "stdio,id=console,signal=off",
                "-serial", "chardev:console", "-device", "VGA",
                "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={variables}",
                "-drive", f"if=none,id=esp,format=raw,readonly=on,file={system_partition(self.files, directory)}",
                "-device", "virtio-blk-pci,drive=esp", *more, *config.qemu]
