# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: built twice alike, clean to lintian, and good guests of a Debian system.

DEBS names the folder in which `make deb` left them; the system is a fresh one of the machine's own
mirror, made by mmdebstrap with GRUB and Debian's Xen, and dropped when the steps of `cycle` are done.
"""
import os
import re
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools/lab"))

import fetch                                                    # noqa: E402

DEBS = os.environ.get("DEBS") or os.path.join(TOP, "build/deb")
NAME = "zeroth-hypervisor-4.17-amd64"
IMAGE = "/boot/xen-4.17-zeroth.gz"
XEN = "/boot/xen-4.17-amd64.gz"


def said(*command, **more):
    """What a command says, both outputs together; a failure is the test's."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **more)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}"
    return done.stdout


def debs(folder):
    """Package files by name."""
    return {name: os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if name.endswith(".deb")}


def contents(name):
    """Files of a package, and what its line of `dpkg-deb -c` begins with."""
    lines = said("dpkg-deb", "-c", os.path.join(DEBS, name)).splitlines()
    return {line.split()[5][1:]: line.split()[:2] for line in lines if not line.endswith("/")}


@pytest.fixture(scope="module", name="later")
def later_version(tmp_path_factory):
    """Packages of a later version."""
    folder = tmp_path_factory.mktemp("later")
    said(os.path.join(TOP, "tools/deb"), str(folder), "0.2")
    return folder


@pytest.fixture(scope="module", name="steps")
def life_of_a_package(later, tmp_path_factory):
    """Texts left by `cycle`: by step and kind."""
    out = tmp_path_factory.mktemp("cycle")
    cycle = os.path.join(TOP, "test/package/cycle")
    said("mmdebstrap", "--variant=apt", "--format=null",
         "--include=grub-common,grub2-common,xen-hypervisor-4.17-amd64,xen-hypervisor-common",
         f"--customize-hook={cycle} \"$1\" {TOP} {DEBS} {later}",
         f"--customize-hook=sync-out /result {out}", "bookworm", "/dev/null", fetch.mirror())
    texts = {}
    for name in os.listdir(out):
        with open(out / name, encoding="utf-8") as file:
            texts[name] = file.read()
    return texts


def entries(text):
    """Pairs of a menu entry's submenus and title, and what it loads."""
    found, path = [], []
    for line in text.splitlines():
        line = " ".join(line.split())
        if match := re.match(r"(submenu|menuentry) '([^']*)'", line):
            path.append(match[2])
            if match[1] == "menuentry":
                found.append((" > ".join(path), []))
        elif line == "}" and path:
            path.pop()
        elif found and path and re.match(r"multiboot|module|linux|initrd", line):
            found[-1][1].append(line)
    return found


def loaders(text, image):
    """Menu entries that load an image."""
    return [entry for entry in entries(text) if any(f" {image} " in line for line in entry[1])]


def test_two_builds_are_identical(tmp_path):
    """Another folder, another umask, one job, another time zone: the same bytes."""
    said("sh", "-c", f"umask 077; TZ=Asia/Kolkata LANG=C {TOP}/tools/deb {tmp_path}/a/longer/path")
    ours, other = debs(DEBS), debs(f"{tmp_path}/a/longer/path")
    assert list(ours) == list(other) and len(ours) == 2
    for name, path in ours.items():
        with open(path, "rb") as one, open(other[name], "rb") as two:
            assert one.read() == two.read(), name


def test_lintian_has_nothing_to_say():
    """Down to its pedantic remarks."""
    changes = [name for name in os.listdir(DEBS) if name.endswith(".changes")]
    assert len(changes) == 1
    text = said("lintian", "--allow-root", "--pedantic", "--display-info", "--fail-on",
                "error,warning,info,pedantic", os.path.join(DEBS, changes[0]))
    assert text == ""


def test_contents():
    """Each file in its place, all of them root's and the world's to read."""
    files = contents(f"{NAME}_0.1_amd64.deb")
    doc = f"/usr/share/doc/{NAME}/"
    assert set(files) == {IMAGE, "/etc/default/grub.d/zeroth.cfg", "/usr/share/man/man7/zeroth.7.gz",
                          "/usr/lib/zeroth-hypervisor-4.17/zeroth.efi",
                          *(doc + name for name in ("README.md.gz", "abi.md.gz", "architecture.md.gz",
                                                    "efi.md.gz", "options.md", "changelog.gz", "copyright"))}
    symbols = contents(f"{NAME}-dbg_0.1_amd64.deb")
    assert "/usr/lib/debug/boot/xen-syms-4.17-zeroth" in symbols
    assert {tuple(line) for line in [*files.values(), *symbols.values()]} == {("-rw-r--r--", "root/root")}


