/* SPDX-License-Identifier: Apache-2.0 */
/* Units of core/: what a number counts. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t mfn_t;   /* number of a machine frame, 4096 bytes each */
typedef uint64_t gfn_t;   /* number of a guest frame */
typedef uint64_t paddr_t; /* machine address, bytes */
typedef int64_t ns_t;     /* nanoseconds; as a time: since boot ("system time") */
typedef uint32_t port_t;  /* event channel port */
/* domid_t is the ABI's (xen/xen.h). */

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)
#define MFN_NONE   (~(mfn_t)0)
#define CPUS_MAX   256
#define NS_MAX     INT64_MAX
#define SECOND     1000000000ll

/* Internal: preempted, call again (the ABI's header has it for Xen itself only). */
#define XEN_ERESTART 85

/* A set of CPUs. */
struct cpu_set {
    uint64_t bits[CPUS_MAX / 64];
};

static inline bool cpu_set_has(const struct cpu_set *s, unsigned int cpu)
{
    return s->bits[cpu / 64] >> (cpu % 64) & 1;
}

static inline void cpu_set_add(struct cpu_set *s, unsigned int cpu)
{
    __atomic_fetch_or(&s->bits[cpu / 64], 1ul << (cpu % 64), __ATOMIC_SEQ_CST);
}

static inline void cpu_set_remove(struct cpu_set *s, unsigned int cpu)
{
    __atomic_fetch_and(&s->bits[cpu / 64], ~(1ul << (cpu % 64)), __ATOMIC_SEQ_CST);
}

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define ARRAY_SIZE(a)                       (sizeof(a) / sizeof((a)[0]))

#endif
