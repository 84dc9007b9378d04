/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/grant.h"

#include "abi/door.h"
#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/pv/pte.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"
#include "x86/pv/walk.h"

#include <xen/grant_table.h>

#define AVAILABLE_SHIFT 9 /* lowest of PTE_AVAILABLE */
#define ENTRY_TRIES     4 /* the CPU may set A and D meanwhile, once each */

/* The level-1 entry that a mapping is to be in, by the entry's own machine address; *held: its table,
 * whose type is held.  False: there is none. */
static bool hold_entry(struct x86_vcpu *v, uint64_t at, struct pt_place *place, struct frame **held)
{
    struct frame *f = frame_of(at >> PAGE_SHIFT);

    if ((at & 7) || !f || !frame_get(f, v->core.domain))
        return false;
    if (frame_type(f) != FRAME_L1 || frame_get_type(f, FRAME_L1)) {
        frame_put(f);
        return false;
    }
    place->table = at >> PAGE_SHIFT;
    place->index = (unsigned int)(at & PAGE_MASK) / 8;
    *held = f;
    return true;
}

/* A use of a granted frame by a mapping. */
static inline bool hold_granted(struct domain *granter, struct frame *f, bool write)
{
    return write ? frame_get_use(f, granter, FRAME_WRITABLE) == 0 : frame_get(f, granter);
}

static inline void put_granted(struct frame *f, bool write)
{
    if (write)
        frame_put_use(f, false);
    else
        frame_put(f);
}

static inline uint64_t *entry_at(const struct pt_place *place)
{
    uint64_t *entries = frame_map(place->table);

    return &entries[place->index];
}

/* The frame is held already, so that all is known of it that pt_change would ask; what was mapped
 * there before goes.  As many uses as can be counted, or a granter that dies, are an error. */
static inline int enter(const struct pt_place *place, struct domain *granter, mfn_t mfn,
                        uint64_t value)
{
    uint64_t *slot, old;

    if (!hold_granted(granter, &frame_table()[mfn], value & PTE_WRITABLE))
        return GNTST_general_error;
    slot = entry_at(place);
    old = __atomic_exchange_n(slot, value, __ATOMIC_SEQ_CST);
    frame_unmap(slot);
    if (__builtin_expect(old & PTE_PRESENT, false))
        pt_leaf_put(old);
    return GNTST_okay;
}

static __attribute__((noinline)) int enter_at_entry(struct x86_vcpu *v, uint64_t at,
                                                    struct domain *granter, mfn_t mfn,
                                                    uint64_t value)
{
    struct pt_place place;
    struct frame *held;
    int rc = GNTST_general_error;

    pv_tables_lock(v->core.domain);
    if (hold_entry(v, at, &place, &held)) {
        rc = enter(&place, granter, mfn, value);
        pt_drop(v, frame_mfn(held));
    }
    pv_tables_unlock(v->core.domain);
    return rc;
}

int pv_grant_map(struct vcpu *core, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pt_place place;
    int rc = GNTST_general_error;
    uint64_t value;

    value = mfn << PAGE_SHIFT | PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY |
            ((uint64_t)(flags >> _GNTMAP_guest_avail0) << AVAILABLE_SHIFT & PTE_AVAILABLE);
    if (!(flags & GNTMAP_readonly))
        value |= PTE_WRITABLE;
    if (__builtin_expect(flags & GNTMAP_contains_pte, false))
        return enter_at_entry(v, at, granter, mfn, value);
    lock_take(&core->domain->pagetable_lock); /* no table is validated here */
    if (pt_find(pt_top(v), at, &place))
        rc = enter(&place, granter, mfn, value);
    lock_release(&core->domain->pagetable_lock);
    return rc;
}

static uint64_t read_entry(const struct pt_place *place)
{
    uint64_t *slot = entry_at(place), value = __atomic_load_n(slot, __ATOMIC_RELAXED);

    frame_unmap(slot);
    return value;
}

/* What of an entry must be a mapping's: all that counts. */
#define SAME (PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS)

/* Change an entry that maps as `is` says; tables locked.  A use of a grant to write ends with a mapping
 * to write: were it a read-only one, the other would outlive what its granter is told of. */
static int replace_entry(struct x86_vcpu *v, const struct pt_place *place, uint64_t is,
                         uint64_t value)
{
    for (unsigned int i = 0; i < ENTRY_TRIES; i++) {
        uint64_t old = read_entry(place);
        struct pt_change c = { .owner = v->core.domain,
                               .from = v->core.domain,
                               .level = 1,
                               .table = place->table,
                               .index = place->index,
                               .value = value,
                               .expected = &old };
        int rc;

        if ((old ^ is) & SAME)
            return GNTST_general_error;
        rc = pt_change(v, &c);
        if (rc != -XEN_EAGAIN)
            return rc ? GNTST_general_error : GNTST_okay;
    }
    return GNTST_general_error;
}

/* The same for a mapping that goes for good. */
static inline int leave(const struct pt_place *place, uint64_t is)
{
    uint64_t *slot = entry_at(place), old = __atomic_load_n(slot, __ATOMIC_RELAXED);
    unsigned int tries = ENTRY_TRIES;
    bool same;

    do
        same = !((old ^ is) & SAME) && tries--;
    while (same &&
           !__atomic_compare_exchange_n(slot, &old, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    frame_unmap(slot);
    if (!same)
        return GNTST_general_error;
    put_granted(&frame_table()[pte_mfn(is)], is & PTE_WRITABLE);
    return GNTST_okay;
}

/* The mapping at `replace` moves to `at`. */
static int move_entry(struct x86_vcpu *v, const struct pt_place *place, uint64_t replace,
                      uint64_t is)
{
    struct pt_place from;
    uint64_t value;
    int rc;

    if (!pt_find(pt_top(v), replace, &from))
        return GNTST_general_error;
    value = read_entry(&from);
    rc = replace_entry(v, place, is, value);
    if (rc == GNTST_okay && (value & PTE_PRESENT))
        rc = replace_entry(v, &from, value, 0);
    return rc;
}

/* All that is not a mapping at an address, gone for good. */
static __attribute__((noinline)) int leave_any(struct x86_vcpu *v, uint64_t at, uint32_t flags,
                                               uint64_t replace, uint64_t is)
{
    struct pt_place place;
    struct frame *held = NULL;
    int rc = GNTST_general_error;

    pv_tables_lock(v->core.domain);
    if (flags & GNTMAP_contains_pte ? hold_entry(v, at, &place, &held)
                                    : pt_find(pt_top(v), at, &place))
        rc = replace ? move_entry(v, &place, replace, is) : leave(&place, is);
    if (held)
        pt_drop(v, frame_mfn(held));
    pv_tables_unlock(v->core.domain);
    return rc;
}

int pv_grant_unmap(struct vcpu *core, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pt_place place;
    uint64_t is = mfn << PAGE_SHIFT | PTE_PRESENT | (flags & GNTMAP_readonly ? 0 : PTE_WRITABLE);
    int rc = GNTST_general_error;

    if (__builtin_expect((flags & GNTMAP_contains_pte) || replace, false))
        return leave_any(v, at, flags, replace, is);
    lock_take(&core->domain->pagetable_lock);
    if (pt_find(pt_top(v), at, &place))
        rc = leave(&place, is);
    lock_release(&core->domain->pagetable_lock);
    return rc;
}

struct frame *pv_frame_get(struct domain *d, gfn_t gfn)
{
    struct frame *f = frame_of(gfn);

    return f && frame_get(f, d) ? f : NULL;
}

void pv_flush(struct domain *d)
{
    pt_flush_all(d, 0);
}
