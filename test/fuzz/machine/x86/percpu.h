/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/percpu.h: a CPU finds its own by number, not by GS. */
#ifndef FUZZ_PERCPU_H
#define FUZZ_PERCPU_H

#define percpu(x) percpu_by_gs(x)
#include_next "x86/percpu.h"
#undef percpu

struct percpu *percpu(void);

#endif
