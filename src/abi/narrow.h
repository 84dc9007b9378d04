/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 32-bit callers (firmware and 32-bit kernels of hardware guests) are one more layout of the argument
 * structs: by the ABI's rules for i386, numbers and pointers of the machine's width have 4 bytes there, and
 * nothing is aligned to more than that.  struct vcpu.narrow says that the call in progress is one of theirs.
 */
#ifndef ABI_NARROW_H
#define ABI_NARROW_H

#include "abi/door.h"

#define RUNSTATE_FORM  "iqqqqq"      /* struct vcpu_runstate_info */
#define MULTICALL_FORM "llllllll"    /* struct multicall_entry */
#define COPY_FORM      "lhh)lhh)hhh" /* struct gnttab_copy */
#define SETUP_FORM     "hihp"        /* struct gnttab_setup_table */

/* A row's layout for them: b, h, i, q: numbers of 1, 2, 4 and 8 bytes, l: of the machine's width, p: a
 * pointer; ): a struct inside ends that has one of the two.  NULL: the row is not for them; "": both layouts are the same. */
const char *narrow_form(const struct door_call *call, uint32_t op);

/* Bytes of the struct as they have it; and from one layout into the other, wide of wide_size bytes.  False: a
 * number does not fit. */
size_t narrow_size(const char *form);
void narrow_expand(const char *form, const void *narrow, void *wide, size_t wide_size);
bool narrow_shrink(const char *form, const void *wide, void *narrow);

#endif
