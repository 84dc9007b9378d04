/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/entry.h"

#include "x86/control.h"
#include "x86/features.h"
#include "x86/gdt.h"
#include "x86/msr_index.h"
#include "x86/percpu.h"
#include "x86/pv/msr.h"

/* Cleared on the way in: no trap, no interrupt, strings go up, no access to user pages (AC, for
 * SMAP), and what would confuse IRET. */
#define SYSCALL_MASK \
    (FLAGS_TF | FLAGS_IF | FLAGS_DF | FLAGS_IOPL | FLAGS_NT | FLAGS_RF | FLAGS_VM | FLAGS_AC)

/* SYSRET adds 8 and 16 to it for the stack and 64-bit code: the ABI's selectors follow so. */
_Static_assert(SELECTOR_USER_CODE32 + 8 == SELECTOR_USER_DATA, "order of SYSRET");
_Static_assert(SELECTOR_USER_CODE32 + 16 == SELECTOR_USER_CODE, "order of SYSRET");
_Static_assert(SELECTOR_CODE + 8 == SELECTOR_DATA, "order of SYSCALL");

void pv_entry_init_cpu(void)
{
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_USER_CODE32 << 48 | (uint64_t)SELECTOR_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)entry_syscall);
    wrmsr(MSR_CSTAR, (uint64_t)entry_syscall32);
    wrmsr(MSR_FMASK, SYSCALL_MASK);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_SYSENTER_CS, SELECTOR_CODE);
    wrmsr(MSR_SYSENTER_ESP, percpu()->stack_top);
    wrmsr(MSR_SYSENTER_EIP, (uint64_t)entry_sysenter);
    if (cpu.fsgsbase)
        cr4_write(cr4_read() | CR4_FSGSBASE);
    pv_msr_init_cpu();
}
