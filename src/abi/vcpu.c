/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/vcpu.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/time.h"
#include "core/vcpu.h"

#include <xen/vcpu.h>

#define PERIOD_MIN 1000000ll /* ns */
#define PERIOD_MAX (NS_MAX / 4)

/* What a row's function needs beyond its struct: door_enter's extra is its address. */
struct call {
    struct vcpu *target;
    uint64_t guest; /* address of the struct */
};

#define OP(name) static long name(struct vcpu *v, void *arg, uint64_t extra)
#define ENTER \
    const struct call *call = (const struct call *)extra; \
    struct vcpu *target = call->target; \
    (void)v, (void)arg, (void)target

OP(initialise)
{
    ENTER;
    size_t size = target->domain->kind->start_size;
    void *context;
    long rc = -XEN_EFAULT;

    if (!vcpu_has_info(target)) /* before the context is looked at */
        return -XEN_EINVAL;
    context = heap_alloc(size);
    if (!context)
        return -XEN_ENOMEM;
    if (copy_from_guest(context, call->guest, size))
        rc = vcpu_initialise(target, context);
    heap_free(context);
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

OP(up)
{
    ENTER;
    return vcpu_up(target);
}

OP(down)
{
    ENTER;
    vcpu_down(target);
    return 0;
}

OP(is_up)
{
    ENTER;
    return !(__atomic_load_n(&target->waits, __ATOMIC_RELAXED) & WAIT_DOWN);
}

OP(get_runstate)
{
    ENTER;
    runstate_get(target, arg);
    return 0;
}

/* Where nothing of a guest's can be; whether something is there, and enough, shows when it is
 * used. */
static bool area_ok(uint64_t area)
{
    return arch_guest_range_ok(area, 1);
}

OP(set_runstate_area)
{
    ENTER;
    const struct vcpu_register_runstate_memory_area *a = arg;

    if (!area_ok(a->addr.p))
        return -XEN_EFAULT;
    runstate_set_area(target, a->addr.p, v->narrow);
    return 0;
}

OP(set_time_area)
{
    ENTER;
    const struct vcpu_register_time_memory_area *a = arg;

    if (!area_ok(a->addr.p))
        return -XEN_EFAULT;
    time_set_area(target, a->addr.p);
    return 0;
}

OP(set_periodic)
{
    ENTER;
    const struct vcpu_set_periodic_timer *a = arg;

    if (a->period_ns < PERIOD_MIN || a->period_ns > PERIOD_MAX)
        return -XEN_EINVAL;
    vcpu_set_periodic(target, (ns_t)a->period_ns);
    return 0;
}

OP(stop_periodic)
{
    ENTER;
    vcpu_set_periodic(target, 0);
    return 0;
}

/* VCPU_SSHOTTMR_future may be ignored, and Xen 4.17 does: a time that has passed comes at once. */
OP(set_singleshot)
{
    ENTER;
    const struct vcpu_set_singleshot_timer *a = arg;

    if (target != v)
        return -XEN_EINVAL;
    vcpu_set_singleshot(v, (ns_t)a->timeout_abs_ns);
    return 0;
}

OP(stop_singleshot)
{
    ENTER;
    if (target != v)
        return -XEN_EINVAL;
    vcpu_stop_singleshot(v);
    return 0;
}

OP(register_info)
{
    ENTER;
    const struct vcpu_register_vcpu_info *a = arg;

    return vcpu_register_info(target, a->mfn, a->offset);
}

OP(send_nmi)
{
    ENTER;
    if (call->guest)
        return -XEN_EINVAL;
    vcpu_send_nmi(target);
    return 0;
}

/* The one CPU that it may run on, of those there are; -1: there are more. */
static int pinned_to(const struct vcpu *v)
{
    int found = -1;

    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        if (!cpu_set_has(&v->sched.hard, cpu))
            continue;
        if (found >= 0)
            return -1;
        found = (int)cpu;
    }
    return found;
}

OP(get_physid)
{
    ENTER;
    struct vcpu_get_physid *a = arg;
    uint32_t apic, acpi;
    int cpu = pinned_to(target);

    if (target->domain != dom0 || cpu < 0)
        return -XEN_EINVAL;
    arch_cpu_ids((unsigned int)cpu, &apic, &acpi);
    a->phys_id = (uint64_t)acpi << 32 | apic;
    return 0;
}

#define ROW(name_, size, direction, kinds, duration, fn) \
    { \
        VCPUOP_##name_, #name_, size, direction, kinds, AUTH_SELF, duration, false, fn \
    }
#define IN(name_, type, fn)  ROW(name_, sizeof(type), DIR_IN, KIND_ALL, BOUNDED, fn)
#define OUT(name_, type, fn) ROW(name_, sizeof(type), DIR_OUT, KIND_ALL, BOUNDED, fn)
#define NONE(name_, fn)      ROW(name_, 0, DIR_NONE, KIND_ALL, BOUNDED, fn)

/* In the order of numbers. */
const struct door_op vcpu_ops[] = {
    ROW(initialise, 0, DIR_NONE, KIND_ALL, RESUMABLE, initialise), /* too large for the door */
    NONE(up, up),
    NONE(down, down),
    NONE(is_up, is_up),
    OUT(get_runstate_info, vcpu_runstate_info_t, get_runstate),
    IN(register_runstate_memory_area, vcpu_register_runstate_memory_area_t, set_runstate_area),
    IN(set_periodic_timer, vcpu_set_periodic_timer_t, set_periodic),
    NONE(stop_periodic_timer, stop_periodic),
    IN(set_singleshot_timer, vcpu_set_singleshot_timer_t, set_singleshot),
    NONE(stop_singleshot_timer, stop_singleshot),
    IN(register_vcpu_info, vcpu_register_vcpu_info_t, register_info),
    NONE(send_nmi, send_nmi),
    OUT(get_physid, vcpu_get_physid_t, get_physid),
    IN(register_vcpu_time_memory_area, vcpu_register_time_memory_area_t, set_time_area),
};
const uint16_t vcpu_op_count = ARRAY_SIZE(vcpu_ops);

long vcpu_op(uint64_t op, uint64_t id, uint64_t guest, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct call call = { domain_vcpu(current_vcpu()->domain, (uint32_t)id), guest };

    (void)a3, (void)a4, (void)a5;
    if (!call.target)
        return -XEN_ENOENT;
    return door_enter(&door_calls[__HYPERVISOR_vcpu_op], (uint32_t)op, guest, (uint64_t)&call);
}
