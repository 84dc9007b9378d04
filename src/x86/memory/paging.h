/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#include <stdbool.h>

/*
 * Take away from Zeroth's mappings what they need not have: code is read-only, all else is not
 * executable (AMD APM 2, section 5.6); then switch SMEP and SMAP on where CPUID says they are.
 * Boot CPU only, once, interrupts off.  False, and nothing changed, when the CPU has no NX.
 */
bool paging_protect(void);

#endif
