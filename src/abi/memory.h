/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_memory_op (xen/memory.h). */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "abi/door.h"

struct domain;
struct vcpu;

/* Rows; extra is the whole command word, whose bits from MEMORY_START_SHIFT on say where a restarted
 * call goes on. */
#define MEMORY_START_SHIFT 6
extern const struct door_op memory_ops[];
extern const uint16_t memory_op_count;

/* The domain that a call of v's is about, held.  -EPERM: not one's own; -ESRCH: there is none. */
int memory_find_domain(struct vcpu *v, domid_t id, struct domain **out);

#endif
