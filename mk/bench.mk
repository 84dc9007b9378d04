# SPDX-License-Identifier: Apache-2.0
# The benchmarks (tools/bench): instructions per operation, in machines that count them.

.PHONY: bench bench-check bench-guests bench-keep
bench: all $(O)/guest/bench.elf ## natively, Zeroth, Xen 4.17 and KVM side by side: table, build/bench.json, build/bench.html
	tools/setup build lab
	tools/bench/bench run

bench-check: all $(O)/guest/bench.elf ## Zeroth's figures against those kept in the tree: none more than 3 % worse
	tools/setup build lab
	tools/bench/bench check

bench-guests: all ## guests of Debian's xl on Zeroth and Xen: instructions of xl create, TCP, disk; kept in the tree
	tools/setup build lab
	tools/bench/bench guests

bench-keep: all $(O)/guest/bench.elf ## bench, and keep its figures in the tree (tools/bench/figures.json)
	tools/setup build lab
	tools/bench/bench keep
