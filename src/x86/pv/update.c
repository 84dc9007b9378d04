/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/update.h"

#include "abi/copy.h"
#include "abi/door.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "x86/copy.h"
#include "x86/layout.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"
#include "x86/pv/validate.h"
#include "x86/pv/walk.h"
#include "x86/memory/tlb.h"

#define UPDATES_AT_ONCE 8  /* before asking whether somebody waits */
#define COMMAND_MASK    7u /* of an mmu_update's ptr: an entry has 8 bytes */

/*
 * Write over *old, to which the CPU may add A and D meanwhile; other writers hold the lock.  False:
 * a certain value was expected, and it is that no more.
 */
static inline bool exchange(uint64_t *slot, uint64_t *old, const struct pt_change *c,
                            uint64_t value)
{
    if (__builtin_expect(!c->keep_accessed && !c->expected, true)) {
        *old = __atomic_exchange_n(slot, value, __ATOMIC_SEQ_CST);
        return true;
    }
    for (;;) {
        uint64_t kept = c->keep_accessed ? *old & (PTE_ACCESSED | PTE_DIRTY) : 0;

        if (__atomic_compare_exchange_n(slot, old, value | kept, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
            return true;
        if (c->expected)
            return false;
    }
}

/* A change may leave two: the table that an entry held, and its own, of which it had the only use. */
void pt_drop(struct x86_vcpu *v, mfn_t table)
{
    mfn_t *left = v->pv.left_table == MFN_NONE ? &v->pv.left_table : &v->pv.left_second;
    struct frame *f = frame_of(table);
    bool deferrable = f->owner == v->core.domain->id && *left == MFN_NONE;

    if (frame_put_use(f, deferrable)) {
        ASSERT(deferrable);
        *left = table; /* its use and reference go with it */
    }
}

long pt_finish_left(struct x86_vcpu *v)
{
    mfn_t table = v->pv.left_table;

    pv_tables_lock(v->core.domain);
    v->pv.left_table = v->pv.left_second;
    v->pv.left_second = MFN_NONE;
    pt_drop(v, table);
    pv_tables_unlock(v->core.domain);
    return v->pv.left_table == MFN_NONE ? 0 : DOOR_RESTART;
}

static bool is_hypervisor_slot(const struct pt_change *c)
{
    return c->level == 4 && c->index - HYPERVISOR_SLOT < HYPERVISOR_SLOTS;
}

static inline void drop_entry(struct x86_vcpu *v, unsigned int level, uint64_t entry)
{
    if (!(entry & PTE_PRESENT))
        return;
    if (level > 1)
        pt_drop(v, pte_mfn(entry));
    else
        pt_leaf_put(entry);
}

static inline __attribute__((always_inline)) int change_slot(struct x86_vcpu *v,
                                                             const struct pt_change *c,
                                                             uint64_t *slot)
{
    uint64_t old = __atomic_load_n(slot, __ATOMIC_RELAXED), value = c->value;
    int rc;

    if (c->expected && old != *c->expected)
        return -XEN_EAGAIN;
    if (value & PTE_PRESENT) {
        /* Adjusting would hide it. */
        if (__builtin_expect(value & PTE_GLOBAL, false) && c->level > 1)
            return -XEN_EINVAL;
        value = pt_entry_adjust(value);
        /* An allow-list: no bit beyond it is spared the check. */
        if ((old & PTE_PRESENT) && !((old ^ value) & ~PTE_HARMLESS))
            return exchange(slot, &old, c, value) ? 0 : -XEN_EAGAIN;
        rc = c->level == 1 ? pt_leaf_get(c->owner, c->from, value)
                           : pt_entry_get(c->owner, c->from, c->level, value);
        if (__builtin_expect(rc, false)) {
            if (rc != -XEN_EPERM || c->level > 1 || !pt_leaf_is_shown(c->owner, c->from, value))
                return rc;
            value &= ~PTE_WRITABLE;
        }
    } else if (!pt_absent_ok(c->owner, value)) {
        return -XEN_EINVAL;
    }
    if (!exchange(slot, &old, c, value)) {
        drop_entry(v, c->level, value);
        return -XEN_EAGAIN;
    }
    drop_entry(v, c->level, old);
    return 0;
}

/* In line, so that what the callers of this file know of the change costs nothing. */
static inline __attribute__((always_inline)) int change(struct x86_vcpu *v,
                                                        const struct pt_change *c)
{
    uint64_t *entries;
    int rc;

    ASSERT(c->index < PTE_COUNT);
    if (is_hypervisor_slot(c))
        return -XEN_EINVAL;
    entries = frame_map(c->table);
    rc = change_slot(v, c, &entries[c->index]);
    frame_unmap(entries);
    return rc;
}

int pt_change(struct x86_vcpu *v, const struct pt_change *c)
{
    return change(v, c);
}

struct domain *pt_subject(struct domain *caller, domid_t id, int *error)
{
    struct domain *d;

    d = domain_get(id);
    if (!d) {
        *error = -XEN_ESRCH;
    } else if (d != caller && !caller->privileged) {
        domain_put(d);
        *error = -XEN_EPERM;
        return NULL;
    }
    return d;
}

/* The machine-to-physical table, read-only: the domain of DOMID_XEN. */
static struct domain zeroth = { .id = DOMID_XEN };

/* Whose frames a call names.  Held if it is another domain: frames_put.  NULL: devices', or an error. */
static struct domain *frames_get(struct domain *self, domid_t id, int *error)
{
    switch (id) {
    case DOMID_SELF: return self;
    case DOMID_IO: return NULL;
    case DOMID_XEN:
        if (self->privileged)
            return &zeroth;
        *error = -XEN_EPERM;
        return NULL;
    }
    if (id != self->id)
        return pt_subject(self, id, error);
    *error = -XEN_ESRCH; /* measured: one is not foreign to oneself */
    return NULL;
}

static void frames_put(const struct domain *self, struct domain *from)
{
    if (from && from != self && from != &zeroth)
        domain_put(from);
}

void pt_tell_done(uint64_t pdone, uint32_t done)
{
    if (pdone)
        (void)copy_to_guest(pdone, &done, sizeof(done));
}

void pt_flush_all(struct domain *d, uint64_t address)
{
    tlb_flush_cpus(&x86_domain(d)->dirty, address);
}

int pt_flush_vcpus(struct domain *d, uint64_t bitmap, uint64_t address)
{
    struct cpu_set cpus = { { 0 } };

    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        uint8_t byte;
        struct vcpu *v = domain_vcpu(d, id);

        if (!copy_from_guest(&byte, bitmap + id / 8, 1))
            return -XEN_EFAULT;
        if (!v || !(byte >> id % 8 & 1))
            continue;
        for (unsigned int i = 0; i < ARRAY_SIZE(cpus.bits); i++)
            cpus.bits[i] |= __atomic_load_n(&x86_vcpu(v)->dirty_cpus.bits[i], __ATOMIC_SEQ_CST);
    }
    tlb_flush_cpus(&cpus, address);
    return 0;
}

/* UVMF_*: what to flush in the low two bits, where in the rest. */
static __attribute__((noinline)) int flush_any(struct domain *d, uint64_t va, uint64_t flags)
{
    uint64_t kind = flags & UVMF_FLUSHTYPE_MASK, where = flags & ~UVMF_FLUSHTYPE_MASK;
    uint64_t page = va & ~PAGE_MASK, address = kind == UVMF_INVLPG && page ? page : 0;

    if (kind != UVMF_TLB_FLUSH && kind != UVMF_INVLPG)
        return 0;
    if (where == UVMF_LOCAL) {
        if (address)
            tlb_flush_page(address);
        else
            tlb_flush_local();
        return 0;
    }
    if (where == UVMF_ALL) {
        pt_flush_all(d, address);
        return 0;
    }
    return pt_flush_vcpus(d, where, address);
}

/* The commonest two in line. */
static inline int flush_by_flags(struct domain *d, uint64_t va, uint64_t flags)
{
    if (flags == UVMF_NONE)
        return 0;
    if (flags == (UVMF_INVLPG | UVMF_LOCAL) && (va & ~PAGE_MASK)) {
        tlb_flush_page(va & ~PAGE_MASK);
        return 0;
    }
    return flush_any(d, va, flags);
}

/*
 * A level-1 entry may name frames of a domain whose numbers are its own: then it gets the machine's.
 * What it is made of is held until the entry has its own reference: *held, NULL: nothing.  -EINVAL:
 * there is no such number, or none that may be written to.
 */
static int translate(struct domain *from, uint64_t *entry, struct frame **held)
{
    gfn_t gfn = pte_mfn(*entry);

    *held = NULL;
    if (!from || from == &zeroth || !from->kind->map || !(*entry & PTE_PRESENT))
        return 0;
    *held = domain_frame_get(from, gfn);
    if (!*held)
        return -XEN_EINVAL;
    *entry = (*entry & ~PTE_ADDRESS) | frame_mfn(*held) << PAGE_SHIFT;
    return 0;
}

static __attribute__((noinline)) void tell_refused(const struct x86_vcpu *v, uint64_t value,
                                                   uint64_t at, long rc)
{
    console_guest_log(v->core.domain->id, LOG_INFO,
                      "v%u: page-table entry %016lx for %016lx is refused: %ld", v->core.id, value,
                      at, rc);
}

static inline long update_va(struct x86_vcpu *v, uint64_t va, uint64_t value, uint64_t flags,
                             struct domain *from)
{
    struct domain *d = v->core.domain;
    struct pt_change c = { .owner = d, .from = from, .level = 1, .value = value };
    struct pt_place place;
    int rc = -XEN_EINVAL, flushed;

    pv_tables_lock(d);
    /* What hangs below a table in use is validated, and stays so while we hold the lock. */
    if (pt_find(pt_top(v), va, &place)) {
        c.table = place.table;
        c.index = place.index;
        rc = change(v, &c);
    }
    pv_tables_unlock(d);
    flushed = flush_by_flags(d, va, flags);
    if (__builtin_expect(rc == 0, true))
        return flushed;
    tell_refused(v, value, va, rc);
    return rc;
}

long pv_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags, uint64_t a3, uint64_t a4,
                          uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    long rc = pt_finish(v);

    (void)a3, (void)a4, (void)a5;
    return rc ? rc : update_va(v, va, value, flags, v->core.domain);
}

