/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_{get,set}_cpu_policy. */
#include "x86/toolstack/domctl.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "core/vcpu.h"
#include "lib/memory.h"
#include "x86/hvm/cpuid.h"
#include "x86/policy/change.h"

DOMCTL(get_cpu_policy)
{
    DOMCTL_ENTER(cpu_policy);
    struct cpuid_policy *p = x86_domain(d)->cpuid;
    int rc;

    lock_take(&d->lock);
    rc = cpuid_give_leaves(p, (uint64_t)a->leaves.p, &a->nr_leaves);
    if (rc == 0)
        rc = cpuid_give_msrs(p, (uint64_t)a->msrs.p, &a->nr_msrs);
    lock_release(&d->lock);
    return rc;
}

/* new[0]: the policy as it is to be; new[1]: the limit. */
static int change(struct domain *d, struct xen_domctl_cpu_policy *a, struct cpuid_policy *new,
                  struct cpuid_error *error)
{
    int rc;

    ASSERT(lock_held(&d->lock));
    memcpy(&new[0], x86_domain(d)->cpuid, sizeof(new[0]));
    rc = cpuid_take_leaves(&new[0], (uint64_t)a->leaves.p, a->nr_leaves, error);
    if (rc == 0)
        rc = cpuid_take_msrs(&new[0], (uint64_t)a->msrs.p, a->nr_msrs, error);
    if (rc)
        return rc;
    if (x86_domain(d)->hvm)
        hvm_policy_most(&new[1]);
    else
        cpuid_policy_most(&new[1], x86_domain(d)->hardware);
    rc = cpuid_limit(&new[0], &new[1], error);
    if (rc == 0)
        memcpy(x86_domain(d)->cpuid, &new[0], sizeof(new[0]));
    return rc;
}

DOMCTL(set_cpu_policy)
{
    DOMCTL_ENTER(cpu_policy);
    struct cpuid_error error = { ~0u, ~0u, ~0u };
    struct cpuid_policy *new;
    int rc = -XEN_EEXIST;

    if (d == v->domain)
        return -XEN_EINVAL;
    new = heap_alloc(2 * sizeof(*new));
    if (!new)
        return -XEN_ENOMEM;
    lock_take(&d->lock);
    if (!d->started) { /* nobody has seen the present one */
        rc = change(d, a, new, &error);
        if (rc) {
            a->err_leaf = error.leaf;
            a->err_subleaf = error.sub;
            a->err_msr = error.msr;
        }
    }
    lock_release(&d->lock);
    heap_free(new);
    return rc;
}
