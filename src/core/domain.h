/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/event/event.h"
#include "core/memory/frame.h"
#include "core/lock.h"
#include "core/sched/sched.h"
#include "core/types.h"

#include <xen/xen.h>

struct frame;
struct vcpu;
struct domain;
struct grant_domain;
struct memory_map;
struct pirq_domain;

/* What a domain's kind does its own way: one const table each for PV and PVH, bound at creation. */
struct guest_map;
struct guest_kind {
    const char *name;
    uint8_t bit;                          /* KIND_* of abi/door.h */
    unsigned int vcpus_max;               /* that a domain may have; 0: as many as any */
    struct domain *(*domain_alloc)(void); /* the whole struct, zeroed; NULL: no memory */
    void (*domain_free)(struct domain *d);
    /* Before that, when nobody knows the domain any more: a piece of what takes long.  True: it is done.
     * NULL: nothing does. */
    bool (*domain_wind_up)(struct domain *d);
    /* The whole struct, zeroed, with domain and id set and the kind's defaults; NULL: no memory. */
    struct vcpu *(*vcpu_alloc)(struct domain *d, unsigned int id);
    void (*vcpu_free)(struct vcpu *v);
    /* The domain dies and none of its vCPUs runs again: give back what they hold of its frames; before
     * frame_release_all.  0, or -ERESTART: call again. */
    int (*domain_relinquish)(struct domain *d);
    /* Load a struct vcpu_guest_context into a vCPU that does not run; -EINVAL and the like, nothing
     * changed; -ERESTART: call again with the same.  Of one that is initialised only what is no frame
     * may change: -EOPNOTSUPP. */
    int (*vcpu_set_context)(struct vcpu *v, const void *context);
    /* VCPUOP_initialise, with the kind's own struct of start_size bytes: the same for a first start. */
    int (*vcpu_start)(struct vcpu *v, const void *context);
    size_t start_size;
    /* A struct vcpu_guest_context of one that does not run. */
    void (*vcpu_get_context)(struct vcpu *v, void *context);
    /* As it was created; it does not run.  0, or -ERESTART: call again. */
    int (*vcpu_reset)(struct vcpu *v);
    /* May events be delivered now?  For preempt_wanted and SCHEDOP_block. */
    bool (*event_deliverable)(const struct vcpu *v);
    bool events_masked; /* a new vCPU's evtchn_upcall_mask */
    /* Arguments of the hypercall in progress, for restarting it: n from 0. */
    void (*set_argument)(struct vcpu *v, unsigned int n, uint64_t value);
    void (*report)(struct vcpu *v); /* print its state to the console */
    /* The frame behind a number of the domain's, with a reference; NULL: none of its own. */
    struct frame *(*frame_get)(struct domain *d, gfn_t gfn);
    /* A frame that granter granted, mapped where the current vCPU says (GNTMAP_* flags), and that mapping
     * gone, or replaced by the one at another address; GNTST_*.  The frame is held.  No lock. */
    int (*grant_map)(struct vcpu *v, uint64_t at, uint32_t flags, struct domain *granter,
                     mfn_t mfn);
    int (*grant_unmap)(struct vcpu *v, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn);
    void (*flush)(struct domain *d); /* all translations of it, on all CPUs */
    const struct guest_map *map;     /* NULL: its frame numbers are the machine's */
};

/* Of a kind whose domains have frame numbers of their own.  RANK_DOMAIN of d may be held. */
struct guest_map {
    /* 2^order of d's frames from mfn on get numbers from gfn on; what these had is the domain's no
     * more.  -XEN_EINVAL: no such numbers, or grants are mapped there; -XEN_ENOMEM: no tables. */
    int (*add)(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order);
    /* A number is given up, and the frame of the domain's that it had; flushed before that.
     * -XEN_EINVAL: it has none; -XEN_ENOMEM. */
    int (*drop)(struct domain *d, gfn_t gfn);
    /* The same, but the frame stays the domain's, to be added elsewhere. */
    int (*take)(struct domain *d, gfn_t gfn, mfn_t *mfn);
    gfn_t (*highest)(const struct domain *d); /* number that was ever added */
    /* Pages for the tables behind the map, those in use included: how many there are; and as many as
     * that, but for those in use.  -XEN_ENOMEM, as many as before; -XEN_ERESTART: call again. */
    uint64_t (*pool)(struct domain *d);
    int (*set_pool)(struct domain *d, uint64_t pages);
    /*
     * A log of which numbers' frames were written to.  log_start, log_stop: -XEN_ERESTART: call again;
     * -XEN_ENOMEM.  log_read: a bit for each of 64 * count numbers from first on, a multiple of 64;
     * clear: what is told of is told of no more, but only who has called flush then sees all writes
     * that were before.  No lock.  wrote: somebody else than the domain writes to
     * a frame of its, or may do so as long as it has a use of it; any context.
     */
    int (*log_start)(struct domain *d);
    int (*log_stop)(struct domain *d);
    void (*log_read)(struct domain *d, gfn_t first, uint64_t *words, unsigned int count,
                     bool clear);
    void (*wrote)(struct domain *d, mfn_t mfn);
};

