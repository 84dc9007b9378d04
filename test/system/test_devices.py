# SPDX-License-Identifier: Apache-2.0
"""Disks and network cards under Dom0's own drivers: data unharmed, interrupts counted."""
import hashlib
import http.server
import random
import subprocess
import threading

import pytest

import machine

DISKS = {
    "ahci": ["-device", "ich9-ahci,id=sata", "-device", "ide-hd,bus=sata.0,drive=disk"],
    "nvme": ["-device", "nvme,serial=zeroth,drive=disk"],
    "virtio-blk": ["-device", "virtio-blk-pci,drive=disk"],
}
NET_BYTES = 8 << 20


@pytest.mark.parametrize("kind", DISKS)
def test_disk(dom0, tmp_path, kind):
    """256 MiB written to a mounted disk read back equal."""
    image = tmp_path / "disk.img"
    with open(image, "wb") as file:
        file.truncate(512 << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", image], check=True)
    drive = ["-drive", f"if=none,id=disk,format=raw,cache=unsafe,file={image}"]
    dom0("disk", qemu=drive + DISKS[kind], work=300)


@pytest.fixture
def server():
    """An HTTP server on the loopback that serves random bytes; (its port, their checksum)."""
    data = random.Random(2).randbytes(NET_BYTES)

    class Handler(http.server.BaseHTTPRequestHandler):
        """Serves the one file."""

        def do_GET(self):  # pylint: disable=invalid-name
            """Send the bytes."""
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            """Stay quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd.server_address[1], hashlib.md5(data).hexdigest()
        httpd.shutdown()


@pytest.mark.parametrize("model", ["e1000e", "virtio-net-pci"])
def test_net(dom0, server, model):
    """8 MiB fetched over the card arrive unharmed."""
    port, checksum = server
    config = machine.Config(qemu=["-netdev", "user,id=net", "-device", f"{model},netdev=net"])
    config.append += f" zt.url=http://10.0.2.2:{port}/file"
    assert checksum in dom0("net", config=config)
