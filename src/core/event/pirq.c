/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/pirq.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/event/pirq_internal.h"
#include "core/vcpu.h"

#include <xen/errno.h>
#include <xen/physdev.h>

int pirq_domain_create(struct domain *d, unsigned int count)
{
    struct pirq_domain *p = heap_alloc(sizeof(*p) + count * sizeof(p->table[0]));

    if (!p)
        return -XEN_ENOMEM;
    lock_init(&p->lock, RANK_PIRQ);
    p->count = count;
    for (unsigned int i = 0; i < count; i++)
        p->table[i].irq = -1;
    d->pirq = p;
    return 0;
}

void pirq_domain_destroy(struct domain *d)
{
    struct pirq_domain *p = d->pirq;

    if (!p)
        return;
    for (unsigned int i = 0; i < p->count; i++)
        if (p->table[i].irq >= 0)
            pirq_unmap(d, i);
    if (p->eoi_frame) {
        frame_unmap(p->eoi_bits);
        frame_put_type(p->eoi_frame, false);
        frame_put(p->eoi_frame);
    }
    d->pirq = NULL;
    heap_free(p);
}

static struct pirq *get(struct domain *d, unsigned int nr)
{
    return d->pirq && nr < d->pirq->count ? &d->pirq->table[nr] : NULL;
}

/* What is behind it just now, for those who look without the lock; -1: nothing. */
static int irq_behind(const struct pirq *pirq)
{
    return __atomic_load_n(&pirq->irq, __ATOMIC_RELAXED);
}

static void set_eoi_bit(struct pirq_domain *p, unsigned int nr, bool wanted)
{
    uint64_t bit = 1ul << (nr % 64);

    if (!p->eoi_bits || nr >= PAGE_SIZE * 8)
        return;
    if (wanted)
        __atomic_fetch_or(&p->eoi_bits[nr / 64], bit, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&p->eoi_bits[nr / 64], ~bit, __ATOMIC_SEQ_CST);
}

int pirq_bind(struct domain *d, unsigned int nr, port_t port, bool share, struct vcpu *target)
{
    struct pirq *pirq = get(d, nr);
    int rc = 0;

    (void)share; /* one domain holds a line at a time */
    if (!pirq)
        return -XEN_EINVAL;
    lock_take(&d->pirq->lock);
    if (pirq->irq < 0)
        rc = -XEN_EPERM;
    else if (pirq->port)
        rc = -XEN_EEXIST;
    if (rc == 0) {
        pirq->port = port; /* before the first interrupt can come */
        pirq->away = (uint16_t)target->cpu;
        set_eoi_bit(d->pirq, nr, arch_irq_is_level((unsigned int)pirq->irq));
        rc = arch_irq_open((unsigned int)pirq->irq, d, nr, target->cpu);
        if (rc)
            pirq->port = 0;
    }
    lock_release(&d->pirq->lock);
    return rc;
}

void pirq_unbind(struct domain *d, unsigned int nr, port_t port)
{
    struct pirq *pirq = get(d, nr);

    if (!pirq)
        return;
    lock_take(&d->pirq->lock);
    if (port && pirq->port == port) {
        ASSERT(pirq->irq >= 0);
        arch_irq_close((unsigned int)pirq->irq);
        pirq->port = 0;
    }
    lock_release(&d->pirq->lock);
}

void pirq_move(struct domain *d, unsigned int nr, struct vcpu *target)
{
    struct pirq *pirq = get(d, nr);
    int irq = pirq && pirq->port ? irq_behind(pirq) : -1;

    if (irq >= 0)
        arch_pirq_affinity((unsigned int)irq, target->cpu);
}

unsigned int pirq_raise(struct domain *d, unsigned int nr)
{
    struct pirq *pirq = get(d, nr);
    port_t port = pirq ? __atomic_load_n(&pirq->port, __ATOMIC_RELAXED) : 0;
    unsigned int cpu = port ? event_send_pirq(d, port) : cpu_id(), before;

    if (!port)
        return cpu;
    before = pirq->away;
    pirq->away = (uint16_t)cpu;
    return cpu == before ? cpu : cpu_id();
}

int pirq_eoi(struct domain *d, unsigned int nr)
{
    struct pirq *pirq = get(d, nr);
    int irq;

    if (!pirq || !pirq->port)
        return -XEN_EINVAL;
    irq = irq_behind(pirq);
    if (irq >= 0)
        arch_pirq_unmask((unsigned int)irq);
    return 0;
}

