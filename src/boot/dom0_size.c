/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_size.h"

#include "core/types.h"

#define RESERVE_PART 16 /* of the free frames */
#define RESERVE_MAX  ((128ul << 20) >> PAGE_SHIFT)

_Static_assert(DOM0_VCPUS_MAX == CPUS_MAX, "one for each CPU is possible");

/* An amount in frames; one below all that is free is none at all. */
static uint64_t pages_of(const struct options_size *size, uint64_t free)
{
    uint64_t pages = size->bytes >> PAGE_SHIFT;

    if (!size->below)
        return pages;
    return pages < free ? free - pages : 0;
}

static uint64_t usual(uint64_t free)
{
    uint64_t reserve = free / RESERVE_PART;

    return free - (reserve < RESERVE_MAX ? reserve : RESERVE_MAX);
}

uint64_t dom0_size_pages(const struct options *o, uint64_t free)
{
    uint64_t pages = o->dom0_mem.given ? pages_of(&o->dom0_mem, free) : usual(free);

    if (o->dom0_mem_min.given && pages < pages_of(&o->dom0_mem_min, free))
        pages = pages_of(&o->dom0_mem_min, free);
    if (o->dom0_mem_max.given && pages > pages_of(&o->dom0_mem_max, free))
        pages = pages_of(&o->dom0_mem_max, free);
    return pages;
}

uint64_t dom0_size_limit(const struct options *o, uint64_t free, uint64_t pages)
{
    uint64_t limit = o->dom0_mem_max.given ? pages_of(&o->dom0_mem_max, free) : DOM0_UNLIMITED;

    return limit > pages ? limit : pages;
}

unsigned int dom0_size_vcpus(const struct options *o, unsigned int cpus)
{
    uint32_t count = cpus;

    if (o->dom0_vcpus_min && count < o->dom0_vcpus_min)
        count = o->dom0_vcpus_min;
    if (o->dom0_vcpus_max && count > o->dom0_vcpus_max)
        count = o->dom0_vcpus_max;
    return count < DOM0_VCPUS_MAX ? count : DOM0_VCPUS_MAX;
}
