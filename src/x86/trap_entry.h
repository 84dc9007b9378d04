/* SPDX-License-Identifier: Apache-2.0 */
/* What the assembly of x86/trap_entry.S and x86/trap.c have from each other. */
#ifndef X86_TRAP_ENTRY_H
#define X86_TRAP_ENTRY_H

#include "x86/trap.h"

/* The first instructions for each vector. */
extern const uint64_t trap_stubs[TRAP_COUNT];

/* Called by every stub with the registers saved. */
_Noreturn void trap_dispatch(const struct trap_frame *frame);

#endif
