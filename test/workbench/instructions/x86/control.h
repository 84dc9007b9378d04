/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/control.h: CR4 is a variable of the test's. */
#ifndef WORKBENCH_CONTROL_H
#define WORKBENCH_CONTROL_H

#define cr4_read  cr4_read_of_cpu
#define cr4_write cr4_write_of_cpu
#include_next "x86/control.h"
#undef cr4_read
#undef cr4_write

extern uint64_t workbench_cr4;

static inline uint64_t cr4_read(void)
{
    return workbench_cr4;
}

static inline void cr4_write(uint64_t value)
{
    workbench_cr4 = value;
}

#endif
