/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vcpu.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/time.h"

#include <xen/errno.h>
#include <xen/sched.h>

#define FIRST_PERIOD 10000000ll /* ns; measured on Xen 4.17 */

/* Where vcpu_info of a domain lies that has lost its memory; nobody reads it. */
static struct vcpu_info retired_info;

/* ---- timers ---- */

static void singleshot_over(void *vcpu)
{
    event_send_virq(vcpu, VIRQ_TIMER);
}

void vcpu_set_singleshot(struct vcpu *v, ns_t when)
{
    ASSERT(v == current_vcpu());
    timer_set_here(&v->singleshot, when);
}

void vcpu_stop_singleshot(struct vcpu *v)
{
    timer_disarm(&v->singleshot);
}

/* A vCPU that sleeps needs no ticks: it would only be woken for them. */
static bool wants_ticks(const struct vcpu *v)
{
    return __atomic_load_n(&v->runstate.state, __ATOMIC_SEQ_CST) <= RUNSTATE_runnable;
}

/* The next tick, in the vCPU's rhythm; those that were missed are left out. */
static void arm_tick(struct vcpu *v, ns_t now)
{
    ASSERT(lock_held(&v->lock) && v->period > 0);
    v->tick_due += v->period;
    if (v->tick_due <= now)
        v->tick_due = now + v->period;
    timer_set(&v->periodic, v->tick_due);
}

/* Did a tick come due?  If so arm the next, unless the vCPU sleeps: then it waits for
 * vcpu_tick_late. */
static bool take_tick(struct vcpu *v, ns_t now)
{
    ASSERT(lock_held(&v->lock));
    if (v->period == 0 || now < v->tick_due)
        return false;
    /* Who puts it on a CPU sets its state, then reads tick_waits: one of the two sees the other. */
    __atomic_store_n(&v->tick_waits, true, __ATOMIC_SEQ_CST);
    if (!wants_ticks(v))
        return false;
    v->tick_waits = false;
    arm_tick(v, now);
    return true;
}

static void tick(void *vcpu)
{
    struct vcpu *v = vcpu;
    bool were_on = lock_take_irq(&v->lock);
    bool came = take_tick(v, arch_now());

    lock_release_irq(&v->lock, were_on);
    if (came)
        event_send_virq(v, VIRQ_TIMER);
}

void vcpu_tick_late(struct vcpu *v)
{
    if (v->periodic.cpu != v->cpu)
        timer_move(&v->periodic, v->cpu);
    tick(v);
}

void vcpu_set_periodic(struct vcpu *v, ns_t period)
{
    bool were_on = lock_take_irq(&v->lock);

    timer_disarm(&v->periodic);
    v->tick_waits = false;
    v->period = period;
    if (period) {
        v->tick_due = arch_now() + period;
        timer_set(&v->periodic, v->tick_due);
    }
    lock_release_irq(&v->lock, were_on);
}

/* ---- life ---- */

/* Within shared_info, or in Zeroth's memory until the guest names a place of its own. */
static bool info_create(struct vcpu *v)
{
    v->info_mfn = MFN_NONE;
    if (v->id < XEN_LEGACY_MAX_VCPUS) {
        v->info = &v->domain->shared->vcpu_info[v->id];
        return true;
    }
    v->own_info = heap_alloc(sizeof(*v->own_info));
    if (!v->own_info)
        return false;
    v->own_info->evtchn_upcall_mask = v->domain->kind->events_masked;
    v->info = v->own_info;
    return true;
}

/* Seen by all from now on, paused if its domain is. */
static void publish(struct domain *d, struct vcpu *v)
{
    bool were_on = lock_take_irq(&d->pause_lock);

    if (d->pause_count || d->is_shut_down)
        v->waits |= WAIT_DOMAIN;
    else
        v->waits &= ~(uint32_t)WAIT_DOMAIN;
    __atomic_store_n(&d->vcpus[v->id], v, __ATOMIC_RELEASE);
    lock_release_irq(&d->pause_lock, were_on);
}

static struct vcpu *vcpu_new(struct domain *d, unsigned int id)
{
    struct vcpu *v = d->kind->vcpu_alloc(d, id);

    if (!v)
        return NULL;
    ASSERT(v->domain == d && v->id == id);
    lock_init(&v->lock, RANK_VCPU);
    if (!info_create(v)) {
        d->kind->vcpu_free(v);
        return NULL;
    }
    v->runstate = (struct vcpu_runstate_info){ .state = RUNSTATE_offline,
                                               .state_entry_time = (uint64_t)arch_now() };
    sched_vcpu_init(v);
    timer_init(&v->singleshot, v->cpu, singleshot_over, v);
    timer_init(&v->periodic, v->cpu, tick, v);
    v->period = FIRST_PERIOD;
    v->tick_waits = true;
    return v;
}

int vcpu_create(struct domain *d, unsigned int id, struct vcpu **out)
{
    struct vcpu *v = NULL;
    int rc = 0;

    if (id >= d->max_vcpus)
        return -XEN_EINVAL;
    lock_take(&d->lock);
    if (d->is_dying)
        rc = -XEN_EINVAL;
    else if (d->vcpus[id])
        rc = -XEN_EEXIST;
    else if (!(v = vcpu_new(d, id)))
        rc = -XEN_ENOMEM;
    if (rc == 0)
        publish(d, v);
    lock_release(&d->lock);
    if (rc == 0)
        *out = v;
    return rc;
}

