/* SPDX-License-Identifier: Apache-2.0 */
/* GNTTABOP_copy: between frames of one's own, or of others that granted them. */
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/grant/internal.h"
#include "core/grant/use.h"
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

static inline __attribute__((always_inline)) void put_side(const struct side *s)
{
    if (s->granted)
        grant_release(s->d, s->ref, s->write, s->f);
    else if (s->write)
        frame_put_use(s->f, false);
    else
        frame_put(s->f);
}

static inline int get_own(const struct vcpu *v, struct side *s, gfn_t gfn)
{
    if (s->d != v->domain) /* whoever asks (measured) */
        return GNTST_permission_denied;
    return grant_hold(s->d, gfn, s->write, &s->f);
}

static inline __attribute__((always_inline)) int get_side(struct vcpu *v, struct side *s,
                                                          const struct gnttab_copy_ptr *p)
{
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

    if (from->f != to->f)
        memcpy(target + op->dest.offset, source + op->source.offset, op->len);
    else
        memmove(target + op->dest.offset, source + op->source.offset, op->len);
    frame_unmap(source);
    frame_unmap(target);
}

static int copy(struct vcpu *v, struct side *from, struct side *to, const struct gnttab_copy *op)
{
    int rc;

    if (op->len + op->source.offset > PAGE_SIZE || op->len + op->dest.offset > PAGE_SIZE ||
        (op->flags & ~(GNTCOPY_source_gref | GNTCOPY_dest_gref)))
        return GNTST_bad_copy_arg;
    rc = get_side(v, from, &op->source);
    if (rc != GNTST_okay)
        return rc;
    rc = get_side(v, to, &op->dest);
    if (rc == GNTST_okay) {
        copy_frames(op, from, to);
        put_side(to);
    }
    put_side(from);
    return rc;
}

void grant_copy(struct vcpu *v, struct domain *source, struct domain *dest, struct gnttab_copy *op)
{
    struct side from = { .d = source, .granted = op->flags & GNTCOPY_source_gref };
    struct side to = { .d = dest, .granted = op->flags & GNTCOPY_dest_gref, .write = true };

    op->status = (int16_t)copy(v, &from, &to, op);
}
