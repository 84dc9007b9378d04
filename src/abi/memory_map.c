/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/memory_map.h"

#include "abi/copy.h"
#include "abi/memory.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "core/vcpu.h"
#include "lib/memory.h"

#include <xen/memory.h>

#define MEMORY_RESERVED 2 /* a region's type (ACPI 6.4, table 15-4) */
#define REGION_RAM      1 /* as the BIOS call E820 numbers it */

static struct memory_region machine_map[MEMORY_MAP_MAX];
static unsigned int machine_count; /* written at boot only */

void memory_add_machine_region(uint64_t start, uint64_t size, uint32_t type)
{
    if (machine_count < MEMORY_MAP_MAX)
        machine_map[machine_count++] = (struct memory_region){ start, size, type };
}

static uint64_t frames_of(const struct memory_region *r)
{
    uint64_t first = (r->start + PAGE_MASK) >> PAGE_SHIFT, end = (r->start + r->size) >> PAGE_SHIFT;

    return r->type == REGION_RAM && end > first ? end - first : 0;
}

uint64_t memory_machine_frames(void)
{
    uint64_t frames = 0;

    for (unsigned int i = 0; i < machine_count; i++)
        frames += frames_of(&machine_map[i]);
    return frames;
}

mfn_t memory_machine_end(void)
{
    mfn_t end = 0;

    for (unsigned int i = 0; i < machine_count; i++)
        if (frames_of(&machine_map[i]))
            end = (machine_map[i].start + machine_map[i].size) >> PAGE_SHIFT;
    return end;
}

void memory_reserve_machine_page(uint64_t at)
{
    unsigned int i = machine_count;

    for (unsigned int k = 0; k < machine_count; k++)
        if (at < machine_map[k].start + machine_map[k].size &&
            machine_map[k].start < at + PAGE_SIZE)
            return;
    if (machine_count == MEMORY_MAP_MAX)
        return;
    for (; i > 0 && machine_map[i - 1].start > at; i--)
        machine_map[i] = machine_map[i - 1];
    machine_map[i] = (struct memory_region){ at, PAGE_SIZE, MEMORY_RESERVED };
    machine_count++;
}

int memory_set_map(struct domain *d, const struct memory_region *regions, unsigned int count)
{
    struct memory_map *map, *old;

    if (count > MEMORY_MAP_MAX)
        return -XEN_E2BIG;
    map = heap_alloc(sizeof(*map) + count * sizeof(map->regions[0]));
    if (!map)
        return -XEN_ENOMEM;
    map->count = count;
    memcpy(map->regions, regions, count * sizeof(map->regions[0]));
    lock_take(&d->lock);
    old = d->memory_map;
    d->memory_map = map;
    lock_release(&d->lock);
    heap_free(old);
    return 0;
}

/* Lock of d held, which ranks below copying: the map cannot go meanwhile. */
static long copy_map(xen_memory_map_t *a, const struct memory_map *map)
{
    if (!map || !map->count)
        return -XEN_ENOSYS;
    if (a->nr_entries > map->count)
        a->nr_entries = map->count;
    return copy_to_guest((uint64_t)a->buffer.p, map->regions,
                         a->nr_entries * sizeof(map->regions[0]))
               ? 0
               : -XEN_EFAULT;
}

long memory_map(struct vcpu *v, void *arg, uint64_t extra)
{
    long rc;

    (void)extra;
    lock_take(&v->domain->lock);
    rc = copy_map(arg, v->domain->memory_map);
    lock_release(&v->domain->lock);
    return rc;
}

long memory_map_of_machine(struct vcpu *v, void *arg, uint64_t extra)
{
    xen_memory_map_t *a = arg;

    (void)v, (void)extra;
    if (a->buffer.p && a->nr_entries < machine_count)
        return -XEN_EINVAL;
    a->nr_entries = machine_count;
    if (!a->buffer.p)
        return 0;
    return copy_to_guest((uint64_t)a->buffer.p, machine_map, a->nr_entries * sizeof(machine_map[0]))
               ? 0
               : -XEN_EFAULT;
}

long memory_map_set(struct vcpu *v, void *arg, uint64_t extra)
{
    const xen_foreign_memory_map_t *a = arg;
    struct memory_region *copy;
    struct domain *d;
    long rc;

    (void)extra;
    if (a->map.nr_entries > MEMORY_MAP_MAX)
        return -XEN_EINVAL;
    rc = memory_find_domain(v, a->domid, &d);
    if (rc)
        return rc;
    copy = heap_alloc(MEMORY_MAP_MAX * sizeof(*copy));
    if (!copy)
        rc = -XEN_ENOMEM;
    else if (!copy_from_guest(copy, (uint64_t)a->map.buffer.p, a->map.nr_entries * sizeof(*copy)))
        rc = -XEN_EFAULT;
    else
        rc = memory_set_map(d, copy, a->map.nr_entries);
    heap_free(copy);
    domain_put(d);
    return rc;
}
