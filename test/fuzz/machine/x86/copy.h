/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of src/x86/copy.h: no way in line to a guest's memory, so that all copies go through the
 * guest's page tables in test/fuzz/mmu.c.
 */
#ifndef X86_COPY_H
#define X86_COPY_H

#include "core/machine.h"
#include "x86/trap/fault.h"
#include "x86/layout.h"

static inline bool guest_range_ok(uint64_t at, size_t size)
{
    (void)at, (void)size;
    return false;
}

static inline void guest_open(void)
{
}

static inline void guest_close(void)
{
}

static inline bool copy_words_from_guest(uint64_t *to, uint64_t guest, size_t words)
{
    return arch_copy_from_guest(to, guest, words * sizeof(*to));
}

static inline bool copy_words_to_guest(uint64_t guest, const uint64_t *from, size_t words)
{
    return arch_copy_to_guest(guest, from, words * sizeof(*from));
}

static inline bool try_words_to_guest(uint64_t guest, const uint64_t *from, size_t words)
{
    (void)guest, (void)from, (void)words;
    return false;
}

static inline bool read_pair_of_guest(uint64_t *first, uint64_t *second, uint64_t guest)
{
    (void)first, (void)second, (void)guest;
    return false;
}

static inline bool read_word_of_guest(uint64_t *value, uint64_t guest)
{
    (void)value, (void)guest;
    return false;
}

#endif
