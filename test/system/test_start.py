# SPDX-License-Identifier: Apache-2.0
"""Zeroth itself, from the boot loader to Dom0's first line."""
import json
import socket
import subprocess

import pytest

import machine

pytestmark = pytest.mark.zeroth_only
BUILT = "MiB of memory, 2 vCPUs"        # the last line before Dom0's own
NO_KERNEL = "Dom0: the boot loader handed over no kernel; name one as the first module"


def boot(log, last, **changes):
    """Boot until a line, and to the reset after it; the console's text."""
    with machine.Machine(machine.Config(**changes), log) as guest:
        guest.expect(last, timeout=120)
        guest.wait_end(60)
        return guest.text


@pytest.mark.parametrize("firmware,protocol", [("", "multiboot1"), ("bios", "multiboot1"),
                                               ("bios", "multiboot2"), ("uefi", "multiboot1"),
                                               ("uefi", "multiboot2")])
def test_road(log, firmware, protocol):
    """Each boot road brings the command line, the memory map and both modules."""
    config = machine.Config(firmware=firmware, protocol=protocol, options="loglvl=info",
                            append="console=hvc0 first")
    with machine.Machine(config, log) as guest:
        guest.expect(BUILT, timeout=150)
        text = guest.text
    assert f"loaded by {'GRUB' if firmware else 'qemu'}" in text
    assert protocol.replace("t1", "t 1").replace("t2", "t 2") in text
    assert "command line: loglvl=info\n" in text
    assert "MiB of RAM" in text
    assert "console=hvc0 first" in text and "module 1: " in text
    assert "ignored" not in text
    assert ("EFI: runtime services are called" in text) == (firmware == "uefi" and protocol == "multiboot2")
    assert ("EFI: multiboot 1 tells nothing of it" in text) == (firmware == "uefi" and protocol == "multiboot1")


def test_unknown_and_malformed_options(log):
    """What is not understood is named, and the boot goes on."""
    text = boot(log, NO_KERNEL, no_dom0=True, options="frobnicate=3 com1=77,8n1 loglvl=all")
    assert "command line: frobnicate=3: unknown option; ignored" in text
    assert "command line: com1=77,8n1: malformed value; ignored" in text


def test_loglvl(log):
    """loglvl bounds what is printed, but never the line that says why the boot ends."""
    assert "MiB of RAM" not in boot(log, NO_KERNEL, no_dom0=True, options="loglvl=error")


def test_console_none(log):
    """With console=none the serial port stays silent."""
    with machine.Machine(machine.Config(no_dom0=True, options="console=none"), log) as guest:
        guest.wait_end(60)
        assert "zeroth" not in guest.text


def test_com2(log, tmp_path):
    """console=com2 talks on the second serial port, and only there."""
    other = tmp_path / "com2"
    options = "console=com2 com2=115200,8n1 loglvl=info"
    config = machine.Config(no_dom0=True, options=options, qemu=["-serial", f"file:{other}"])
    with machine.Machine(config, log) as guest:
        guest.wait_end(60)
        assert "zeroth" not in guest.text
    text = other.read_text()
    assert text.count("Zeroth, a hypervisor") == 1 and NO_KERNEL in text


def test_noreboot(log):
    """With noreboot a failed boot halts."""
    with machine.Machine(machine.Config(no_dom0=True, options="noreboot"), log) as guest:
        guest.expect("halted (noreboot)", timeout=60)
        assert "resetting" not in guest.text


@pytest.fixture
def halted(log, tmp_path):
    """A machine that has halted, and a function that gives QEMU's monitor a command."""
    qmp = str(tmp_path / "qmp")
    config = machine.Config(no_dom0=True, options="noreboot", cpu="max",
                            qemu=["-qmp", f"unix:{qmp},server=on,wait=off"])
    with machine.Machine(config, log) as guest, socket.socket(socket.AF_UNIX) as monitor:
        guest.expect("halted (noreboot)", timeout=60)
        monitor.connect(qmp)
        answers = monitor.makefile(encoding="utf-8")

        def ask(command, **arguments):
            line = json.dumps({"execute": command, "arguments": arguments})
            monitor.sendall(line.encode() + b"\n")
            for answer in map(json.loads, answers):
                assert "error" not in answer, answer
                if "return" in answer:
                    return answer["return"]
            raise AssertionError("the monitor went away")

        ask("qmp_capabilities")
        yield guest, ask


def test_nothing_is_writable_and_executable(halted):
    """W^X for every mapping; SMEP and SMAP are on where the CPU has them."""
    _, ask = halted
    pages = ask("human-monitor-command", **{"command-line": "info tlb"}).split("\r\n")
    rights = [page.split()[-1] for page in pages if page.strip()]
    assert len(rights) > 2048
    assert not [flags for flags in rights if "W" in flags and "X" not in flags]  # X says NX
    assert [flags for flags in rights if "X" not in flags]
    registers = ask("human-monitor-command", **{"command-line": "info registers"})
    cr4 = int(registers.split("CR4=")[1].split()[0], 16)
    assert cr4 & 0x300000 == 0x300000


def test_too_little_memory(log):
    """One clear line when memory is short."""
    boot(log, "MiB of RAM are too little", no_dom0=True, mem=48)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_two_builds_are_equal(tmp_path, compiler):
    """Both compilers build it without a warning, and a second build has the same bytes."""
    images = []
    for name in ("one", "two"):
        out = tmp_path / name
        subprocess.run(["make", "-s", "-C", machine.TOP, f"O={out}", f"CC={compiler}"], check=True)
        images.append((out / "zeroth.gz").read_bytes())
    assert images[0] == images[1]
    assert len(images[0]) <= 400 * 1024
