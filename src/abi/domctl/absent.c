/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: what is for HVM domains, or for devices, or left out; errors as measured on Xen
 * 4.17 for a PV domain, on a machine without an IOMMU. */
#include "abi/domctl/rows.h"

#include "core/domain.h"
#include "core/vcpu.h"

#include <xen/vm_event.h>

#define CONSTANT(name, error) \
    DOMCTL(name) \
    { \
        (void)v, (void)arg, (void)extra; \
        return -(error); \
    }

CONSTANT(no_hvm, XEN_EINVAL)
CONSTANT(no_iommu, XEN_EOPNOTSUPP)
CONSTANT(no_psr, XEN_ENODEV)
CONSTANT(left_out, XEN_ENOSYS)

DOMCTL(psr_alloc)
{
    DOMCTL_ENTER(psr_alloc);

    return a->cmd > XEN_DOMCTL_PSR_GET_MBA_THRTL ? -XEN_EOPNOTSUPP : -XEN_ENODEV;
}

/* A device model's domain is to serve another: one that needs a device model. */
DOMCTL(set_target)
{
    DOMCTL_ENTER(set_target);
    struct domain *target = domain_get(a->target);

    if (!target)
        return -XEN_ESRCH;
    domain_put(target);
    return target == d || d == v->domain ? -XEN_EINVAL : -XEN_EOPNOTSUPP;
}

/* A page is given to nobody who would ask first: no listener can be required. */
DOMCTL(set_access_required)
{
    DOMCTL_ENTER(access_required);

    return d == v->domain ? -XEN_EPERM : -XEN_EOPNOTSUPP;
}

DOMCTL(vm_event_op)
{
    DOMCTL_ENTER(vm_event_op);

    if (a->op == XEN_VM_EVENT_GET_VERSION) {
        a->u.version = VM_EVENT_INTERFACE_VERSION;
        return 0;
    }
    if (d == v->domain || !domain_vcpu(d, 0))
        return -XEN_EINVAL;
    return a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR ? -XEN_ENODEV : -XEN_ENOSYS;
}

/* No event of a PV domain can be monitored. */
DOMCTL(monitor_op)
{
    DOMCTL_ENTER(monitor_op);

    if (d == v->domain)
        return -XEN_EPERM;
    switch (a->op) {
    case XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES: a->event = 0; return 0;
    case XEN_DOMCTL_MONITOR_OP_ENABLE:
    case XEN_DOMCTL_MONITOR_OP_DISABLE: return a->event > 31 ? -XEN_EINVAL : -XEN_EOPNOTSUPP;
    default: return -XEN_EOPNOTSUPP;
    }
}
