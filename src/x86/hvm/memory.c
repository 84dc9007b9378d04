/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/memory.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/hvm/log.h"
#include "x86/hvm/vendor.h"
#include "x86/memory/tlb.h"
#include "x86/msr_index.h"

/* An entry of a guest's tables (AMD APM 2, section 5.3 and 5.4). */
#define PTE_PRESENT  0x1ul
#define PTE_WRITABLE 0x2ul
#define PTE_USER     0x4ul
#define PTE_ACCESSED 0x20ul
#define PTE_DIRTY    0x40ul
#define PTE_LARGE    0x80ul
#define PTE_NX       (1ul << 63)
#define PTE_FRAME    0x000ffffffffff000ul
#define PSE_HIGH(e)  (((e) >> 13 & 0xff) << 32) /* a 4 MiB entry's address bits above 32 */
#define CR3_FRAME    0x000ffffffffff000ul
#define CR3_PAE      0xffffffe0ul

struct frame *hvm_frame_get(struct domain *d, gfn_t gfn, bool write)
{
    struct p2m_entry e = p2m_get(hvm_p2m(d), gfn);
    struct frame *f;

    if (e.type != P2M_RAM && e.type != P2M_LOGGED && !(e.type == P2M_READONLY && !write))
        return NULL;
    f = frame_of(e.mfn);
    return f && frame_get(f, d) ? f : NULL;
}

void hvm_flush(struct domain *d)
{
    struct cpu_set others;

    __atomic_fetch_add(&hvm_domain(d)->flushes, 1, __ATOMIC_SEQ_CST);
    others = x86_domain(d)->dirty;
    cpu_set_remove(&others, cpu_id());
    tlb_flush_cpus(&others, 0);
}

static uint64_t flushes_of(struct x86_vcpu *v)
{
    return __atomic_load_n(&hvm_domain(v->core.domain)->flushes, __ATOMIC_ACQUIRE);
}

void hvm_paging_read(struct x86_vcpu *v, struct hvm_paging *paging)
{
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    *paging = (struct hvm_paging){ v, c.cr0, c.cr3, c.cr4, c.efer, flushes_of(v) };
}

static bool may_reach(enum p2m_type type, bool write)
{
    if (type == P2M_RAM || type == P2M_LOGGED || type == P2M_GRANT)
        return true;
    return !write && (type == P2M_READONLY || type == P2M_GRANT_READONLY);
}

static __attribute__((noinline)) void *reach_by_map(const struct hvm_paging *p, gfn_t gfn,
                                                    bool write)
{
    struct hvm_lookup *slot = &p->vcpu->hvm->lookups[gfn % HVM_LOOKUPS];
    struct p2m_entry e = p2m_get(hvm_p2m(p->vcpu->core.domain), gfn);

    if (!may_reach(e.type, write))
        return NULL;
    /* Who reads the log begins anew, then waits for this CPU: the write will have been done. */
    if (write && e.type == P2M_LOGGED)
        hvm_log_written(p->vcpu->core.domain, gfn, 1);
    *slot = (struct hvm_lookup){ gfn, e.mfn, p->flushes,
                                 e.type != P2M_LOGGED && may_reach(e.type, true) };
    return frame_map(e.mfn);
}

/* A frame of the domain's map; NULL: there is none that the guest could read (or write).  What was
 * found lately is good until translations are flushed. */
static inline void *reach(const struct hvm_paging *p, gfn_t gfn, bool write)
{
    const struct hvm_lookup *slot = &p->vcpu->hvm->lookups[gfn % HVM_LOOKUPS];

    if (slot->gfn == gfn && slot->flushes == p->flushes && (slot->writable || !write))
        return frame_map(slot->mfn);
    return reach_by_map(p, gfn, write);
}

/* The shape of the tables in use by code that is not in long mode. */
struct shape {
    unsigned int levels, bits; /* bits of the address a level takes */
    bool wide;                 /* entries of 8 bytes */
};

static struct shape shape_of(const struct hvm_paging *p)
{
    if (p->cr4 & CR4_PAE)
        return (struct shape){ 3, 9, true };
    return (struct shape){ 2, 10, false };
}

/* What all entries on the way permit together, and where it leads. */
struct way {
    uint64_t allow; /* WRITABLE, USER */
    bool no_fetch, present;
    uint64_t physical;
};

