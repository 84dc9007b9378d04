/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core/grant have from each other. */
#ifndef CORE_GRANT_INTERNAL_H
#define CORE_GRANT_INTERNAL_H

#include "core/grant/grant.h"

#define GRANT_NONE     (~0u) /* a handle that is none */
#define GRANT_USES_MAX 0xffffu

/* Uses of one entry; all zero: none. */
struct grant_use {
    uint32_t mfn; /* fixed while there is a use */
    domid_t user;
    uint32_t readers, writers;
};

enum { TRACK_FREE, TRACK_MAPPING, TRACK_MAPPED, TRACK_UNMAPPING };

/* A handle: one use of an entry by mapping.  While it is MAPPING or UNMAPPING it is one CPU's, which
 * writes it without the lock and says MAPPED last. */
struct grant_track {
    struct domain *granter; /* held */
    grant_ref_t ref;        /* of a free one: the next free handle */
    uint32_t mfn;
    uint16_t flags; /* GNTMAP_device_map, _host_map, _readonly: what is mapped */
    uint8_t state;
};

/* Handles for each page of the maptrack that a domain may have, as Xen counts them: 16 bytes each. */
#define GRANT_PAGE_TRACKS 256u

/* A frame of a domain whose frame numbers are its own, held, and writable when write; GNTST_*. */
int grant_hold_number(struct domain *d, gfn_t gfn, bool write, struct frame **f);

#endif
