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

/* The level-1 entry that a mapping is to be in: by an address, or by the entry's own machine address.
 * *held: its table, whose type is held.  False: there is none. */
static bool find_entry(struct x86_vcpu *v, uint64_t at, uint32_t flags, struct pt_place *place,
                       struct frame **held)
{
    struct frame *f;

    *held = NULL;
    if (!(flags & GNTMAP_contains_pte))
        return pt_find(pt_top(v), at, place);
    f = frame_of(at >> PAGE_SHIFT);
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

static void end_entry(struct x86_vcpu *v, struct frame *held)
{
    if (held)
        pt_drop(v, frame_mfn(held));
}

int pv_grant_map(struct vcpu *core, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pt_change c = { .owner = core->domain, .from = granter, .level = 1 };
    struct pt_place place;
    struct frame *held;
    int rc = GNTST_general_error;

    c.value = mfn << PAGE_SHIFT | PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY |
              ((uint64_t)(flags >> _GNTMAP_guest_avail0) << AVAILABLE_SHIFT & PTE_AVAILABLE);
    if (!(flags & GNTMAP_readonly))
        c.value |= PTE_WRITABLE;
    pv_tables_lock(core->domain);
    if (find_entry(v, at, flags, &place, &held)) {
        c.table = place.table;
        c.index = place.index;
        rc = pt_change(v, &c) ? GNTST_general_error : GNTST_okay;
        end_entry(v, held);
    }
    pv_tables_unlock(core->domain);
    return rc;
}

static uint64_t read_entry(const struct pt_place *place)
{
    const uint64_t *entries = frame_map(place->table);
    uint64_t value = __atomic_load_n(&entries[place->index], __ATOMIC_RELAXED);

    frame_unmap(entries);
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

int pv_grant_unmap(struct vcpu *core, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pt_place place;
    struct frame *held;
    uint64_t is = mfn << PAGE_SHIFT | PTE_PRESENT | (flags & GNTMAP_readonly ? 0 : PTE_WRITABLE);
    int rc = GNTST_general_error;

    pv_tables_lock(core->domain);
    if (find_entry(v, at, flags, &place, &held)) {
        rc = replace ? move_entry(v, &place, replace, is) : replace_entry(v, &place, is, 0);
        end_entry(v, held);
    }
    pv_tables_unlock(core->domain);
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
