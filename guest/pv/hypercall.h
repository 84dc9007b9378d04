/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls of a 64-bit PV guest, through its hypercall page (xen/arch-x86/xen-x86_64.h). */
#ifndef GUEST_PV_HYPERCALL_H
#define GUEST_PV_HYPERCALL_H

#include <stdint.h>
#include <xen/xen.h>

extern char hypercall_page[];

/* A hypercall by a constant number; results as the ABI's, negative for an error. */
static inline long hypercall4(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t r10 __asm__("r10") = a3;
    long result;

    __asm__ volatile("call hypercall_page + %c[offset]"
                     : "=a"(result), "+D"(a0), "+S"(a1), "+d"(a2), "+r"(r10)
                     : [offset] "i"(nr * 32)
                     : "rcx", "r8", "r9", "r11", "memory");
    return result;
}

#define hypercall2(nr, a0, a1) hypercall4(nr, (uint64_t)(a0), (uint64_t)(a1), 0, 0)
#define hypercall3(nr, a0, a1, a2) \
    hypercall4(nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), 0)

#endif
