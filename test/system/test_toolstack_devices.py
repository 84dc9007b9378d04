# SPDX-License-Identifier: Apache-2.0
"""Disks and network cards of PV and PVH guests, by Debian's unmodified toolstack and backends.

Two guests: `one` has a block device of Dom0 (phy:), a file (file:, by loop) and a file that it may only
read; `two` is there to talk to. A third has its disk from QEMU. The same on Debian's Xen and on Zeroth.
"""
import re

import pytest
import xl

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("toolstack-devices")]
ADDRESS = {"dom0": "192.168.128.1", "one": "192.168.128.2", "two": "192.168.128.3"}
SEGMENTS = 11       # pages that a request of a PV disk has without indirect segments


@pytest.fixture(scope="module", name="dom0", params=["pv", "pvh"])
def fixture_dom0(request):
    """A Dom0 with a block device for a guest, and one for files."""
    with xl.dom0("toolstack-devices", mem=3072, disks=(600, 3000), kind=request.param,
                 icount=True) as m:
        xl.ok(m, "mkfs.ext4 -q /dev/vdb && mkdir /srv && mount /dev/vdb /srv", 300)
        xl.ok(m, "pattern 8 > /srv/read.img; truncate -s 600M /srv/file.img /srv/qemu.img")
        m.free = xl.free_memory(m)
        yield m


@pytest.fixture(scope="module", name="guests")
def fixture_guests(dom0):
    """Both guests, with addresses."""
    xl.create(dom0, "one", "vcpus=2", 'disk=["phy:/dev/vda,xvda,w","file:/srv/file.img,xvdb,w",'
                                      '"file:/srv/read.img,xvdc,r"]')
    xl.create(dom0, "two", "memory=128", "disk=[]")
    for name in ("one", "two"):
        xl.in_guest(dom0, name, f"ip address add {ADDRESS[name]}/24 dev eth0; ip link set eth0 up")
    return dom0


def write_and_compare(m, name, disk, outside):
    """A guest makes a file system, writes 256 MiB, reads them again; Dom0 finds the same."""
    inside = xl.in_guest(m, name, f"mke2fs {disk} > /dev/null && mount -t ext2 {disk} /mnt && "
                                  "pattern 256 > /mnt/data && umount /mnt && "
                                  f"mount -t ext2 {disk} /mnt && pattern 256 check < /mnt/data && "
                                  "md5sum /mnt/data; umount /mnt", xl.LONG)
    assert inside.count("256 MiB, checksum") == 2, inside
    xl.ok(m, f"mount -o ro,noload -t ext4 {outside} /mnt || mount -o ro -t ext2 {outside} /mnt")
    found = xl.ok(m, "md5sum /mnt/data; umount /mnt", xl.LONG)
    # A kernel may say something in between.
    assert re.search(r"^[0-9a-f]{32} +/mnt/data\b", inside, re.M)[0].split() == found.split()


def test_block_device(guests):
    """phy: a block device of Dom0, by blkback."""
    write_and_compare(guests, "one", "/dev/xvda", "/dev/vda")


def test_file(guests):
    """file: by loop and blkback."""
    write_and_compare(guests, "one", "/dev/xvdb", "-o loop /srv/file.img")


def test_several(guests):
    """All disks are there, of their sizes, by blkback, the file's through loop."""
    found = xl.in_guest(guests, "one", "cat /sys/block/xvd[abc]/size").split()
    assert found == [str(600 * 2048), str(600 * 2048), str(8 * 2048)]
    backend = "/local/domain/0/backend/vbd/$(xl domid one)"
    assert xl.ok(guests, f"xenstore-read {backend}/51712/physical-device-path").strip() == "/dev/vda"
    assert "/dev/loop" in xl.ok(guests, f"xenstore-read {backend}/51728/physical-device-path")


def test_read_only(guests):
    """What a guest may only read, it reads and cannot write."""
    assert "8 MiB, checksum" in xl.in_guest(guests, "one", "pattern 8 check < /dev/xvdc")
    assert xl.in_guest(guests, "one", "cat /sys/block/xvdc/ro").strip() == "1"
    code, _ = guests.run("sh /tests/guest run one 'dd if=/dev/zero of=/dev/xvdc bs=4096 count=1'")
    assert code != 0
    assert "8 MiB, checksum" in xl.ok(guests, "pattern 8 check < /srv/read.img")


def test_indirect_segments(guests):
    """Requests are longer than one without indirect segments can be."""
    counts = "cd /sys/bus/xen-backend/devices/vbd-$(xl domid one)-51712/statistics; cat wr_sect wr_req"
    before = xl.ok(guests, counts).split()
    xl.in_guest(guests, "one", "dd if=/dev/zero of=/dev/xvda bs=1M count=32 conv=fsync")
    sectors, requests = (int(b) - int(a) for a, b in zip(before, xl.ok(guests, counts).split()))
    assert sectors >= 32 << 11 and sectors / requests > SEGMENTS * 8


