/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested page tables: which machine frame stands behind each frame number of a hardware guest.  Four
 * levels, entries of 4 KiB, 2 MiB and 1 GiB, in pages of a pool that is the domain's own.
 *
 * Changes hold the domain's pagetable_lock; looking something up needs no lock, because a table stays
 * a table until the domain is gone.  Who takes an entry away flushes (p2m_flush) before the frame
 * behind it may be freed.
 */
#ifndef X86_HVM_P2M_H
#define X86_HVM_P2M_H

#include "core/types.h"

struct domain;

/* What a number is; kept in bits of its entry that CPUs ignore. */
enum p2m_type {
    P2M_NONE,     /* nothing: reads give ones, writes are lost */
    P2M_RAM,      /* a frame of the domain's, or one that is shared with it */
    P2M_LOGGED,   /* the same, but the next write is to be told of: x86/hvm/log.h */
    P2M_READONLY, /* the same; writes are lost */
    P2M_GRANT,    /* another domain's; the grant holds its reference */
    P2M_GRANT_READONLY,
    P2M_DEVICE, /* a device's: not cached; nobody's, so that nothing is held */
    P2M_TABLE,  /* inner entries */
    P2M_TYPES,
};

#define P2M_GFN_BITS 36 /* of a frame number: four levels */
#define P2M_ORDER_2M 9
#define P2M_ORDER_1G 18

struct p2m {
    struct domain *domain;
    const uint64_t *access;          /* the vendor's access bits of an entry, by type */
    void (*flush)(struct domain *d); /* all CPUs drop what they hold by these tables, and wait */
    mfn_t root;
    mfn_t pool;                     /* free pages, linked by their first word; MFN_NONE: none */
    uint64_t pool_free, pool_total; /* pages */
    gfn_t highest;                  /* number that was ever set */
    bool pages_1g;                  /* CPUs take entries of 1 GiB */
};

struct p2m_entry {
    mfn_t mfn;
    enum p2m_type type;
    unsigned int order; /* of the entry that it stands in */
};

/* An empty map; the pool begins with its root only.  -XEN_ENOMEM. */
int p2m_create(struct p2m *p, struct domain *d, const uint64_t *access,
               void (*flush)(struct domain *d));
/* Nobody uses the map any more: all tables and the pool are given back, as many pages as pieces says; true:
 * all are.  It may be one that p2m_create did not make, all zero. */
bool p2m_destroy(struct p2m *p, unsigned int pieces);

/* The pool gets this many pages in all, those in use included; it never loses one that is in use.
 * -XEN_ENOMEM: as many as there were.  -XEN_ERESTART: call again.  Lock held. */
int p2m_set_pool(struct p2m *p, uint64_t pages);

/*
 * Let 2^order numbers from gfn on (aligned to it, as mfn is; order 0, 9 or 18) be frames from mfn on.
 * type P2M_NONE takes them away.  What stood there is lost: the caller knew it, and flushes when it
 * was anything.  -XEN_EINVAL: no such numbers; -XEN_ENOMEM: the pool is used up; then nothing has
 * changed.  Lock held.
 */
int p2m_set(struct p2m *p, gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type);

/* The entry that a number stands in becomes another type, whatever its order, if it is of one; the number
 * behind the entry, or behind what has none.  Lock held. */
gfn_t p2m_relabel(struct p2m *p, gfn_t gfn, enum p2m_type from, enum p2m_type to);

/* What a number is.  Any context. */
struct p2m_entry p2m_get(const struct p2m *p, gfn_t gfn);

void p2m_flush(struct p2m *p);

#endif
