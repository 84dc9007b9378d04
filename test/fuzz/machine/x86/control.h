/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/control.h: CR0 and CR2 are variables of test/fuzz/cpu.c, as CR4 is of
 * test/workbench/instructions. */
#ifndef FUZZ_CONTROL_H
#define FUZZ_CONTROL_H

#define cr0_read(x)  cr0_read_of_host(x)
#define cr0_write(x) cr0_write_of_host(x)
#define cr2_read(x)  cr2_read_of_host(x)
#include_next "x86/control.h"
#undef cr0_read
#undef cr0_write
#undef cr2_read

extern uint64_t fuzz_cr0, fuzz_cr2;

static inline uint64_t cr0_read(void)
{
    return fuzz_cr0;
}

static inline void cr0_write(uint64_t value)
{
    fuzz_cr0 = value;
}

static inline uint64_t cr2_read(void)
{
    return fuzz_cr2;
}

#endif
