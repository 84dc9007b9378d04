/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: a domain's creation and end, its pauses, and what is told of it. */
#include "abi/domctl/rows.h"

#include "core/domain.h"
#include "core/event/event.h"
#include "core/grant/grant.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/softirq.h"
#include "core/time.h"
#include "core/vcpu.h"

#define PAUSES_MAX      255u    /* measured */
#define CODE_NONE       0xffffu /* where a shutdown's code would be */
#define PIRQS           64u     /* of a domain without devices */
#define GRANT_VERSION_1 1u

/* ---- birth ---- */

/* A negative limit asks for the usual one. */
static unsigned int limit(int32_t asked, unsigned int usual)
{
    return asked < 0 ? usual : (unsigned int)asked;
}

#define HARDWARE_FLAGS (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)

static bool flags_ok(const struct xen_domctl_createdomain *c)
{
    uint32_t hardware = c->flags & HARDWARE_FLAGS;

    /* Shadow page tables stay off whether asked to or not, so that a hardware domain has nested ones;
     * nothing is integrity-checked for tboot, no device assigned, no performance counter virtual. */
    return !(c->flags & ~(HARDWARE_FLAGS | XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain)) &&
           (hardware == 0 || hardware == HARDWARE_FLAGS) && !c->iommu_opts;
}

static long check_config(const struct xen_domctl_createdomain *c, const struct guest_kind **kind)
{
    int rc = arch_domain_kind(c->flags & XEN_DOMCTL_CDF_hvm, c->arch.emulation_flags,
                              c->arch.misc_flags, kind);

    if (rc)
        return rc;
    if (!flags_ok(c) || c->vmtrace_size || c->grant_opts != GRANT_VERSION_1)
        return -XEN_EINVAL;
    if ((*kind)->vcpus_max && c->max_vcpus > (*kind)->vcpus_max)
        return -XEN_EINVAL;
    return 0;
}

