/* SPDX-License-Identifier: Apache-2.0 */
/* A set of numbers as ranges, ascending and apart from each other: few, and seldom changed. */
#ifndef CORE_RANGES_H
#define CORE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX 256u

struct ranges { /* all zero: empty */
    struct range {
        uint64_t first, last;
    } * list;
    unsigned int count, room;
};

/* Are all of [first, last] in it? */
bool ranges_have(const struct ranges *r, uint64_t first, uint64_t last);
/* Add them, or take them out; first is at most last.  -XEN_ENOMEM: no memory, or more than
 * RANGES_MAX ranges; nothing has changed.  The caller sees to it that nobody else uses the set. */
int ranges_add(struct ranges *r, uint64_t first, uint64_t last);
int ranges_remove(struct ranges *r, uint64_t first, uint64_t last);
void ranges_free(struct ranges *r);

#endif
