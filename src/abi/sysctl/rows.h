/* SPDX-License-Identifier: Apache-2.0 */
/* The rows' functions of HYPERVISOR_sysctl, for abi/sysctl*.c and x86/toolstack/sysctl.c only.  arg: struct
 * xen_sysctl; extra: sizes that depend on the version of the interface, struct sysctl_sizes. */
#ifndef ABI_SYSCTL_ROWS_H
#define ABI_SYSCTL_ROWS_H

#include "abi/sysctl/sysctl.h"

#include <xen/sysctl.h>

#define SYSCTL(name) long sysctl_##name(struct vcpu *v, void *arg, uint64_t extra)
/* First in each body: the union's member. */
#define SYSCTL_ENTER(member) \
    struct xen_sysctl *op = arg; \
    __typeof__(op->u.member) *a = &op->u.member; \
    (void)v, (void)a, (void)extra

/* What lists that the caller gave room for are made of, in bytes. */
struct sysctl_sizes {
    uint16_t domain; /* struct xen_domctl_getdomaininfo, cut off at the end */
};

/* console.c */
SYSCTL(readconsole);
SYSCTL(debug_keys);

/* machine.c */
SYSCTL(physinfo);
SYSCTL(getcpuinfo);
SYSCTL(availheap);
SYSCTL(cputopoinfo);
SYSCTL(numainfo);
SYSCTL(pcitopoinfo);
SYSCTL(cpu_hotplug);
SYSCTL(page_offline_op);

/* power.c */
SYSCTL(get_pmstat);
SYSCTL(pm_op);

/* sched.c */
SYSCTL(sched_id);
SYSCTL(getdomaininfolist);
SYSCTL(cpupool_op);
SYSCTL(scheduler_op);

/* absent.c: what Zeroth leaves out; errors as measured on Xen 4.17. */
SYSCTL(tbuf_op);
SYSCTL(perfc_op);
SYSCTL(lockprof_op);
SYSCTL(coverage_op);
SYSCTL(psr_cmt_op);
SYSCTL(psr_alloc);
SYSCTL(livepatch_op);

#endif
