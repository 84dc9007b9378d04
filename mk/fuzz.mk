# SPDX-License-Identifier: Apache-2.0
# Fuzzers on the host, under libFuzzer, AddressSanitizer and UBSan: the door with core/, abi/, x86/pv and
# x86/hvm, with PV domains only and with a hardware domain; one hardware domain's vCPU; the decoder of instructions; what is read at boot.

FUZZ_CC = clang
FUZZ_SANITIZE = -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
FUZZ_FLAGS = -std=gnu11 -g -O1 -fno-pie -fno-omit-frame-pointer -Wall -Wextra -Werror -Itest/fuzz/machine \
             -Itest/workbench/instructions -Itest/workbench -Isrc -Isrc/x86/inline -MMD -MP \
             -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ -D__XEN_TOOLS__ -Dsched_yield=fuzz_wait
FUZZ_LINK = $(FUZZ_CC) -no-pie -fsanitize=address,undefined,fuzzer
FUZZERS = $(addprefix $(O)/fuzz/,fuzz_door fuzz_door_pvh fuzz_hvm fuzz_decode fuzz_boot)

FUZZ_DOOR := $(filter-out src/lib/memory.c,$(sort $(wildcard src/lib/*.c src/core/*.c src/core/*/*.c src/abi/*.c src/abi/*/*.c))) \
    $(filter-out $(addprefix src/x86/pv/,entry.c offsets.c),$(sort $(wildcard src/x86/pv/*.c))) \
    $(filter-out %/host.c,$(sort $(wildcard src/x86/toolstack/*.c))) $(sort $(wildcard src/x86/hvm/*.c src/x86/hvm/*/*.c)) \
    $(addprefix src/x86/,decode.c report.c fpu.c switch.c memory/tlb.c policy/cpuid.c policy/change.c trap/fault.c) \
    test/workbench/machine.c test/workbench/cpus.c \
    $(filter-out $(addprefix test/fuzz/,fuzz_decode.c fuzz_boot.c fuzz_hvm.c),$(sort $(wildcard test/fuzz/*.c)))
FUZZ_HVM = test/fuzz/fuzz_hvm.c test/workbench/machine.c test/workbench/still_timer.c test/workbench/vendor.c $(wildcard src/core/memory/frame*.c) $(addprefix src/,core/memory/page_alloc.c \
           core/memory/heap.c x86/decode.c x86/report.c x86/policy/cpuid.c x86/hvm/svm/exit.c $(addprefix x86/hvm/,exit.c io.c msr.c cpuid.c \
           deliver.c memory.c p2m.c map.c log.c context.c cpu_record.c vcpu_context.c startup.c tsc.c)) $(wildcard src/x86/hvm/lapic/*.c)
FUZZ_DECODE = test/fuzz/fuzz_decode.c src/x86/decode.c src/x86/pv/ptwr_compute.c
FUZZ_BOOT = test/fuzz/fuzz_boot.c src/boot/elf.c src/boot/bzimage.c src/boot/multiboot.c \
            src/boot/efi/config.c src/boot/efi/sections.c \
            src/drivers/acpi_tables.c src/lib/text.c
fuzz_objects = $(patsubst %.c,$(O)/fuzz/world/%.o,$(1))
fuzz_comma = ,
FUZZ_WRAPS = $(patsubst %,-Wl$(fuzz_comma)--wrap=%,arch_context_switch preempt_wanted page_alloc \
             page_free page_alloc_add heap_alloc heap_free lock_take_checked lock_take_second)

.PHONY: fuzz test-fuzz fuzz-coverage
FUZZER = fuzz_door
fuzz: $(FUZZERS) ## fuzz the hypercall door until stopped; findings in build/fuzz (FUZZ="-max_total_time=600" FUZZER=fuzz_door_pvh)
	@mkdir -p $(O)/fuzz/corpus/$(FUZZER)
	cd $(O)/fuzz && ./$(FUZZER) -max_len=2048 -len_control=0 -timeout=60 $(FUZZ) corpus/$(FUZZER) $(CURDIR)/test/fuzz/corpus

test-fuzz: $(FUZZERS) ## the inputs of all bugs found, then a minute of fresh ones, the same each time
	tools/fuzz $(O)/fuzz

$(O)/fuzz/world/%.o: %.c mk/fuzz.mk
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_SANITIZE) $(FUZZ_FLAGS_$(notdir $*)) -c -o $@ $<

# The checkers look at every frame after each step: they had better be quick.
FUZZ_PLAIN = -O2 -fno-sanitize=all
FUZZ_FLAGS_check = $(FUZZ_PLAIN)
FUZZ_FLAGS_check_events = $(FUZZ_PLAIN)
FUZZ_FLAGS_check_grants = $(FUZZ_PLAIN)
FUZZ_FLAGS_check_map = $(FUZZ_PLAIN)
FUZZ_FLAGS_leaks = $(FUZZ_PLAIN)
FUZZ_FLAGS_snapshot = $(FUZZ_PLAIN)

# It links its free objects, which test/fuzz/snapshot.c poisons.
FUZZ_FLAGS_heap = -fno-sanitize=address -Dmemset=fuzz_memset

$(O)/fuzz/fuzz_door: $(call fuzz_objects,$(FUZZ_DOOR)) mk/fuzz.ld
	$(FUZZ_LINK) -o $@ $(filter %.o,$^) -Wl,-T,mk/fuzz.ld $(FUZZ_WRAPS)

# The same, which its name tells to have a hardware domain.
$(O)/fuzz/fuzz_door_pvh: $(O)/fuzz/fuzz_door
	ln -f $< $@

$(O)/fuzz/fuzz_hvm: $(call fuzz_objects,$(FUZZ_HVM))
	$(FUZZ_LINK) -o $@ $^

$(O)/fuzz/fuzz_decode: $(call fuzz_objects,$(FUZZ_DECODE))
	$(FUZZ_LINK) -o $@ $^

$(O)/fuzz/fuzz_boot: $(call fuzz_objects,$(FUZZ_BOOT))
	$(FUZZ_LINK) -o $@ $^

# What the corpus reaches, by clang's coverage, line by line: build/fuzz-coverage/report.
FUZZ_CORPUS = $(O)/fuzz/corpus/fuzz_door test/fuzz/corpus
fuzz-coverage:
	$(MAKE) O=$(O)/fuzz-coverage FUZZ_LINK="$(FUZZ_CC) -no-pie -fsanitize=address,fuzzer -fprofile-instr-generate" \
	    FUZZ_SANITIZE="-fsanitize=address,fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping" \
	    $(O)/fuzz-coverage/fuzz/fuzz_door
	LLVM_PROFILE_FILE=$(O)/fuzz-coverage/raw $(O)/fuzz-coverage/fuzz/fuzz_door -runs=0 $(FUZZ_CORPUS)
	llvm-profdata merge -o $(O)/fuzz-coverage/data $(O)/fuzz-coverage/raw
	llvm-cov show $(O)/fuzz-coverage/fuzz/fuzz_door -instr-profile=$(O)/fuzz-coverage/data src > $(O)/fuzz-coverage/report
	llvm-cov report $(O)/fuzz-coverage/fuzz/fuzz_door -instr-profile=$(O)/fuzz-coverage/data src

-include $(patsubst %.c,$(O)/fuzz/world/%.d,$(FUZZ_DOOR) $(FUZZ_HVM) $(FUZZ_DECODE) $(FUZZ_BOOT))
