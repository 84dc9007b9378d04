/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_mmuext_op; the call itself is declared in x86/pv/mmu.h. */
#ifndef X86_PV_MMUEXT_H
#define X86_PV_MMUEXT_H

#include "x86/pv/mmu.h"

#endif
