/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/event.h"
#include "core/sched.h"
#include "core/timer.h"

#include <xen/vcpu.h>

struct domain;
struct multicall_entry;

/* The part of a vCPU that no machine and no kind knows of; x86/guest.h has the whole. */
struct vcpu {
    struct domain *domain;
    unsigned int id, cpu;               /* cpu: where it runs, ran last or will run */
    uint32_t waits;                     /* WAIT_*; core/sched.c's, read by anyone */
    uint32_t pause_count;
    bool initialised, is_idle;
    struct lock lock;                   /* RANK_VCPU; guards: pause_count */

    volatile struct vcpu_info *info;    /* shared with the guest; never NULL */
    mfn_t info_mfn;                     /* frame that info lies in when registered, else MFN_NONE */
    struct sched_vcpu sched;
    struct event_vcpu event;

    struct timer singleshot, periodic, poll;
    ns_t period;                        /* 0: no periodic timer */
    port_t poll_port;                   /* SCHEDOP_poll: the one port waited for; 0 none, ~0 several */

    struct vcpu_runstate_info runstate;
    uint64_t runstate_area;             /* guest address, 0: none */
    uint64_t time_area;                 /* guest address of VCPUOP_register_vcpu_time_memory_area, 0: none */
    uint32_t time_version;

    bool nmi_pending;
    struct multicall_entry *multicall;  /* the entry that runs (abi/multicall.c's copy), else NULL */
    uint64_t resume[4];                 /* what is left of a preempted hypercall; see abi/door.h */
};

/* Create vCPU id of a domain, down; the kind's vcpu_create makes the struct.  -ENOMEM, -EEXIST, -EINVAL id. */
int vcpu_create(struct domain *d, unsigned int id, struct vcpu **out);
void vcpu_destroy(struct vcpu *v);

#endif
