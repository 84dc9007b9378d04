/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of a validated page table changes: the one function that all four roads lead to. */
#ifndef X86_PV_UPDATE_H
#define X86_PV_UPDATE_H

#include "core/types.h"
#include "x86/guest.h"

/* A change: of which entry, to what, and whose frames a level-1 entry may name. */
struct pt_change {
    struct domain *owner; /* of the table; its tables are locked */
    struct domain *from;  /* of the frames; NULL: device frames only */
    mfn_t table;
    unsigned int level, index;
    uint64_t value;
    bool keep_accessed;       /* keep A and D as the CPU has set them */
    const uint64_t *expected; /* not NULL: only if the entry is still this */
};

/*
 * Make the change.  The table is validated for level and stays so.  0; errors of pt_entry_get;
 * -XEN_EINVAL: an entry of Zeroth's; -XEN_EAGAIN: not as expected.  Nothing has changed unless 0.
 * A table that the entry held may be left to be devalidated, for pt_finish.
 */
int pt_change(struct x86_vcpu *v, const struct pt_change *c);

/* Go on with the table that this vCPU's last change or load left; every call begins with it, no
 * lock held.  0 or DOOR_RESTART. */
long pt_finish_left(struct x86_vcpu *v);
static inline long pt_finish(struct x86_vcpu *v)
{
    return __builtin_expect(v->pv.left_table == MFN_NONE, true) ? 0 : pt_finish_left(v);
}

/* Drop a table's type and reference, now or by pt_finish.  Its owner's tables are locked. */
void pt_drop(struct x86_vcpu *v, mfn_t table);

/* The domain that a caller names by its number: held; NULL, and *error.  -XEN_EPERM, -XEN_ESRCH. */
struct domain *pt_subject(struct domain *caller, domid_t id, int *error);

/* Tell the guest how many elements of a batch took effect, if it wants to know; an address where it
 * cannot be told is no error (measured). */
void pt_tell_done(uint64_t pdone, uint32_t done);

/* Flush the vCPUs of d that a bitmap at a guest address names, or all (address 0: everything). */
int pt_flush_vcpus(struct domain *d, uint64_t bitmap, uint64_t address);
void pt_flush_all(struct domain *d, uint64_t address);

#endif
