# SPDX-License-Identifier: Apache-2.0
# Small guests of our own (guest/) and the benchmarks that run in them.

GUEST_FLAGS = -std=gnu11 -O2 $(WARN) -Iguest $(ABI) -ffreestanding -nostdinc -fno-pic \
              -isystem $(shell $(CC) -print-file-name=include) -mcmodel=kernel -mno-red-zone \
              -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
              -fcf-protection=none
GUEST_PV = guest/pv/start.S guest/pv/guest.lds guest/pv/hypercall.h

.PHONY: bench
bench: $(LAB_IMAGE) $(O)/guest/bench.elf ## instructions per operation, Xen 4.17 and Zeroth side by side
	tools/setup lab
	tools/bench

$(O)/guest/%.elf: guest/%/main.c $(GUEST_PV) Makefile mk/guest.mk | $(O)/include/xen
	@mkdir -p $(@D)
	$(CC) $(GUEST_FLAGS) -nostdlib -static -no-pie -Wl,-T,guest/pv/guest.lds -Wl,--build-id=none \
	   -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096 -o $@ guest/pv/start.S guest/$*/main.c
