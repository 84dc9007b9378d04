/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lock.h"

#include "core/assert.h"
#include "core/machine.h"

/*
 * Ranks that interrupt handlers take.  All other ranks come before all of these, whatever their
 * numbers: a handler may then interrupt the holder of any lock that is not one of these, and
 * nobody who holds one of these can wait for that holder.
 */
#define IRQ_SAFE \
    (1u << RANK_IRQ | 1u << RANK_EVENT | 1u << RANK_EVENT_QUEUE | 1u << RANK_PAUSE | \
     1u << RANK_VCPU | 1u << RANK_SCHED | 1u << RANK_TIMER | 1u << RANK_TIME | \
     1u << RANK_PAGE_ALLOC | 1u << RANK_HEAP | 1u << RANK_DEVICE | 1u << RANK_CONSOLE)

/* What each CPU holds; a line of its own each, written by that CPU only. */
static struct {
    uint32_t ranks; /* bits */
    uint8_t count[RANK_COUNT];
} __attribute__((aligned(64))) held[CPUS_MAX];

/* May this CPU wait for a lock of the rank?  At 1 << rank and above nothing may be held already. */
static void check_order(const struct lock *l, uint32_t allowed)
{
    uint32_t ranks = held[cpu_id()].ranks, bit = 1u << l->rank;

    ASSERT(l->rank != RANK_NONE && l->rank < RANK_COUNT);
    ASSERT(l->holder != cpu_id() + 1);
    if (bit & IRQ_SAFE) {
        ASSERT(!irq_is_on());
        ranks &= IRQ_SAFE;
    } else {
        ASSERT(!(ranks & IRQ_SAFE));
    }
    ASSERT(!(ranks & ~((bit << allowed) - 1)));
}

static void note_taken(struct lock *l)
{
    unsigned int cpu = cpu_id();

    __atomic_store_n(&l->holder, (uint16_t)(cpu + 1), __ATOMIC_RELAXED);
    held[cpu].count[l->rank]++;
    held[cpu].ranks |= 1u << l->rank;
}

static void note_released(struct lock *l)
{
    unsigned int cpu = cpu_id();

    ASSERT(l->holder == cpu + 1);
    ASSERT(held[cpu].count[l->rank]);
    l->holder = 0;
    if (--held[cpu].count[l->rank] == 0)
        held[cpu].ranks &= ~(1u << l->rank);
}

void lock_wait(struct lock *l, uint16_t ticket)
{
    while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != ticket)
        cpu_relax();
}

static void wait(struct lock *l)
{
    lock_wait(l, __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED));
}

void lock_take_checked(struct lock *l)
{
    check_order(l, 0);
    wait(l);
    note_taken(l);
}

void lock_take_second(struct lock *l)
{
    if (LOCK_CHECKS)
        check_order(l, 1);
    wait(l);
    if (LOCK_CHECKS)
        note_taken(l);
}

void lock_release_checked(struct lock *l)
{
    note_released(l);
    __atomic_store_n(&l->serving, (uint16_t)(l->serving + 1), __ATOMIC_RELEASE);
}
