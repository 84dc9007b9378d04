/* SPDX-License-Identifier: Apache-2.0 */
/* GNTTABOP_copy: between frames of one's own, or of others that granted them. */
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "lib/memory.h"

/* One side of a copy, held. */
struct side {
    struct domain *d;
    struct frame *f;
    grant_ref_t ref;
    bool granted, write;
};

static void put_side(struct side *s)
{
    if (s->f && s->granted) {
        grant_release(s->d, s->ref, s->write, s->f);
    } else if (s->f) {
        if (s->write)
            frame_put_type(s->f, false);
        frame_put(s->f);
    }
    if (s->d)
        domain_put(s->d);
}

static int get_own(struct vcpu *v, struct side *s, gfn_t gfn)
{
    if (s->d != v->domain && !v->domain->privileged)
        return GNTST_permission_denied;
    s->f = s->d->kind->frame_get(s->d, gfn);
    if (!s->f)
        return GNTST_bad_page;
    if (s->write && frame_get_type(s->f, FRAME_WRITABLE)) {
        frame_put(s->f);
        s->f = NULL;
        return GNTST_general_error;
    }
    return GNTST_okay;
}

static int get_side(struct vcpu *v, struct side *s, const struct gnttab_copy_ptr *p)
{
    s->d = domain_get(p->domid == DOMID_SELF ? v->domain->id : p->domid);
    if (!s->d)
        return GNTST_bad_domain;
    if (!s->granted)
        return get_own(v, s, p->u.gmfn);
    s->ref = p->u.ref;
    return grant_acquire(s->d, s->ref, v->domain, s->write, &s->f);
}

static void copy_frames(const struct gnttab_copy *op, const struct side *from,
                        const struct side *to)
{
    char *target = frame_map(frame_mfn(to->f));
    const char *source = frame_map(frame_mfn(from->f));

    memmove(target + op->dest.offset, source + op->source.offset, op->len);
    frame_unmap(source);
    frame_unmap(target);
}

void grant_copy(struct vcpu *v, struct gnttab_copy *op)
{
    struct side from = { .granted = op->flags & GNTCOPY_source_gref };
    struct side to = { .granted = op->flags & GNTCOPY_dest_gref, .write = true };
    int rc = GNTST_okay;

    if (op->len + op->source.offset > PAGE_SIZE || op->len + op->dest.offset > PAGE_SIZE ||
        (op->flags & ~(GNTCOPY_source_gref | GNTCOPY_dest_gref)))
        rc = GNTST_bad_copy_arg;
    if (rc == GNTST_okay)
        rc = get_side(v, &from, &op->source);
    if (rc == GNTST_okay)
        rc = get_side(v, &to, &op->dest);
    if (rc == GNTST_okay)
        copy_frames(op, &from, &to);
    put_side(&to);
    put_side(&from);
    op->status = (int16_t)rc;
}