def test_symbols_are_those_of_the_image(tmp_path):
    """The symbols' code is what the image loads, and gdb's information is there."""
    for name in debs(DEBS):
        said("dpkg-deb", "-x", os.path.join(DEBS, name), str(tmp_path))
    image = subprocess.run(["gzip", "-dc", f"{tmp_path}{IMAGE}"], check=True, stdout=subprocess.PIPE).stdout
    said("objcopy", "-O", "binary", f"{tmp_path}/usr/lib/debug/boot/xen-syms-4.17-zeroth", f"{tmp_path}/code")
    with open(tmp_path / "code", "rb") as file:
        assert file.read() in image
    sections = said("readelf", "-SW", f"{tmp_path}/usr/lib/debug/boot/xen-syms-4.17-zeroth")
    assert ".debug_info" in sections and ".debug_line" in sections


def test_manual_page(tmp_path):
    """Groff has nothing to say of it, and it has every option of docs/options.md."""
    said("dpkg-deb", "-x", os.path.join(DEBS, f"{NAME}_0.1_amd64.deb"), str(tmp_path))
    page = f"{tmp_path}/usr/share/man/man7/zeroth.7.gz"
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert done.stderr == ""
    with open(os.path.join(TOP, "docs/options.md"), encoding="utf-8") as file:
        names = re.findall(r"^\| `(\S+)` \|", file.read(), re.MULTILINE)
    text = re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout)
    assert names and not [name for name in names if not re.search(rf"^ +{re.escape(name)}\b", text, re.MULTILINE)]


def test_menu_offers_both(steps):
    """GRUB's stock script finds the image and puts it before Debian's; kernel and initrd follow."""
    assert not loaders(steps["before.cfg"], IMAGE) and loaders(steps["before.cfg"], XEN)
    ours, xen = (loaders(steps["installed.cfg"], image) for image in (IMAGE, XEN))
    assert [title for title, _ in ours] == [
        "Debian GNU/Linux, with Xen hypervisor",
        *("Advanced options for Debian GNU/Linux (with Xen hypervisor) > Xen hypervisor, version 4.17-zeroth"
          f" > Debian GNU/Linux, with Xen 4.17-zeroth and Linux 6.1.0-1-amd64{more}"
          for more in ("", " (recovery mode)"))]
    assert xen
    for title, lines in ours + xen:
        assert [line.split()[0] for line in lines] == ["multiboot2", "module2", "module2"], title
        assert "vmlinuz-6.1.0-1-amd64 placeholder root=" in lines[1] and "initrd.img" in lines[2]


def test_default_entry(steps):
    """The default is the hypervisor's entry, which is ours while we are installed."""
    for step in ("installed", "upgraded", "again", "alone"):
        text = steps[f"{step}.cfg"]
        assert 'set default="Debian GNU/Linux, with Xen hypervisor"' in text, step
        assert loaders(text, IMAGE)[0][0] == "Debian GNU/Linux, with Xen hypervisor", step


def test_upgrade(steps):
    """The new image in the old one's place, the administrator's options kept, both in the menu."""
    assert f"{NAME} 0.2 installed" in steps["upgraded.packages"]
    assert loaders(steps["upgraded.cfg"], XEN)
    assert "loglvl=debug" in loaders(steps["upgraded.cfg"], IMAGE)[0][1][0]
    assert "zeroth.cfg.dpkg" not in steps["upgraded.files"]


def test_removal(steps):
    """Debian's Xen and the plain kernel are left, and the menu's default is there; options stay."""
    text = steps["removed.cfg"]
    assert "zeroth" not in text
    assert loaders(text, XEN) and loaders(text, "/boot/vmlinuz-6.1.0-1-amd64")
    assert entries(text) == entries(steps["before.cfg"])
    assert f"{NAME} 0.2 config-files" in steps["removed.packages"]
    assert "zeroth.cfg" in steps["removed.files"]
    assert "loglvl=debug" in loaders(steps["again.cfg"], IMAGE)[0][1][0]


def test_alone(steps):
    """Without Debian's Xen the menu has ours and the plain kernel."""
    text = steps["alone.cfg"]
    assert XEN not in text and loaders(text, IMAGE)
    assert loaders(text, "/boot/vmlinuz-6.1.0-1-amd64")


def test_purge(steps):
    """Nothing stays, and the machine still starts Linux; without GRUB it is the same."""
    assert steps["purged.files"] == ""
    assert not re.search(f"^{NAME}", steps["purged.packages"] + steps["end.packages"], re.MULTILINE)
    assert "multiboot" not in steps["purged.cfg"]
    assert loaders(steps["purged.cfg"], "/boot/vmlinuz-6.1.0-1-amd64")