long pv_update_va_mapping_otherdomain(uint64_t va, uint64_t value, uint64_t flags, uint64_t domid,
                                      uint64_t a4, uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct domain *from, *self = v->core.domain;
    struct frame *held = NULL;
    int error = 0;
    long rc = pt_finish(v);

    (void)a4, (void)a5;
    if (rc)
        return rc;
    from = frames_get(self, (domid_t)domid, &error);
    if (!error)
        error = translate(from, &value, &held);
    rc = error ? error : update_va(v, va, value, flags, from);
    if (rc == 0 && held && (value & PTE_WRITABLE))
        from->kind->map->wrote(from, frame_mfn(held));
    if (held)
        frame_put(held);
    frames_put(self, from);
    return rc;
}

/* HYPERVISOR_mmu_update, as far as one element needs it. */
struct batch {
    struct x86_vcpu *v;
    struct domain *owner, *from; /* of tables; of frames, NULL: device frames only */
    bool by_map;                 /* from's frame numbers are its own */
};

static inline unsigned int command_of(const struct mmu_update *u)
{
    return u->ptr & COMMAND_MASK;
}

static inline struct pt_change change_of(const struct batch *b, const struct mmu_update *u,
                                         unsigned int level)
{
    return (struct pt_change){
        .owner = b->owner,
        .from = b->from,
        .table = u->ptr >> PAGE_SHIFT,
        .value = u->val,
        .level = level,
        .index = (unsigned int)(u->ptr & PAGE_MASK) / sizeof(uint64_t),
        .keep_accessed = command_of(u) == MMU_PT_UPDATE_PRESERVE_AD,
    };
}

