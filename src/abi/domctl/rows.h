/* SPDX-License-Identifier: Apache-2.0 */
/* The rows' functions of HYPERVISOR_domctl, for abi/domctl*.c only.  arg: struct xen_domctl; extra:
 * the domain that it is about, held, as a number (0: needs_domain in domctl.c says none). */
#ifndef ABI_DOMCTL_ROWS_H
#define ABI_DOMCTL_ROWS_H

#include "abi/domctl/domctl.h"

#define DOMCTL(name) long domctl_##name(struct vcpu *v, void *arg, uint64_t extra)
/* First in each body: the union's member and the domain. */
#define DOMCTL_ENTER(member) \
    struct xen_domctl *op = arg; \
    __typeof__(op->u.member) *a = &op->u.member; \
    struct domain *d = (struct domain *)extra; \
    (void)v, (void)a, (void)d

/* life.c */
DOMCTL(createdomain);
DOMCTL(destroydomain);
DOMCTL(pausedomain);
DOMCTL(unpausedomain);
DOMCTL(resumedomain);
DOMCTL(getdomaininfo);
DOMCTL(max_vcpus);
DOMCTL(max_mem);
DOMCTL(setdomainhandle);
DOMCTL(setdebugging);
DOMCTL(settimeoffset);
DOMCTL(subscribe);
DOMCTL(set_virq_handler);

/* vcpu.c */
DOMCTL(setvcpucontext);
DOMCTL(getvcpucontext);
DOMCTL(getvcpuinfo);
DOMCTL(sendtrigger);

/* sched.c */
DOMCTL(setvcpuaffinity);
DOMCTL(getvcpuaffinity);
DOMCTL(setnodeaffinity);
DOMCTL(getnodeaffinity);
DOMCTL(scheduler_op);

/* memory.c */
DOMCTL(getpageframeinfo3);
DOMCTL(shadow_op);
DOMCTL(get_paging_mempool_size);
DOMCTL(set_paging_mempool_size);
DOMCTL(irq_permission);

/* absent.c: what no domain of Zeroth's has; errors as measured on Xen 4.17. */
DOMCTL(no_hvm);
DOMCTL(no_iommu);
DOMCTL(no_psr);
DOMCTL(left_out);
DOMCTL(set_target);
DOMCTL(vm_event_op);
DOMCTL(monitor_op);
DOMCTL(psr_alloc);
DOMCTL(set_access_required);

#endif
