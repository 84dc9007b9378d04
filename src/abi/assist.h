/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ABI_ASSIST_H
#define ABI_ASSIST_H

#include "abi/door.h"

/* The bits of struct domain.vm_assist that a guest may have, also by its first
 * vcpu_guest_context. */
#define VM_ASSIST_VALID \
    (1ul << VMASST_TYPE_4gb_segments | 1ul << VMASST_TYPE_4gb_segments_notify | \
     1ul << VMASST_TYPE_writable_pagetables | 1ul << VMASST_TYPE_pae_extended_cr3 | \
     1ul << VMASST_TYPE_architectural_iopl | 1ul << VMASST_TYPE_runstate_update_flag | \
     1ul << VMASST_TYPE_m2p_strict)

/* vm_assist (xen/xen.h), command and type, as Xen 4.17 answers a 64-bit PV guest (measured):
 * -XEN_EINVAL: no such type; -XEN_ENOSYS: no such command.  Types of 32-bit guests are taken,
 * and mean nothing. */
hypercall_fn vm_assist;

#endif
