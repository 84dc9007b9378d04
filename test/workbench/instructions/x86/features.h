/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/features.h: WRMSR is a function of the test's. */
#ifndef WORKBENCH_FEATURES_H
#define WORKBENCH_FEATURES_H

#define wrmsr wrmsr_of_cpu
#include_next "x86/features.h"
#undef wrmsr

void wrmsr(uint32_t msr, uint64_t value);

#endif
