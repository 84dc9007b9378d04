/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/grant.h"

#include "core/memory/frame.h"
#include "core/lock.h"
#include "x86/hvm/guest.h"

#include <xen/grant_table.h>

static enum p2m_type type_of(uint32_t flags)
{
    return flags & GNTMAP_readonly ? P2M_GRANT_READONLY : P2M_GRANT;
}

/* Where the guest has taken its own frame away before. */
int hvm_grant_map(struct vcpu *v, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn)
{
    struct domain *d = v->domain;
    struct p2m *p = hvm_p2m(d);
    int rc = GNTST_general_error;

    (void)granter;
    if ((flags & (GNTMAP_contains_pte | GNTMAP_application_map)) || (at & PAGE_MASK))
        return GNTST_bad_virt_addr;
    lock_take(&d->pagetable_lock);
    if (p2m_get(p, at >> PAGE_SHIFT).type == P2M_NONE &&
        p2m_set(p, at >> PAGE_SHIFT, mfn, 0, type_of(flags)) == 0)
        rc = GNTST_okay;
    lock_release(&d->pagetable_lock);
    return rc;
}

/* The caller flushes before the use is given back (core/grant/grant.h).  A use to write ends with a mapping
 * to write: were it a read-only one, the other would outlive what its granter is told of. */
int hvm_grant_unmap(struct vcpu *v, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn)
{
    struct domain *d = v->domain;
    struct p2m *p = hvm_p2m(d);
    struct p2m_entry e;
    int rc = GNTST_general_error;

    if (replace)
        return GNTST_general_error;
    lock_take(&d->pagetable_lock);
    e = p2m_get(p, at >> PAGE_SHIFT);
    if (e.type == type_of(flags) && e.mfn == mfn &&
        p2m_set(p, at >> PAGE_SHIFT, 0, 0, P2M_NONE) == 0)
        rc = GNTST_okay;
    lock_release(&d->pagetable_lock);
    return rc;
}