struct domain {
    domid_t id;
    const struct guest_kind *kind;
    struct domain *next; /* list of all, ascending id; RANK_DOMAIN_LIST */
    struct domain *next_dead;
    uint32_t *references;       /* in its slot, which is never freed; atomic */
    bool privileged;            /* Dom0's rights */
    bool is_shut_down;          /* RANK_PAUSE */
    bool is_dying;              /* set under lock and page_lock, never cleared */
    bool is_crashed;            /* reported, stopped or about to be; atomic */
    bool tearing;               /* a CPU is in domain_destroy; atomic */
    uint8_t teardown;           /* stages of domain_destroy that are done */
    uint8_t shutdown_code;      /* SHUTDOWN_*, valid when is_shut_down */
    bool shutdown_code_set;     /* SCHEDOP_shutdown_code has set the code */
    uint32_t pause_count;       /* RANK_PAUSE */
    struct lock pause_lock;     /* RANK_PAUSE; guards also: vcpus[] as they come */
    struct lock lock;           /* RANK_DOMAIN */
    struct lock pagetable_lock; /* RANK_PAGETABLES */

    struct vcpu **vcpus; /* max_vcpus of them, NULL where not created */
    unsigned int max_vcpus;

    struct lock page_lock;         /* RANK_PAGE_LIST; guards the next five */
    uint32_t pages_first;          /* list by struct frame.next: mfn, ~0 at the end */
    uint32_t settle_at;            /* frame_release_all goes on here: 0 from the first, ~0 done */
    uint64_t pages, pages_max;     /* frames it has and may have */
    uint64_t pages_claimed;        /* XENMEM_claim_pages: still to come; RANK_DOMAIN */
    struct memory_map *memory_map; /* abi/memory_map.h, NULL: none; RANK_DOMAIN; from the heap */
    uint64_t pages_shared;         /* Zeroth's frames that it may map */

    struct shared_info *shared; /* mapped until the domain is torn down, then NULL */
    mfn_t shared_mfn;
    bool shared_narrow; /* the guest has it as 32-bit code does: SHARED_NARROW_ */
    struct event_domain event;
    struct sched_domain sched;
    struct grant_domain *grant;
    struct pirq_domain *pirq;
    uint64_t vm_assist;  /* bits by VMASST_TYPE_* */
    int64_t time_offset; /* seconds */
    xen_domain_handle_t handle;

    /* The toolstack's; RANK_DOMAIN. */
    uint32_t pauses;             /* of pause_count: XEN_DOMCTL_pausedomain's */
    uint32_t flags;              /* XEN_DOMCTL_CDF_* */
    uint32_t emulation, options; /* struct xen_arch_domainconfig */
    bool started;                /* it was let run once; never cleared */
    bool debugged;               /* XEN_DOMCTL_setdebugging */
    bool logs_writes;            /* XEN_DOMCTL_shadow_op */
    struct {
        uint64_t list, done, found;
    } log;               /* how far it has been read into which list, when that was preempted */
    port_t suspend_port; /* XEN_DOMCTL_subscribe; 0: none */
    uint64_t nodes;      /* XEN_DOMCTL_setnodeaffinity; 0: never set */
};

/* Where 32-bit code has in shared_info and vcpu_info what 64-bit code has elsewhere, and how many ports
 * (xen/xen.h, with a long of 4 bytes). */
enum {
    SHARED_NARROW_PORTS = 32 * 32,
    SHARED_NARROW_MASK = 32 * 64 + SHARED_NARROW_PORTS / 8,
    SHARED_NARROW_CLOCK = SHARED_NARROW_MASK +
                          SHARED_NARROW_PORTS / 8,              /* wc_version, wc_sec, wc_nsec */
    SHARED_NARROW_SEC_HI = SHARED_NARROW_CLOCK + 3 * 4 + 6 * 4, /* behind arch's first six */
    VCPU_INFO_NARROW_SEL = 4,
};

#define DOMAIN_VCPUS_MAX 8192u

