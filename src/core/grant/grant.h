/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants, version 1 (xen/grant_table.h): a domain lets another use frames of its own.
 *
 * A granter's entries lie in frames that it may write.  What is in use is counted beside them, in
 * struct grant_use; the first use fixes the frame, and each holds a reference (and a writable type)
 * of its own, so that what the guest does to its entry meanwhile changes nothing.  A mapper's handles
 * lie in its maptrack, each with a reference to the granter, whose number is thus not used again.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include "core/lock.h"
#include "core/types.h"

#include <xen/grant_table.h>

struct domain;
struct frame;
struct vcpu;
struct grant_use;
struct grant_track;

#define GRANT_FRAMES_DEFAULT 64u   /* gnttab_max_frames of Xen's command line documents these */
#define GRANT_TRACKS_DEFAULT 1024u /* pages of maptrack */
#define GRANT_ENTRIES        (PAGE_SIZE / sizeof(grant_entry_v1_t))

/* In struct domain, by a pointer. */
struct grant_domain {
    struct lock lock; /* RANK_GRANT; guards: all of this and what it points to */
    unsigned int frames, frames_max;
    grant_entry_v1_t **shared; /* frames_max of them: mapped frames, shared with the domain */
    struct grant_use **uses;   /* for each shared frame */
    unsigned int track_pages, track_pages_max;
    struct grant_track **tracks;
    uint32_t track_free;         /* first free handle, ~0: none */
    uint64_t mapped;             /* handles in use */
    grant_handle_t relinquished; /* handles below it are given back, at the mapper's end */
};

/* -XEN_ENOMEM; -XEN_EINVAL: no frame at all, or a limit too high.  The table has one frame at first. */
int grant_domain_create(struct domain *d, unsigned int frames_max, unsigned int track_pages_max);

/*
 * The domain dies and none of its vCPUs runs: give back all that it has mapped.  0; -XEN_ERESTART:
 * call again.  Interrupts on, no lock.
 */
int grant_domain_relinquish(struct domain *d);
/* Nobody refers to the domain any more. */
void grant_domain_destroy(struct domain *d);

/* Give a domain's table at least so many frames.  -XEN_EINVAL: beyond its limit, -XEN_ENOMEM. */
int grant_grow(struct domain *d, unsigned int frames);

/* The elements of GNTTABOP_map_grant_ref and of GNTTABOP_copy: the status is in them afterwards.
 * granter, source, dest: the domains that op names, held by the caller; NULL: there is none. */
void grant_map(struct vcpu *v, struct domain *granter, struct gnttab_map_grant_ref *op);
void grant_copy(struct vcpu *v, struct domain *source, struct domain *dest, struct gnttab_copy *op);

/*
 * Unmapping is in two steps, between which the mapper's translations are flushed
 * (guest_kind.flush): the first takes the mapping away, the second gives the use back.
 */
struct grant_unmap {
    grant_handle_t handle;
    uint64_t host, device, replace; /* addresses; 0: not concerned */
    int16_t status;                 /* GNTST_* */
    struct grant_track *track;      /* between the steps; NULL: nothing to finish */
};
void grant_unmap_begin(struct vcpu *v, struct grant_unmap *u);
void grant_unmap_end(struct vcpu *v, struct grant_unmap *u);

/* Does the domain map this frame by a grant just now? */
bool grant_maps(struct domain *d, mfn_t mfn);

/* GNTTABOP_swap_grant_ref; GNTST_*. */
int grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b);

#endif
