/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains: finding, creating, ending.  A domain's reference count stands beside the pointer to it,
 * in a table by id that is never freed, so that domain_get takes no lock: who raises a count that
 * is not 0 has a domain that cannot go.  A count that has become 0 stays so until the domain is
 * freed and out of the table; that is left to SOFTIRQ_DOMAIN, because the last reference may go
 * anywhere.
 */
#include "core/domain.h"

#include "core/assert.h"
#include "core/memory/claim.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"
#include "core/sched/pool.h"
#include "core/softirq.h"
#include "core/time.h"
#include "core/vcpu.h"

#include <xen/errno.h>

struct slot {
    struct domain *domain; /* NULL: free; written under list_lock */
    uint32_t references;
    uint32_t orphans; /* frames that a domain of this id has left behind */
};

#define SLOTS (PAGE_SIZE / sizeof(struct slot))

static struct slot *slot_pages[DOMID_FIRST_RESERVED / SLOTS + 1];
static struct lock list_lock = LOCK(RANK_DOMAIN_LIST);
struct domain *domain_list;  /* ascending id; list_lock */
static struct domain *dead;  /* to be freed; atomic */
static struct timer burial;  /* when that goes on */
#define BURIAL_PAUSE 1000000 /* ns */
struct domain *dom0;

/* ---- finding ---- */

static struct slot *slot_of(domid_t id)
{
    struct slot *page;

    if (id >= DOMID_FIRST_RESERVED)
        return NULL;
    page = __atomic_load_n(&slot_pages[id / SLOTS], __ATOMIC_ACQUIRE);
    return page ? &page[id % SLOTS] : NULL;
}

/* The slot of an id, its page made if there was none; NULL: no memory. */
static struct slot *slot_make(domid_t id)
{
    struct slot **at = &slot_pages[id / SLOTS], *none = NULL, *page;

