# SPDX-License-Identifier: Apache-2.0
# Unit tests on the host: the rooms' own code, with AddressSanitizer and UBSan.

UNIT_CC = clang
UNIT_FLAGS = -std=gnu11 -g -O1 -Wall -Wextra -Werror -Isrc -Itest/workbench \
             -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ -D__XEN_TOOLS__ \
             -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_SOURCES = src/lib/format.c src/lib/text.c src/boot/options.c src/boot/multiboot.c \
               src/boot/elf.c
# A machine with memory, which most rooms need.
UNIT_MEMORY = test/workbench/machine.c $(wildcard src/core/memory/frame*.c) src/core/memory/page_alloc.c
# What one test needs beside those: UNIT_MORE_ and its name.
UNIT_MORE_test_frame = $(UNIT_MEMORY) $(addprefix src/,core/memory/heap.c core/memory/claim.c \
                       abi/memory.c abi/memory_map.c abi/exchange.c)
UNIT_MORE_test_pv_mmu = $(UNIT_MEMORY) $(addprefix src/,\
                       x86/pv/validate.c x86/pv/descriptor.c x86/pv/update.c x86/pv/walk.c x86/pv/grant.c core/ranges.c core/memory/heap.c)
UNIT_MORE_test_p2m = $(UNIT_MEMORY) $(addprefix src/,\
                     x86/hvm/p2m.c x86/hvm/map.c x86/hvm/log.c x86/hvm/grant.c core/memory/heap.c) -Wl,--wrap=page_free
