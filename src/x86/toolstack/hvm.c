/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_{get,set}hvmcontext, gethvmcontext_partial: a hardware domain's records, from and to the
 * toolstack. */
#include "x86/toolstack/domctl.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "x86/hvm/context.h"

static bool is_hardware(struct domain *d, const struct vcpu *caller)
{
    return x86_domain(d)->hvm && d != caller->domain;
}

static long give_all(struct domain *d, struct xen_domctl_hvmcontext *a, void *copy)
{
    size_t size;

    domain_pause_sync(d);
    size = hvm_context_save(d, copy);
    domain_unpause(d);
    if (a->size < size)
        return -XEN_ENOSPC;
    if (!copy_to_guest((uint64_t)a->buffer.p, copy, size))
        return -XEN_EFAULT;
    a->size = (uint32_t)size;
    return 0;
}

/* Without a buffer: how much it can be. */
DOMCTL(gethvmcontext)
{
    DOMCTL_ENTER(hvmcontext);
    void *copy;
    long rc;

    if (!is_hardware(d, v))
        return -XEN_EINVAL;
    if (!a->buffer.p) {
        a->size = (uint32_t)hvm_context_room(d);
        return 0;
    }
    copy = heap_alloc(hvm_context_room(d));
    if (!copy)
        return -XEN_ENOMEM;
    rc = give_all(d, a, copy);
    heap_free(copy);
    return rc;
}

DOMCTL(gethvmcontext_partial)
{
    DOMCTL_ENTER(hvmcontext_partial);
    void *copy;
    long rc;

    if (!is_hardware(d, v))
        return -XEN_EINVAL;
    copy = heap_alloc(hvm_context_room(d));
    if (!copy)
        return -XEN_ENOMEM;
    domain_pause_sync(d);
    rc = hvm_context_save_one(d, a->type, a->instance, copy);
    domain_unpause(d);
    if (rc > 0 && a->buffer.p) {
        if ((uint64_t)rc > a->bufsz)
            rc = -XEN_ENOSPC;
        else if (!copy_to_guest((uint64_t)a->buffer.p, copy, (size_t)rc))
            rc = -XEN_EFAULT;
    }
    if (rc > 0) {
        a->bufsz = (uint64_t)rc;
        rc = 0;
    }
    heap_free(copy);
    return rc;
}

/* Xen takes what is too long for its own records, too: nothing longer than twice of it is any. */
DOMCTL(sethvmcontext)
{
    DOMCTL_ENTER(hvmcontext);
    void *copy;
    long rc = -XEN_EFAULT;

    if (!is_hardware(d, v) || !a->size || a->size > 2 * hvm_context_room(d))
        return -XEN_EINVAL;
    copy = heap_alloc(a->size);
    if (!copy)
        return -XEN_ENOMEM;
    if (copy_from_guest(copy, (uint64_t)a->buffer.p, a->size)) {
        domain_pause_sync(d);
        rc = d->is_dying ? -XEN_EINVAL : hvm_context_load(d, copy, a->size);
        domain_unpause(d);
    }
    heap_free(copy);
    return rc;
}
