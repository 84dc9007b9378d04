/* SPDX-License-Identifier: Apache-2.0 */
/* The crash kernel: what it is told of this one, and the jump into it (core/machine.h, arch_crash*). */
#ifndef X86_CRASH_H
#define X86_CRASH_H

#include "x86/regs.h"

/* Boot, when all CPUs run: memory for the notes.  There are none without it. */
void crash_init(void);

/* What this CPU was at, for its note; the first to come is kept.  Any context. */
void crash_note(const struct regs *regs);

#endif
