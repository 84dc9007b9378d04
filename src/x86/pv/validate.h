/* SPDX-License-Identifier: Apache-2.0 */
/* Counts that the entries of a PV guest's page tables hold. */
#ifndef X86_PV_VALIDATE_H
#define X86_PV_VALIDATE_H

#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/pv/pte.h"

/* Whose tables each CPU has locked: validation, which core/memory/frame.c calls, is not told. */
extern struct pv_locked {
    struct domain *domain;
} __attribute__((aligned(64))) pv_locked[CPUS_MAX];

/* Take and release a domain's pagetable_lock; all validation of its tables happens in between. */
static inline void pv_tables_lock(struct domain *d)
{
    lock_take(&d->pagetable_lock);
    pv_locked[cpu_id()].domain = d;
}

static inline void pv_tables_unlock(struct domain *d)
{
    pv_locked[cpu_id()].domain = NULL;
    lock_release(&d->pagetable_lock);
}

/* Boot: frames [first, last] of devices that no guest may map. */
void pv_iomem_deny(mfn_t first, mfn_t last);
/* The same for a frame that the domain with the machine's devices may read. */
void pv_iomem_show(mfn_t mfn);
/* Are none of these frames Zeroth's? */
bool pv_iomem_free(mfn_t first, mfn_t last);
/* May d map this frame, which is no RAM?  d's tables are locked. */
bool pv_iomem_allowed(struct domain *d, mfn_t mfn);

/* What Zeroth makes of a present entry that a guest wrote: rights of ring 3, never global. */
static inline uint64_t pt_entry_adjust(uint64_t entry)
{
    return (entry | PTE_USER) & ~PTE_GLOBAL;
}

/* Entries that are not present and name RAM are refused, in Dom0's tables and in others'. */
extern bool pv_absent_hardware, pv_absent_others;

bool pt_absent_is_safe(const struct domain *d, uint64_t entry);

/* May a table of d have this entry, which is not present?  With L1TF its frame is read all the same. */
static inline bool pt_absent_ok(const struct domain *d, uint64_t entry)
{
    if (__builtin_expect(!entry || !(pv_absent_hardware | pv_absent_others), true))
        return true;
    return pt_absent_is_safe(d, entry);
}

/*
 * Take what a present entry of a table of d at a level (1 to 4) needs.  from: owner of the
 * frames that a level-1 entry may name; NULL: device frames only.  0; -XEN_EINVAL: forbidden bits;
 * -XEN_EPERM: a device's frame that d may not map; -XEN_EBUSY: not a frame of from's, or it has
 * another type; of tables, -XEN_EINVAL is not a frame of d's; -XEN_ERESTART: call again.  d's tables are locked.
 */
int pt_entry_get(struct domain *d, struct domain *from, unsigned int level, uint64_t entry);

/* Is what pt_leaf_get has refused with -XEN_EPERM there to be read?  Then the entry, without its right to
 * write, needs nothing: Xen 4.17 takes that right away without a word (measured). */
bool pt_leaf_is_shown(const struct domain *d, const struct domain *from, uint64_t entry);

/* Both for level 1 in line; its frames of other kinds than the commonest. */
int pt_leaf_get_any(struct domain *d, struct domain *from, uint64_t entry);

/* The commonest: RAM of d's own, cached as usual. */
static inline int pt_leaf_get(struct domain *d, struct domain *from, uint64_t entry)
{
    struct frame *f = frame_of(pte_mfn(entry));

    if (__builtin_expect(f && from == d && !(entry & PTE_CACHE), true)) {
        bool had = entry & PTE_WRITABLE ? frame_get_use(f, d, FRAME_WRITABLE) == 0
                                        : frame_get(f, d);

        if (__builtin_expect(had, true))
            return 0;
    }
    return pt_leaf_get_any(d, from, entry);
}

/* Holes have no owner but DOMID_IO, and no counts. */
static inline void pt_leaf_put(uint64_t entry)
{
    struct frame *f = frame_of(pte_mfn(entry));

    if (!f || f->owner == DOMID_IO)
        return;
    if (entry & PTE_WRITABLE)
        frame_put_use(f, false); /* never in parts: it is no table */
    else
        frame_put(f);
}

/* Give it back.  -XEN_ERESTART only if preemptible: call again until 0. */
int pt_entry_put(unsigned int level, uint64_t entry, bool preemptible);

/* A validated level-4 table of d becomes a vCPU's kernel (or user) one: with the assist m2p_strict the
 * machine-to-physical table goes from a user's, without it, it comes into a kernel's.  d's tables are
 * locked. */
void pt_use_l4(const struct domain *d, mfn_t table, bool kernel);

#endif
