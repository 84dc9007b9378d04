/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused to guests of both kinds, told to who looks at the console. */
#ifndef X86_REFUSE_H
#define X86_REFUSE_H

#include "core/console/console.h"
#include "x86/guest.h"

/* An access to the MSR in RCX by the current vCPU; how: the instruction's name. */
static __attribute__((noinline, unused)) void tell_refused_msr(const struct x86_vcpu *v,
                                                               const char *how)
{
    console_guest_log(v->core.domain->id, LOG_INFO, "v%u at %016lx: %s of %x is refused",
                      v->core.id, v->regs.rip, how, (uint32_t)v->regs.rcx);
}

#endif
