/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to guest memory.  Guest structs are read once, into a copy; then the copy is checked. */
#ifndef ABI_COPY_H
#define ABI_COPY_H

#include "core/types.h"

/* size bytes at a guest address; false: -EFAULT is due. */
bool copy_from_guest(void *to, uint64_t guest, size_t size);
/* 32 bits, the quick way; -1: -EFAULT is due. */
int64_t read_from_guest32(uint64_t guest);
bool copy_to_guest(uint64_t guest, const void *from, size_t size);
/* 64 bits, the quick way. */
bool write_to_guest64(uint64_t guest, uint64_t value);
/* The index-th element of an array; refuses indices whose offset does not fit 64 bits. */
bool copy_item_from_guest(void *to, uint64_t guest, uint64_t index, size_t size);
bool copy_item_to_guest(uint64_t guest, uint64_t index, const void *from, size_t size);
/* The same for numbers of the machine's width, which have 4 bytes in lists of 32-bit callers (abi/narrow.h);
 * false also for one that does not fit. */
bool copy_number_from_guest(uint64_t *to, uint64_t guest, uint64_t index);
bool copy_number_to_guest(uint64_t guest, uint64_t index, uint64_t value);

#endif
