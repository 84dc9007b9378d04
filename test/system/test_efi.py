# SPDX-License-Identifier: Apache-2.0
"""zeroth.efi, started by the firmware itself: with a configuration file, and unified; EFI's services."""
import os

import pytest

import efi
import fetch
import machine

pytestmark = [pytest.mark.zeroth_only]

IMAGE = os.path.join(machine.TOP, "build/zeroth.efi")
MEASURED = os.path.join(machine.TOP, "test/system/measured/efi")        # on Xen 4.17, by GRUB
OPTIONS = "console=com1 com1=115200,8n1 loglvl=all"
CONFIG = f"""# what Xen's EFI loader reads
[global]
default=first

[other]
kernel=missing

[first]
options={OPTIONS}
kernel=%s console=hvc0 panic=-1 zt.test=efi
ramdisk=%s
"""


def kernel_and_ramdisk():
    """The stock kernel and the small Dom0's files."""
    return os.path.join(fetch.fetch("6.1"), "vmlinuz"), machine.initrd_image("6.1")


def boots(m):
    """Dom0 runs, by this loader, has the firmware's services, and ends the machine."""
    m.expect("loaded by zeroth.efi", timeout=120)
    m.expect("DOM0 READY", timeout=200)
    assert m.expect("ZT RESULT pass", "ZT RESULT fail").endswith("pass")
    m.wait_end(60)


def refused(m, line):
    """The image says why, and the firmware goes on without it."""
    m.expect(f"zeroth.efi: {line}", timeout=120)
    assert "Zeroth, a hypervisor" not in m.text


def test_configuration_file(log):
    """The firmware starts zeroth.efi, which finds NAME.cfg beside it, and what that names."""
    kernel, ramdisk = kernel_and_ramdisk()
    files = {efi.BOOT: IMAGE, "EFI/BOOT/BOOTX64.cfg": CONFIG % ("linux/vmlinuz", "initrd.img"),
             "EFI/BOOT/linux/vmlinuz": kernel, "EFI/BOOT/initrd.img": ramdisk}
    with efi.EfiMachine(machine.Config(), log, files) as m:
        boots(m)
        assert f"command line: {OPTIONS}\n" in m.text
        assert "EFI: 2.7" in m.text and "entries in its memory map" in m.text
        services(m.text)


def services(text):
    """Each call as on Xen 4.17, and the same files of the firmware's; a fault of it ends its services."""
    assert "EFI: runtime services are called, their code not writable" in text
    said = [line for line in text.splitlines() if line.startswith(("ZT EFI", "ZT SYS"))]
    with open(MEASURED, encoding="ascii") as file:
        assert said[:-2] == file.read().splitlines()
    assert said[-2] == "ZT EFI broken get_time: 0 status 0x8000000000000015 misc 0"
    assert said[-1] == "ZT EFI broken after: -38 status 0 misc 0"
    assert "EFI: #UD in the firmware, error code 0, address " in text and "in its service 0 at " in text
    for name in ("Boot0001", "BootOrder", "BootCurrent"):
        assert f"ZT VAR {name} " in text


@pytest.mark.slow
def test_what_is_missing_is_named(log):
    """No configuration, no section, no kernel: a line each, and no boot."""
    for files, line in (({}, "there is no configuration file of this image's name"),
                        ({"EFI/BOOT/BOOTX64.cfg": CONFIG % ("vmlinuz", "initrd")}, "cannot read vmlinuz"),
                        ({"EFI/BOOT/BOOTX64.cfg": "[global]\ndefault=a\n"}, "the configuration has no section a")):
        with efi.EfiMachine(machine.Config(), log, {efi.BOOT: IMAGE, **files}) as m:
            refused(m, line)


@pytest.fixture(name="unified")
def unified_image(tmp_path):
    """Configuration, kernel and RAM disk in one image."""
    return efi.unify(str(tmp_path / "unified.efi"), CONFIG % ("vmlinuz", "initrd"), *kernel_and_ramdisk(),
                     str(tmp_path))


@pytest.mark.slow
def test_unified_by_objcopy(log, tmp_path):
    """Sections that objcopy added; all is in the image, nothing else is on the disk."""
    unified = efi.unify(str(tmp_path / "unified.efi"), CONFIG % ("vmlinuz", "initrd"), *kernel_and_ramdisk(),
                        str(tmp_path), objcopy=True)
    with efi.EfiMachine(machine.Config(), log, {efi.BOOT: unified}) as m:
        boots(m)
        assert "(Secure Boot)" not in m.text


@pytest.mark.slow
def test_secure_boot(log, unified, tmp_path):
    """Signed with the enrolled key, it starts on a firmware that enforces signatures; files beside it
    change nothing."""
    signed = efi.sign(unified, str(tmp_path / "signed.efi"), str(tmp_path))
    files = {efi.BOOT: signed, "EFI/BOOT/BOOTX64.cfg": CONFIG % ("other", "other")}
    with efi.EfiMachine(machine.Config(), log, files, secure=True) as m:
        boots(m)
        assert "loaded by zeroth.efi (Secure Boot)" in m.text


@pytest.mark.slow
def test_secure_boot_refuses(log, unified, tmp_path):
    """An unsigned image, one changed after it was signed, and a signed one that is not unified."""
    signed, altered = efi.sign(unified, str(tmp_path / "signed.efi"), str(tmp_path)), tmp_path / "altered.efi"
    with open(signed, "rb") as file:
        data = bytearray(file.read())
    data[data.index(b"loglvl=all")] ^= 1
    altered.write_bytes(data)
    for image in (unified, str(altered)):
        with efi.EfiMachine(machine.Config(), log, {efi.BOOT: image}, secure=True) as m:
            m.expect("Access Denied", "Security Violation", timeout=120)
            assert "zeroth" not in m.text.replace("zeroth-", "")
    plain = efi.sign(IMAGE, str(tmp_path / "plain.efi"), str(tmp_path))
    files = {efi.BOOT: plain, "EFI/BOOT/BOOTX64.cfg": CONFIG % ("vmlinuz", "initrd")}
    with efi.EfiMachine(machine.Config(), log, files, secure=True) as m:
        refused(m, "Secure Boot takes a unified image only")
