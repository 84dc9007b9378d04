# SPDX-License-Identifier: Apache-2.0
# The guest kit: libpv (guest/lib) and the kernels built on it (guest/*/), for no hypervisor and each.

GUEST_FLAGS = -std=gnu11 -O2 $(WARN) -Iguest/include -Iguest/lib/xen/include $(ABI) -ffreestanding \
              -nostdinc -fno-pic -isystem $(shell $(CC) -print-file-name=include) -mcmodel=kernel \
              -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-jump-tables \
              -fno-asynchronous-unwind-tables -fcf-protection=none \
              -ffile-prefix-map=$(CURDIR)=. -MMD -MP $(if $(findstring gcc,$(CC)),-fno-toplevel-reorder)
LIBPV_SOURCES := $(sort $(shell find guest/lib -name '*.c' -o -name '*.S'))
LIBPV_OBJECTS = $(LIBPV_SOURCES:%=$(O)/%.o)
GUEST_KERNELS = example bench conform load
GUEST_SOURCES := $(sort $(wildcard $(GUEST_KERNELS:%=guest/%/*.[cS])))
GUEST_OBJECTS = $(GUEST_SOURCES:%=$(O)/%.o)

# Tables of calls leave out what is 0.
$(O)/guest/conform/%.o: GUEST_FLAGS += -Wno-missing-field-initializers

GUEST_LINK = ld -static -nostdlib -T guest/lib/libpv.lds --build-id=none -z noexecstack \
             -z max-page-size=4096 --no-warn-rwx-segments

.PHONY: guest guest-clang install-kit conform
conform: $(LAB_IMAGE) $(O)/guest/conform.elf ## conformance tests of the ABI, Xen 4.17 and Zeroth side by side
	tools/setup lab
	tools/conform

guest: $(GUEST_KERNELS:%=$(O)/guest/%.elf) $(O)/guest/example-alone.elf ## the guest kit: libpv.a and the kernels on it

$(O)/guest/%.c.o: guest/%.c Makefile mk/guest.mk | $(O)/include/xen
	@mkdir -p $(@D)
	$(CC) $(GUEST_FLAGS) -c -o $@ $<

$(O)/guest/%.S.o: guest/%.S Makefile mk/guest.mk | $(O)/include/xen
	@mkdir -p $(@D)
	$(CC) $(filter -I%,$(GUEST_FLAGS)) $(ABI) -MMD -MP -c -o $@ $<

$(O)/guest/libpv.a: $(LIBPV_OBJECTS)
	rm -f $@
	ar rcsD $@ $^

# The kit by the other compiler, in a folder of its own.
guest-clang: ## the guest kit built by clang, in $(O)/clang
	$(MAKE) --no-print-directory CC=clang O=$(O)/clang guest

# Everything that a kernel of one's own needs (docs/guest-kit.md).
PREFIX ?= /usr/local
KIT = $(DESTDIR)$(PREFIX)
install-kit: $(O)/guest/libpv.a ## libpv.a, headers, linker script and pkg-config file to DESTDIR and PREFIX
	install -d $(KIT)/include/pv $(KIT)/include/pv-xen $(KIT)/lib/libpv $(KIT)/lib/pkgconfig
	install -m 644 guest/include/pv/*.h $(KIT)/include/pv
	install -m 644 guest/lib/xen/include/pv-xen/*.h $(KIT)/include/pv-xen
	install -m 644 $(O)/guest/libpv.a $(KIT)/lib
	install -m 644 guest/lib/libpv.lds $(KIT)/lib/libpv
	install -m 644 guest/lib/libpv.pc $(KIT)/lib/pkgconfig

# The smallest kernel without the folder that knows Xen: nothing else needs what stands there.
$(O)/guest/example-alone.elf: $(filter $(O)/guest/example/%,$(GUEST_OBJECTS)) \
                              $(filter-out $(O)/guest/lib/xen/%,$(LIBPV_OBJECTS)) guest/lib/libpv.lds
	$(GUEST_LINK) -o $@ $(filter %.o,$^)

# The library whole: its ways in and its platforms are reached by nothing that a kernel calls.
define GUEST_KERNEL
$$(O)/guest/$(1).elf: $$(filter $$(O)/guest/$(1)/%,$$(GUEST_OBJECTS)) $$(O)/guest/libpv.a guest/lib/libpv.lds
	$$(GUEST_LINK) -o $$@ $$(filter %.o,$$^) --whole-archive $$(O)/guest/libpv.a
endef
$(foreach kernel,$(GUEST_KERNELS),$(eval $(call GUEST_KERNEL,$(kernel))))

-include $(GUEST_OBJECTS:.o=.d) $(LIBPV_OBJECTS:.o=.d)
