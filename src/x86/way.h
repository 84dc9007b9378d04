/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a vCPU gets onto a CPU, off it and out to its guest: one const table for each kind of guest and
 * one for idle vCPUs, bound when the vCPU is created (struct x86_vcpu.way).
 */
#ifndef X86_WAY_H
#define X86_WAY_H

#include "x86/guest.h"

struct vcpu_way {
    /* arch_context_switch, interrupts off, in this order: what prev has in this CPU goes into its
     * struct; next gets the CPU (address space, segments, debug registers, FPU); nothing of prev's
     * address space is in this CPU any more. */
    void (*save)(struct x86_vcpu *v);
    void (*load)(struct x86_vcpu *v);
    void (*left)(struct x86_vcpu *v, const struct vcpu *next);
    /* The way out, interrupts off, no softirq waits: deliver what is due to the current vCPU.  False:
     * it may go; true: look again for softirqs. */
    bool (*deliver)(struct x86_vcpu *v);
};

/* For load: Zeroth's own address space and this CPU's own GDT. */
void switch_to_own_tables(void);

/* Of idle vCPUs. */
extern const struct vcpu_way idle_way;

/*
 * The way out to the current vCPU, called by exit_to_guest (x86/pv/entry.S), interrupts off: runs
 * softirqs, delivers what is due, until there is nothing more; on an idle vCPU it does not return.
 */
void exit_work(void);

/* Where exit_to_guest goes on with a vCPU that is not a PV guest's; bound at boot, before there is
 * one.  Interrupts off, RSP at the top of the CPU's stack. */
extern void (*exit_by_hardware)(void);

#endif
