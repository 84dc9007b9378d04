/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_HVM_HYPERCALL_H
#define X86_HVM_HYPERCALL_H

#include "x86/hvm/guest.h"

/* Fill a page with the hypercall stubs of a hardware guest: 128 of 32 bytes. */
void hvm_hypercall_page(void *page);

#endif
