/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_*: what Zeroth does without; errors as measured on Debian's Xen 4.17. */
#include "abi/sysctl/rows.h"

#include "abi/copy.h"
#include "abi/domctl/domctl.h"
#include "core/machine.h"

#define CONSTANT(name, error) \
    SYSCTL(name) \
    { \
        (void)v, (void)arg, (void)extra; \
        return -(error); \
    }

CONSTANT(perfc_op, XEN_ENOSYS)
CONSTANT(lockprof_op, XEN_ENOSYS)
CONSTANT(coverage_op, XEN_EOPNOTSUPP)
CONSTANT(psr_cmt_op, XEN_ENODEV)

SYSCTL(psr_alloc)
{
    SYSCTL_ENTER(psr_alloc);

    return a->cmd > XEN_SYSCTL_PSR_get_mba_info ? -XEN_EOPNOTSUPP : -XEN_ENODEV;
}

/* ---- trace buffers: masks are kept, but there is no buffer and none can be made ---- */

#define ALL_EVENTS 0x0ffff000u /* measured */

static uint32_t event_mask = ALL_EVENTS; /* atomic */

SYSCTL(tbuf_op)
{
    SYSCTL_ENTER(tbuf_op);
    struct cpu_set cpus;

    switch (a->cmd) {
    case XEN_SYSCTL_TBUFOP_get_info:
        a->evt_mask = __atomic_load_n(&event_mask, __ATOMIC_RELAXED);
        a->buffer_mfn = 0;
        a->size = 0;
        return 0;
    case XEN_SYSCTL_TBUFOP_set_evt_mask:
        __atomic_store_n(&event_mask, a->evt_mask, __ATOMIC_RELAXED);
        return 0;
    case XEN_SYSCTL_TBUFOP_set_size: return a->size ? -XEN_ENOMEM : -XEN_EINVAL;
    case XEN_SYSCTL_TBUFOP_set_cpu_mask:
        return a->cpu_mask.nr_bits ? domctl_bitmap_get(&a->cpu_mask, cpus.bits, CPUS_MAX) : 0;
    case XEN_SYSCTL_TBUFOP_disable: return 0;
    default: return -XEN_EINVAL;
    }
}

/* ---- live patches: there are none, and nothing that is made for Xen would fit ---- */

/* 0, if the name is one that a patch could have. */
static long check_name(const struct xen_livepatch_name *name)
{
    char text[XEN_LIVEPATCH_NAME_SIZE];

    if (!name->size || name->size > sizeof(text) || name->pad[0] || name->pad[1] || name->pad[2] ||
        !name->name.p)
        return -XEN_EINVAL;
    if (!copy_from_guest(text, (uint64_t)name->name.p, name->size))
        return -XEN_EFAULT;
    return text[name->size - 1] ? -XEN_EINVAL : 0;
}

static long find(const struct xen_livepatch_name *name)
{
    long rc = check_name(name);

    return rc ? rc : -XEN_ENOENT;
}

static long list(struct xen_sysctl_livepatch_list *l)
{
    if (l->pad)
        return -XEN_EINVAL;
    l->version = 1;
    l->nr = 0;
    l->name_total_size = l->metadata_total_size = 0;
    return 0;
}

SYSCTL(livepatch_op)
{
    SYSCTL_ENTER(livepatch);
    long rc;

    if (a->pad)
        return -XEN_EINVAL;
    switch (a->cmd) {
    case XEN_SYSCTL_LIVEPATCH_UPLOAD:
        rc = check_name(&a->u.upload.name);
        return rc ? rc : -XEN_EINVAL;
    case XEN_SYSCTL_LIVEPATCH_GET: return find(&a->u.get.name);
    case XEN_SYSCTL_LIVEPATCH_LIST: return list(&a->u.list);
    case XEN_SYSCTL_LIVEPATCH_ACTION: return find(&a->u.action.name);
    default: return -XEN_EOPNOTSUPP;
    }
}
