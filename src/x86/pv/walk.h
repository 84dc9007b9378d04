/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's page tables, read by Zeroth. */
#ifndef X86_PV_WALK_H
#define X86_PV_WALK_H

#include "x86/guest.h"
#include "x86/layout.h"

/* May a guest have anything there at all? */
static inline bool pt_guest_address(uint64_t address)
{
    bool canonical = (uint64_t)((int64_t)(address << 16) >> 16) == address;

    return canonical && !(address >= HYPERVISOR_START && address < HYPERVISOR_END);
}

/*
 * The level-1 entry in use for a guest's address: where it stands (map with frame_map), of the
 * tables below the level-4 table top.  False: no level-1 table is there, or the address is not
 * canonical or Zeroth's.  The domain's tables are locked, and top is in use as one of them.
 */
struct pt_place {
    mfn_t table;
    unsigned int index;
};
bool pt_find(mfn_t top, uint64_t address, struct pt_place *place);

/* Do the entries of all levels for an address let it be written to?  The same holds of the answer. */
bool pt_all_writable(mfn_t top, uint64_t address);

/* The level-4 table that the vCPU's addresses go through now; MFN_NONE: none. */
static inline mfn_t pt_top(const struct x86_vcpu *v)
{
    return v->cr3 ? v->cr3 >> PAGE_SHIFT : MFN_NONE;
}

#endif
