/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_*: power states of CPUs.  Zeroth lets an idle CPU halt (C1) and leaves frequencies to the
 * hardware, so there is what Xen says on a machine whose firmware offers no more. */
#include "abi/sysctl/rows.h"

#include "abi/copy.h"
#include "core/machine.h"
#include "core/sched/sched.h"
#include "core/vcpu.h"

#define STATES 2u /* C0: it works; C1 */

static uint32_t max_cstate = 1,
                max_substate = XEN_SYSCTL_CX_UNLIMITED; /* as they were set; atomic */

/* Times a CPU spent in each state; how often it went there is not counted. */
static long idle_statistics(struct pm_cx_stat *s, unsigned int cpu)
{
    uint64_t idle = sched_runtime(arch_idle_vcpu(cpu)), now = (uint64_t)arch_now();
    const uint64_t times[STATES] = { now > idle ? now - idle : 0, idle }, counts[STATES] = { 0, 0 };
    uint32_t room = s->nr < STATES ? s->nr : STATES;

    if ((s->triggers.p &&
         !copy_to_guest((uint64_t)s->triggers.p, counts, room * sizeof(counts[0]))) ||
        (s->residencies.p &&
         !copy_to_guest((uint64_t)s->residencies.p, times, room * sizeof(times[0]))))
        return -XEN_EFAULT;
    s->nr = STATES;
    s->last = 0;
    s->idle_time = idle;
    s->nr_pc = s->nr_cc = 0;
    return 0;
}

SYSCTL(get_pmstat)
{
    SYSCTL_ENTER(get_pmstat);

    if (a->cpuid >= cpu_count)
        return -XEN_EINVAL;
    if ((a->type & PMSTAT_CATEGORY_MASK) != PMSTAT_CX)
        return -XEN_ENODEV;
    switch (a->type) {
    case PMSTAT_get_max_cx: a->u.getcx.nr = STATES; return 0;
    case PMSTAT_get_cxstat: return idle_statistics(&a->u.getcx, a->cpuid);
    case PMSTAT_reset_cxstat: return 0;
    default: return -XEN_ENOSYS;
    }
}

static long limit(struct xen_sysctl_pm_op *a)
{
    uint32_t *which = a->cpuid ? &max_substate : &max_cstate;

    if (a->cmd == XEN_SYSCTL_pm_op_get_max_cstate)
        a->u.get_max_cstate = __atomic_load_n(which, __ATOMIC_RELAXED);
    else
        __atomic_store_n(which, a->u.set_max_cstate, __ATOMIC_RELAXED);
    return 0;
}

SYSCTL(pm_op)
{
    SYSCTL_ENTER(pm_op);

    if (a->cpuid >= cpu_count)
        return -XEN_EINVAL;
    if ((a->cmd & PM_PARA_CATEGORY_MASK) == CPUFREQ_PARA)
        return -XEN_EINVAL; /* no frequency is driven */
    switch (a->cmd) {
    case XEN_SYSCTL_pm_op_set_sched_opt_smt:
        a->u.set_sched_opt_smt = 0; /* what it was */
        return 0;
    case XEN_SYSCTL_pm_op_get_max_cstate:
    case XEN_SYSCTL_pm_op_set_max_cstate: return limit(a);
    case XEN_SYSCTL_pm_op_enable_turbo:
    case XEN_SYSCTL_pm_op_disable_turbo: return -XEN_EACCES;
    default: return -XEN_ENOSYS;
    }
}
