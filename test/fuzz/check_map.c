/* SPDX-License-Identifier: Apache-2.0 */
/* The map of a hardware domain: what stands in it is the domain's own, or granted to it. */
#include "check.h"

#include "core/machine.h"
#include "x86/hvm/guest.h"

static bool is_own(enum p2m_type type)
{
    return type == P2M_RAM || type == P2M_LOGGED || type == P2M_READONLY;
}

static void check_entry(const struct domain *d, gfn_t gfn, const struct p2m_entry *e)
{
    for (mfn_t mfn = e->mfn; mfn < e->mfn + (1ul << e->order); mfn++) {
        const struct frame *f = frame_of(mfn);

        if (e->type == P2M_DEVICE) {
            REQUIRE(!f || f->owner == DOMID_IO, "frame number %lx of %u is %lx, no device's", gfn,
                    d->id, mfn);
            continue;
        }
        REQUIRE(f, "frame number %lx of %u is %lx, which is no RAM", gfn, d->id, mfn);
        if (is_own(e->type))
            REQUIRE(f->owner == d->id && (f->refs & REFS_COUNT),
                    "frame number %lx of %u is %lx, which is %x's", gfn, d->id, mfn, f->owner);
        else
            count_mapping(d, mfn, e->type == P2M_GRANT);
    }
}

/* Free pages are nobody's, and as many as it says. */
static void check_pool(const struct p2m *p)
{
    uint64_t count = 0;

    for (mfn_t at = p->pool; at != MFN_NONE; at = *(mfn_t *)frame_map(at)) {
        REQUIRE(frame_of(at) && frame_of(at)->owner == DOMID_INVALID &&
                    !(frame_of(at)->refs & REFS_FREE),
                "page %lx of a pool", at);
        REQUIRE(++count <= p->pool_free, "a pool goes in a circle");
    }
    REQUIRE(count == p->pool_free && count < p->pool_total, "a pool has %lu pages, not %lu of %lu",
            count, p->pool_free, p->pool_total);
}

void check_map(struct domain *d)
{
    const struct p2m *p = hvm_p2m(d);
    struct p2m_entry e;

    if (!p->domain || p->root == MFN_NONE)
        return;
    check_pool(p);
    if (d->is_dying)
        return; /* frames go before the map does; who finds one in it asks whose it is */
    for (gfn_t gfn = 0; gfn <= p->highest; gfn = (gfn | ((1ul << e.order) - 1)) + 1) {
        e = p2m_get(p, gfn);
        e.mfn &= ~((1ul << e.order) - 1);
        if (e.type != P2M_NONE)
            check_entry(d, gfn, &e);
    }
}

/* What a vCPU has looked up and may use without asking is what the map says. */
void check_lookups(const struct vcpu *core)
{
    const struct x86_vcpu *v = container_of(core, const struct x86_vcpu, core);

    for (unsigned int i = 0; i < HVM_LOOKUPS; i++) {
        const struct hvm_lookup *l = &v->hvm->lookups[i];
        struct p2m_entry e;

        if (core->domain->is_dying || l->flushes != hvm_domain(core->domain)->flushes)
            continue;
        e = p2m_get(hvm_p2m(core->domain), l->gfn);
        REQUIRE(e.type != P2M_NONE && e.mfn == l->mfn, "vCPU %u takes %lx for %lx, which is %lx",
                core->id, l->gfn, l->mfn, e.mfn);
        REQUIRE(!l->writable || e.type == P2M_RAM || e.type == P2M_GRANT,
                "vCPU %u may write to %lx, which is of type %u", core->id, l->gfn, e.type);
    }
}
