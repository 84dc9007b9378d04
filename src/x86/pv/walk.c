/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/walk.h"

#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"

/* One level down, level being a constant.  Without the lock the table may be another page by now,
 * with any content; with it every entry that is present was counted, so that its frame is there. */
static inline __attribute__((always_inline)) bool descend(mfn_t *table, uint64_t address,
                                                          unsigned int level, bool locked)
{
    const uint64_t *entries = frame_map(*table);
    uint64_t entry = __atomic_load_n(&entries[pte_index(address, level)], __ATOMIC_RELAXED);

    frame_unmap(entries);
    *table = pte_mfn(entry);
    return (entry & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT && (locked || frame_of(*table));
}

static inline __attribute__((always_inline)) bool find(mfn_t top, uint64_t address,
                                                       struct pt_place *place, bool locked)
{
    mfn_t table = top;

    if (!pt_guest_address(address) || top == MFN_NONE || !descend(&table, address, 4, locked) ||
        !descend(&table, address, 3, locked) || !descend(&table, address, 2, locked))
        return false;
    place->table = table;
    place->index = pte_index(address, 1);
    return true;
}

bool pt_find(mfn_t top, uint64_t address, struct pt_place *place)
{
    return find(top, address, place, true);
}

bool pt_all_writable(mfn_t top, uint64_t address)
{
    mfn_t table = top;

    if (!pt_guest_address(address) || top == MFN_NONE)
        return false;
    for (unsigned int level = 4; level >= 1; level--) {
        const uint64_t *entries = frame_map(table);
        uint64_t entry = __atomic_load_n(&entries[pte_index(address, level)], __ATOMIC_RELAXED);

        frame_unmap(entries);
        if (!(entry & PTE_PRESENT) || !(entry & PTE_WRITABLE))
            return false;
        table = pte_mfn(entry);
        if (level > 1 && !frame_of(table))
            return false;
    }
    return true;
}

uint64_t pv_walk(struct x86_vcpu *v, uint64_t address)
{
    struct pt_place place;
    const uint64_t *entries;
    uint64_t entry;

    if (!find(pt_top(v), address, &place, false))
        return 0;
    entries = frame_map(place.table);
    entry = __atomic_load_n(&entries[place.index], __ATOMIC_RELAXED);
    frame_unmap(entries);
    return entry & PTE_PRESENT ? entry : 0;
}
