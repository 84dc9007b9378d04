/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last events of each CPU, which a panic prints: a ring in struct percpu, written by the ways
 * in (four instructions of assembly, x86/entry.inc) and at switches.  Read by C and assembly.
 */
#ifndef X86_TRACE_H
#define X86_TRACE_H

#include "x86/percpu.h"

/* What happened; the low byte says which.  `where` is the guest's address, or a struct vcpu. */
#define TRACE_HYPERCALL 0x000
#define TRACE_TRAP      0x100
#define TRACE_IRQ       0x200
#define TRACE_SWITCH    0x300

#define TRACE_EVENTS 16
#define TRACE_SIZE   16 /* of one, bytes; all together 256, so that a byte wraps */

#ifndef __ASSEMBLER__
/* Interrupts off. */
static inline void trace_add(uint64_t what, uint64_t where)
{
    struct percpu *p = percpu();
    unsigned int at = (p->trace_at & 0xff) / TRACE_SIZE;

    p->trace_at = (p->trace_at + TRACE_SIZE) & 0xff;
    p->trace[at].what = what;
    p->trace[at].where = where;
}
#endif

#endif