/* Numbers go round, so that one is not used again at once. */
static domid_t next_id(void)
{
    static domid_t last; /* atomic */
    domid_t was = __atomic_load_n(&last, __ATOMIC_RELAXED), next;

    do
        next = was < DOMID_FIRST_RESERVED - 1 ? (domid_t)(was + 1) : 1;
    while (
        !__atomic_compare_exchange_n(&last, &was, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return next;
}

static int create_any(const struct guest_kind *kind, const struct domain_config *config,
                      struct domain **out)
{
    int rc = -XEN_EEXIST;

    for (unsigned int i = 0; rc == -XEN_EEXIST && i < DOMID_FIRST_RESERVED; i++)
        rc = domain_create_as(next_id(), kind, config, out);
    return rc == -XEN_EEXIST ? -XEN_ENOMEM : rc;
}

/* By another domain; 0 asks for any. */
static bool is_taken(domid_t id)
{
    struct domain *d = id && id < DOMID_FIRST_RESERVED ? domain_get(id) : NULL;

    if (d)
        domain_put(d);
    return d;
}

DOMCTL(createdomain)
{
    DOMCTL_ENTER(createdomain);
    struct domain_config config = {
        .vcpus = a->max_vcpus,
        .port_max = a->max_evtchn_port,
        .pirqs = PIRQS,
        .grant_frames = limit(a->max_grant_frames, GRANT_FRAMES_DEFAULT),
        .grant_tracks = limit(a->max_maptrack_frames, GRANT_TRACKS_DEFAULT),
        .flags = a->flags,
        .emulation = a->arch.emulation_flags,
        .options = a->arch.misc_flags,
        .pool = a->cpupool_id,
    };
    const struct guest_kind *kind;
    long rc = is_taken(op->domain) ? -XEN_EEXIST : check_config(a, &kind);

    if (rc)
        return rc;
    __builtin_memcpy(config.handle, a->handle, sizeof(config.handle));
    if (op->domain == 0 || op->domain >= DOMID_FIRST_RESERVED)
        rc = create_any(kind, &config, &d);
    else
        rc = domain_create_as(op->domain, kind, &config, &d);
    if (rc == 0)
        op->domain = d->id;
    return rc;
}

/* All that it was created for; those that are there already are left. */
DOMCTL(max_vcpus)
{
    DOMCTL_ENTER(max_vcpus);
    struct vcpu *new;
    int rc;

    if (a->max != d->max_vcpus)
        return -XEN_EINVAL;
    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        if (d->vcpus[id])
            continue;
        rc = vcpu_create(d, id, &new);
        if (rc && rc != -XEN_EEXIST)
            return rc;
        if (preempt_wanted())
            return DOOR_RESTART;
    }
    return 0;
}

DOMCTL(max_mem)
{
    DOMCTL_ENTER(max_mem);
    uint64_t pages = a->max_memkb >> (PAGE_SHIFT - 10);

    lock_take(&d->page_lock);
    d->pages_max = pages < UINT32_MAX ? pages : UINT32_MAX;
    lock_release(&d->page_lock);
    return 0;
}

/* ---- death, and what is short of it ---- */

DOMCTL(destroydomain)
{
    DOMCTL_ENTER(pad);
    int rc;

    if (d == v->domain || d == dom0)
        return -XEN_EINVAL;
    rc = domain_destroy(d);
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

DOMCTL(pausedomain)
{
    DOMCTL_ENTER(pad);
    bool full;

    if (d == v->domain)
        return -XEN_EINVAL;
    lock_take(&d->lock);
    full = d->pauses >= PAUSES_MAX;
    if (!full) {
        d->pauses++;
        domain_pause(d); /* at once: another CPU may undo it as soon as it is counted */
    }
    lock_release(&d->lock);
    if (full)
        return -XEN_EOVERFLOW;
    domain_pause_wait(d);
    return 0;
}

DOMCTL(unpausedomain)
{
    DOMCTL_ENTER(pad);
    bool paused;

    if (d == v->domain)
        return -XEN_EINVAL;
    lock_take(&d->lock);
    paused = d->pauses > 0;
    if (paused) {
        d->started |= --d->pauses == 0;
    }
    lock_release(&d->lock);
    if (!paused)
        return -XEN_EINVAL;
    domain_unpause(d);
    return 0;
}

DOMCTL(resumedomain)
{
    DOMCTL_ENTER(pad);

    if (d == v->domain)
        return -XEN_EINVAL;
    domain_resume(d);
    return 0;
}

/* ---- what is told of it ---- */

struct count {
    uint32_t online, last; /* last: highest number of a vCPU */
    uint64_t runtime;
    bool any_awake, any_running;
};

static struct count count_vcpus(const struct domain *d)
{
    struct count c = { .last = XEN_INVALID_MAX_VCPU_ID };

    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        const struct vcpu *v = domain_vcpu(d, id);
        uint32_t waits;

        if (!v)
            continue;
        c.last = id;
        c.runtime += sched_runtime(v);
        waits = __atomic_load_n(&v->waits, __ATOMIC_RELAXED);
        if (waits & WAIT_DOWN)
            continue;
        c.online++;
        c.any_awake |= !(waits & (WAIT_BLOCKED | WAIT_POLL));
        c.any_running |= __atomic_load_n(&v->sched.running, __ATOMIC_RELAXED);
    }
    return c;
}

static uint32_t info_flags(struct domain *d, const struct count *c)
{
    bool was_on = lock_take_irq(&d->pause_lock);
    uint32_t code = d->is_shut_down || d->shutdown_code_set ? d->shutdown_code : CODE_NONE,
             flags = code << XEN_DOMINF_shutdownshift;

    if (d->is_shut_down)
        flags |= XEN_DOMINF_shutdown;
    lock_release_irq(&d->pause_lock, was_on);
    if (c->online && !c->any_awake)
        flags |= XEN_DOMINF_blocked;
    if (c->online && c->any_running)
        flags |= XEN_DOMINF_running;
    if (d->is_dying)
        flags |= XEN_DOMINF_dying;
    if (__atomic_load_n(&d->pauses, __ATOMIC_RELAXED))
        flags |= XEN_DOMINF_paused;
    if (d->debugged)
        flags |= XEN_DOMINF_debugged;
    if (d->flags & XEN_DOMCTL_CDF_xs_domain)
        flags |= XEN_DOMINF_xs_domain;
    if (d->flags & XEN_DOMCTL_CDF_hvm)
        flags |= XEN_DOMINF_hvm_guest;
    if (d->flags & XEN_DOMCTL_CDF_hap)
        flags |= XEN_DOMINF_hap;
    return flags;
}

void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    struct count c = count_vcpus(d);

    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->id,
        .flags = info_flags(d, &c),
        .tot_pages = d->pages,
        .max_pages = d->pages_max,
        .outstanding_pages = d->pages_claimed,
        .shared_info_frame = d->shared_mfn,
        .cpu_time = c.runtime,
        .nr_online_vcpus = c.online,
        .max_vcpu_id = c.last,
        .cpupool = d->sched.pool->id,
        .gpaddr_bits = (uint8_t)arch_address_bits(),
        .arch_config = { .emulation_flags = d->emulation, .misc_flags = d->options },
    };
    __builtin_memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* Up to this version of the interface the next domain is told of, when there is none of the number:
 * that is how tools list all.  -ESRCH: none follows. */
DOMCTL(getdomaininfo)
{
    DOMCTL_ENTER(getdomaininfo);

    if (op->domain >= DOMID_FIRST_RESERVED)
        return -XEN_EINVAL;
    d = domain_get_from(op->domain);
    if (!d)
        return -XEN_ESRCH;
    domctl_info(d, a);
    op->domain = d->id;
    domain_put(d);
    return 0;
}

/* ---- small things ---- */

DOMCTL(setdomainhandle)
{
    DOMCTL_ENTER(setdomainhandle);

    lock_take(&d->lock);
    __builtin_memcpy(d->handle, a->handle, sizeof(d->handle));
    lock_release(&d->lock);
    return 0;
}

DOMCTL(setdebugging)
{
    DOMCTL_ENTER(setdebugging);

    if (d == v->domain)
        return -XEN_EINVAL;
    d->debugged = a->enable;
    return 0;
}

DOMCTL(settimeoffset)
{
    DOMCTL_ENTER(settimeoffset);

    __atomic_store_n(&d->time_offset, a->time_offset_seconds, __ATOMIC_RELAXED);
    time_publish_wallclock(d);
    return 0;
}

/* The port is one of the domain's; whether it is bound shows when it is sent to. */
DOMCTL(subscribe)
{
    DOMCTL_ENTER(subscribe);

    __atomic_store_n(&d->suspend_port, a->port, __ATOMIC_RELAXED);
    return 0;
}

DOMCTL(set_virq_handler)
{
    DOMCTL_ENTER(set_virq_handler);

    return event_set_virq_owner(a->virq, d);
}
