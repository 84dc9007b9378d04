# SPDX-License-Identifier: Apache-2.0
"""The guest kit: one binary in each place; what its patched operations cost on a bare machine."""
import os
import re
import shlex
import shutil
import subprocess

import pytest

import places

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KITS = {"gcc": "build/guest", "clang": "build/clang/guest"}


def kernel_of(name, kit="gcc"):
    """The path of one of the kit's kernels, by the compiler that built it."""
    return os.path.join(TOP, KITS[kit], f"{name}.elf")


@pytest.mark.parametrize("kit", KITS)
def test_patched_natively_costs_nothing(log, kit):
    """Each operation, and 1,000 context switches: patched exactly as many instructions as without."""
    with places.Running("bare", kernel_of("bench", kit), log, icount=0) as guest:
        guest.expect("BENCH END", timeout=120)
        rows = re.findall(r"^BENCH (\d+) pv_ops (.+): ([\w ]+)$", guest.text, re.MULTILINE)
    cost = {way: {name: int(value) for value, name, of in rows if of == way}
            for way in ("no paravirt", "before patching", "patched")}
    assert len(cost["patched"]) >= 22
    assert cost["patched"] == cost["no paravirt"]
    assert cost["before patching"].keys() == cost["patched"].keys()
    dearer = [name for name, value in cost["before patching"].items() if value > cost["patched"][name]]
    assert "1,000 context switches with a page-table update each" in dearer


# What the example says of each place.
WHERE = {
    "bare": "bare machine, entered by PVH",
    "multiboot": "bare machine, entered by multiboot",
    "xen-pv": "Xen PV 4.17",
    "xen-pvh": "Xen PVH 4.17",
    "zeroth-pv": "Zeroth PV 4.17.0-zeroth",
    "zeroth-pvh": "Zeroth PVH 4.17.0-zeroth",
    "kvm": "KVM, entered by PVH",
}


def run_example(place, kernel, log):
    """Boot the example, to its end; it says where it is, and has patched all and slept thrice."""
    with places.Running(place, kernel, log, arguments="one two") as guest:
        guest.expect("EXAMPLE END", timeout=180)
        text = guest.text
    assert f"EXAMPLE where: {WHERE[place]}" in text
    assert re.search(r"EXAMPLE sites: [1-9]\d* patched, 0 indirect\n", text)
    assert "EXAMPLE command line: one two\n" in text
    assert "EXAMPLE ticks: 3 in" in text


@pytest.mark.parametrize("place", WHERE)
def test_example(log, place):
    """One binary in every place; it prints where it is."""
    if not places.present(place):
        pytest.skip("Zeroth's image is not built")
    run_example(place, kernel_of("example"), log)


def test_example_by_clang(log):
    """The other compiler's kernel on a bare machine."""
    run_example("bare", kernel_of("example", "clang"), log)


def test_without_what_knows_xen(log):
    """The library without that folder is whole (QEMU's -kernel would ask for the note in it)."""
    run_example("multiboot", kernel_of("example-alone"), log)


@pytest.fixture
def installed(tmp_path):
    """The kit, installed under a folder; what pkg-config says of it."""
    subprocess.run(["make", "-s", "-C", TOP, "install-kit", f"DESTDIR={tmp_path}", "PREFIX=/usr"],
                   check=True, stdout=subprocess.DEVNULL)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(tmp_path / "usr/lib/pkgconfig"))

    def flags(kind):
        done = subprocess.run(["pkg-config", kind, "libpv"], check=True, env=environment, text=True,
                              stdout=subprocess.PIPE)
        return shlex.split(done.stdout)
    return flags


@pytest.mark.parametrize("compiler", KITS)
def test_installed_kit(log, installed, tmp_path, compiler):
    """Out of the tree, by what pkg-config says: each header alone, the page's kernel, one that boots."""
    shutil.copy(os.path.join(TOP, "guest/example/main.c"), tmp_path)
    strict = ["-O2", "-Wall", "-Wextra", "-Werror"]
    for folder in ("pv", "pv-xen"):
        for header in sorted((tmp_path / "usr/include" / folder).iterdir()):
            subprocess.run([compiler, *strict, *installed("--cflags"), "-fsyntax-only", "-x", "c", "-"],
                           check=True, text=True, input=f"#include <{folder}/{header.name}>\n")
    with open(os.path.join(TOP, "docs/guest-kit.md"), encoding="utf-8") as page:
        (tmp_path / "page.c").write_text(re.search(r"```c\n(.*?)```", page.read(), re.DOTALL)[1])
    for name in ("page", "main"):
        subprocess.run([compiler, *strict, *installed("--cflags"), "-o", f"{name}.elf", f"{name}.c",
                        *installed("--libs")], check=True, cwd=tmp_path)
    run_example("bare", str(tmp_path / "main.elf"), log)
