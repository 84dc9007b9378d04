/* SPDX-License-Identifier: Apache-2.0 */
/* Dom0's frames while it is built: which machine frame each of its numbers is. */
#ifndef BOOT_DOM0_MEMORY_H
#define BOOT_DOM0_MEMORY_H

#include "core/types.h"

struct domain;

#define DOM0_RUNS 2048

/* Frames in a row of both kinds of number. */
struct dom0_run {
    gfn_t gfn;
    mfn_t mfn;
    uint64_t count;
};

struct dom0_memory {
    struct domain *domain;
    uint64_t pages; /* it has; the next gfn */
    unsigned int run_count;
    struct dom0_run runs[DOM0_RUNS]; /* ascending gfn, without gaps */
};

/* Give frames, fresh from page_alloc and in a row, to the domain as its next ones.  False: there
 * are too many runs, or the domain may not have so many; nothing is given. */
bool dom0_memory_add(struct dom0_memory *m, mfn_t mfn, uint64_t count);

/* Allocate until the domain has so many frames, in blocks as large as there are.  False: there are
 * not so many. */
bool dom0_memory_fill(struct dom0_memory *m, uint64_t pages);

/* Free frames in a row, which need not be a block. */
void dom0_memory_free(mfn_t mfn, uint64_t count);

/* Least order of a block that holds so many frames. */
unsigned int dom0_memory_order(uint64_t pages);

/* The machine frame of a number that has one. */
mfn_t dom0_memory_frame(const struct dom0_memory *m, gfn_t gfn);

#endif
