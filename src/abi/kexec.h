/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_kexec_op (xen/kexec.h): Dom0 loads a kernel into the area that the option crashkernel= has
 * set aside; a panic, or Dom0's crash, jumps into it.  Errors as measured on Xen 4.17, which answers 0 to
 * operations that nobody knows.  Left out: images for another time than a crash, and those that begin in
 * 32-bit code (-EOPNOTSUPP).
 */
#ifndef ABI_KEXEC_H
#define ABI_KEXEC_H

#include "abi/door.h"

extern const struct door_op kexec_ops[];
extern const uint16_t kexec_op_count;

/* Boot: the area, page-aligned; size 0, as without a call: there is none. */
void kexec_set_area(paddr_t start, uint64_t size);

hypercall_fn kexec_op;

#endif
