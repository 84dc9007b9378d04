# SPDX-License-Identifier: Apache-2.0
# Debian packages (debian/), and what they hold beside the tree's own files.

PACKAGE_FILES = $(addprefix $(O)/package/,xen-4.17-zeroth.gz xen-syms-4.17-zeroth zeroth.7)

.PHONY: deb test-deb package-files
deb: ## Debian packages of the hypervisor and its symbols, in build/deb
	tools/setup build deb
	tools/deb $(O)/deb

test-deb: ## the packages: twice the same, lintian, and in a Debian with GRUB: menu, upgrade, removal
	tools/setup build deb test
	tools/deb $(O)/deb
	DEBS=$(abspath $(O)/deb) /usr/bin/python3 -m pytest -p no:cacheprovider -ra test/package

package-files: $(PACKAGE_FILES) $(O)/zeroth.efi

# By the name that GRUB's 20_linux_xen looks for; of two images of 4.17 it puts this one first.
$(O)/package/xen-4.17-zeroth.gz: $(O)/zeroth.gz
	@mkdir -p $(@D)
	install -m 644 $< $@

$(O)/package/xen-syms-4.17-zeroth: $(O)/zeroth-syms.elf
	@mkdir -p $(@D)
	install -m 644 $< $@

$(O)/package/zeroth.7: $(O)/options_doc
	@mkdir -p $(@D)
	$(O)/options_doc man > $@
