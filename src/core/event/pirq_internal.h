/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's physical interrupts as core/event/pirq.c keeps them; nobody else includes it but tests. */
#ifndef CORE_PIRQ_INTERNAL_H
#define CORE_PIRQ_INTERNAL_H

#include "core/lock.h"
#include "core/machine.h"
#include "core/event/pirq.h"

struct frame;

struct pirq {
    int irq;       /* -1: not mapped */
    port_t port;   /* 0: not bound */
    bool reserved; /* by PHYSDEVOP_get_free_pirq */
    uint16_t away; /* the CPU that its vCPU was on when it last came to another; that one else */
};

struct pirq_domain {
    struct lock lock; /* RANK_PIRQ; guards: all of this */
    unsigned int count;
    struct frame *eoi_frame; /* NULL: none registered */
    uint64_t *eoi_bits;
    bool eoi_unmasks;                   /* eoi unmasks the event (pirq_eoi_gmfn_v1) */
    uint64_t permitted[ARCH_IRQS / 64]; /* machine's interrupts that it was let use */
    struct pirq table[];
};

#endif
