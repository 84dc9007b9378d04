# SPDX-License-Identifier: Apache-2.0
# zeroth.efi: the hypervisor for a firmware that starts it itself, and unified with what it boots.

EFI_SOURCES := $(sort $(wildcard src/boot/efi/*.[cS]))
EFI_OBJECTS = $(EFI_SOURCES:%=$(O)/%.o) $(addprefix $(O)/src/,lib/text.c.o x86/memory/memory.c.o)
UNIFIED ?= $(O)/zeroth-unified.efi

.PHONY: efi unified
efi: $(O)/zeroth.efi ## zeroth.efi, an EFI application with a configuration file as Xen's (docs/efi.md)

unified: $(O)/efi.elf ## one EFI image of CONFIG=, KERNEL= and RAMDISK= files: build/zeroth-unified.efi, or UNIFIED=
	tools/mkpe.py $< $(UNIFIED) .config=$(CONFIG) .kernel=$(KERNEL) $(if $(RAMDISK),.ramdisk=$(RAMDISK))

$(O)/src/boot/efi/payload.S.o: $(O)/zeroth.elf
$(O)/src/boot/efi/payload.S.o: PAYLOAD = -I$(O)

$(O)/efi.elf: $(EFI_OBJECTS) src/boot/efi/efi.lds
	ld -pie --no-dynamic-linker -nostdlib --gc-sections -z noexecstack --build-id=none \
	   --no-warn-rwx-segments -T src/boot/efi/efi.lds -o $@ $(EFI_OBJECTS)

$(O)/zeroth.efi: $(O)/efi.elf tools/mkpe.py
	tools/mkpe.py $< $@

-include $(EFI_OBJECTS:.o=.d)