def test_persistent_grants(guests):
    """The backend keeps the guest's grants mapped, and says how many."""
    assert "persistent grants: enabled; indirect descriptors: enabled" in \
        xl.in_guest(guests, "one", "dmesg | grep blkfront: | head -1")
    xl.ok(guests, "echo 1 > /sys/module/xen_blkback/parameters/log_stats")
    xl.in_guest(guests, "one", "dd if=/dev/xvda of=/dev/null bs=1M count=16")
    # The backend writes them when a request comes ten seconds after the last time.
    kept = xl.ok(guests, "for i in $(seq 30); do sh /tests/guest run one 'echo 3 > "
                         "/proc/sys/vm/drop_caches; dd if=/dev/xvda of=/dev/null bs=1M count=1' "
                         "> /dev/null; dmesg | grep ' pg: ' && break; sleep 1; done", 600)
    xl.ok(guests, "echo 0 > /sys/module/xen_blkback/parameters/log_stats")
    numbers = [int(number) for number in re.findall(r" pg: +(\d+)/", kept)]
    assert numbers and max(numbers) > SEGMENTS, kept


def test_ping(guests):
    """Dom0 and the guests reach each other through the bridge."""
    for name in ("one", "two"):
        xl.ok(guests, f"ping -c 3 -W 20 {ADDRESS[name]}")
        xl.in_guest(guests, name, f"ping -c 3 -W 20 {ADDRESS['dom0']}")
    xl.in_guest(guests, "one", f"ping -c 3 -W 20 {ADDRESS['two']}")
    xl.in_guest(guests, "two", f"ping -c 3 -W 20 {ADDRESS['one']}")


def test_offloads(guests):
    """Checksums and segmentation are left to the other side, on both ends."""
    features = xl.ok(guests, "ethtool -k vif$(xl domid one).0")
    for name in ("tx-checksum-ipv4", "scatter-gather", "tcp-segmentation-offload"):
        assert re.search(rf"^\s*{name}: on", features, re.M), features
    front = "/local/domain/$(xl domid one)/device/vif/0"
    assert xl.ok(guests, f"xenstore-read {front}/feature-sg {front}/feature-gso-tcpv4").split() == \
        ["1", "1"]
    assert guests.run(f"xenstore-read {front}/feature-no-csum-offload")[0] != 0


@pytest.mark.parametrize("sender,receiver", [("one", "dom0"), ("dom0", "one"), ("one", "two"),
                                             ("two", "one")])
def test_stream(guests, sender, receiver):
    """256 MiB by TCP arrive whole; packets are longer than the network's, so offloads are in use."""
    def counts():
        guest = sender if sender != "dom0" else receiver
        way = "rx" if sender != "dom0" else "tx"    # of the backend: what its guest sends, it receives
        return [int(number) for number in xl.ok(guests, f"cd /sys/class/net/vif$(xl domid {guest})"
                                                f".0/statistics && cat {way}_bytes {way}_packets").split()]
    before = counts()
    take, give = "tcp listen 5001 | pattern 256 check 2>&1", \
        f"pattern 256 | tcp connect {ADDRESS[receiver]} 5001"
    sides = [f"sh /tests/guest run {name} '{command}' {xl.LONG}" if name != "dom0" else command
             for name, command in ((receiver, take), (sender, give))]
    said = xl.ok(guests, f"({sides[0]}) & {sides[1]}; wait $!", xl.LONG)
    sums = re.findall("256 MiB, checksum (.*)", said)
    assert len(sums) == 2 and sums[0] == sums[1], said
    after = counts()
    assert after[0] - before[0] > 256 << 20
    assert (after[0] - before[0]) / (after[1] - before[1]) > 2 * 1514


def test_end(guests):
    """Both guests go, and with them their devices; all memory is free again."""
    for name in ("one", "two"):
        xl.destroy(guests, name)
    assert "vif" not in xl.ok(guests, "ls /sys/class/net")
    assert xl.ok(guests, "losetup -a").strip() == ""
    assert xl.free_memory(guests) == guests.free


def test_qemu(dom0):
    """qdisk: a file by QEMU."""
    xl.create(dom0, "qemu", 'disk=["format=raw,vdev=xvda,access=rw,backendtype=qdisk,'
                            'target=/srv/qemu.img"]')
    number = xl.ok(dom0, "xl domid qemu").strip()
    assert xl.ok(dom0, f"xenstore-read /local/domain/0/backend/qdisk/{number}/51712/state").strip() == "4"
    write_and_compare(dom0, "qemu", "/dev/xvda", "-o loop /srv/qemu.img")
    xl.destroy(dom0, "qemu")
    assert xl.free_memory(dom0) == dom0.free
