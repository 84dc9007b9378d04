/* SPDX-License-Identifier: Apache-2.0 */
/* The fake machine's short functions, in place of x86/inline/machine/inline.h. */
#ifndef MACHINE_INLINE_H
#define MACHINE_INLINE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

struct frame;
struct vcpu;

extern __thread unsigned int workbench_cpu;
extern __thread struct vcpu *workbench_current;
extern __thread bool workbench_irq;
extern __thread uint32_t workbench_softirqs;
extern struct frame *workbench_frames;
extern uint64_t *workbench_m2p;
extern char *workbench_ram;

static inline unsigned int cpu_id(void)
{
    return workbench_cpu;
}

static inline struct vcpu *current_vcpu(void)
{
    return workbench_current;
}

static inline bool irq_save(void)
{
    bool on = workbench_irq;

    workbench_irq = false;
    return on;
}

static inline void irq_restore(bool were_on)
{
    workbench_irq = were_on;
}

static inline void irq_off(void)
{
    workbench_irq = false;
}

static inline void irq_on(void)
{
    workbench_irq = true;
}

static inline bool irq_is_on(void)
{
    return workbench_irq;
}

/* A CPU that is a thread may wait for one that the host does not run now. */
static inline void cpu_relax(void)
{
    sched_yield();
}

static inline void softirq_raise_bits(uint32_t bits)
{
    workbench_softirqs |= bits;
}

static inline uint32_t softirq_take_bits(void)
{
    uint32_t bits = workbench_softirqs;

    workbench_softirqs = 0;
    return bits;
}

static inline uint32_t softirq_bits(void)
{
    return workbench_softirqs;
}

static inline struct frame *frame_table(void)
{
    return workbench_frames;
}

static inline uint64_t *m2p_table(void)
{
    return workbench_m2p;
}

static inline uint64_t frame_at(const void *at)
{
    return (uint64_t)((const char *)at - workbench_ram) >> 12;
}

#endif