void vcpu_retire(struct vcpu *v)
{
    struct vcpu_info *info = (struct vcpu_info *)v->info;
    mfn_t mfn = v->info_mfn;

    vcpu_set_periodic(v, 0);
    timer_stop(&v->periodic);
    timer_stop(&v->singleshot);
    timer_stop(&v->poll);
    __atomic_store_n(&v->info, &retired_info, __ATOMIC_RELEASE);
    if (mfn == MFN_NONE)
        return;
    v->info_mfn = MFN_NONE;
    frame_unmap(info);
    frame_put_type(frame_of(mfn), false);
    frame_put(frame_of(mfn));
}

void vcpu_destroy(struct vcpu *v)
{
    struct domain *d = v->domain;

    vcpu_retire(v);
    sched_vcpu_destroy(v);
    d->vcpus[v->id] = NULL;
    heap_free(v->own_info);
    d->kind->vcpu_free(v);
}

/* ---- what its domain does with it ---- */

int vcpu_initialise(struct vcpu *v, const void *context)
{
    struct domain *d = v->domain;
    int rc = -XEN_EEXIST;

    if (!vcpu_has_info(v))
        return -XEN_EINVAL;
    lock_take(&d->lock);
    if (!v->initialised)
        rc = d->kind->vcpu_start(v, context);
    if (rc == 0)
        __atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
    lock_release(&d->lock);
    return rc;
}

int vcpu_load(struct vcpu *v, const void *context, bool up)
{
    struct domain *d = v->domain;
    int rc;

    lock_take(&d->lock);
    rc = d->kind->vcpu_set_context(v, context);
    if (rc == 0)
        __atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
    lock_release(&d->lock);
    if (rc)
        return rc;
    if (v->id == 0)
        time_publish_wallclock(d); /* who built the domain has cleared shared_info */
    if (up)
        vcpu_wake(v, WAIT_DOWN);
    else
        vcpu_sleep(v, WAIT_DOWN);
    return 0;
}

int vcpu_reset(struct vcpu *v)
{
    struct domain *d = v->domain;
    int rc;

    vcpu_sleep(v, WAIT_DOWN);
    lock_take(&d->lock);
    rc = d->is_dying ? -XEN_EINVAL : d->kind->vcpu_reset(v);
    if (rc == 0)
        __atomic_store_n(&v->initialised, false, __ATOMIC_RELEASE);
    lock_release(&d->lock);
    return rc;
}

int vcpu_up(struct vcpu *v)
{
    if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE))
        return -XEN_EINVAL;
    vcpu_wake(v, WAIT_DOWN);
    return 0;
}

static bool any_is_up(const struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id] && !(__atomic_load_n(&d->vcpus[id]->waits, __ATOMIC_RELAXED) & WAIT_DOWN))
            return true;
    return false;
}

void vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;
    bool were_on = lock_take_irq(&d->pause_lock), last;

    /* Under the lock, so that of two that go at once one finds itself the last. */
    vcpu_sleep(v, WAIT_DOWN);
    last = !any_is_up(d);
    lock_release_irq(&d->pause_lock, were_on);
    if (last)
        domain_shutdown(d, SHUTDOWN_poweroff);
}

bool vcpu_has_info(const struct vcpu *v)
{
    return v->info != v->own_info;
}

/* The guest may write to the old place meanwhile: each word is read once. */
static void move_info(struct vcpu *v, struct vcpu_info *to)
{
    volatile const uint64_t *from = (volatile const uint64_t *)v->info;
    uint64_t words[sizeof(*to) / sizeof(uint64_t)];

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = from[i];
    __builtin_memcpy(to, words, sizeof(words));
    __atomic_store_n(&v->info, to, __ATOMIC_SEQ_CST);
    event_vcpu_moved(v);
}

static bool may_move_info(const struct vcpu *v)
{
    return v->info_mfn == MFN_NONE &&
           (v == current_vcpu() || (__atomic_load_n(&v->waits, __ATOMIC_RELAXED) & WAIT_DOWN));
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset)
{
    struct domain *d = v->domain;
    struct frame *f;
    bool moved;

    if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % sizeof(uint64_t))
        return -XEN_ENXIO;
    f = domain_frame_get(d, gfn);
    if (!f)
        return -XEN_EINVAL;
    if (frame_get_type(f, FRAME_WRITABLE)) {
        frame_put(f);
        return -XEN_EINVAL;
    }
    lock_take(&d->lock);
    moved = may_move_info(v);
    if (moved) {
        v->info_mfn = frame_mfn(f);
        move_info(v, (struct vcpu_info *)((char *)frame_map(frame_mfn(f)) + offset));
        time_info_moved(v);
    }
    lock_release(&d->lock);
    if (moved)
        return 0;
    frame_put_type(f, false);
    frame_put(f);
    return -XEN_EINVAL;
}

void vcpu_send_nmi(struct vcpu *v)
{
    if (!__atomic_exchange_n(&v->nmi_pending, true, __ATOMIC_SEQ_CST))
        vcpu_kick(v);
}
