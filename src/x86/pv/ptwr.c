/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/ptwr.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/pv/pte.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"
#include "x86/pv/vcpu.h"
#include "x86/pv/walk.h"
#include "x86/memory/tlb.h"

#include <xen/errno.h>

#define FAULT_PRESENT  0x1u
#define FAULT_WRITE    0x2u
#define FAULT_RESERVED 0x8u
#define FAULT_FETCH    0x10u
#define RFLAGS_DF      0x400ul
#define RFLAGS_RF      0x10000ul

enum outcome { DONE, AGAIN, REFUSED };

/* As many bytes as can be read: an instruction may stand at the very end of a mapping. */
static bool fetch(const struct regs *regs, struct instruction *i)
{
    uint8_t bytes[INSTRUCTION_MAX];
    size_t first = PAGE_SIZE - (regs->rip & PAGE_MASK), size = sizeof(bytes);

    if (!copy_from_guest(bytes, regs->rip, size)) {
        size = first < size ? first : size;
        if (!copy_from_guest(bytes, regs->rip, size))
            return false;
    }
    return decode(bytes, (unsigned int)size, true, i);
}

static bool is_movs(const struct instruction *i)
{
    return !i->extended && (i->opcode & ~1u) == 0xa4;
}

static bool is_string(const struct instruction *i)
{
    return is_movs(i) || (!i->extended && (i->opcode & ~1u) == 0xaa);
}

/* One element of a string is done: the registers move, and rip only after the last. */
static void advance(struct regs *regs, const struct instruction *i)
{
    uint64_t step = regs->rflags & RFLAGS_DF ? -(uint64_t)i->size : i->size;

    regs->rflags &= ~RFLAGS_RF;
    if (is_string(i)) {
        regs->rdi += step;
        regs->rsi += is_movs(i) ? step : 0;
        if (i->repeat && --regs->rcx)
            return;
    }
    regs->rip += i->length;
}

/* The operand lies within an entry: put the new one together, and let the one function have it. */
static enum outcome write_entry(struct x86_vcpu *v, struct pt_change *c, uint64_t address,
                                const struct instruction *i, uint64_t source)
{
    unsigned int shift = (unsigned int)(address & 7) * 8;
    uint64_t mask = i->size == 8 ? ~0ul : (1ul << 8 * i->size) - 1, old, result;
    struct regs after = v->regs;
    uint64_t *entries = frame_map(c->table);
    int rc;

    c->index = (unsigned int)(address & PAGE_MASK) / sizeof(uint64_t);
    old = __atomic_load_n(&entries[c->index], __ATOMIC_RELAXED);
    frame_unmap(entries);
    if (!ptwr_compute(&after, i, old >> shift & mask, source, &result))
        return REFUSED;
    c->value = (old & ~(mask << shift)) | (result & mask) << shift;
    c->expected = &old;
    rc = pt_change(v, c);
    c->expected = NULL;
    if (rc == -XEN_EAGAIN || rc == -XEN_ERESTART)
        return AGAIN;
    if (rc)
        return REFUSED;
    v->regs = after;
    advance(&v->regs, i);
    return DONE;
}

/* The table's type is held while it is written to; the domain's tables are locked. */
static enum outcome write_table(struct x86_vcpu *v, mfn_t table, uint64_t address,
                                const struct instruction *i, uint64_t source)
{
    struct domain *d = v->core.domain;
    struct pt_change c = { .owner = d, .from = d, .table = table, .level = 1 };
    struct frame *f = frame_of(table);
    enum outcome outcome;
    int rc;

    if (!f || !frame_get(f, d))
        return REFUSED;
    rc = frame_type(f) == FRAME_L1 ? frame_get_type(f, FRAME_L1) : -XEN_EINVAL;
    if (rc) {
        frame_put(f);
        return rc == -XEN_ERESTART ? AGAIN : REFUSED;
    }
    outcome = write_entry(v, &c, address, i, source);
    pt_drop(v, table);
    return outcome;
}

/* Is what the address maps, read-only, a table of level 1?  Directories are not written directly
 * (xen/xen.h, VMASST_TYPE_writable_pagetables).  Only a hint: asked again under the lock. */
static bool maps_table(struct x86_vcpu *v, uint64_t address)
{
    uint64_t entry = pv_walk(v, address);
    struct frame *f = entry ? frame_of(pte_mfn(entry)) : NULL;

    return f && !(entry & PTE_WRITABLE) && frame_type(f) == FRAME_L1;
}

static bool emulate(struct x86_vcpu *v, uint64_t address)
{
    struct instruction i;
    uint64_t source = 0, entry;
    enum outcome outcome = REFUSED;

    if (!fetch(&v->regs, &i) || i.address_other || (address & 7) + i.size > 8)
        return false;
    if (is_string(&i) && (v->regs.rdi != address || (is_movs(&i) && i.segment)))
        return false;
    if (is_movs(&i) && !copy_from_guest(&source, v->regs.rsi, i.size))
        return false;
    if (pt_finish(v))
        return true; /* the instruction faults again, and goes on then */
    pv_tables_lock(v->core.domain);
    entry = pv_walk(v, address);
    if (entry && !(entry & PTE_WRITABLE))
        outcome = write_table(v, pte_mfn(entry), address, &i, source);
    pv_tables_unlock(v->core.domain);
    return outcome != REFUSED;
}

bool pv_mmu_fault(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    ASSERT(&v->core == current_vcpu());
    /* Not-present pages and user code are the guest's matter. */
    if (!(v->pv.flags & PV_KERNEL_MODE) || (error & (FAULT_RESERVED | FAULT_FETCH)))
        return false;
    if ((error & (FAULT_PRESENT | FAULT_WRITE)) != (FAULT_PRESENT | FAULT_WRITE))
        return false;
    if (maps_table(v, address))
        return emulate(v, address);
    /* The right has been widened since this CPU looked. */
    if (!pt_all_writable(pt_top(v), address))
        return false;
    tlb_flush_page(address);
    return true;
}
