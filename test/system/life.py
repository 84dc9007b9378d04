# SPDX-License-Identifier: Apache-2.0
"""What the tests of guests' lives share: a Dom0 with goods on a disk of its own, guests, and their commands.

The goods are an unpacked kernel (libxl would take seconds for each guest to unpack one), an initramfs
for it, Debian's xen-shim, and the guest kit's `load` kernel, which starts at once.
"""
import io
import lzma
import os
import re
import shlex

import fetch
import initramfs
import machine

ZEROTH = machine.Config().hypervisor == "zeroth"
XZ = b"\xfd7zXZ\0"
XEN_KEEPS, TABLES_GROW = 16, 16     # pages; a table of 2,048 mapped grants, a loaded disk's, has 8
SHIM = "usr/lib/xen-4.17/boot/xen-shim"


def kernel_elf(path):
    """The ELF in a bzImage that is packed with xz, or what was given."""
    data = initramfs.read(path)
    at = data.find(XZ)
    if at < 0:
        return data
    return lzma.LZMADecompressor().decompress(data[at:])


def hardware(config):
    """Make the machine one whose CPU has SVM.  Plain TCG loses hardware guests; counting it does not."""
    config.cpu = machine.SVM
    config.qemu += ["-icount", "shift=1,sleep=off"]
    config.icount = False       # it counts already
    return config


def goods(kernel, others):
    """An archive for Dom0: vmlinux; others as packaged, vmlinuz-VERSION; xen-shim, load.elf."""
    file = io.BytesIO()
    cpio = initramfs.Cpio(file)
    cpio.add("vmlinux", 0o100644, kernel_elf(os.path.join(fetch.fetch(kernel), "vmlinuz")))
    for other in others:
        cpio.add(f"vmlinuz-{other}", 0o100644,
                 initramfs.read(os.path.join(fetch.fetch(other), "vmlinuz")))
    cpio.add("xen-shim", 0o100644, initramfs.read(os.path.join(fetch.fetch("toolstack"), "root", SHIM)))
    cpio.add("load.elf", 0o100755,
             initramfs.read(os.path.join(machine.TOP, "build/guest/load.elf")))
    cpio.add("TRAILER!!!", 0)
    return file.getvalue()


