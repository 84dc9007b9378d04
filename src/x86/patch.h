/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the code that are NOPs unless this CPU needs more, filled in once at boot before other
 * CPUs run.  Read by C and assembly, whose macros stand in x86/entry.inc; the linker script
 * collects the table.
 */
#ifndef X86_PATCH_H
#define X86_PATCH_H

#define PATCH_TRAP  0 /* 6 bytes, entries by IDT: CLAC, LFENCE */
#define PATCH_ENTER 1 /* 5 bytes, from a guest, on the CPU's stack: CALL spec_enter */
#define PATCH_LEAVE 2 /* 5 bytes, to a guest, on the CPU's stack: CALL spec_leave */

#define PATCH_TRAP_SIZE 6
#define PATCH_CALL_SIZE 5

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Write these bytes to all places of a kind.  Boot CPU, after map_init (through the direct map,
 * as code is not writable where it runs), before other CPUs start; not while one of the places
 * runs. */
void patch_bytes(unsigned int kind, const uint8_t *bytes, size_t size);
/* Make all places of a kind call a function, which must preserve every register. */
void patch_call(unsigned int kind, const void *function);
#endif

#endif
