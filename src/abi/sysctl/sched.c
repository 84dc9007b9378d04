/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_*: all domains at once, CPU pools, and the scheduler, which answers as credit2. */
#include "abi/sysctl/rows.h"

#include "abi/copy.h"
#include "abi/domctl/domctl.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/softirq.h"
#include "core/vcpu.h"

SYSCTL(sched_id)
{
    SYSCTL_ENTER(sched_id);

    a->sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

SYSCTL(getdomaininfolist)
{
    SYSCTL_ENTER(getdomaininfolist);
    const struct sysctl_sizes *sizes = (const struct sysctl_sizes *)extra;
    struct xen_domctl_getdomaininfo info;
    uint64_t tag = (uint64_t)a->buffer.p << 16 | a->first_domain | 1ul << 63,
             progress = door_progress(v, tag);
    uint32_t id = progress ? (uint32_t)(progress >> 32) : a->first_domain,
             count = (uint32_t)progress;
    struct domain *d;

    while (count < a->max_domains && id < DOMID_FIRST_RESERVED) {
        d = domain_get_from((domid_t)id);
        if (!d)
            break;
        id = d->id + 1u;
        domctl_info(d, &info);
        domain_put(d);
        if (!copy_item_to_guest((uint64_t)a->buffer.p, count, &info, sizes->domain))
            return -XEN_EFAULT;
        count++;
        if (preempt_wanted())
            return door_stop(v, tag, (uint64_t)id << 32 | count);
    }
    a->num_domains = count;
    return 0;
}

/* ---- pools ---- */

/* Nobody who does not want the CPUs need have room for them. */
static int give_cpus(const struct xenctl_bitmap *to, const struct cpu_set *set)
{
    return to->bitmap.p ? domctl_bitmap_put(to, set->bits, CPUS_MAX) : 0;
}

static long pool_info(struct xen_sysctl_cpupool_op *a)
{
    struct pool_info info;
    int rc = pool_describe(a->cpupool_id, &info);

    if (rc)
        return rc;
    a->cpupool_id = info.id;
    a->sched_id = XEN_SCHEDULER_CREDIT2;
    a->n_dom = info.domains;
    return give_cpus(&a->cpumap, &info.cpus);
}

static long pool_free_info(const struct xen_sysctl_cpupool_op *a)
{
    struct cpu_set free = pool_free_cpus();

    return give_cpus(&a->cpumap, &free);
}

static long pool_move_domain(const struct vcpu *v, const struct xen_sysctl_cpupool_op *a)
{
    struct domain *d = a->domid < DOMID_FIRST_RESERVED ? domain_get((domid_t)a->domid) : NULL;
    long rc = -XEN_EPERM;

    if (!d)
        return -XEN_ESRCH;
    if (d != dom0 && d != v->domain)
        rc = pool_move(d, a->cpupool_id);
    domain_put(d);
    return rc;
}

SYSCTL(cpupool_op)
{
    SYSCTL_ENTER(cpupool_op);

    switch (a->op) {
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return a->sched_id == XEN_SCHEDULER_CREDIT2 ? pool_create(&a->cpupool_id) : -XEN_ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY: return pool_destroy(a->cpupool_id);
    case XEN_SYSCTL_CPUPOOL_OP_INFO: return pool_info(a);
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU: return pool_add_cpu(a->cpupool_id, a->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU: return pool_remove_cpu(a->cpupool_id, a->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN: return pool_move_domain(v, a);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: return pool_free_info(a);
    default: return -XEN_ENOSYS;
    }
}

/* ---- parameters ---- */

static long put_parameters(uint32_t pool, const struct xen_sysctl_credit2_schedule *p)
{
    uint32_t us = p->ratelimit_us;

    if (us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
        return -XEN_EINVAL;
    return pool_set_least_run(pool, us);
}

SYSCTL(scheduler_op)
{
    SYSCTL_ENTER(scheduler_op);
    uint32_t us;
    int rc = a->cmd > XEN_SYSCTL_SCHEDOP_getinfo ? -XEN_EINVAL
                                                 : pool_get_least_run(a->cpupool_id, &us);

    if (rc)
        return rc;
    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -XEN_EINVAL;
    if (a->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
        return put_parameters(a->cpupool_id, &a->u.sched_credit2);
    a->u.sched_credit2.ratelimit_us = us;
    return 0;
}
