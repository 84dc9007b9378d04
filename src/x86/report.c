/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/report.h"

#include "core/console/console.h"

void tell_refused_msr(const struct x86_vcpu *v, const char *how)
{
    console_guest_log(v->core.domain->id, LOG_INFO, "v%u at %016lx: %s of %x is refused",
                      v->core.id, v->regs.rip, how, (uint32_t)v->regs.rcx);
}

void report_registers(const struct regs *r)
{
    console_log(LOG_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx,
                r->rdx);
    console_log(LOG_ERROR, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r->rsi, r->rdi, r->rbp,
                r->rsp);
    console_log(LOG_ERROR, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r->r8, r->r9, r->r10,
                r->r11);
    console_log(LOG_ERROR, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r->r12, r->r13, r->r14,
                r->r15);
}