/* A page that is no table in use, perhaps one to be. */
static int update_table(const struct batch *b, struct frame *f, const struct mmu_update *u)
{
    enum frame_type type = frame_type(f);
    struct pt_change c;
    int rc;

    /* The type may be that of a table half validated: then this use goes on with it. */
    if (type < FRAME_L1 || type > FRAME_L4)
        type = FRAME_WRITABLE;
    rc = frame_get_type(f, type);
    if (rc)
        return rc;
    c = change_of(b, u, type - FRAME_L1 + 1);
    if (type == FRAME_WRITABLE) {
        uint64_t *words = frame_map(c.table);

        __atomic_store_n(&words[c.index], u->val, __ATOMIC_RELAXED);
        frame_unmap(words);
        return frame_put_type(f, false);
    }
    rc = pt_change(b->v, &c);
    /* Where nobody else uses the table this is the last use, which may take long to end. */
    frame_get_more(f);
    pt_drop(b->v, c.table);
    return rc;
}

static __attribute__((noinline)) int update_any(const struct batch *b, const struct mmu_update *u)
{
    bool machphys = command_of(u) == MMU_MACHPHYS_UPDATE;
    struct domain *owner = machphys ? b->from : b->owner;
    struct frame *f = frame_of(u->ptr >> PAGE_SHIFT);
    int rc = 0;

    if (command_of(u) > MMU_PT_UPDATE_NO_TRANSLATE)
        return -XEN_ENOSYS;
    if (!f || !owner || owner == &zeroth || !frame_get(f, owner))
        return -XEN_EINVAL;
    if (machphys)
        m2p_set(u->ptr >> PAGE_SHIFT, u->val);
    else
        rc = update_table(b, f, u);
    frame_put(f);
    return rc;
}

