/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_{get,set}tscinfo: how a domain's time stamp counter counts. */
#include "x86/toolstack/domctl.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "x86/hvm/tsc.h"
#include "x86/time.h"

enum { MODE_DEFAULT, MODE_EMULATED, MODE_NATIVE };

#define DEVIATION 1000u /* 1 in so many: the same rate, measured another time */

/* Is a rate that of this machine's counters?  0: whichever it is. */
static bool is_ours(uint32_t khz)
{
    uint64_t own = time_tsc_khz(), apart = khz > own ? khz - own : own - khz;

    return khz == 0 || apart <= own / DEVIATION;
}

/* PV guests read the machine's own counters: what would need others is refused. */
static long set_rate(struct domain *d, const struct xen_domctl_tsc_info *a)
{
    bool exits = a->tsc_mode == MODE_EMULATED,
         own = a->tsc_mode == MODE_NATIVE || is_ours(a->gtsc_khz);

    if (x86_domain(d)->hvm)
        return hvm_tsc_set_rate(d, own ? 0 : a->gtsc_khz, exits) ? 0 : -XEN_EINVAL;
    return exits || !own ? -XEN_EOPNOTSUPP : 0;
}

DOMCTL(settscinfo)
{
    DOMCTL_ENTER(tsc_info);
    struct x86_domain *x = x86_domain(d);
    long rc;

    if (d == v->domain || a->tsc_mode > MODE_NATIVE)
        return -XEN_EINVAL;
    domain_pause_sync(d);
    lock_take(&d->lock);
    rc = set_rate(d, a);
    if (rc == 0) {
        x->tsc_mode = a->tsc_mode;
        x->tsc_khz = a->gtsc_khz;
        x->tsc_incarnation = a->incarnation + 1;
        x->tsc_start = (ns_t)((uint64_t)arch_now() - a->elapsed_nsec); /* any number is taken */
    }
    lock_release(&d->lock);
    domain_unpause(d);
    return rc;
}

DOMCTL(gettscinfo)
{
    DOMCTL_ENTER(tsc_info);
    struct x86_domain *x = x86_domain(d);

    if (d == v->domain)
        return -XEN_EINVAL;
    *a = (struct xen_domctl_tsc_info){ .tsc_mode = x->tsc_mode, .incarnation = x->tsc_incarnation };
    if (x->tsc_mode == MODE_NATIVE)
        return 0;
    a->gtsc_khz = x->tsc_khz ? x->tsc_khz : (uint32_t)time_tsc_khz();
    a->elapsed_nsec = (uint64_t)arch_now() - (uint64_t)x->tsc_start;
    return 0;
}
