/* SPDX-License-Identifier: Apache-2.0 */
/* Free frames: a buddy allocator per NUMA node. */
#ifndef CORE_PAGE_ALLOC_H
#define CORE_PAGE_ALLOC_H

#include "core/types.h"

#define NODES_MAX   64
#define NODE_ANY    (~0u)
#define ORDER_MAX   18 /* 1 GiB */
#define ADDRESS_ANY 64 /* address_bits: no limit */

/* Boot: give a range of RAM [start, end) that lies in one node; ranges do not overlap. */
void page_alloc_add(mfn_t start, mfn_t end, unsigned int node);
/* The same, but the frames are at once the caller's, as if from page_alloc.  False: the node has no
 * memory yet; nothing has changed. */
bool page_alloc_add_taken(mfn_t start, mfn_t end, unsigned int node);

/*
 * Take 2^order frames, aligned to that, of which all addresses are below 2^address_bits.  node:
 * preferred one or NODE_ANY.  Not zeroed.  MFN_NONE: no such range is free.  The frames' struct
 * frame is that of a free frame no longer, has no owner, type none, no reference.  Any context.
 */
mfn_t page_alloc(unsigned int order, unsigned int node, unsigned int address_bits);
void page_free(mfn_t mfn, unsigned int order);
/* Frames [mfn, end), which may have been taken one by one. */
void page_free_range(mfn_t mfn, mfn_t end);

uint64_t page_alloc_free_count(unsigned int node); /* frames; NODE_ANY: all nodes */
/* Free frames whose addresses have at least and at most so many bits (0: no limit), as far as the
 * allocator tells them apart: those of less than 24 bits count as having 24. */
uint64_t page_alloc_free_between(unsigned int node, unsigned int least, unsigned int most);
uint64_t page_alloc_total(void); /* frames ever given */
mfn_t page_alloc_highest(void);  /* highest frame given */

#endif
