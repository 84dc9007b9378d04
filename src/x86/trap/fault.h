/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of Zeroth's that may fault and know where to go on then (x86/trap/trap.c looks them up). */
#ifndef X86_FAULT_H
#define X86_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* In inline assembly: a fault at label `from` continues at label `to`. */
#define FAULT_FIXUP(from, to) \
    ".pushsection .fixup_table, \"a\"\n .balign 4\n .long " from " - ., " to " - .\n .popsection\n"

/* Where to go on after a fault at `from`; false: the table does not name it.  Any context. */
bool fault_fixup(uint64_t from, uint64_t *to);

/* MSR access that may fault: false, *value unchanged. */
bool rdmsr_safe(uint32_t msr, uint64_t *value);
bool wrmsr_safe(uint32_t msr, uint64_t value);

#endif
