/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core/ needs of the machine in a few instructions; core/machine.h includes it by the include
 * path, so that the workbench on the host puts its own in its place (test/workbench/machine/inline.h).
 */
#ifndef MACHINE_INLINE_H
#define MACHINE_INLINE_H

#include "x86/layout.h"
#include "x86/percpu.h"

#include <stdbool.h>
#include <stdint.h>

struct frame;
struct vcpu;

/* The number of the CPU that this runs on; steady only where no vCPU can be switched, that is everywhere in Zeroth. */
static inline unsigned int cpu_id(void)
{
    return percpu_read32(PERCPU_CPU);
}

/* The vCPU that this CPU runs, the idle one included. */
static inline struct vcpu *current_vcpu(void)
{
    return (struct vcpu *)percpu_read64(PERCPU_CURRENT);
}

static inline bool irq_save(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return flags & 0x200;
}

static inline void irq_restore(bool were_on)
{
    if (were_on)
        __asm__ volatile("sti" : : : "memory");
}

static inline void irq_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void irq_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline bool irq_is_on(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    return flags & 0x200;
}

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Softirqs that wait on this CPU: bits of core/softirq.h.  Others raise them too: the lock prefix keeps
 * both from losing what the other raised. */
static inline void softirq_raise_bits(uint32_t bits)
{
    __asm__ volatile("lock orl %0, %%gs:%c1" : : "r"(bits), "i"(PERCPU_SOFTIRQS) : "memory");
}

static inline uint32_t softirq_take_bits(void)
{
    uint32_t bits = 0;

    __asm__ volatile("xchgl %0, %%gs:%c1" : "+r"(bits) : "i"(PERCPU_SOFTIRQS) : "memory");
    return bits;
}

static inline uint32_t softirq_bits(void)
{
    return percpu_read32(PERCPU_SOFTIRQS);
}

/* The table of struct frame, one each for frames from 0 on. */
static inline struct frame *frame_table(void)
{
    return (struct frame *)FRAME_BASE;
}

/* The machine-to-physical table, by its writable alias. */
static inline uint64_t *m2p_table(void)
{
    return (uint64_t *)M2P_WRITABLE;
}

/* Frames of RAM are mapped for good. */
static inline void *frame_map(uint64_t mfn)
{
    return (void *)(DIRECT_BASE + (mfn << 12));
}

static inline void frame_unmap(const void *at)
{
    (void)at;
}

/* The number of the frame behind an address that frame_map gave. */
static inline uint64_t frame_at(const void *at)
{
    return ((uint64_t)at - DIRECT_BASE) >> 12;
}

#endif