/* One entry, in a frame that is held: read, and marked as used; 0: not present. */
static uint64_t use_entry(void *at, bool wide, uint64_t mark)
{
    uint64_t entry = wide ? __atomic_load_n((uint64_t *)at, __ATOMIC_RELAXED)
                          : __atomic_load_n((uint32_t *)at, __ATOMIC_RELAXED);

    if (!(entry & PTE_PRESENT) || !(mark & ~entry))
        return entry & PTE_PRESENT ? entry : 0;
    /* The bits lie in the low byte, whatever the entry's size. */
    __atomic_fetch_or((uint8_t *)at, (uint8_t)mark, __ATOMIC_RELAXED);
    return entry | mark;
}

static bool permits(const struct hvm_paging *p, const struct way *w, uint32_t access)
{
    bool write_protect = (access & FAULT_USER) || (p->cr0 & CR0_WP);

    if ((access & FAULT_USER) && !(w->allow & PTE_USER))
        return false;
    if ((access & FAULT_WRITE) && write_protect && !(w->allow & PTE_WRITABLE))
        return false;
    return !((access & FAULT_FETCH) && w->no_fetch);
}

static bool is_last(const struct hvm_paging *p, const struct shape *s, unsigned int level,
                    uint64_t entry)
{
    if (level == 0)
        return true;
    if (!(entry & PTE_LARGE) || level > 1)
        return false;
    return s->wide || (p->cr4 & CR4_PSE);
}

/* The address behind the last entry. */
static uint64_t leads_to(const struct shape *s, unsigned int level, uint64_t entry, uint64_t linear)
{
    uint64_t inside = (1ul << (PAGE_SHIFT + level * s->bits)) - 1;
    uint64_t base = entry & (s->wide ? PTE_FRAME : 0xfffff000ul);

    if (level && !s->wide)
        base |= PSE_HIGH(entry);
    return (base & ~inside) | (linear & inside);
}

static bool walk_legacy(const struct hvm_paging *p, uint64_t linear, uint32_t access, struct way *w)
{
    struct shape s = shape_of(p);
    uint64_t at = p->cr3 & (s.wide ? CR3_PAE : 0xfffff000ul);

    *w = (struct way){ .allow = PTE_WRITABLE | PTE_USER };
    for (unsigned int level = s.levels - 1;; level--) {
        uint64_t index = linear >> (PAGE_SHIFT + level * s.bits) & ((1ul << s.bits) - 1), entry;
        bool pointer = s.levels == 3 && level == 2; /* no accessed bit, no rights */
        uint8_t *table = reach(p, at >> PAGE_SHIFT, true);

        if (!table)
            return false;
        table += (at & PAGE_MASK) + index * (s.wide ? 8 : 4);
        entry = use_entry(table, s.wide, pointer ? 0 : PTE_ACCESSED);
        if (!entry)
            return false;
        if (!pointer) {
            w->allow &= entry;
            w->no_fetch |= s.wide && (p->efer & EFER_NXE) && (entry & PTE_NX);
        }
        if (is_last(p, &s, level, entry)) {
            w->physical = leads_to(&s, level, entry, linear);
            w->present = true;
            if (!permits(p, w, access))
                return false;
            if (access & FAULT_WRITE)
                use_entry(table, s.wide, PTE_DIRTY);
            return true;
        }
        at = entry & (s.wide ? PTE_FRAME : 0xfffff000ul);
    }
}

/* Four levels, the common case. */
static bool walk_long(const struct hvm_paging *p, uint64_t linear, uint32_t access, struct way *w)
{
    uint64_t at = p->cr3, allow = PTE_WRITABLE | PTE_USER, no_fetch = 0, entry;
    unsigned int shift = PAGE_SHIFT + 27;
    uint64_t *place;

    *w = (struct way){ 0 };
    for (;; shift -= 9) {
        place = reach(p, (at & CR3_FRAME) >> PAGE_SHIFT, true);
        if (!place)
            return false;
        place += linear >> shift & 511;
        entry = __atomic_load_n(place, __ATOMIC_RELAXED);
        if (!(entry & PTE_PRESENT))
            return false;
        if (!(entry & PTE_ACCESSED))
            use_entry(place, true, PTE_ACCESSED);
        allow &= entry;
        no_fetch |= entry;
        if (shift == PAGE_SHIFT || ((entry & PTE_LARGE) && shift < PAGE_SHIFT + 27))
            break;
        at = entry;
    }
    w->allow = allow;
    w->no_fetch = (no_fetch & PTE_NX) && (p->efer & EFER_NXE);
    w->present = true;
    w->physical = (entry & PTE_FRAME & ~((1ul << shift) - 1)) | (linear & ((1ul << shift) - 1));
    if (!permits(p, w, access))
        return false;
    if ((access & FAULT_WRITE) && !(entry & PTE_DIRTY))
        use_entry(place, true, PTE_DIRTY);
    return true;
}