static int find_free(struct pirq_domain *p, bool msi)
{
    unsigned int gsis = arch_gsi_count(), from = msi ? gsis : 16;

    for (unsigned int i = p->count; i-- > from;)
        if (p->table[i].irq < 0 && !p->table[i].reserved)
            return (int)i;
    return -XEN_ENOSPC;
}

int pirq_map(struct domain *d, int nr, unsigned int irq)
{
    struct pirq_domain *p = d->pirq;
    int rc;

    if (!p || irq >= ARCH_IRQS)
        return -XEN_EINVAL;
    lock_take(&p->lock);
    rc = nr < 0 ? find_free(p, irq >= arch_gsi_count()) : nr;
    if (rc >= 0 && (unsigned int)rc >= p->count)
        rc = -XEN_EINVAL;
    if (rc >= 0 && p->table[rc].irq >= 0 && p->table[rc].irq != (int)irq)
        rc = -XEN_EEXIST;
    if (rc >= 0)
        p->table[rc] = (struct pirq){ (int)irq, p->table[rc].port, false, 0 };
    lock_release(&p->lock);
    return rc;
}

int pirq_unmap(struct domain *d, unsigned int nr)
{
    struct pirq *pirq = get(d, nr);
    int irq;

    if (!pirq)
        return -XEN_EINVAL;
    lock_take(&d->pirq->lock);
    irq = pirq->irq;
    if (pirq->port)
        arch_irq_close((unsigned int)irq);
    pirq->port = 0;
    pirq->irq = -1;
    lock_release(&d->pirq->lock);
    if (irq < 0)
        return -XEN_EINVAL;
    if (irq >= (int)arch_gsi_count())
        arch_msi_destroy((unsigned int)irq);
    return 0;
}

/* The machine's interrupt behind a pirq of a domain's; -1: none that it has. */
static int irq_of(struct domain *d, unsigned int nr)
{
    struct pirq *pirq = get(d, nr);
    int irq = pirq ? irq_behind(pirq) : -1;

    if (irq >= 0)
        return irq;
    return nr && nr < arch_gsi_count() ? (int)nr : -1; /* 0 is the timer's */
}

int pirq_permit(struct domain *from, struct domain *d, unsigned int nr, bool allow)
{
    int irq;
    uint64_t bit;

    if (!get(from, nr) || !d->pirq)
        return -XEN_EINVAL;
    irq = irq_of(from, nr);
    if (irq < 0)
        return -XEN_EPERM;
    bit = 1ul << irq % 64;
    lock_take(&d->pirq->lock);
    if (allow)
        d->pirq->permitted[irq / 64] |= bit;
    else
        d->pirq->permitted[irq / 64] &= ~bit;
    lock_release(&d->pirq->lock);
    return 0;
}

int pirq_free(struct domain *d, bool msi)
{
    int rc;

    if (!d->pirq)
        return -XEN_ENOSPC;
    lock_take(&d->pirq->lock);
    rc = find_free(d->pirq, msi);
    if (rc >= 0)
        d->pirq->table[rc].reserved = true;
    lock_release(&d->pirq->lock);
    return rc;
}

int pirq_status(struct domain *d, unsigned int nr, uint32_t *flags)
{
    struct pirq *pirq = get(d, nr);
    int irq;

    if (!pirq)
        return -XEN_EINVAL;
    irq = irq_behind(pirq);
    *flags = irq >= 0 && arch_irq_is_level((unsigned int)irq) ? XENIRQSTAT_needs_eoi : 0;
    return 0;
}

int pirq_set_eoi_page(struct domain *d, gfn_t gfn, bool unmask)
{
    struct pirq_domain *p = d->pirq;
    struct frame *f = p ? domain_frame_get(d, gfn) : NULL;
    int rc = -XEN_EBUSY;

    if (!f)
        return -XEN_EINVAL;
    if (frame_get_type(f, FRAME_WRITABLE)) {
        frame_put(f);
        return -XEN_EINVAL;
    }
    lock_take(&p->lock);
    if (!p->eoi_frame) {
        p->eoi_frame = f;
        p->eoi_bits = frame_map(frame_mfn(f));
        p->eoi_unmasks = unmask;
        for (unsigned int i = 0; i < p->count; i++)
            set_eoi_bit(p, i,
                        p->table[i].irq >= 0 && arch_irq_is_level((unsigned int)p->table[i].irq));
        rc = 0;
    }
    lock_release(&p->lock);
    if (rc) {
        frame_put_type(f, false);
        frame_put(f);
    }
    return rc;
}
