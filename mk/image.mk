# SPDX-License-Identifier: Apache-2.0
# A disk with Debian, Debian's Xen and our package, and the machine that starts from it.

.PHONY: image run-image test-image
image: ## a bootable disk: Debian 12, Debian's Xen and our package, in build/image (BIOS and UEFI)
	tools/setup build deb image
	tools/deb $(O)/deb
	tools/image/build $(O)/image $(O)/deb/zeroth-hypervisor-4.17-amd64_*.deb

$(O)/image/disk.img: $(O)/zeroth.gz $(wildcard debian/*) tools/image/build tools/image/setup
	$(MAKE) image

run-image: $(O)/image/disk.img ## boot that disk on this terminal: root, "zeroth" (FIRMWARE=uefi DISK=virtio|ahci|nvme SMP= MEM=)
	tools/setup lab image
	tools/run-image

test-image: $(O)/image/disk.img ## the system tests of that disk: Debian on Zeroth and on Xen, BIOS and UEFI
	tools/setup lab image test
	$(PYTEST) -k test_disk
