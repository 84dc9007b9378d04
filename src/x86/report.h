/* SPDX-License-Identifier: Apache-2.0 */
/* What the console is told of guests, whatever their kind, and of Zeroth itself. */
#ifndef X86_REPORT_H
#define X86_REPORT_H

#include "x86/guest.h"

/* An access to the MSR in RCX by the current vCPU; how: the instruction's name. */
void tell_refused_msr(const struct x86_vcpu *v, const char *how);

/* General registers, as errors. */
void report_registers(const struct regs *r);

#endif
