/* SPDX-License-Identifier: Apache-2.0 */
/* Direct writes of a guest's kernel to its page tables; pv_mmu_fault is declared in x86/pv/mmu.h. */
#ifndef X86_PV_PTWR_H
#define X86_PV_PTWR_H

#include "x86/decode.h"
#include "x86/pv/mmu.h"

/*
 * What an instruction whose destination is memory makes of its old content.  regs: changed as by the
 * instruction, but for rip and the string registers.  source: what MOVS has read.  False: none of
 * the emulated ones.
 */
bool ptwr_compute(struct regs *regs, const struct instruction *i, uint64_t old, uint64_t source,
                  uint64_t *result);

#endif
