/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ranges.h"

#include "core/assert.h"
#include "core/memory/heap.h"

#include <xen/errno.h>

#define ROOM_FIRST 8u

bool ranges_have(const struct ranges *r, uint64_t first, uint64_t last)
{
    for (unsigned int i = 0; i < r->count; i++)
        if (r->list[i].first <= first && last <= r->list[i].last)
            return true;
    return false;
}

void ranges_free(struct ranges *r)
{
    heap_free(r->list);
    *r = (struct ranges){ .list = NULL };
}

/* Room for one more. */
static bool grow(struct ranges *r)
{
    unsigned int room = r->room ? r->room * 2 : ROOM_FIRST;
    struct range *list;

    if (r->count < r->room)
        return true;
    if (r->count >= RANGES_MAX)
        return false;
    list = heap_alloc(room * sizeof(*list));
    if (!list)
        return false;
    for (unsigned int i = 0; i < r->count; i++)
        list[i] = r->list[i];
    heap_free(r->list);
    r->list = list;
    r->room = room;
    return true;
}

static void insert(struct ranges *r, unsigned int at, uint64_t first, uint64_t last)
{
    ASSERT(r->count < r->room && at <= r->count && first <= last);
    for (unsigned int i = r->count++; i > at; i--)
        r->list[i] = r->list[i - 1];
    r->list[at] = (struct range){ first, last };
}

static void drop(struct ranges *r, unsigned int at)
{
    r->count--;
    for (unsigned int i = at; i < r->count; i++)
        r->list[i] = r->list[i + 1];
}

/* The first range that ends at or behind a number. */
static unsigned int find(const struct ranges *r, uint64_t number)
{
    unsigned int i = 0;

    while (i < r->count && r->list[i].last < number)
        i++;
    return i;
}

int ranges_remove(struct ranges *r, uint64_t first, uint64_t last)
{
    unsigned int i;

    ASSERT(first <= last);
    if (!grow(r)) /* one range may become two */
        return -XEN_ENOMEM;
    for (i = find(r, first); i < r->count && r->list[i].first <= last;) {
        struct range was = r->list[i];

        drop(r, i);
        if (was.first < first)
            insert(r, i++, was.first, first - 1);
        if (was.last > last)
            insert(r, i++, last + 1, was.last);
    }
    return 0;
}

int ranges_add(struct ranges *r, uint64_t first, uint64_t last)
{
    unsigned int i = find(r, first ? first - 1 : 0);

    ASSERT(first <= last);
    if (!grow(r))
        return -XEN_ENOMEM;
    /* Those that touch it become part of it. */
    while (i < r->count && (last == UINT64_MAX || r->list[i].first <= last + 1)) {
        if (r->list[i].first < first)
            first = r->list[i].first;
        if (r->list[i].last > last)
            last = r->list[i].last;
        drop(r, i);
    }
    insert(r, i, first, last);
    return 0;
}
