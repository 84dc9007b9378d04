/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spin locks with ranks.  A CPU takes locks in ascending rank only; two of one rank only where the
 * rank's line says how.  Checked at run time when LOCK_CHECKS.  FIFO (ticket) order.  In line: what a
 * lock that is free costs.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "machine/inline.h"

/* 1: in builds with DEBUG=1 (Makefile) and on the workbench. */
#ifndef LOCK_CHECKS
#define LOCK_CHECKS 1
#endif

enum lock_rank {
    RANK_NONE,
    RANK_POOL,        /* CPU pools: their CPUs and domains, and affinity of vCPUs */
    RANK_DOMAIN_LIST, /* the list of domains */
    RANK_DOMAIN,      /* one domain's creation, destruction and memory operations */
    RANK_PAGETABLES,  /* one domain's page-table pages: validation and updates of entries */
    RANK_SEGMENTS,    /* GDT and LDT windows of one domain */
    RANK_GRANT,       /* one domain's grant table; two domains: lower id first */
    RANK_GUEST_COPY,  /* not a lock: locks above this must not be held while copying */
    RANK_FIRMWARE,    /* a call of EFI's runtime services */
    RANK_PIRQ,        /* one domain's physical interrupts */
    RANK_IRQ,         /* one interrupt line (irq-safe) */
    RANK_EVENT,       /* one domain's event channels (irq-safe); two domains: lower id first */
    RANK_EVENT_QUEUE, /* one vCPU's FIFO event queues (irq-safe); two: lower vCPU first */
    RANK_PAUSE,       /* one domain's pauses and shutdown (irq-safe) */
    RANK_VCPU,        /* one vCPU's pause and wait state (irq-safe) */
    RANK_SCHED,       /* one CPU's run queue (irq-safe) */
    RANK_TIMER,       /* one CPU's timers (irq-safe); two: lower CPU first */
    RANK_TIME,        /* wall clock and calibration (irq-safe) */
    RANK_PAGE_LIST,   /* one domain's list of pages */
    RANK_PAGE_ALLOC,  /* free pages of one node (irq-safe) */
    RANK_HEAP,        /* small objects (irq-safe) */
    RANK_MAPPING,     /* Zeroth's own page tables and address ranges */
    RANK_TLB,         /* sending one flush to other CPUs */
    RANK_DEVICE,      /* registers of one device, PCI configuration ports (irq-safe) */
    RANK_CONSOLE,     /* the console ring and its devices (irq-safe) */
    RANK_COUNT,
};

struct lock {
    uint16_t next, serving; /* tickets */
    uint16_t rank;
    uint16_t holder; /* CPU + 1 while held; for checks */
};

#define LOCK(rank_) \
    { \
        .rank = (rank_) \
    }

static inline void lock_init(struct lock *l, enum lock_rank rank)
{
    *l = (struct lock)LOCK((uint16_t)rank);
}

/* The same with checks, and the wait for a lock that is not free: core/lock.c. */
void lock_take_checked(struct lock *l);
void lock_release_checked(struct lock *l);
void lock_wait(struct lock *l, uint16_t ticket);

/* Take and release; interrupts stay as they are.  For locks that no interrupt handler takes.
 * Acquire: what the last holder did before its release is seen after. */
static inline void lock_take(struct lock *l)
{
    uint16_t ticket;

    if (LOCK_CHECKS) {
        lock_take_checked(l);
        return;
    }
    ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_ACQUIRE);
    if (__builtin_expect(__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != ticket, false))
        lock_wait(l, ticket);
}

static inline void lock_release(struct lock *l)
{
    if (LOCK_CHECKS)
        lock_release_checked(l);
    else
        __atomic_store_n(&l->serving, (uint16_t)(l->serving + 1), __ATOMIC_RELEASE);
}

/* The same with interrupts off until the release; pass what lock_take_irq returned. */
static inline bool lock_take_irq(struct lock *l)
{
    bool were_on = irq_save();

    lock_take(l);
    return were_on;
}

static inline void lock_release_irq(struct lock *l, bool were_on)
{
    lock_release(l);
    irq_restore(were_on);
}

/* Does this CPU hold it?  For assertions; without LOCK_CHECKS: does any? */
static inline bool lock_held(const struct lock *l)
{
    return LOCK_CHECKS ? __atomic_load_n(&l->holder, __ATOMIC_RELAXED) == cpu_id() + 1
                       : l->next != l->serving;
}

/* A second lock of the same rank, in the order that the rank's line gives. */
void lock_take_second(struct lock *l);

#endif
