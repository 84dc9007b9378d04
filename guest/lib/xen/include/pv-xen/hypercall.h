/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls, through the page that the hypervisor fills (xen/arch-x86/xen-x86_64.h): results as the
 * ABI's, negative error numbers of xen/errno.h.  Works in PV and in PVH guests.  Needs the headers
 * of libxen-dev.
 */
#ifndef PV_XEN_HYPERCALL_H
#define PV_XEN_HYPERCALL_H

/* What the ABI's headers are asked for, unless the kernel asks by itself. */
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#include <stdint.h>
#include <xen/xen.h>

extern char hypercall_page[];

/* A hypercall by a constant number; what it does not take is 0. */
static inline __attribute__((always_inline)) long hypercall5(unsigned int nr, uint64_t a0,
                                                             uint64_t a1, uint64_t a2, uint64_t a3,
                                                             uint64_t a4)
{
    register uint64_t r10 __asm__("r10") = a3;
    register uint64_t r8 __asm__("r8") = a4;
    long result;

    __asm__ volatile("call hypercall_page + %c[offset]"
                     : "=a"(result), "+D"(a0), "+S"(a1), "+d"(a2), "+r"(r10), "+r"(r8)
                     : [offset] "i"(nr * 32)
                     : "rcx", "r9", "r11", "memory");
    return result;
}

#define hypercall0(nr)         hypercall5(nr, 0, 0, 0, 0, 0)
#define hypercall1(nr, a0)     hypercall5(nr, (uint64_t)(a0), 0, 0, 0, 0)
#define hypercall2(nr, a0, a1) hypercall5(nr, (uint64_t)(a0), (uint64_t)(a1), 0, 0, 0)
#define hypercall3(nr, a0, a1, a2) \
    hypercall5(nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), 0, 0)
#define hypercall4(nr, a0, a1, a2, a3) \
    hypercall5(nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), (uint64_t)(a3), 0)

/* A hypercall by a number that is not constant. */
long hypercall_any(unsigned int nr, const uint64_t args[5]);

#endif
