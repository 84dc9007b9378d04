# SPDX-License-Identifier: Apache-2.0
# Pages generated from the tables of the code.

.PHONY: docs
docs: $(O)/options_doc $(O)/zeroth-syms.elf ## generate docs/options.md and docs/abi.md from the tables
	$(O)/options_doc > docs/options.md
	tools/abi_doc.py $(O)/zeroth-syms.elf > docs/abi.md

$(O)/options_doc: tools/options_doc.c src/boot/options.c src/boot/options.h src/lib/text.c
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -Wextra -Werror -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ -Isrc -o $@ $(filter %.c,$^)