/* The numbers that entries name are those of another domain's map. */
static __attribute__((noinline)) int update_by_map(const struct batch *b,
                                                   const struct mmu_update *u)
{
    struct frame *f = frame_of(u->ptr >> PAGE_SHIFT), *held;
    unsigned int level = f ? frame_table_level(f, b->owner->id) : 0;
    struct pt_change c;
    int rc;

    /* Of what stands behind a number its domain's map says so; only a leaf may name one. */
    if (command_of(u) == MMU_MACHPHYS_UPDATE || level != 1)
        return -XEN_EINVAL;
    c = change_of(b, u, level);
    rc = translate(b->from, &c.value, &held);
    if (rc == 0)
        rc = change(b->v, &c);
    if (rc == 0 && held && (c.value & PTE_WRITABLE))
        b->from->kind->map->wrote(b->from, frame_mfn(held)); /* it has a use now */
    if (held)
        frame_put(held);
    return rc;
}

/* A table in use stays one while the tables are locked: nothing need be held. */
static inline int update_one(const struct batch *b, const struct mmu_update *u)
{
    struct frame *f = frame_of(u->ptr >> PAGE_SHIFT);
    unsigned int level = f ? frame_table_level(f, b->owner->id) : 0, command = command_of(u);
    struct pt_change c;

    if (__builtin_expect(b->by_map, false) && command != MMU_PT_UPDATE_NO_TRANSLATE)
        return command > MMU_PT_UPDATE_NO_TRANSLATE ? -XEN_ENOSYS : update_by_map(b, u);
    if (__builtin_expect(!level || command == MMU_MACHPHYS_UPDATE ||
                             command > MMU_PT_UPDATE_NO_TRANSLATE,
                         false))
        return update_any(b, u);
    c = change_of(b, u, level);
    return change(b->v, &c);
}

