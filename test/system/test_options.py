# SPDX-License-Identifier: Apache-2.0
"""The command line: every option of the table is booted with at least once."""
import re

import pytest

import machine

pytestmark = pytest.mark.zeroth_only
CONSOLE = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all "
NO_KERNEL = "Dom0: the boot loader handed over no kernel"


def test_dom0_size_and_clock(dom0):
    """Dom0's memory and vCPUs are what was asked for; timestamps; the PIT; a presented version."""
    text = dom0("facts", smp=4, mem=1536, options=CONSOLE +
                "dom0_mem=512M,min:256M,max:640M dom0_max_vcpus=2 dom0_vcpus_pin clocksource=pit "
                "console_timestamps=boot spec-ctrl=no pv-l1tf=domu sched=credit2 x2apic=no abi=4.20 "
                "vga=text-80x25,keep placeholder no-real-mode edd=off efi=no-rs crashkernel=1G-:64M,below=1G")
    assert "; ignored" not in text and "crashkernel: 64 MiB at 0x3" in text
    assert "ZT cpus=2\n" in text and "ZT version=4.20\n" in text
    total = int(re.search(r"ZT memory=(\d+)", text).group(1))       # KiB, less what the kernel takes
    assert 350 << 10 < total <= 512 << 10
    assert re.search(r"CPUs: 4 of 4 run", text) and "kHz by PIT" in text
    assert re.search(r"^\(zeroth\) \[ *\d+\.\d+\] CPUs", text, re.MULTILINE)


def test_machine_limits(dom0):
    """mem= and maxcpus= bound what Zeroth uses; the PM timer; x2APIC; dates."""
    text = dom0("facts", smp=4, mem=2048, options=CONSOLE +
                "mem=1G maxcpus=2 clocksource=acpi x2apic=yes console_timestamps=datems com2=auto")
    assert "ZT cpus=2\n" in text and "CPUs: 2 of 4 run" in text
    assert int(re.search(r"ZT memory=(\d+)", text).group(1)) < 1 << 20
    assert "x2apic=yes: this CPU has none" in text and "kHz by PM timer" in text     # as emulated here
    assert re.search(r"^\(zeroth\) \[20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d\] ", text, re.MULTILINE)


def test_one_cpu(dom0):
    """nosmp starts no other CPU; a memory size relative to what is free; raw timestamps."""
    text = dom0("facts", smp=2, options=CONSOLE +
                "nosmp dom0_mem=-256M console_timestamps=raw clocksource=hpet guest_loglvl=none")
    assert "ZT cpus=1\n" in text and "kHz by HPET" in text
    assert int(re.search(r"ZT memory=(\d+)", text).group(1)) < 768 << 10


@pytest.mark.parametrize("options,line", [
    ("acpi=off", "acpi=off: Zeroth finds CPUs and interrupts by ACPI only"),
    ("noapic", "noapic: Zeroth needs IO-APICs")])
def test_refused(log, options, line):
    """What Zeroth cannot do without is refused in one clear line."""
    with machine.Machine(machine.Config(no_dom0=True, options=CONSOLE + options), log) as guest:
        guest.expect(line, timeout=60)
        guest.wait_end(60)


@pytest.mark.parametrize("way", ["acpi", "kbd", "pci", "triple", "acpi,warm"])
def test_reboot_ways(log, way):
    """Each way of a reset ends the machine (by -no-reboot)."""
    config = machine.Config(no_dom0=True, options=CONSOLE + f"reboot={way}")
    with machine.Machine(config, log) as guest:
        guest.expect(NO_KERNEL, timeout=60)
        guest.wait_end(60)
        assert "ignored" not in guest.text


def test_reboot_no(log):
    """reboot=no halts."""
    config = machine.Config(no_dom0=True, options=CONSOLE + "reboot=no")
    with machine.Machine(config, log) as guest:
        guest.expect("halted (noreboot)", timeout=60)
