/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of things with the least key first: a pairing heap through the things themselves, so that
 * nothing is allocated.  Adding takes a few instructions, removing few on average.  Callers lock.
 */
#ifndef LIB_ORDERED_H
#define LIB_ORDERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the thing; all zero: in no set. */
struct ordered {
    uint64_t key;
    struct ordered *child; /* the first of those below, whose keys are not less */
    struct ordered *next;  /* the next one below the same */
    struct ordered *prev;  /* the one before it there, or, of the first, the one above */
    bool in_set;
};

struct ordered_set {
    struct ordered *first; /* with the least key; NULL: the set is empty */
    unsigned int count;
};

/* Which key comes first?  Keys may wrap: those of one set lie within half of all numbers. */
static inline bool ordered_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

/* Add one that is in no set. */
void ordered_add(struct ordered_set *s, struct ordered *o, uint64_t key);
/* Remove one that is in this set. */
void ordered_remove(struct ordered_set *s, struct ordered *o);
/* Visit all, in no order but the first first: the one after o, NULL at the end. */
struct ordered *ordered_next(const struct ordered_set *s, const struct ordered *o);

#endif
