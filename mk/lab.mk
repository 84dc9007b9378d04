# SPDX-License-Identifier: Apache-2.0
# The lab: set-up, running in QEMU, system tests. HYPERVISOR=xen runs all on Debian's Xen 4.17.

HYPERVISOR ?= zeroth
LAB_IMAGE = $(if $(filter zeroth,$(HYPERVISOR)),all)
# As many machines at once as there are slots for them (tools/lab/machine.py).
PYTEST = /usr/bin/python3 -m pytest -p no:cacheprovider -ra -n $${LAB_SLOTS:-2} --dist loadgroup test/system
LAB_VARS = HYPERVISOR KERNEL SMP MEM CPU FIRMWARE PROTOCOL ARGS DOM0_ARGS GUEST TOOLSTACK
$(foreach v,$(LAB_VARS),$(if $(filter undefined,$(origin $(v))),,$(eval export $(v))))

.PHONY: setup setup-build setup-lab lab run test test-full test-system test-system-full

setup: ## install missing Debian packages (all groups) with apt
	tools/setup all

lab: ## fetch Debian's kernels, Xen 4.17 and its tools into build/lab
	tools/setup lab
	tools/lab/fetch.py

run: ## build, fetch Debian's kernel and tools, boot in QEMU here (HYPERVISOR= KERNEL= SMP= MEM= GUEST=1)
	tools/setup build lab
	$(if $(LAB_IMAGE),$(MAKE) $(LAB_IMAGE))
	tools/run

test: ## every part of the tests, the system tests in their quick selection
	tools/setup all
	tools/test-all test-unit test-fuzz check bench-check test-system

test-full: ## every part of the tests, all system tests
	tools/setup all
	tools/setup deb image
	tools/test-all test-unit test-fuzz check bench-check test-deb test-system-full

test-system: $(LAB_IMAGE) $(if $(LAB_IMAGE),efi) guest guest-clang ## system tests in QEMU, quick selection
	$(PYTEST) -m "not slow"

test-system-full: $(LAB_IMAGE) $(if $(LAB_IMAGE),efi) guest guest-clang $(if $(LAB_IMAGE),$(O)/image/disk.img) ## all system tests in QEMU
	$(PYTEST)
