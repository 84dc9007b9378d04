/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls of 32-bit code: one more layout of the same structs, by the ABI's rules for i386. */
#ifndef X86_HVM_NARROW_H
#define X86_HVM_NARROW_H

#include "abi/door.h"

/* NULL: -ENOSYS. */
extern hypercall_fn *const hypercall_hvm32[DOOR_CALLS];

#endif
