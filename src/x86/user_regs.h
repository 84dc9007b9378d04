/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's general registers and RIP as the toolstack and guests write them (xen/arch-x86/xen-x86_64.h,
 * struct cpu_user_regs); flags and selectors are each kind's own. */
#ifndef X86_USER_REGS_H
#define X86_USER_REGS_H

#include "x86/regs.h"

#include <xen/xen.h>

/* The general ones, RSP and RIP; the rest of *to is 0. */
static inline void user_regs_get(const struct regs *r, struct cpu_user_regs *to)
{
    *to = (struct cpu_user_regs){ .r15 = r->r15,
                                  .r14 = r->r14,
                                  .r13 = r->r13,
                                  .r12 = r->r12,
                                  .rbp = r->rbp,
                                  .rbx = r->rbx,
                                  .r11 = r->r11,
                                  .r10 = r->r10,
                                  .r9 = r->r9,
                                  .r8 = r->r8,
                                  .rax = r->rax,
                                  .rcx = r->rcx,
                                  .rdx = r->rdx,
                                  .rsi = r->rsi,
                                  .rdi = r->rdi,
                                  .rip = r->rip,
                                  .rsp = r->rsp };
}

#endif
