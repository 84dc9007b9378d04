/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ABI_MULTICALL_H
#define ABI_MULTICALL_H

#include "abi/door.h"

/*
 * HYPERVISOR_multicall(list of struct multicall_entry, count): run hypercalls one after another and
 * write each one's result into its entry.  0; -EFAULT: an entry cannot be reached (those before it
 * were run).  An entry's error is its result and ends nothing; a multicall in a multicall is
 * -EINVAL.  HYPERVISOR_iret ends the list, because it leaves the context that made it.  Measured on
 * Xen 4.17.
 * Entries are read up to 8 at a time, before the first of them runs.
 * Preempted after any entry, and within one that is: then the list's address and count, and the
 * entry's arguments, are what is left.
 */
hypercall_fn multicall;

#endif
