/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets in structs for entry.S, as absolute symbols that the linker puts into its instructions:
 * the assembly follows each change of a struct by itself.
 */
#include "x86/guest.h"

#define OFFSET(name, value) \
    __asm__ volatile(".globl " name "\n .hidden " name "\n .set " name ", %c0" : : "i"(value))

#define REGS_END (offsetof(struct x86_vcpu, regs) + sizeof(struct regs))

_Static_assert(REGS_END % 16 == 0, "the CPU aligns what it pushes from TSS.RSP0 on");
_Static_assert(offsetof(struct x86_vcpu, core) == 0, "percpu.current points to both");

static void __attribute__((used)) offsets(void)
{
    /* From the end of regs, which is where the entry code stands. */
    OFFSET("PV_FLAGS_FROM_END", offsetof(struct x86_vcpu, pv.flags) - REGS_END);
    OFFSET("INFO_FROM_END", offsetof(struct vcpu, info) - REGS_END);
    OFFSET("NMI_FROM_END", offsetof(struct vcpu, nmi_pending) - REGS_END);
    OFFSET("BY_WORK_FROM_END", offsetof(struct x86_vcpu, by_work) - REGS_END);
    /* From the vCPU. */
    OFFSET("VCPU_REGS_END", REGS_END);
    OFFSET("VCPU_BY_WORK", offsetof(struct x86_vcpu, by_work));
}
