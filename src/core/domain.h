/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/event.h"
#include "core/lock.h"
#include "core/sched.h"
#include "core/types.h"

#include <xen/xen.h>

struct vcpu;
struct domain;
struct grant_domain;
struct memory_map;
struct pirq_domain;

/* What a domain's kind does its own way: one const table each for PV and PVH, bound at creation. */
struct guest_kind {
    const char *name;
    uint8_t bit;                                        /* KIND_* of abi/door.h */
    struct domain *(*domain_alloc)(void);               /* the whole struct, zeroed; NULL: no memory */
    void (*domain_free)(struct domain *d);
    /* The whole struct, zeroed, with domain and id set and the kind's defaults; NULL: no memory. */
    struct vcpu *(*vcpu_alloc)(struct domain *d, unsigned int id);
    void (*vcpu_free)(struct vcpu *v);
    /* The domain dies and none of its vCPUs runs again: give back what they hold of its frames; before
     * frame_release_all.  0, or -ERESTART: call again. */
    int (*domain_relinquish)(struct domain *d);
    /* VCPUOP_initialise: load a struct vcpu_guest_context into a vCPU that does not run; -EINVAL and
     * the like, nothing changed; -ERESTART: call again with the same. */
    int (*vcpu_set_context)(struct vcpu *v, const void *context);
    void (*vcpu_reset)(struct vcpu *v);
    /* May events be delivered now?  For preempt_wanted and SCHEDOP_block. */
    bool (*event_deliverable)(const struct vcpu *v);
    /* Arguments of the hypercall in progress, for restarting it: n from 0. */
    void (*set_argument)(struct vcpu *v, unsigned int n, uint64_t value);
    void (*report)(struct vcpu *v);                     /* print its state to the console */
};

enum { DYING_NO, DYING_PAGES, DYING_DEAD };

struct domain {
    domid_t id;
    const struct guest_kind *kind;
    struct domain *next;                /* list of all, ascending id; RANK_DOMAIN_LIST */
    uint32_t references;                /* domain_get, domain_put */
    bool privileged;                    /* Dom0's rights */
    bool is_shut_down, is_dying;
    uint8_t shutdown_code;              /* SHUTDOWN_*, valid when is_shut_down */
    bool shutdown_code_set;             /* SCHEDOP_shutdown_code: domain_shutdown reports shutdown_code */
    uint32_t pause_count;
    struct lock lock;                   /* RANK_DOMAIN */
    struct lock pagetable_lock;         /* RANK_PAGETABLES */

    struct vcpu **vcpus;                /* max_vcpus of them, NULL where not created */
    unsigned int max_vcpus;

    struct lock page_lock;              /* RANK_PAGE_LIST; guards the next four */
    uint32_t pages_first;               /* list by struct frame.next: mfn, ~0 at the end */
    uint64_t pages, pages_max;          /* frames it has and may have */
    uint64_t pages_claimed;             /* XENMEM_claim_pages: still to come; RANK_DOMAIN */
    struct memory_map *memory_map;      /* abi/memory.h, NULL: none; RANK_DOMAIN; from the heap */
    uint64_t pages_shared;              /* Zeroth's frames that it may map */

    struct shared_info *shared;         /* mapped for good */
    mfn_t shared_mfn;
    struct event_domain event;
    struct sched_domain sched;
    struct grant_domain *grant;
    struct pirq_domain *pirq;
    uint32_t vm_assist;
    int64_t time_offset;                /* seconds */
    xen_domain_handle_t handle;
};

/* Create: -ENOMEM, -EEXIST id.  It has no memory but shared_info and is paused once. */
int domain_create(domid_t id, const struct guest_kind *kind, unsigned int max_vcpus,
                  struct domain **out);
void domain_destroy(struct domain *d);

/* Find and hold; NULL: no such domain. */
struct domain *domain_get(domid_t id);
void domain_put(struct domain *d);
extern struct domain *dom0;

void domain_pause(struct domain *d);            /* does not wait */
void domain_pause_sync(struct domain *d);       /* waits until no vCPU runs; not for one's own */
void domain_unpause(struct domain *d);

/* SCHEDOP_shutdown: stops all vCPUs; for Dom0 the machine follows (power off, reboot, halt). */
void domain_shutdown(struct domain *d, unsigned int reason);
/* A guest broke beyond repair: report its state, then SHUTDOWN_crash.  Any exit path context. */
void domain_crash(struct domain *d, const char *why);

/* vCPU by number; NULL: no such one was created. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint64_t id)
{
    return id < d->max_vcpus ? d->vcpus[id] : NULL;
}

#endif
