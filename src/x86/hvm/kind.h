/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware guests (PVH) as a kind of domain (core/domain.h). */
#ifndef X86_HVM_KIND_H
#define X86_HVM_KIND_H

#include "x86/hvm/guest.h"

extern const struct guest_kind hvm_kind;

/* Each CPU at its start, after its MSRs: the first chooses the vendor, all others must follow it. */
void hvm_init_cpu(void);
/* Can there be such guests? */
bool hvm_usable(void);

#endif
