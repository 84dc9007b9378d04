/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/timer.h"
#include "core/tsc.h"
#include "core/vcpu.h"

#define EPOCH_PERIOD SECOND

/* ---- pvclock ---- */

static uint32_t epoch;     /* of the clock; 0: none yet */
static uint64_t first_tsc; /* a pair of the first epoch */
static ns_t first_time;
static struct timer epoch_timer;

/* For a vCPU, whose TSC is its own.  Version is the new one, even. */
static void read_clock(const struct vcpu *v, struct vcpu_time_info *t, uint32_t version)
{
    uint64_t now;

    *t = (struct vcpu_time_info){ .version = version };
    vcpu_tsc_scale(v, &t->tsc_to_system_mul, &t->tsc_shift);
    if (arch_tsc_stable()) {
        t->tsc_timestamp = vcpu_tsc(v, first_tsc);
        t->system_time = (uint64_t)first_time;
        t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
        return;
    }
    now = arch_tsc();
    t->system_time = (uint64_t)arch_tsc_to_time(now);
    t->tsc_timestamp = vcpu_tsc(v, now);
}

/* The version is odd while the rest changes (xen/xen.h). */
static void write_info(volatile struct vcpu_time_info *to, const struct vcpu_time_info *t)
{
    to->version = t->version - 1;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    to->tsc_timestamp = t->tsc_timestamp;
    to->system_time = t->system_time;
    to->tsc_to_system_mul = t->tsc_to_system_mul;
    to->tsc_shift = t->tsc_shift;
    to->flags = t->flags;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    to->version = t->version;
}

static bool try_area(uint64_t area, const struct vcpu_time_info *t)
{
    struct vcpu_time_info changing = *t;

    changing.version--;
    if (!arch_copy_to_guest(area, &changing.version, sizeof(changing.version)))
        return false;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    if (!arch_copy_to_guest(area, &changing, sizeof(changing)))
        return false;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return arch_copy_to_guest(area, &t->version, sizeof(t->version));
}

/* False: it cannot be reached. */
static bool write_area(uint64_t area, const struct vcpu_time_info *t)
{
    bool opened = arch_kernel_memory_open(), ok = try_area(area, t);

    arch_kernel_memory_close(opened);
    return ok;
}

static void publish_clock(struct vcpu *v)
{
    uint32_t of = __atomic_load_n(&epoch, __ATOMIC_RELAXED);
    struct vcpu_time_info t;

    ASSERT(v == current_vcpu());
    read_clock(v, &t, v->time_version + 2);
    v->time_version = t.version;
    write_info(&v->info->time, &t);
    /* An area out of reach now may be within reach when the vCPU runs next. */
    v->time_epoch = !v->time_area || write_area(v->time_area, &t) ? of : 0;
}

void time_publish(struct vcpu *v)
{
    if (v->time_epoch != __atomic_load_n(&epoch, __ATOMIC_RELAXED))
        publish_clock(v);
    if (__atomic_load_n(&v->tick_waits, __ATOMIC_RELAXED))
        vcpu_tick_late(v);
}

void time_info_moved(struct vcpu *v)
{
    struct vcpu_time_info t;

    read_clock(v, &t, v->time_version + 2);
    v->time_version = t.version;
    write_info(&v->info->time, &t);
    v->time_epoch = 0; /* it and its area get a new one when it runs next */
}

void time_set_area(struct vcpu *v, uint64_t area)
{
    struct vcpu_time_info t;

    v->time_area = area;
    if (!area)
        return;
    if (v == current_vcpu()) {
        publish_clock(v);
        return;
    }
    read_clock(v, &t, v->time_version); /* an older one than it will get when it runs */
    write_area(area, &t);
    v->time_epoch = 0;
}

/* SOFTIRQ_TIME, each CPU. */
static void epoch_came(void)
{
    struct vcpu *v = current_vcpu();

    if (!v->is_idle)
        time_publish(v);
}

static void next_epoch(void *unused)
{
    (void)unused;
    if (!arch_tsc_stable()) {
        __atomic_store_n(&epoch, epoch + 1 ? epoch + 1 : 1, __ATOMIC_RELAXED);
        for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
            softirq_send(cpu, SOFTIRQ_TIME);
    }
    timer_set(&epoch_timer, epoch_timer.expires + EPOCH_PERIOD);
}

/* ---- wall clock ---- */

static struct lock wall_lock = LOCK(RANK_TIME);
static uint64_t wall_seconds; /* at system time 0; wall_lock guards both */
static uint32_t wall_ns;

static void write_wallclock(const struct domain *d)
{
    char *shared = (char *)d->shared;
    bool narrow = __atomic_load_n(&d->shared_narrow, __ATOMIC_RELAXED);
    volatile uint32_t *to = narrow ? (uint32_t *)(shared + SHARED_NARROW_CLOCK)
                                   : &d->shared->wc_version,
                      *high = narrow ? (uint32_t *)(shared + SHARED_NARROW_SEC_HI)
                                     : &d->shared->wc_sec_hi;
    uint64_t seconds = wall_seconds + (uint64_t)d->time_offset;

    ASSERT(lock_held(&wall_lock));
    to[0] |= 1;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    to[1] = (uint32_t)seconds;
    to[2] = wall_ns;
    *high = (uint32_t)(seconds >> 32);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    to[0]++;
}

void time_publish_wallclock(struct domain *d)
{
    bool were_on = lock_take_irq(&wall_lock);

    if (d->shared)
        write_wallclock(d);
    lock_release_irq(&wall_lock, were_on);
}

void time_forget(struct domain *d)
{
    bool were_on = lock_take_irq(&wall_lock);

    d->shared = NULL;
    lock_release_irq(&wall_lock, were_on);
}

