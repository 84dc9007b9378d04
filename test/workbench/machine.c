/* SPDX-License-Identifier: Apache-2.0 */
/* Weak: a test may put its own in a function's place. */
#include "../workbench/machine.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"

#include <stdio.h>
#include <stdlib.h>

#define WEAK __attribute__((weak))

__thread unsigned int workbench_cpu;
__thread struct vcpu *workbench_current;
__thread bool workbench_irq = true;
__thread uint32_t workbench_softirqs;
struct frame *workbench_frames;
uint64_t *workbench_m2p, workbench_flushes;
char *workbench_ram;
WEAK uint32_t tlb_clock = 1;
unsigned int workbench_preempt;

WEAK void workbench_memory(uint64_t first, uint64_t frames)
{
    workbench_frames = calloc(frames, sizeof(*workbench_frames));
    workbench_m2p = calloc(frames, sizeof(*workbench_m2p));
    workbench_ram = aligned_alloc(PAGE_SIZE, frames * PAGE_SIZE);
    frame_init(frames);
    frame_reserve(first, frames);
    page_alloc_add(first, frames, 0);
}

WEAK _Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

WEAK void *frame_map(mfn_t mfn)
{
    return workbench_ram + mfn * PAGE_SIZE;
}

WEAK void frame_unmap(const void *at)
{
    (void)at;
}

unsigned int workbench_told;

WEAK void console_log(unsigned int level, const char *text, ...)
{
    (void)level, (void)text;
}

WEAK void console_guest_log(domid_t id, unsigned int level, const char *text, ...)
{
    (void)id, (void)level, (void)text;
    workbench_told++;
}

static uint32_t orphans[16];

WEAK void domain_orphan(domid_t id)
{
    orphans[id % 16]++;
}

WEAK void domain_orphan_gone(domid_t id)
{
    orphans[id % 16]--;
}

WEAK uint32_t domain_orphans(domid_t id)
{
    return orphans[id % 16];
}

WEAK void arch_tlb_flush_stamped(struct domain *d, uint32_t stamp)
{
    (void)d, (void)stamp;
    workbench_flushes++;
}

WEAK mfn_t arch_m2p_extent(unsigned int index)
{
    return index + 1;
}

WEAK bool preempt_wanted(void)
{
    static unsigned int calls;

    return workbench_preempt && ++calls % workbench_preempt == 0;
}

WEAK void lock_take_checked(struct lock *l)
{
    ASSERT(!l->holder);
    l->holder = (uint16_t)(cpu_id() + 1);
}

WEAK void lock_release_checked(struct lock *l)
{
    ASSERT(l->holder == cpu_id() + 1);
    l->holder = 0;
}
