/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_grant_table_op (xen/grant_table.h), version 1. */
#ifndef ABI_GRANT_H
#define ABI_GRANT_H

#include "abi/door.h"

/* Rows: each takes a list of structs (struct grant_list behind extra) and writes a status into each. */
extern const struct door_op grant_ops[];
extern const uint16_t grant_op_count;

/* op, address of the list, count.  -XEN_EINVAL: count; -XEN_ENOSYS, -XEN_EOPNOTSUPP: not such an
 * operation; -XEN_EFAULT: the list cannot be reached, elements before that one are done. */
hypercall_fn grant_table_op;

#endif