class Dom0(machine.Toolstack):
    """A Dom0 with the goods in /run/goods: `with life.Dom0("name") as m: m.ok("xl info")`.

    kind is that of its guests, "pv" or "pvh"; name is in its log's; kernels are further guests';
    options are more of the hypervisor's.
    """

    def __init__(self, name, kind="pv", smp=2, kernels=(), icount=False, options=""):
        config = machine.Config(icount=icount)
        config.smp, config.mem = smp, 2048
        config.options += options
        self.kind, self.kernels = kind, kernels
        if kind != "pv":
            hardware(config)
        super().__init__(config, os.path.join(machine.TOP, "build/logs",
                                              f"{config.hypervisor}-{name}-{kind}.log"))

    def command(self, directory):
        """Override: the disk with the goods."""
        path = os.path.join(directory, "goods")
        with open(path, "wb") as file:
            file.write(goods(self.config.kernel, self.kernels))
            file.truncate((file.tell() + 0xfff) & ~0xfff)
        return super().command(directory) + [
            "-drive", f"if=none,id=goods,format=raw,read-only=on,file={path}",
            "-device", "virtio-blk-pci,drive=goods"]

    def __enter__(self):
        super().__enter__()
        try:
            self.ok("mkdir -p /run/goods/usr/bin && cd /run/goods && cpio -i < /dev/vda && "
                    "cp /usr/bin/kept usr/bin && "
                    "(cat /boot/demo.cpio; echo usr/bin/kept | cpio -o -H newc) > life.cpio")
        except BaseException:
            self.__exit__()
            raise
        return self

    def ok(self, command, timeout=120):
        """What a command says that must succeed."""
        code, text = self.run(command, timeout)
        assert code == 0, f"{command}: {code}\n{text}"
        return text

    def until(self, condition, timeout=120):
        """Wait until a shell command succeeds."""
        code, text = self.run(f"SECONDS=0; while [ $SECONDS -lt {timeout} ]; do ( {condition} ) "
                              "> /tmp/until 2>&1 && exit 0; sleep 0.2; done; cat /tmp/until; "
                              "xl list; exit 1", timeout + 60)
        assert code == 0, f"not so within {timeout} s: {condition}\n{text}"

    def free(self):
        """Pages that the hypervisor has free (xl info rounds to MiB)."""
        return int(self.ok("python3 /tests/domains free"))

    def returned(self, before, devices=False):
        """All that was free before is free again, to the page; but what Xen's heap keeps, and after a guest with
        devices the pages by which Dom0's tables of mapped grants and of event channels grew, once."""
        lost = before - self.free()
        if ZEROTH:
            assert abs(lost) <= (TABLES_GROW if devices else 0)
        else:
            assert abs(lost) <= XEN_KEEPS

    def run_time(self, name):
        """Nanoseconds that a guest has run."""
        return int(self.ok(f"python3 /tests/domains cpu {self.domid(name)}"))

    def until_runs(self, name):
        """Wait until a guest has run some more."""
        self.until(f"test $(python3 /tests/domains cpu {self.domid(name)}) -gt {self.run_time(name)}")

    def warm_up(self):
        """A first guest comes and goes: the hypervisor keeps a page or two for the next ones."""
        if not ZEROTH and self.kind == "pvh":
            return      # Xen 4.17 cannot build so small a one (xc_dom_build_image: EBUSY)
        self.create("first", 'extra="idle"', linux=False)
        self.destroy("first")

    # ---- guests ----

    def start(self, name, *settings, linux=True, options=""):
        """Create a guest and keep what its console says.  Settings are lines of its configuration."""
        lines = [f'name="{name}"', f'type="{self.kind}"']
        if linux:
            lines += ['kernel="/run/goods/vmlinux"', 'ramdisk="/run/goods/life.cpio"',
                      'extra="console=hvc0 quiet"', "memory=128"]
        else:
            lines += ['kernel="/run/goods/load.elf"', "memory=16"]
        lines += settings
        path = f"/run/{name}.cfg"
        self.ok("printf '%s\\n' " + " ".join(map(shlex.quote, lines)) + f" > {path}")
        self.ok(f"xl create {options} {path}", 240)
        if linux:
            self.attach_again(name)

    def create(self, name, *settings, linux=True, options=""):
        """The same; of Linux wait for its shell."""
        self.start(name, *settings, linux=linux, options=options)
        if linux:
            self.ok(f"sh /tests/guest wait {name} 'GUEST READY' 240", 300)

    def attach(self, name):
        """Keep what its console says from now on, and wait for its shell."""
        self.attach_again(name)
        self.ok(f"sh /tests/guest wait {name} 'GUEST READY' 120", 150)

    def attach_again(self, name):
        """The same to one that has a shell already."""
        self.until(f"sh /tests/guest open {name}")

    def inside(self, command, name, timeout=150):
        """What a command says in a guest's shell, that must succeed."""
        return self.ok(f"sh /tests/guest run {name} {shlex.quote(command)}", timeout).strip()

    def domid(self, name):
        """The number of a guest."""
        return int(self.ok(f"xl domid {name}"))

    def state(self, name):
        """The state column of xl list."""
        return self.ok(f"xl list {name}").splitlines()[1].split()[4]

    def gone(self, name, timeout=120):
        """Wait until a guest is no more, nor what is left of it."""
        self.until(f"! xl list | grep -q -e '^{name} ' -e '^(null)'", timeout)

    def destroy(self, name):
        """End a guest that is there."""
        self.ok(f"xl destroy {name}")
        self.gone(name)


def number(pattern, text):
    """The number in a text."""
    return float(re.search(pattern, text).group(1))
