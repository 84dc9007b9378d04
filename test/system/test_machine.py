# SPDX-License-Identifier: Apache-2.0
"""The machine under Zeroth: nodes, screen, keys, panics, and a guest that breaks."""
import json
import re
import socket
import subprocess

import pytest

import machine

pytestmark = pytest.mark.zeroth_only
KEYS = "\x01\x01\x01"           # Ctrl-a three times: the input goes to Zeroth
SCREEN = 0xb8000                # 80x25 text, a byte of colour behind each character

GUEST = r"""
    .section .note.Xen, "a", @note
    .macro note type, data:vararg
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \data
2:  .balign 4
    .endm
    note 6, .asciz "tiny"       /* XEN_ELFNOTE_GUEST_OS */
    note 5, .asciz "xen-3.0"    /* XEN_ELFNOTE_XEN_VERSION */
    note 8, .asciz "generic"    /* XEN_ELFNOTE_LOADER */
    note 1, .quad _start        /* XEN_ELFNOTE_ENTRY */
    note 3, .quad 0xffffffff80000000    /* XEN_ELFNOTE_VIRT_BASE */
    note 4, .quad 0xffffffff80000000    /* XEN_ELFNOTE_PADDR_OFFSET */
    .text
    .globl _start
_start:
    mov $0x1234567890abcdef, %rbx
    ud2                         /* nobody handles it */
"""


def test_numa(dom0):
    """Both nodes of an SRAT are found, and Dom0 runs over them."""
    qemu = ["-object", "memory-backend-ram,id=m0,size=768M", "-numa", "node,nodeid=0,memdev=m0,cpus=0",
            "-object", "memory-backend-ram,id=m1,size=768M", "-numa", "node,nodeid=1,memdev=m1,cpus=1"]
    assert "2 NUMA nodes" in dom0("hello", smp=2, mem=1536, qemu=qemu)


@pytest.mark.slow
def test_16_cpus(dom0):
    """All of 16 CPUs run, and Dom0 on all of them.  Virtual time by instructions: 16 CPUs on two are slow."""
    text = dom0("hello", smp=16, mem=2048, boot=400, qemu=["-icount", "shift=1,sleep=off"])
    assert "CPUs: 16 of 16 run" in text and "ZT cpus=16\n" in text


def ask(monitor, command, **arguments):
    """A command of QEMU's monitor protocol; its answer."""
    monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    monitor.flush()
    for answer in map(json.loads, monitor):
        assert "error" not in answer, answer
        if "return" in answer:
            return answer["return"]
    raise AssertionError("the monitor went away")


def screen(qmp, dump):
    """The text on the screen, by QEMU's monitor."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(qmp))
        with connection.makefile("rw", encoding="utf-8") as monitor:
            ask(monitor, "qmp_capabilities")
            ask(monitor, "pmemsave", val=SCREEN, size=80 * 25 * 2, filename=str(dump))
    return dump.read_bytes()[::2].decode("ascii", "replace")


def with_screen(qmp):
    """QEMU's arguments for it."""
    return ["-vga", "std", "-qmp", f"unix:{qmp},server=on,wait=off"]


def test_screen(log, tmp_path):
    """The boot's messages stand on the text screen."""
    config = machine.Config(no_dom0=True, options="console=com1,vga noreboot loglvl=all",
                            qemu=with_screen(tmp_path / "qmp"))
    with machine.Machine(config, log) as guest:
        guest.expect("halted (noreboot)", timeout=60)
        text = screen(tmp_path / "qmp", tmp_path / "screen")
    assert "(zeroth) Dom0: the boot loader handed over no kernel" in text
    assert "(zeroth) halted (noreboot)" in text


def test_nmi(log, tmp_path):
    """An NMI of the platform is told, and Dom0's kernel gets it."""
    qmp = str(tmp_path / "qmp")
    config = machine.Config(smp=2, qemu=["-qmp", f"unix:{qmp},server=on,wait=off"])
    with machine.Machine(config, log) as guest, socket.socket(socket.AF_UNIX) as connection:
        guest.expect("DOM0 READY", timeout=150)
        guest.send("echo 7 > /proc/sys/kernel/printk\n")
        connection.connect(qmp)
        with connection.makefile("rw", encoding="utf-8") as monitor:
            ask(monitor, "qmp_capabilities")
            ask(monitor, "inject-nmi")
        guest.expect("passed to Dom0", timeout=60)
        guest.expect("NMI received for unknown reason", timeout=60)


def test_keys_and_panic(log, tmp_path):
    """Zeroth's keys answer while Dom0 runs; a panic prints where it was, by name, and on the screen that
    was Dom0's."""
    config = machine.Config(smp=2, options="console=com1,vga noreboot loglvl=all", qemu=with_screen(tmp_path / "qmp"))
    with machine.Machine(config, log) as guest:
        guest.expect("DOM0 READY", timeout=150)
        guest.send(KEYS)
        guest.expect("serial input goes to Zeroth", timeout=30)
        guest.send("h")
        guest.expect("'h'", "(zeroth)", timeout=30)
        guest.send("q")
        guest.expect("domain 0", timeout=30)
        guest.send("C")
        guest.expect("PANIC on CPU", timeout=30)
        guest.expect("panic_on_demand+", timeout=30)
        guest.expect("last events of CPU", timeout=30)
        guest.expect("halted (noreboot)", timeout=60)
        text = screen(tmp_path / "qmp", tmp_path / "screen")
    assert "last events of CPU" in text and "(zeroth) halted (noreboot)" in text


def test_guest_that_breaks(log, tmp_path):
    """A guest without handlers is ended with a report of its registers; the machine resets."""
    source, image = tmp_path / "guest.S", tmp_path / "guest"
    source.write_text(GUEST, encoding="ascii")
    subprocess.run(["gcc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-n",
                    "-Wl,-Ttext=0xffffffff80100000", "-Wl,--section-start=.note.Xen=0xffffffff80101000",
                    "-o", image, source], check=True)
    with machine.Machine(machine.Config(image=str(image)), log) as guest:
        guest.expect("domain 0 has crashed: the guest has no handler for its exception 06", timeout=60)
        guest.expect("rbx 1234567890abcdef", timeout=30)
        guest.wait_end(60)
        assert re.search(r"rip e033:ffffffff8010000a", guest.text)
