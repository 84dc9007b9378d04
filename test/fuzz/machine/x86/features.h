/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/features.h: CPUID and RDMSR are functions of test/fuzz/cpu.c, as WRMSR is by
 * test/workbench/instructions. */
#ifndef FUZZ_FEATURES_H
#define FUZZ_FEATURES_H

#define cpuid(a, b, c) cpuid_of_host(a, b, c)
#define rdmsr(a)       rdmsr_of_host(a)
#include_next "x86/features.h"
#undef cpuid
#undef rdmsr

void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4]);
uint64_t rdmsr(uint32_t msr);

#endif