bool hvm_translate(const struct hvm_paging *p, uint64_t linear, uint32_t access, uint64_t *physical,
                   uint32_t *error)
{
    struct way w;
    bool ok;

    if (p->efer & EFER_LMA) {
        ok = walk_long(p, linear, access, &w);
    } else if (p->cr0 & CR0_PG) {
        ok = walk_legacy(p, (uint32_t)linear, access, &w);
    } else {
        *physical = (uint32_t)linear;
        return true;
    }
    *physical = w.physical;
    *error = access | (w.present ? FAULT_PRESENT : 0);
    return ok;
}

/* A few bytes in line, for instructions. */
static inline void move(void *to, const void *from, size_t size)
{
    if (size == 16)
        __builtin_memcpy(to, from, 16);
    else if (size == 4)
        __builtin_memcpy(to, from, 4);
    else
        memcpy(to, from, size);
}

/* The part of a copy within one page; how many bytes it was, 0: none. */
static size_t copy_page(const struct hvm_paging *p, uint64_t linear, void *buffer, size_t size,
                        uint32_t access)
{
    size_t part = PAGE_SIZE - (linear & PAGE_MASK);
    uint64_t physical;
    uint32_t error;
    char *at;

    ASSERT(!irq_is_on());
    if (part > size)
        part = size;
    if (!hvm_translate(p, linear, access, &physical, &error))
        return 0;
    at = reach(p, physical >> PAGE_SHIFT, access & FAULT_WRITE);
    if (!at)
        return 0;
    at += physical & PAGE_MASK;
    if (access & FAULT_WRITE)
        move(at, buffer, part);
    else
        move(buffer, at, part);
    return part;
}

static size_t copy(struct x86_vcpu *v, uint64_t linear, void *buffer, size_t size, uint32_t access)
{
    struct hvm_paging paging;
    size_t done = 0, part;

    ASSERT(&v->core == current_vcpu());
    hvm_paging_read(v, &paging);
    while (done < size) {
        bool were_on = irq_save();

        paging.flushes = flushes_of(v);
        part = copy_page(&paging, linear + done, (char *)buffer + done, size - done, access);
        irq_restore(were_on);
        if (!part)
            break;
        done += part;
    }
    return done;
}

bool hvm_copy_from(struct x86_vcpu *v, void *to, uint64_t linear, size_t size)
{
    return copy(v, linear, to, size, 0) == size;
}

bool hvm_copy_to(struct x86_vcpu *v, uint64_t linear, const void *from, size_t size)
{
    return copy(v, linear, (void *)from, size, FAULT_WRITE) == size;
}

static uint32_t as_it_runs(const struct x86_vcpu *v)
{
    return hvm_vendor->privilege(v) == 3 ? FAULT_USER : 0;
}

bool hvm_store(struct x86_vcpu *v, uint64_t linear, const void *from, size_t size, uint64_t *fault,
               uint32_t *error)
{
    uint32_t access = FAULT_WRITE | as_it_runs(v);
    size_t done = copy(v, linear, (void *)from, size, access);
    struct hvm_paging paging;
    uint64_t physical;
    bool were_on, ok;

    if (done == size)
        return true;
    *fault = linear + done;
    were_on = irq_save();
    hvm_paging_read(v, &paging);
    ok = hvm_translate(&paging, *fault, access, &physical, error);
    irq_restore(were_on);
    return ok;
}

/* Nearly always within a page. */
unsigned int hvm_fetch(struct x86_vcpu *v, uint64_t linear, uint8_t *to, unsigned int size)
{
    uint32_t access = FAULT_FETCH | as_it_runs(v);
    struct hvm_paging paging;
    size_t part;

    if ((linear & PAGE_MASK) + size > PAGE_SIZE)
        return (unsigned int)copy(v, linear, to, size, access);
    hvm_paging_read(v, &paging);
    part = copy_page(&paging, linear, to, size, access);
    return (unsigned int)part;
}
