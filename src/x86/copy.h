/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of a few words of the current vCPU's memory, in line, for the ways in and out.  They check
 * as arch_copy_from_guest does, and leave to it what cannot be copied at once.
 */
#ifndef X86_COPY_H
#define X86_COPY_H

#include "core/machine.h"
#include "x86/trap/fault.h"
#include "x86/features.h"
#include "x86/layout.h"

/* Canonical and none of Zeroth's.  What wraps ends below its start. */
static inline bool guest_range_ok(uint64_t at, size_t size)
{
    uint64_t end = at + size;

    if (end < at)
        return false;
    return end <= 1ul << 47 || at >= HYPERVISOR_END;
}

/* SMAP lets ring 0 reach the guest's pages only in between (AMD APM 2, section 5.6.4). */
static inline void guest_open(void)
{
    if (cpu.smap)
        __asm__ volatile("stac" : : : "memory");
}

static inline void guest_close(void)
{
    if (cpu.smap)
        __asm__ volatile("clac" : : : "memory");
}

/* Words; the number that is left. */
static inline size_t guest_move(uint64_t *to, const uint64_t *from, size_t words)
{
    __asm__ volatile("1: rep movsq\n2:\n" FAULT_FIXUP("1b", "2b")
                     : "+c"(words), "+D"(to), "+S"(from)
                     :
                     : "memory");
    return words;
}

/* False: perhaps by arch_copy_from_guest, arch_copy_to_guest. */
static inline bool try_words_from_guest(uint64_t *to, uint64_t guest, size_t words)
{
    size_t left;

    if (!guest_range_ok(guest, words * sizeof(*to)))
        return false;
    guest_open();
    left = guest_move(to, (const uint64_t *)guest, words);
    guest_close();
    return left == 0;
}

static inline bool try_words_to_guest(uint64_t guest, const uint64_t *from, size_t words)
{
    size_t left;

    if (!guest_range_ok(guest, words * sizeof(*from)))
        return false;
    guest_open();
    left = guest_move((uint64_t *)guest, from, words);
    guest_close();
    return left == 0;
}

static inline bool copy_words_from_guest(uint64_t *to, uint64_t guest, size_t words)
{
    return try_words_from_guest(to, guest, words) ||
           arch_copy_from_guest(to, guest, words * sizeof(*to));
}

static inline bool copy_words_to_guest(uint64_t guest, const uint64_t *from, size_t words)
{
    return try_words_to_guest(guest, from, words) ||
           arch_copy_to_guest(guest, from, words * sizeof(*from));
}

/* A pair of words, one read each; false: perhaps by arch_copy_from_guest. */
static inline bool read_pair_of_guest(uint64_t *first, uint64_t *second, uint64_t guest)
{
    uint64_t a = 0, b = 0;

    if (!guest_range_ok(guest, 2 * sizeof(a)))
        return false;
    guest_open();
    __asm__ goto("1: movq (%[at]), %[a]\n"
                 "2: movq 8(%[at]), %[b]\n" FAULT_FIXUP("1b", "%l[fault]")
                     FAULT_FIXUP("2b", "%l[fault]")
                 : [a] "=&r"(a), [b] "=&r"(b)
                 : [at] "r"(guest), "m"(*(const uint64_t(*)[2])guest)
                 :
                 : fault);
    guest_close();
    *first = a;
    *second = b;
    return true;
fault:
    guest_close();
    return false;
}

/* One word; false: perhaps by arch_copy_from_guest. */
static inline bool read_word_of_guest(uint64_t *value, uint64_t guest)
{
    if (!guest_range_ok(guest, sizeof(*value)))
        return false;
    guest_open();
    __asm__ goto("1: movq %1, %0\n" FAULT_FIXUP("1b", "%l[fault]")
                 : "=r"(*value)
                 : "m"(*(const uint64_t *)guest)
                 :
                 : fault);
    guest_close();
    return true;
fault:
    guest_close();
    return false;
}

#endif
