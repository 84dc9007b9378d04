#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fetch Debian's own kernels, Xen and its tools into the lab's cache: fetch.py [NAME ...].

Names: 6.1 5.10 6.12 (kernels), 6.1-i386 (a 32-bit one, and its busybox), xen (the hypervisor), toolstack (xl, its daemons and what they
need to run, unpacked and not installed). None: all of them.

An apt configuration of its own (lists and state in the cache) serves suites that the
machine does not use; the mirror is the one that the machine's own apt uses, and packages
are checked against the system's Debian keyring.
"""
import fcntl
import gzip
import os
import shutil
import subprocess
import sys
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("LAB_CACHE") or os.path.join(TOP, "build", "lab")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie"}
KERNELS32 = {"6.1-i386": "bookworm"}
TOOLSTACK = ["xen-utils-4.17", "xen-utils-common", "xenstore-utils", "grub-xen-host",
             "qemu-system-xen",
             # What the packages above call in scripts, and Debian has on every machine.
             "bash", "dash", "mount", "util-linux", "iproute2", "sysvinit-utils",
             "e2fsprogs", "ethtool", "ncurses-base"]
# Where each is kept; kernels: linux-VERSION.  Another list of packages is another place.
PLACES = {"xen": "xen-4.17", "toolstack": f"tools-4.17-{zlib.crc32(' '.join(TOOLSTACK).encode()):08x}",
          "kexec": "kexec-2.0"}
# Of their dependencies, those that serve installation or the machine's own start.
NOT_UNPACKED = {"adduser", "base-files", "debconf", "dmsetup", "gettext-base", "grub-common",
                "grub-xen-bin", "libpam-modules", "libpam-modules-bin", "media-types", "passwd",
                "sensible-utils", "ucf", "udev"}


class FetchError(Exception):
    """What could not be fetched, in words for the user."""


def mirror():
    """The address of the Debian mirror in the machine's own apt configuration."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)|$(RELEASE)"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        site, _, release = line.partition("|")
        if release and "security" not in site + release:
            return site
    raise FetchError("apt knows no Debian mirror (apt-get indextargets is empty)")


def apt_options(suite, arch="amd64"):
    """Options that give apt state of its own for one suite; creates the directories."""
    root = os.path.join(CACHE, "apt", suite if arch == "amd64" else f"{suite}-{arch}")
    for sub in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(root, sub), exist_ok=True)
    status, sources = os.path.join(root, "status"), os.path.join(root, "sources.list")
    with open(status, "w", encoding="ascii"):
        pass
    with open(sources, "w", encoding="ascii") as file:
        file.write(f"deb [arch={arch} signed-by={KEYRING}] {mirror()} {suite} main\n")
    settings = {"Dir::State": f"{root}/state", "Dir::State::status": status,
                "Dir::Cache": f"{root}/cache", "Dir::Etc::sourcelist": sources,
                "Dir::Etc::sourceparts": "/dev/null", "APT::Architecture": arch, "APT::Architectures": arch,
                "APT::Sandbox::User": "root", "Acquire::Languages": "none"}
    return [arg for key, value in settings.items() for arg in ("-o", f"{key}={value}")]


