/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/event/event.h"
#include "core/sched/sched.h"
#include "core/timer.h"

#include <xen/vcpu.h>

struct domain;
struct multicall_entry;

/* The part of a vCPU that no machine and no kind knows of; x86/guest.h has the whole. */
struct vcpu {
    struct domain *domain;
    unsigned int id, cpu; /* cpu: where it runs, ran last or will run */
    uint32_t waits;       /* WAIT_*; core/sched/sched.c's, read by anyone */
    uint32_t pause_count;
    bool initialised, is_idle;
    struct lock lock; /* RANK_VCPU; guards: pause_count, period, tick_* */

    volatile struct vcpu_info *info; /* shared with the guest; never NULL */
    struct vcpu_info *own_info;      /* where info is at first, unless in shared_info */
    mfn_t info_mfn;                  /* frame that info lies in when registered, else MFN_NONE */
    struct sched_vcpu sched;
    struct event_vcpu event;

    struct timer singleshot, periodic, poll;
    ns_t period;      /* 0: no periodic timer */
    ns_t tick_due;    /* the next of it */
    bool tick_waits;  /* it came due while the vCPU slept, and is not armed */
    port_t poll_port; /* SCHEDOP_poll: the one port waited for; 0 none, ~0 several */

    struct vcpu_runstate_info runstate; /* core/time.c's */
    uint32_t runstate_version;          /* odd: it is being changed */
    uint64_t runstate_area;             /* guest address, 0: none */
    bool runstate_narrow;               /* as 32-bit code has it */
    uint64_t time_area;                 /* guest address of a second copy of info's time, 0: none */
    uint32_t time_version;              /* of what was published last, even */
    uint32_t time_epoch;                /* of the clock that was published last; 0: none */
    uint64_t tsc_offset; /* what its TSC shows beyond the machine's, at its own rate */
    uint64_t tsc_rate;   /* its ticks for one of the machine's, 32 bits of fraction; 0: one */

    bool narrow; /* the hypercall in progress is 32-bit code's: abi/narrow.h */
    bool nmi_pending;
    bool signalled;                    /* events began to be pending; who looks for it clears it */
    struct multicall_entry *multicall; /* the entry that runs (abi/multicall.c's copy), else NULL */
    struct {
        uint64_t tag, done;
    } resume; /* of a preempted hypercall: door_progress */
};

/* Create a vCPU, down: -XEN_EINVAL id, -XEN_EEXIST, -XEN_ENOMEM.  Its 100 Hz periodic timer begins
 * when it first runs, as on Xen 4.17.  Interrupts on, no lock from RANK_DOMAIN on. */
int vcpu_create(struct domain *d, unsigned int id, struct vcpu **out);
/* It is asleep for good (vcpu_sleep_sync) and the kind's domain_relinquish is done, or it never
 * ran. */
void vcpu_destroy(struct vcpu *v);
/* Nothing of it is armed any more and its vcpu_info is out of the guest's reach: end of its domain,
 * after event_domain_close.  Interrupts on, no lock. */
void vcpu_retire(struct vcpu *v);

/* VCPUOP_initialise: -XEN_EEXIST, -XEN_EINVAL context, or no vcpu_info that the guest can see;
 * -XEN_ERESTART: call again with the same. */
int vcpu_initialise(struct vcpu *v, const void *context);
/* XEN_DOMCTL_setvcpucontext of one that does not run: errors of the kind's vcpu_set_context;
 * -XEN_ERESTART: call again with the same.  It is up from then on, or down. */
int vcpu_load(struct vcpu *v, const void *context, bool up);
/* It does not run: as it was created, and down.  -XEN_ERESTART: call again; -XEN_EINVAL: its domain dies. */
int vcpu_reset(struct vcpu *v);
/* VCPUOP_up: -XEN_EINVAL: not initialised. */
int vcpu_up(struct vcpu *v);
/* VCPUOP_down.  When no vCPU of the domain is up any more, it is a SHUTDOWN_poweroff. */
void vcpu_down(struct vcpu *v);
/* VCPUOP_register_vcpu_info: -XEN_ENXIO offset; -XEN_EINVAL: registered already, v is up and not
 * the current one, or not a frame of the domain that may be written to. */
int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset);
/* Has it a vcpu_info in memory of the guest? */
bool vcpu_has_info(const struct vcpu *v);
/* VCPUOP_send_nmi.  Any context. */
void vcpu_send_nmi(struct vcpu *v);

/* VIRQ_TIMER of the current vCPU, once, at a system time; and no more. */
void vcpu_set_singleshot(struct vcpu *v, ns_t when);
void vcpu_stop_singleshot(struct vcpu *v);
/* VIRQ_TIMER again and again while the vCPU runs or could run; period 0: no more. */
void vcpu_set_periodic(struct vcpu *v, ns_t period);
/* It has been put on a CPU and tick_waits is set. */
void vcpu_tick_late(struct vcpu *v);

#endif
