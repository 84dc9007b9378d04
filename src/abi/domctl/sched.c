/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: where a domain's vCPUs run, and how much.  Zeroth's scheduler has the parameters of
 * credit2: weight and cap of a domain. */
#include "abi/domctl/rows.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/sched/pool.h"
#include "core/vcpu.h"

#define CAP_A_VCPU 100u

static long find_vcpu(struct domain *d, const struct xen_domctl_vcpuaffinity *a, struct vcpu **out)
{
    *out = domain_vcpu(d, a->vcpu);
    if (a->vcpu >= d->max_vcpus)
        return -XEN_EINVAL;
    if (!*out)
        return -XEN_ESRCH;
    return a->flags ? 0 : -XEN_EINVAL;
}

static struct cpu_set both(const struct cpu_set *a, const struct cpu_set *b)
{
    struct cpu_set out;

    for (unsigned int i = 0; i < ARRAY_SIZE(out.bits); i++)
        out.bits[i] = a->bits[i] & b->bits[i];
    return pool_there(&out);
}

static int give_set(const struct xenctl_bitmap *to, const struct cpu_set *set)
{
    return domctl_bitmap_put(to, set->bits, CPUS_MAX);
}

/* What was set, as it was set. */
DOMCTL(getvcpuaffinity)
{
    DOMCTL_ENTER(vcpuaffinity);
    struct vcpu *target;
    struct cpu_set hard, soft;
    long rc = find_vcpu(d, a, &target);

    if (rc)
        return rc;
    hard = pool_there(&target->sched.hard);
    soft = pool_there(&target->sched.soft);
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = give_set(&a->cpumap_hard, &hard);
    if (rc == 0 && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = give_set(&a->cpumap_soft, &soft);
    return rc;
}

/* Both maps before either is used. */
static long take_sets(const struct xen_domctl_vcpuaffinity *a, struct cpu_set *hard,
                      struct cpu_set *soft)
{
    int rc = 0;

    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = domctl_bitmap_get(&a->cpumap_hard, hard->bits, CPUS_MAX);
    if (rc == 0 && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = domctl_bitmap_get(&a->cpumap_soft, soft->bits, CPUS_MAX);
    return rc;
}

/* In force now, as far as there are CPUs. */
static long give_effective(const struct xen_domctl_vcpuaffinity *a, const struct vcpu *target)
{
    struct cpu_set hard = pool_there(&target->sched.hard), soft = both(&hard, &target->sched.soft);
    int rc = 0;

    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = give_set(&a->cpumap_hard, &hard);
    if (rc == 0 && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = give_set(&a->cpumap_soft, &soft);
    return rc;
}

DOMCTL(setvcpuaffinity)
{
    DOMCTL_ENTER(vcpuaffinity);
    struct cpu_set hard, soft;
    struct vcpu *target;
    long rc = find_vcpu(d, a, &target);

    if (rc == 0)
        rc = take_sets(a, &hard, &soft);
    if (rc)
        return rc;
    if (a->flags & XEN_VCPUAFFINITY_FORCE)
        sched_pin_override(target, -1); /* if there is one */
    if (a->flags & XEN_VCPUAFFINITY_HARD) {
        rc = sched_set_affinity(target, &hard);
        if (rc)
            return rc;
    }
    if (a->flags & XEN_VCPUAFFINITY_SOFT)
        sched_set_soft_affinity(target, &soft);
    return give_effective(a, target);
}

/* ---- nodes ---- */

static uint64_t nodes_there(void)
{
    uint64_t nodes = 0;

    for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
        nodes |= 1ul << arch_node_of_cpu(cpu) % NODES_MAX;
    return nodes;
}

DOMCTL(setnodeaffinity)
{
    DOMCTL_ENTER(nodeaffinity);
    uint64_t nodes;
    int rc = domctl_bitmap_get(&a->nodemap, &nodes, NODES_MAX);

    if (rc)
        return rc;
    if (!(nodes & nodes_there()))
        return -XEN_EINVAL;
    __atomic_store_n(&d->nodes, nodes, __ATOMIC_RELAXED);
    return 0;
}

DOMCTL(getnodeaffinity)
{
    DOMCTL_ENTER(nodeaffinity);
    uint64_t nodes = __atomic_load_n(&d->nodes, __ATOMIC_RELAXED);

    if (!nodes)
        nodes = nodes_there();
    return domctl_bitmap_put(&a->nodemap, &nodes, NODES_MAX);
}

/* ---- weight and cap ---- */

static unsigned int vcpu_count(const struct domain *d)
{
    unsigned int count = 0;

    for (unsigned int id = 0; id < d->max_vcpus; id++)
        count += d->vcpus[id] != NULL;
    return count;
}

/* Weight 0: as it is. */
static long set_parameters(struct domain *d, const struct xen_domctl_sched_credit2 *p)
{
    long rc = 0;

    if (p->cap > CAP_A_VCPU * vcpu_count(d))
        return -XEN_EINVAL;
    lock_take(&d->lock);
    if (p->weight)
        rc = sched_set_weight(d, p->weight);
    if (rc == 0)
        rc = sched_set_cap(d, p->cap);
    lock_release(&d->lock);
    return rc;
}

DOMCTL(scheduler_op)
{
    DOMCTL_ENTER(scheduler_op);

    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -XEN_EINVAL;
    switch (a->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo: return set_parameters(d, &a->u.credit2);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        a->u.credit2.weight = (uint16_t)d->sched.weight;
        a->u.credit2.cap = (uint16_t)d->sched.cap;
        return 0;
    default: /* vCPUs have no parameters of their own */ return -XEN_EINVAL;
    }
}