def apt(options, tool, *args, cwd=None):
    """Run an apt tool with the suite's options; its output as text."""
    done = subprocess.run([tool, "-q", *options, *args], cwd=cwd, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise FetchError(f"{tool} {' '.join(args)} failed:\n{done.stdout}")
    return done.stdout


def unpack(suite, package, into, arch="amd64"):
    """Download one package (the newest of the suite) and unpack it into a directory."""
    options = apt_options(suite, arch)
    apt(options, "apt-get", "update")
    if package in ("linux-image-amd64", "linux-image-686-pae"):
        depends = apt(options, "apt-cache", "depends", package)
        package = next((line.split()[-1] for line in depends.splitlines()
                        if "Depends: linux-image-" in line), None)
        if not package:
            raise FetchError(f"linux-image-amd64 of {suite} names no kernel:\n{depends}")
    print(f"fetch: {package} of {suite}", flush=True)
    apt(options, "apt-get", "download", package, cwd=into)
    deb = next(name for name in os.listdir(into) if name.endswith(".deb"))
    subprocess.run(["dpkg-deb", "-x", os.path.join(into, deb), into], check=True)
    os.unlink(os.path.join(into, deb))


def unpack_closure(suite, packages, into):
    """Download packages with all that they depend on, and unpack them into one directory."""
    options = apt_options(suite)
    archives = into + ".archives"
    os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
    print(f"fetch: {' '.join(packages)} of {suite}", flush=True)
    apt(options, "apt-get", "update")
    apt(options, "apt-get", "-y", "-o", f"Dir::Cache::archives={archives}",
        "--no-install-recommends", "--download-only", "install", *packages)
    for deb in sorted(name for name in os.listdir(archives) if name.endswith(".deb")):
        if deb.partition("_")[0] not in NOT_UNPACKED:
            subprocess.run(["dpkg-deb", "-x", os.path.join(archives, deb), into], check=True)
    shutil.rmtree(archives)


def place_kernel(files, target):
    """Arrange a kernel package as vmlinuz, config and modules/."""
    boot = os.path.join(files, "boot")
    release = next(n[len("vmlinuz-"):] for n in os.listdir(boot) if n.startswith("vmlinuz-"))
    os.rename(os.path.join(boot, "vmlinuz-" + release), os.path.join(target, "vmlinuz"))
    os.rename(os.path.join(boot, "config-" + release), os.path.join(target, "config"))
    lib = next(path for path in (os.path.join(files, "lib"), os.path.join(files, "usr/lib"))
               if os.path.isdir(os.path.join(path, "modules")))
    os.rename(os.path.join(lib, "modules", release), os.path.join(target, "modules"))
    with open(os.path.join(target, "release"), "w", encoding="ascii") as file:
        file.write(release + "\n")


def place_xen(files, target):
    """Unpack Debian's compressed Xen into xen.elf, which QEMU's -kernel takes."""
    boot = os.path.join(files, "boot")
    image = next(n for n in os.listdir(boot) if n.startswith("xen-4.17") and n.endswith(".gz"))
    with gzip.open(os.path.join(boot, image)) as src, \
         open(os.path.join(target, "xen.elf"), "wb") as dst:
        shutil.copyfileobj(src, dst)
    shutil.copy(os.path.join(boot, image), os.path.join(target, "xen.gz"))


def fetch(name):
    """Make one thing ("6.1", "xen", …) present; its directory. Safe among processes."""
    target = os.path.join(CACHE, PLACES.get(name, "linux-" + name))
    if os.path.isdir(target):
        return target
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(target):
            return target
        scratch = target + ".new"
        shutil.rmtree(scratch, ignore_errors=True)
        files = os.path.join(scratch, "files")
        os.makedirs(files)
        if name == "xen":
            unpack("bookworm", "xen-hypervisor-4.17-amd64", files)
            place_xen(files, scratch)
        elif name == "toolstack":
            unpack_closure("bookworm", TOOLSTACK, os.path.join(scratch, "root"))
        elif name == "kexec":
            unpack("bookworm", "kexec-tools", files)
            os.rename(os.path.join(files, "sbin/kexec"), os.path.join(scratch, "kexec"))
        elif name in KERNELS32:
            unpack(KERNELS32[name], "linux-image-686-pae", files, "i386")
            place_kernel(files, scratch)
            unpack(KERNELS32[name], "busybox-static", files, "i386")
            os.rename(os.path.join(files, "bin/busybox"), os.path.join(scratch, "busybox"))
        else:
            unpack(SUITES[name], "linux-image-amd64", files)
            place_kernel(files, scratch)
        shutil.rmtree(files)
        os.rename(scratch, target)
    return target


def main():
    """Fetch what the command line names, or everything."""
    known = [*SUITES, *KERNELS32, *PLACES]
    unknown = [name for name in sys.argv[1:] if name not in known]
    if unknown:
        sys.exit(f"fetch: unknown: {' '.join(unknown)} (known: {' '.join(known)})")
    try:
        for name in sys.argv[1:] or known:
            fetch(name)
    except FetchError as error:
        sys.exit(f"fetch: {error}")


if __name__ == "__main__":
    main()
