/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts of a domain: from a device's line or message to an event channel. */
#ifndef CORE_PIRQ_H
#define CORE_PIRQ_H

#include "core/types.h"

struct domain;
struct vcpu;

int pirq_domain_create(struct domain *d, unsigned int count);
void pirq_domain_destroy(struct domain *d);

/* EVTCHNOP_bind_pirq and close: bind the domain's pirq to its port; EVTCHNOP's flags say shareable.
 * 0, -EINVAL no such pirq, -EPERM not mapped, -EEXIST bound, -EBUSY not shareable. */
int pirq_bind(struct domain *d, unsigned int pirq, port_t port, bool share, struct vcpu *target);
/* No effect when the pirq is not bound to that port (any more). */
void pirq_unbind(struct domain *d, unsigned int pirq, port_t port);
/* The event moved to another vCPU (EVTCHNOP_bind_vcpu): the interrupt follows. */
void pirq_move(struct domain *d, unsigned int pirq, struct vcpu *target);
/* The port was unmasked or consumed: PHYSDEVOP_eoi. */
int pirq_eoi(struct domain *d, unsigned int pirq);

/* The machine's interrupt behind a pirq came.  The CPU that it had better come to from now on: another
 * than this when the vCPU was there twice in a row, that is has gone to stay.  Interrupts off; one at a
 * time for a pirq. */
unsigned int pirq_raise(struct domain *d, unsigned int pirq);

/* PHYSDEVOP_map_pirq: pirq < 0: choose one.  The pirq; -EINVAL irq or pirq out of range, -EEXIST, -ENOSPC. */
int pirq_map(struct domain *d, int pirq, unsigned int irq);
/* -EINVAL: not mapped. Unbinds it. */
int pirq_unmap(struct domain *d, unsigned int pirq);
/* XEN_DOMCTL_irq_permission: a domain that has the interrupt itself lets d use it, or no more.
 * -EINVAL no such pirq, -EPERM it has not. */
int pirq_permit(struct domain *from, struct domain *d, unsigned int pirq, bool allow);
/* A pirq with nothing behind it yet: -ENOSPC. */
int pirq_free(struct domain *d, bool msi);
/* XENIRQSTAT_* flags; -EINVAL. */
int pirq_status(struct domain *d, unsigned int pirq, uint32_t *flags);
/* PHYSDEVOP_pirq_eoi_gmfn: a bit for each pirq that wants eoi; -EBUSY set already, -EINVAL frame. */
int pirq_set_eoi_page(struct domain *d, gfn_t gfn, bool unmask);

#endif
