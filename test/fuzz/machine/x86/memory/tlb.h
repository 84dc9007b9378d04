/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/memory/tlb.h: INVLPG is a function of test/fuzz/mmu.c. */
#ifndef FUZZ_TLB_H
#define FUZZ_TLB_H

#define tlb_flush_page(address) tlb_flush_page_of_host(address)
#include_next "x86/memory/tlb.h"
#undef tlb_flush_page

void tlb_flush_page(uint64_t address);

#endif