# A vendor of hardware guests' CPUs.
UNIT_VENDOR = test/workbench/vendor.c
UNIT_LAPIC = test/workbench/still_timer.c $(wildcard src/x86/hvm/lapic/*.c)
UNIT_MORE_test_narrow = $(UNIT_MEMORY) $(addprefix src/,abi/narrow.c)
UNIT_MORE_test_hvm_context = -iquote test/workbench/instructions $(UNIT_MEMORY) $(addprefix src/,x86/hvm/context.c x86/hvm/cpu_record.c x86/hvm/vcpu_context.c) $(UNIT_LAPIC) $(UNIT_VENDOR)
UNIT_MORE_test_hvm_log = $(UNIT_MEMORY) $(addprefix src/,\
                         core/memory/heap.c x86/hvm/p2m.c x86/hvm/map.c x86/hvm/log.c)
UNIT_MORE_test_hvm_memory = $(UNIT_MEMORY) $(UNIT_VENDOR) $(addprefix src/,\
                            core/memory/heap.c x86/decode.c x86/hvm/p2m.c x86/hvm/log.c x86/hvm/memory.c x86/hvm/io.c)
UNIT_MORE_test_hvm_startup = $(UNIT_MEMORY) $(UNIT_VENDOR) src/x86/hvm/startup.c
UNIT_MORE_test_svm_exit = $(UNIT_MEMORY) src/x86/hvm/svm/exit.c
UNIT_MORE_test_hvm_exit = $(UNIT_MEMORY) $(UNIT_VENDOR) $(addprefix src/,x86/decode.c x86/report.c x86/hvm/exit.c)
UNIT_MORE_test_grant = $(UNIT_MEMORY) $(addprefix src/core/,grant/grant.c grant/map.c grant/copy.c \
                       memory/heap.c)
UNIT_MORE_test_pirq = $(UNIT_MEMORY) $(addprefix src/core/,event/pirq.c memory/heap.c)
UNIT_MORE_test_lapic = $(UNIT_MEMORY) $(UNIT_LAPIC)
UNIT_MORE_test_tsc = $(UNIT_MEMORY) src/x86/hvm/tsc.c
UNIT_MORE_test_decompress = src/boot/decompress.c -llzma -lzstd -llz4 -lz
UNIT_MORE_test_multicall = $(UNIT_MEMORY) $(addprefix src/,abi/multicall.c abi/narrow.c)
UNIT_MORE_test_version = $(UNIT_MEMORY) $(addprefix src/,abi/version.c abi/door.c abi/narrow.c)
UNIT_MORE_test_console = $(UNIT_MEMORY) $(addprefix src/,core/console/console.c \
                         core/console/queue.c core/console/guest.c core/console/input.c core/lock.c lib/calendar.c abi/console_io.c abi/door.c abi/narrow.c)
UNIT_MORE_test_dom0 = $(UNIT_MEMORY) $(addprefix src/,boot/dom0_size.c boot/dom0_layout.c \
                      boot/dom0_memory.c boot/dom0_tables.c boot/dom0_info.c \
                      x86/pv/hypercall_page.c x86/pv/validate.c x86/pv/descriptor.c core/ranges.c core/memory/heap.c)
UNIT_MORE_test_firmware = src/abi/platform.c
UNIT_MORE_test_efi_call = src/abi/efi.c
UNIT_MORE_test_kexec = $(UNIT_MEMORY) $(addprefix src/,abi/kexec.c)
UNIT_MORE_test_acpi = src/drivers/acpi_tables.c
UNIT_CPUS = $(UNIT_MEMORY) test/workbench/cpus.c $(addprefix src/,\
            core/lock.c core/softirq.c core/timer.c lib/ordered.c) -pthread
UNIT_MORE_test_timer = $(UNIT_CPUS)
UNIT_MORE_test_sched_threads = $(filter-out test/workbench/cpus.c,$(UNIT_CPUS)) $(addprefix src/,core/sched/sched.c \
                       core/sched/domain.c core/sched/place.c core/sched/pool.c core/sched/run_queue.c)
UNIT_SCHED = test/unit/sched_world.c $(UNIT_CPUS) $(addprefix src/,core/sched/sched.c core/sched/domain.c core/sched/place.c core/sched/pool.c \
                       core/sched/run_queue.c abi/sched.c)
UNIT_MORE_test_sched = $(UNIT_SCHED)
UNIT_MORE_test_sched_op = $(UNIT_SCHED)
UNIT_EVENTS = $(UNIT_MEMORY) test/workbench/event_world.c test/workbench/event_guest.c $(addprefix src/,\
              core/lock.c core/event/event.c core/event/port.c core/event/send.c core/event/two_level.c core/event/fifo.c \
              abi/event_channel.c abi/door.c abi/narrow.c abi/copy.c) -pthread
UNIT_MORE_test_event = $(UNIT_EVENTS)
UNIT_MORE_test_event_fifo = $(UNIT_EVENTS)
UNIT_MORE_test_event_model = $(UNIT_EVENTS)
UNIT_DOMAINS = $(UNIT_MEMORY) test/workbench/cpus.c test/unit/domain_world.c $(addprefix src/,core/domain.c \
               core/shutdown.c core/vcpu.c core/time.c core/memory/claim.c core/lock.c core/softirq.c \
               core/timer.c lib/ordered.c core/sched/sched.c core/sched/domain.c core/sched/place.c core/sched/run_queue.c core/sched/pool.c \
               core/event/event.c core/event/port.c core/event/send.c core/event/two_level.c core/event/fifo.c abi/vcpu.c \
               abi/set_timer.c abi/assist.c abi/door.c abi/narrow.c abi/copy.c abi/domctl/domctl.c abi/domctl/absent.c abi/domctl/life.c \
               abi/domctl/memory.c abi/domctl/sched.c abi/domctl/vcpu.c) -pthread -Wl,--wrap=page_alloc
UNIT_MORE_test_domain = $(UNIT_DOMAINS)
UNIT_MORE_test_time = $(UNIT_DOMAINS)
UNIT_DOMCTLS = test/unit/domctl_world.c $(UNIT_DOMAINS)
UNIT_MORE_test_domctl = $(UNIT_DOMCTLS)
UNIT_MORE_test_domctl_life = $(UNIT_DOMCTLS)
UNIT_MORE_test_domctl_vcpu = $(UNIT_DOMCTLS)
UNIT_MORE_test_domctl_memory = $(UNIT_DOMCTLS)
UNIT_MORE_test_decode = src/x86/decode.c
UNIT_MORE_test_decode_cpu = src/x86/decode.c
UNIT_MORE_test_cpuid = src/x86/policy/cpuid.c
UNIT_MORE_test_efi = $(addprefix src/boot/efi/,config.c tags.c sections.c)
UNIT_MORE_test_symbols = src/x86/trap/symbols.c
# Privileged instructions in headers of these names are the test's.
UNIT_EMULATE = -iquote test/workbench/instructions test/unit/emulate_world.c $(UNIT_MEMORY) $(addprefix src/,x86/decode.c x86/report.c x86/policy/cpuid.c x86/pv/msr.c x86/pv/emulate.c \
                         x86/pv/emulate_control.c x86/pv/emulate_port.c x86/pv/hypercall_page.c)
UNIT_MORE_test_emulate = $(UNIT_EMULATE)
UNIT_MORE_test_emulate_port = $(UNIT_EMULATE)
UNIT_TESTS = $(patsubst test/unit/%.c,$(O)/unit/%,$(wildcard test/unit/test_*.c))

.PHONY: test-unit
test-unit: $(UNIT_TESTS) ## unit tests under sanitizers
	tools/unit $(UNIT_TESTS)

# One compilation of several files tells make of the headers of the last only: all are named here.
UNIT_HEADERS := $(shell find src test/workbench test/unit -name '*.h')
unit_files = $(filter %.c,$(UNIT_MORE_$(1)))
.SECONDEXPANSION:
$(O)/unit/%: test/unit/%.c $(UNIT_SOURCES) $$(call unit_files,$$*) $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_FLAGS) -o $@ $< $(UNIT_SOURCES) $(UNIT_MORE_$*) -lcmocka