    if (slot_of(id))
        return slot_of(id);
    page = heap_alloc(PAGE_SIZE);
    if (page &&
        !__atomic_compare_exchange_n(at, &none, page, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        heap_free(page); /* another CPU was first */
    return slot_of(id);
}

static bool hold(struct slot *s)
{
    uint32_t n = __atomic_load_n(&s->references, __ATOMIC_RELAXED);

    do {
        if (n + 1 <= 1) /* none, or as many as can be counted */
            return false;
    } while (!__atomic_compare_exchange_n(&s->references, &n, n + 1, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

struct domain *domain_get(domid_t id)
{
    struct slot *s = slot_of(id);

    return s && hold(s) ? __atomic_load_n(&s->domain, __ATOMIC_RELAXED) : NULL;
}

void domain_get_more(struct domain *d)
{
    uint32_t had = __atomic_fetch_add(d->references, 1, __ATOMIC_RELAXED);

    ASSERT(had != 0 && had != UINT32_MAX);
}

struct domain *domain_get_from(domid_t id)
{
    struct domain *d;

    lock_take(&list_lock);
    for (d = domain_list; d; d = d->next)
        if (d->id >= id && hold(slot_of(d->id)))
            break;
    lock_release(&list_lock);
    return d;
}

void domain_for_each(void (*fn)(struct domain *d))
{
    lock_take(&list_lock);
    for (struct domain *d = domain_list; d; d = d->next)
        fn(d);
    lock_release(&list_lock);
}

static void queue_dead(struct domain *d)
{
    d->next_dead = __atomic_load_n(&dead, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&dead, &d->next_dead, d, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        continue;
}

/* Nobody holds it any more. */
static __attribute__((noinline)) void bury(struct domain *d)
{
    ASSERT(slot_of(d->id)->domain == d);
    queue_dead(d);
    softirq_raise(SOFTIRQ_DOMAIN);
}

void domain_put(struct domain *d)
{
    uint32_t had = __atomic_fetch_sub(d->references, 1, __ATOMIC_ACQ_REL);

    ASSERT(had > 0);
    if (had == 1)
        bury(d);
}

void domain_orphan(domid_t id)
{
    __atomic_fetch_add(&slot_of(id)->orphans, 1, __ATOMIC_RELAXED);
}

void domain_orphan_gone(domid_t id)
{
    uint32_t had = __atomic_fetch_sub(&slot_of(id)->orphans, 1, __ATOMIC_RELEASE);

    ASSERT(had > 0);
}

uint32_t domain_orphans(domid_t id)
{
    return __atomic_load_n(&slot_of(id)->orphans, __ATOMIC_ACQUIRE);
}

/* A domain has the id, or frames still bear it. */
static bool taken(const struct slot *s)
{
    return s->domain || __atomic_load_n(&s->orphans, __ATOMIC_ACQUIRE);
}

static struct domain **place_in_list(domid_t id)
{
    struct domain **at = &domain_list;

    ASSERT(lock_held(&list_lock));
    while (*at && (*at)->id < id)
        at = &(*at)->next;
    return at;
}

/* False: the id is taken. */
static bool publish(struct slot *s, struct domain *d)
{
    struct domain **at;

    lock_take(&list_lock);
    if (taken(s)) {
        lock_release(&list_lock);
        return false;
    }
    at = place_in_list(d->id);
    d->next = *at;
    *at = d;
    d->references = &s->references;
    __atomic_store_n(&s->domain, d, __ATOMIC_RELAXED);
    __atomic_store_n(&s->references, 1, __ATOMIC_RELEASE);
    lock_release(&list_lock);
    return true;
}

static void unpublish(struct domain *d)
{
    struct slot *s = slot_of(d->id);
    struct domain **at;

    lock_take(&list_lock);
    at = place_in_list(d->id);
    ASSERT(*at == d && s->references == 0);
    *at = d->next;
    s->domain = NULL;
    lock_release(&list_lock);
}

/* ---- birth ---- */

static int shared_create(struct domain *d)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

    if (mfn == MFN_NONE)
        return -XEN_ENOMEM;
    d->shared_mfn = mfn;
    d->shared = frame_map(mfn);
    __builtin_memset(d->shared, 0, PAGE_SIZE);
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        d->shared->vcpu_info[i].evtchn_upcall_mask = d->kind->events_masked;
    m2p_set(mfn, M2P_INVALID);
    frame_share(frame_of(mfn), d);
    return 0;
}

/* The guest and others may still refer to the frame; then it stays theirs. */
static void shared_destroy(struct domain *d)
{
    struct shared_info *shared = d->shared;

    if (!shared)
        return;
    time_forget(d);
    frame_unmap(shared);
    frame_unshare(frame_of(d->shared_mfn), d);
}

static void set_defaults(struct domain *d, domid_t id, const struct guest_kind *kind,
                         const struct domain_config *config)
{
    d->flags = config->flags;
    d->emulation = config->emulation;
    d->options = config->options;
    __builtin_memcpy(d->handle, config->handle, sizeof(d->handle));
    d->id = id;
    d->kind = kind;
    d->privileged = id == 0;
    d->pause_count = 1;
    d->started = id == 0;
    d->pauses = id != 0; /* the toolstack lets it run, Dom0 runs by itself */
    d->pages_first = FRAME_LIST_END;
    lock_init(&d->pause_lock, RANK_PAUSE);
    lock_init(&d->lock, RANK_DOMAIN);
    lock_init(&d->pagetable_lock, RANK_PAGETABLES);
    lock_init(&d->page_lock, RANK_PAGE_LIST);
    sched_domain_init(d);
}

/* The rest of a domain that nobody knows: it never was published, or is so no more. */
static void domain_free(struct domain *d)
{
    sched_domain_destroy(d);
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            vcpu_destroy(d->vcpus[id]);
    event_domain_destroy(d);
    grant_domain_destroy(d);
    pirq_domain_destroy(d);
    shared_destroy(d);
    heap_free(d->memory_map);
    heap_free(d->vcpus);
    d->max_vcpus = 0;
    d->kind->domain_free(d);
}

static struct domain *domain_new(domid_t id, const struct guest_kind *kind,
                                 const struct domain_config *config)
{
    struct domain *d = kind->domain_alloc();

    if (!d)
        return NULL;
    set_defaults(d, id, kind, config);
    d->vcpus = heap_alloc(config->vcpus * sizeof(d->vcpus[0]));
    if (!d->vcpus)
        goto free_domain;
    if (shared_create(d))
        goto free_vcpus;
    if (event_domain_create(d))
        goto destroy_shared;
    event_set_max_port(d, config->port_max);
    if (grant_domain_create(d, config->grant_frames, config->grant_tracks))
        goto destroy_events;
    if (config->pirqs && pirq_domain_create(d, config->pirqs))
        goto destroy_grants;
    d->max_vcpus = config->vcpus;
    time_publish_wallclock(d);
    return d;

destroy_grants:
    grant_domain_destroy(d);
destroy_events:
    event_domain_destroy(d);
destroy_shared:
    shared_destroy(d);
free_vcpus:
    heap_free(d->vcpus);
free_domain:
    sched_domain_destroy(d);
    kind->domain_free(d);
    return NULL;
}

static bool config_ok(const struct domain_config *config)
{
    return config->vcpus && config->vcpus <= DOMAIN_VCPUS_MAX && config->grant_frames &&
           config->grant_frames <= GRANT_FRAMES_DEFAULT &&
           config->grant_tracks <= GRANT_TRACKS_DEFAULT;
}

int domain_create(domid_t id, const struct guest_kind *kind, unsigned int max_vcpus,
                  struct domain **out)
{
    const struct domain_config config = DOMAIN_CONFIG(max_vcpus);

    return domain_create_as(id, kind, &config, out);
}

int domain_create_as(domid_t id, const struct guest_kind *kind, const struct domain_config *config,
                     struct domain **out)
{
    struct domain *d;
    struct slot *s;

    if (id >= DOMID_FIRST_RESERVED || !config_ok(config))
        return -XEN_EINVAL;
    s = slot_make(id);
    if (!s)
        return -XEN_ENOMEM;
    if (taken(s)) /* not yet for sure: publish looks again */
        return -XEN_EEXIST;
    d = domain_new(id, kind, config);
    if (!d)
        return -XEN_ENOMEM;
    if (pool_move(d, config->pool)) {
        domain_free(d);
        return -XEN_ESRCH;
    }
    if (!publish(s, d)) {
        domain_free(d);
        return -XEN_EEXIST;
    }
    if (id == 0)
        dom0 = d;
    *out = d;
    return 0;
}

/* ---- death ---- */

static void for_each_vcpu(struct domain *d, void (*fn)(struct vcpu *v))
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            fn(d->vcpus[id]);
}

static void sleep_sync(struct vcpu *v)
{
    vcpu_sleep_sync(v, WAIT_DOMAIN);
}

static int stop_vcpus(struct domain *d)
{
    for_each_vcpu(d, sleep_sync);
    return 0;
}

static int drop_pirqs(struct domain *d)
{
    pirq_domain_destroy(d);
    return 0;
}

/* Its pool is no longer kept from ending. */
static int leave_pool(struct domain *d)
{
    return pool_move(d, 0);
}

/* Nobody sends events to it any more. */
static int retire_vcpus(struct domain *d)
{
    for_each_vcpu(d, vcpu_retire);
    shared_destroy(d);
    return 0;
}

static int relinquish(struct domain *d)
{
    return d->kind->domain_relinquish(d);
}

/* In this order; each returns 0 or -XEN_ERESTART, and is called until 0. */
static int (*const stages[])(struct domain *d) = {
    stop_vcpus,   leave_pool, event_domain_close,      drop_pirqs,
    retire_vcpus, relinquish, grant_domain_relinquish, frame_release_all,
};

static int tear_down(struct domain *d)
{
    while (d->teardown < ARRAY_SIZE(stages)) {
        int rc = stages[d->teardown](d);

        if (rc)
            return rc;
        d->teardown++;
        if (preempt_wanted())
            return -XEN_ERESTART;
    }
    return 0;
}

/* From here on it gets no frames and no vCPUs, and none of its vCPUs is let run again. */
static void begin_dying(struct domain *d)
{
    bool begins;

    lock_take(&d->lock);
    lock_take(&d->page_lock);
    begins = !d->is_dying;
    d->is_dying = true;
    lock_release(&d->page_lock);
    claim_set(d, 0);
    lock_release(&d->lock);
    if (begins)
        domain_pause(d);
}

int domain_destroy(struct domain *d)
{
    bool ends = false;
    int rc = 0;

    ASSERT(d != dom0 && d != current_vcpu()->domain);
    begin_dying(d);
    if (__atomic_exchange_n(&d->tearing, true, __ATOMIC_ACQUIRE))
        return -XEN_ERESTART; /* another CPU is at it */
    if (d->teardown < ARRAY_SIZE(stages)) {
        rc = tear_down(d);
        ends = d->teardown == ARRAY_SIZE(stages);
    }
    __atomic_store_n(&d->tearing, false, __ATOMIC_RELEASE);
    if (ends) {
        event_send_global_virq(VIRQ_DOM_EXC);
        domain_put(d);
    }
    return ends ? 0 : rc;
}

static void more_dead(void *unused)
{
    (void)unused;
    softirq_raise(SOFTIRQ_DOMAIN);
}

/* SOFTIRQ_DOMAIN.  What takes long is done in pieces, between which guests run. */
static void free_dead(void)
{
    struct domain *d = __atomic_exchange_n(&dead, NULL, __ATOMIC_ACQUIRE), *next;

    for (; d; d = next) {
        next = d->next_dead;
        ASSERT(d->teardown == ARRAY_SIZE(stages) && d->pages_first == FRAME_LIST_END);
        if (d->kind->domain_wind_up && !d->kind->domain_wind_up(d)) {
            queue_dead(d);
            timer_set(&burial, arch_now() + BURIAL_PAUSE);
            continue;
        }
        unpublish(d);
        domain_free(d);
        event_send_global_virq(VIRQ_DOM_EXC); /* it can be found no more */
    }
}

void domain_init(void)
{
    softirq_bind(SOFTIRQ_DOMAIN, free_dead);
    timer_init(&burial, cpu_id(), more_dead, NULL);
}