static inline bool copy_update(struct mmu_update *u, uint64_t at)
{
    return __builtin_expect(read_pair_of_guest(&u->ptr, &u->val, at), true) ||
           arch_copy_from_guest(u, at, sizeof(*u));
}

/* Elements until one fails or time is up; *done counts those that took effect, *last is the one that
 * failed. */
static inline long update_some(const struct batch *b, uint64_t at, uint32_t count, uint32_t *done,
                               struct mmu_update *last)
{
    struct mmu_update u;
    long rc = 0;

    pv_tables_lock(b->owner);
    /* No address wraps: at the end of all is none that can be read. */
    for (uint32_t i = 0; i < count; at += sizeof(u)) {
        rc = copy_update(&u, at) ? update_one(b, &u) : -XEN_EFAULT;
        if (rc) {
            *last = u;
            break;
        }
        *done = ++i;
        if (i == count)
            break;
        if (b->v->pv.left_table != MFN_NONE || (i % UPDATES_AT_ONCE == 0 && preempt_wanted())) {
            rc = -XEN_ERESTART;
            break;
        }
    }
    pv_tables_unlock(b->owner);
    return rc;
}

static long update_batch(const struct batch *b, uint64_t ureqs, uint32_t count, uint64_t pdone)
{
    struct pv_vcpu *pv = &b->v->pv;
    bool again = pv->batch_at == ureqs && pv->batch_left == count;
    uint32_t before = again ? pv->batch_done : 0, done = 0;
    struct mmu_update last = { 0 };
    long rc = update_some(b, ureqs, count, &done, &last);

    pv->batch_at = 0;
    if (rc == -XEN_ERESTART) {
        /* What is done is remembered for *pdone only: a guest that calls otherwise in between
         * deceives itself alone. */
        pv->batch_at = ureqs + done * sizeof(struct mmu_update);
        pv->batch_left = count - done;
        pv->batch_done = before + done;
        hypercall_set_argument(0, pv->batch_at);
        hypercall_set_argument(1, pv->batch_left);
        return DOOR_RESTART;
    }
    pt_tell_done(pdone, before + done);
    if (rc && rc != -XEN_EFAULT)
        tell_refused(b->v, last.val, last.ptr, rc);
    return rc;
}

static __attribute__((noinline)) long update_foreign(struct batch *b, uint64_t ureqs,
                                                     uint32_t count, uint64_t done,
                                                     uint64_t foreign)
{
    struct domain *self = b->owner;
    domid_t tables = (domid_t)(foreign >> 16), frames = (domid_t)foreign;
    int error = 0;
    long rc;

    if (tables)
        b->owner = pt_subject(self, (domid_t)(tables - 1), &error);
    if (!b->owner)
        return error;
    b->from = frames_get(self, frames, &error);
    if (error) {
        pt_tell_done(done, 0); /* callers rely on being told */
        rc = error;
    } else {
        b->by_map = b->from && b->from != &zeroth && b->from->kind->map;
        rc = update_batch(b, ureqs, count, done);
    }
    frames_put(self, b->from);
    if (tables)
        domain_put(b->owner);
    return rc;
}

long pv_mmu_update(uint64_t ureqs, uint64_t count, uint64_t done, uint64_t foreign, uint64_t a4,
                   uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct batch b = { .v = v, .owner = v->core.domain, .from = v->core.domain };
    long rc = pt_finish(v);

    (void)a4, (void)a5;
    if (rc)
        return rc;
    if (__builtin_expect((uint32_t)foreign == DOMID_SELF, true))
        return update_batch(&b, ureqs, (uint32_t)count, done);
    return update_foreign(&b, ureqs, (uint32_t)count, done, foreign);
}
