# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets.  O= chooses the build folder, CC= the compiler (gcc or clang).

O ?= build
CC = gcc
# DEBUG=1: locks check their order and who holds them.  In a folder of its own: make DEBUG=1 O=build/debug.
DEBUG ?= 0
WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
       -Wconversion -Wno-sign-conversion
# The ABI's headers (libxen-dev) are reached by a link, so that no other header of the host is.
ABI = -isystem $(O)/include -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ \
      -D__XEN_TOOLS__
CFLAGS = -std=gnu11 -O2 -g $(WARN) -Isrc -Isrc/x86/inline $(ABI) -ffreestanding -ffunction-sections -fPIE -include src/hidden.h -nostdinc \
         -isystem $(shell $(CC) -print-file-name=include) -mno-red-zone -mgeneral-regs-only \
         -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
         -ffile-prefix-map=$(CURDIR)=. -MMD -MP -DLOCK_CHECKS=$(DEBUG)
# What firmware starts (src/boot/efi) is a program of its own: mk/efi.mk.
SOURCES := $(sort $(shell find src -path src/boot/efi -prune -o -name '*.c' -print -o -name '*.S' ! -name '*.lds.S' -print))
# Decompressors of the distribution (boot/decompress.c), which see a C library's headers.
LIBS = $(foreach lib,lzma zstd lz4 z,$(shell $(CC) -print-file-name=lib$(lib).a))
$(O)/src/boot/decompress.c.o: CFLAGS += -isystem /usr/include -isystem /usr/include/x86_64-linux-gnu
# zstd's formats from before its first release, which no kernel is in, are left out: 90 KB.
ZSTD_LEGACY = ZBUFF%_createDCtx ZBUFF%_decompressContinue ZBUFF%_decompressInitDictionary \
              ZBUFF%_freeDCtx ZSTD%_createDCtx ZSTD%_decompress_usingDict \
              ZSTD%_findFrameSizeInfoLegacy ZSTD%_freeDCtx ZSTD%_getFrameParams
LEFT_OUT = $(foreach version,v05 v06 v07,$(foreach f,$(subst %,$(version),$(ZSTD_LEGACY)),\
             --defsym=$(f)=zstd_legacy))
OBJECTS = $(SOURCES:%=$(O)/%.o)

.PHONY: all help format clean FORCE
.DELETE_ON_ERROR:
all: $(O)/zeroth.elf $(O)/zeroth.gz ## the hypervisor: zeroth.elf, zeroth.gz and zeroth-syms.elf

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 20

format: ## put the sources into the form of .clang-format
	git ls-files '*.c' '*.h' | xargs clang-format -i --style=file

clean: ## remove what was built, fetched packages too
	rm -rf $(O)

$(O)/include/xen:
	@mkdir -p $(@D)
	ln -sfn /usr/include/xen $@

$(O)/%.c.o: %.c Makefile | $(O)/include/xen
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(O)/%.S.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) -Isrc $(PAYLOAD) -MMD -MP -c -o $@ $<

$(O)/zeroth.lds: src/zeroth.lds.S src/x86/layout.h
	@mkdir -p $(@D)
	$(CC) -E -P -x c -Isrc -o $@ $<

LINK = ld -static -nostdlib --gc-sections -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments \
       --build-id=none -T $(O)/zeroth.lds $(LEFT_OUT)
# Linked twice: the table of functions, for backtraces, is made of the first and put into the second,
# behind the code, whose addresses are the same in both.
# Made each time, and put in place where it differs: it holds the commit's date, and a build folder may
# be of an older tools/symbols.py.
MAKE_SYMBOLS = tools/symbols.py $(1) > $@.new; \
               if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/symbols0.S: FORCE
	@mkdir -p $(@D)
	@$(call MAKE_SYMBOLS)

$(O)/symbols1.S: $(O)/zeroth-first.elf FORCE
	@$(call MAKE_SYMBOLS,$<)

$(O)/symbols%.o: $(O)/symbols%.S
	$(CC) -c -o $@ $<

$(O)/zeroth-first.elf: $(OBJECTS) $(O)/symbols0.o $(O)/zeroth.lds
	$(LINK) -o $@ $(OBJECTS) $(O)/symbols0.o $(LIBS)

$(O)/zeroth-syms.elf: $(OBJECTS) $(O)/symbols1.o $(O)/zeroth.lds
	$(LINK) -o $@ $(OBJECTS) $(O)/symbols1.o $(LIBS)
	tools/symbols.py --check $(O)/zeroth-first.elf $@

$(O)/zeroth.bin: $(O)/zeroth-syms.elf
	objcopy -O binary $< $@

$(O)/zeroth.elf: $(O)/zeroth.bin $(O)/zeroth-syms.elf tools/mkelf32.py
	tools/mkelf32.py $(O)/zeroth.bin $(O)/zeroth-syms.elf $@

$(O)/zeroth.gz: $(O)/zeroth.elf
	gzip -9nc $< > $@

-include $(OBJECTS:.o=.d)
include mk/lab.mk mk/unit.mk mk/fuzz.mk mk/check.mk mk/docs.mk mk/guest.mk mk/deb.mk mk/image.mk mk/efi.mk mk/bench.mk
