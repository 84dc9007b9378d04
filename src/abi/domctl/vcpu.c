/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: a vCPU's state. */
#include "abi/domctl/rows.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/vcpu.h"

typedef struct vcpu_guest_context context_t;

/* A context of the toolstack's for a vCPU; the domain is paused. */
static long load(struct vcpu *target, uint64_t guest)
{
    context_t *context = heap_alloc(sizeof(*context));
    long rc = -XEN_EFAULT;

    if (!context)
        return -XEN_ENOMEM;
    if (copy_from_guest(context, guest, sizeof(*context)))
        rc = vcpu_load(target, context, context->flags & VGCF_online);
    heap_free(context);
    return rc;
}

/* No context: the vCPU begins anew. */
DOMCTL(setvcpucontext)
{
    DOMCTL_ENTER(vcpucontext);
    struct vcpu *target = domain_vcpu(d, a->vcpu);
    long rc;

    if (d == v->domain || !target)
        return -XEN_EINVAL;
    domain_pause_sync(d);
    rc = a->ctxt.p ? load(target, (uint64_t)a->ctxt.p) : vcpu_reset(target);
    domain_unpause(d);
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

static long store(struct vcpu *target, uint64_t guest)
{
    context_t *context = heap_alloc(sizeof(*context));
    bool ok;

    if (!context)
        return -XEN_ENOMEM;
    target->domain->kind->vcpu_get_context(target, context);
    ok = copy_to_guest(guest, context, sizeof(*context));
    heap_free(context);
    return ok ? 0 : -XEN_EFAULT;
}

/* Two vCPUs of one domain could wait for each other for good: of its own nobody asks. */
DOMCTL(getvcpucontext)
{
    DOMCTL_ENTER(vcpucontext);
    struct vcpu *target = domain_vcpu(d, a->vcpu);
    long rc;

    if (d == v->domain || !target)
        return -XEN_EINVAL;
    if (!__atomic_load_n(&target->initialised, __ATOMIC_ACQUIRE))
        return -XEN_ENODATA;
    domain_pause_sync(d);
    rc = store(target, (uint64_t)a->ctxt.p);
    domain_unpause(d);
    return rc;
}

DOMCTL(getvcpuinfo)
{
    DOMCTL_ENTER(getvcpuinfo);
    struct vcpu *target = domain_vcpu(d, a->vcpu);
    uint32_t waits;

    if (a->vcpu >= d->max_vcpus)
        return -XEN_EINVAL;
    if (!target)
        return -XEN_ESRCH;
    waits = __atomic_load_n(&target->waits, __ATOMIC_RELAXED);
    a->online = !(waits & WAIT_DOWN);
    a->blocked = waits & (WAIT_BLOCKED | WAIT_POLL) ? 1 : 0;
    a->running = __atomic_load_n(&target->sched.running, __ATOMIC_RELAXED);
    a->cpu_time = sched_runtime(target);
    a->cpu = __atomic_load_n(&target->cpu, __ATOMIC_RELAXED);
    return 0;
}

/* The buttons are an HVM domain's. */
DOMCTL(sendtrigger)
{
    DOMCTL_ENTER(sendtrigger);
    struct vcpu *target = domain_vcpu(d, a->vcpu);

    if (!target)
        return -XEN_ESRCH;
    switch (a->trigger) {
    case XEN_DOMCTL_SENDTRIGGER_NMI: vcpu_send_nmi(target); return 0;
    case XEN_DOMCTL_SENDTRIGGER_POWER:
    case XEN_DOMCTL_SENDTRIGGER_SLEEP: return -XEN_EINVAL;
    default: return -XEN_ENOSYS;
    }
}
