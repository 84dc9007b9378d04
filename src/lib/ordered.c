/* SPDX-License-Identifier: Apache-2.0 */
/* Fredman, Sedgewick, Sleator, Tarjan: The pairing heap (Algorithmica 1, 1986), two-pass
 * variant. */
#include "lib/ordered.h"

/* Of two heaps one: the root with the greater key goes below the other; of equals b does. */
static struct ordered *merge(struct ordered *a, struct ordered *b)
{
    struct ordered *below = b;

    if (ordered_before(b->key, a->key)) {
        below = a;
        a = b;
    }
    below->next = a->child;
    if (below->next)
        below->next->prev = below;
    below->prev = a;
    a->child = below;
    return a;
}

static struct ordered *root(struct ordered *o)
{
    o->next = o->prev = NULL;
    return o;
}

/* Of a row of heaps one: in pairs from the left, then the pairs from the right. */
static struct ordered *merge_row(struct ordered *row)
{
    struct ordered *pairs = NULL, *all;

    if (!row)
        return NULL;
    while (row) {
        struct ordered *a = row, *b = row->next;

        row = b ? b->next : NULL;
        root(a);
        if (b)
            a = merge(a, root(b));
        a->next = pairs;
        pairs = a;
    }
    all = pairs;
    pairs = all->next;
    root(all);
    while (pairs) {
        struct ordered *a = pairs;

        pairs = a->next;
        all = merge(root(a), all);
        root(all);
    }
    return all;
}

/* Others may look at the count without the lock. */
static void count(struct ordered_set *s, int more)
{
    __atomic_store_n(&s->count, s->count + (unsigned int)more, __ATOMIC_RELAXED);
}

void ordered_add(struct ordered_set *s, struct ordered *o, uint64_t key)
{
    *o = (struct ordered){ .key = key, .in_set = true };
    s->first = s->first ? merge(s->first, o) : o;
    count(s, 1);
}

void ordered_remove(struct ordered_set *s, struct ordered *o)
{
    struct ordered *rest = merge_row(o->child);

    if (s->first == o) {
        s->first = rest;
    } else {
        if (o->prev->child == o)
            o->prev->child = o->next;
        else
            o->prev->next = o->next;
        if (o->next)
            o->next->prev = o->prev;
        if (rest)
            s->first = merge(s->first, rest);
    }
    count(s, -1);
    *o = (struct ordered){ .key = o->key };
}

struct ordered *ordered_next(const struct ordered_set *s, const struct ordered *o)
{
    if (!o)
        return s->first;
    if (o->child)
        return o->child;
    while (!o->next) {
        while (o->prev && o->prev->child != o)
            o = o->prev;
        if (!o->prev)
            return NULL;
        o = o->prev;
    }
    return o->next;
}