/* Unsigned, modulo 2^64: what Dom0 gives may be any numbers. */
void time_set_wallclock(uint64_t seconds, uint32_t ns, ns_t system_time)
{
    uint64_t passed = (uint64_t)system_time;
    uint32_t rest = (uint32_t)(passed % SECOND);
    bool were_on = lock_take_irq(&wall_lock);

    ASSERT(ns < SECOND);
    wall_seconds = seconds - passed / SECOND - (ns < rest);
    wall_ns = ns < rest ? ns + (uint32_t)SECOND - rest : ns - rest;
    lock_release_irq(&wall_lock, were_on);
    domain_for_each(time_publish_wallclock);
}

void time_get_wallclock(uint64_t *seconds, uint32_t *ns)
{
    uint64_t now = (uint64_t)arch_now(), sum;
    bool were_on = lock_take_irq(&wall_lock);

    sum = now % SECOND + wall_ns;
    *seconds = wall_seconds + now / SECOND + sum / SECOND;
    *ns = (uint32_t)(sum % SECOND);
    lock_release_irq(&wall_lock, were_on);
}

/* ---- runstate ---- */

/*
 * Members change one at a time, between two changes of the version; readers on other CPUs try again
 * when the version was odd or has changed.
 */
void runstate_change(struct vcpu *v, int state, ns_t now)
{
    struct vcpu_runstate_info *r = &v->runstate;
    ns_t passed = now - (ns_t)r->state_entry_time;

    ASSERT(state >= RUNSTATE_running && state <= RUNSTATE_offline);
    __atomic_store_n(&v->runstate_version, v->runstate_version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    /* A TSC may be a little behind that of the CPU before: the time then counts when it has
     * passed. */
    if (passed > 0) {
        __atomic_store_n(&r->time[r->state], r->time[r->state] + (uint64_t)passed,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&r->state_entry_time, (uint64_t)now, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&r->state, state, __ATOMIC_RELAXED);
    __atomic_store_n(&v->runstate_version, v->runstate_version + 1, __ATOMIC_RELEASE);
}

static void copy_runstate(const struct vcpu_runstate_info *from, struct vcpu_runstate_info *to)
{
    __builtin_memset(to, 0, sizeof(*to)); /* padding goes to guests */
    to->state = __atomic_load_n(&from->state, __ATOMIC_RELAXED);
    to->state_entry_time = __atomic_load_n(&from->state_entry_time, __ATOMIC_RELAXED);
    for (unsigned int i = 0; i < ARRAY_SIZE(to->time); i++)
        to->time[i] = __atomic_load_n(&from->time[i], __ATOMIC_RELAXED);
}

/* As of the last change of state. */
static void read_runstate(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    for (;;) {
        uint32_t version = __atomic_load_n(&v->runstate_version, __ATOMIC_ACQUIRE);

        copy_runstate(&v->runstate, out);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(version & 1) && version == __atomic_load_n(&v->runstate_version, __ATOMIC_RELAXED))
            return;
        cpu_relax();
    }
}

void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    ns_t passed;

    read_runstate(v, out);
    passed = arch_now() - (ns_t)out->state_entry_time;
    if (passed > 0)
        out->time[out->state] += (uint64_t)passed;
}

/* With VMASST_TYPE_runstate_update_flag the guest finds XEN_RUNSTATE_UPDATE set while the rest
 * changes. */
static void write_runstate(const struct vcpu *v, struct vcpu_runstate_info *r)
{
    /* 32-bit code has no padding behind the state. */
    size_t gap = v->runstate_narrow ? sizeof(uint32_t) : 0, size = sizeof(*r) - gap;
    uint64_t entry_area = v->runstate_area + offsetof(struct vcpu_runstate_info, state_entry_time) -
                          gap;
    uint64_t entry = r->state_entry_time;
    char *from = (char *)r + gap;

    if (gap)
        __builtin_memcpy(from, &r->state, sizeof(r->state));
    if (!(v->domain->vm_assist & 1ul << VMASST_TYPE_runstate_update_flag)) {
        arch_copy_to_guest(v->runstate_area, from, size);
        return;
    }
    r->state_entry_time |= XEN_RUNSTATE_UPDATE;
    if (!arch_copy_to_guest(entry_area, &r->state_entry_time, sizeof(entry)))
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    arch_copy_to_guest(v->runstate_area, from, size);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    arch_copy_to_guest(entry_area, &entry, sizeof(entry));
}

void runstate_publish(struct vcpu *v)
{
    struct vcpu_runstate_info r;
    bool opened;

    ASSERT(v == current_vcpu());
    if (!v->runstate_area)
        return;
    read_runstate(v, &r);
    opened = arch_kernel_memory_open();
    write_runstate(v, &r);
    arch_kernel_memory_close(opened);
}

void runstate_set_area(struct vcpu *v, uint64_t area, bool narrow)
{
    struct vcpu_runstate_info r;

    v->runstate_narrow = narrow;
    v->runstate_area = area;
    if (!area)
        return;
    if (v == current_vcpu())
        read_runstate(v, &r);
    else
        runstate_get(v, &r);
    write_runstate(v, &r);
}

/* ---- boot ---- */

void time_init(void)
{
    first_tsc = arch_tsc();
    first_time = arch_tsc_to_time(first_tsc);
    epoch = 1;
    wall_seconds = arch_wallclock_boot();
    softirq_bind(SOFTIRQ_TIME, epoch_came);
    timer_init(&epoch_timer, cpu_id(), next_epoch, NULL);
    timer_set(&epoch_timer, arch_now() + EPOCH_PERIOD);
}