/* What a domain is created with. */
struct domain_config {
    unsigned int vcpus;                      /* that it may have */
    port_t port_max;                         /* highest event channel */
    unsigned int grant_frames, grant_tracks; /* pages at most: core/grant/grant.h */
    unsigned int pirqs;                      /* 0: its creator makes them */
    uint32_t pool;                           /* core/sched/pool.h */
    uint32_t flags, emulation, options;
    xen_domain_handle_t handle;
};
#define DOMAIN_CONFIG(vcpus_) \
    { \
        .vcpus = (vcpus_), .port_max = ~0u, .grant_frames = GRANT_FRAMES_DEFAULT, \
        .grant_tracks = GRANT_TRACKS_DEFAULT \
    }

/* Boot, once, before the first domain_create: binds SOFTIRQ_DOMAIN. */
void domain_init(void);
/* The option noreboot: after Dom0's crash or restart the machine halts instead. */
void domain_set_noreboot(bool noreboot);

/*
 * 0; -XEN_EINVAL: id is not one of an ordinary domain, or the configuration has none or too many;
 * -XEN_EEXIST: the id is taken, or frames of one that had it are still in use; -XEN_ESRCH: no such CPU
 * pool, or one without CPUs; -XEN_ENOMEM.  It has
 * no memory but shared_info, may have none (pages_max is 0), has no vCPU, is paused once and can be
 * found from now on; the caller has no reference beyond the creation's, which domain_destroy
 * drops.  Domain 0 is dom0, privileged.  Interrupts on, no lock.
 */
int domain_create_as(domid_t id, const struct guest_kind *kind, const struct domain_config *config,
                     struct domain **out);
/* The same with DOMAIN_CONFIG(max_vcpus). */
int domain_create(domid_t id, const struct guest_kind *kind, unsigned int max_vcpus,
                  struct domain **out);
/*
 * End a domain; the caller holds a reference and is none of its vCPUs.  0; -XEN_ERESTART: more is
 * to be done, call again.  It is freed when its last reference goes and can be found until then.
 * Not dom0. Interrupts on, no lock.
 */
int domain_destroy(struct domain *d);

/* Find and hold; NULL: no such domain.  Any context, no lock. */
struct domain *domain_get(domid_t id);
/* Hold a domain that is surely held already.  Any context, no lock. */
void domain_get_more(struct domain *d);
/* The same for the first with this id or a higher one.  No lock. */
struct domain *domain_get_from(domid_t id);
void domain_put(struct domain *d); /* any context */
/* For core/memory/frame_owner.c: a frame that others refer to is given up by its domain and keeps the number of
 * it; and: that is over.  Meanwhile no other domain gets the number.  Any context. */
void domain_orphan(domid_t id);
void domain_orphan_gone(domid_t id);
uint32_t domain_orphans(domid_t id);
extern struct domain *dom0;
extern struct domain *domain_list; /* for who reads a dump: all, by their next */
/* Call for each domain, with RANK_DOMAIN_LIST held, in ascending order. */
void domain_for_each(void (*fn)(struct domain *d));

void domain_pause(struct domain *d); /* does not wait; any context */
/* Waits until no vCPU runs; not for one's own.  Interrupts on, no lock. */
void domain_pause_sync(struct domain *d);
/* The same after domain_pause; also returns when that has been undone. */
void domain_pause_wait(struct domain *d);
void domain_unpause(struct domain *d);

/* XEN_DOMCTL_resumedomain: it has not shut down any more.  Any context. */
void domain_resume(struct domain *d);

/*
 * SCHEDOP_shutdown: all vCPUs stop, the current one on its way out.  The first reason stays.  For
 * dom0 the machine follows and this does not return: off for SHUTDOWN_poweroff, else reset (Xen
 * 4.17 does so for SHUTDOWN_suspend and unknown reasons too); for another, dom0 gets VIRQ_DOM_EXC, or
 * for a suspend the port of suspend_port is told.
 * Any context.
 */
void domain_shutdown(struct domain *d, unsigned int reason);
/* A guest broke beyond repair: report its state, then SHUTDOWN_crash.  Any context on the way
 * out to a guest; no lock from RANK_PAUSE on. */
void domain_crash(struct domain *d, const char *why);

/* vCPU by number; NULL: no such one was created. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint64_t id)
{
    return id < d->max_vcpus ? d->vcpus[id] : NULL;
}

/* The frame of d's own behind a number that it named, with a reference; NULL: none.  Any context. */
static inline struct frame *domain_frame_get(struct domain *d, gfn_t gfn)
{
    struct frame *f;

    if (d->kind->map)
        return d->kind->frame_get(d, gfn);
    f = frame_of(gfn);
    return f && frame_get(f, d) ? f : NULL;
}

#endif
