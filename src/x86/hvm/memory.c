/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/memory.h"

#include "core/assert.h"
#include "core/frame.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/hvm/vendor.h"
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
#define PSE_HIGH(e)  (((e) >> 13 & 0xff) << 32)         /* a 4 MiB entry's address bits above 32 */
#define CR3_FRAME    0x000ffffffffff000ul
#define CR3_PAE      0xffffffe0ul

struct frame *hvm_frame_get(struct domain *d, gfn_t gfn, bool write)
{
    struct p2m_entry e = p2m_get(hvm_p2m(d), gfn);
    struct frame *f;

    if (e.type != P2M_RAM && !(e.type == P2M_READONLY && !write))
        return NULL;
    f = frame_of(e.mfn);
    return f && frame_get(f, d) ? f : NULL;
}

void hvm_paging_read(const struct x86_vcpu *v, struct hvm_paging *paging)
{
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    *paging = (struct hvm_paging){ v->core.domain, c.cr0, c.cr3, c.cr4, c.efer };
}

/* The shape of the tables in use. */
struct shape {
    unsigned int levels, bits;          /* bits of the address a level takes */
    bool wide;                          /* entries of 8 bytes */
};

static struct shape shape_of(const struct hvm_paging *p)
{
    if (p->efer & EFER_LMA)
        return (struct shape){ 4, 9, true };
    if (p->cr4 & CR4_PAE)
        return (struct shape){ 3, 9, true };
    return (struct shape){ 2, 10, false };
}

/* What all entries on the way permit together, and where it leads. */
struct way {
    uint64_t allow;                     /* WRITABLE, USER */
    bool no_fetch;
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
    if (!(entry & PTE_LARGE) || level > (s->levels == 4 ? 2u : 1u))
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

static bool walk(const struct hvm_paging *p, uint64_t linear, uint32_t access, struct way *w)
{
    struct shape s = shape_of(p);
    uint64_t at = p->cr3 & (s.levels == 3 ? CR3_PAE : s.wide ? CR3_FRAME : 0xfffff000ul);

    *w = (struct way){ .allow = PTE_WRITABLE | PTE_USER };
    for (unsigned int level = s.levels - 1;; level--) {
        uint64_t index = linear >> (PAGE_SHIFT + level * s.bits) & ((1ul << s.bits) - 1), entry;
        bool pointer = s.levels == 3 && level == 2;     /* no accessed bit, no rights */
        struct frame *f = hvm_frame_get(p->domain, at >> PAGE_SHIFT, true);
        uint8_t *table;

        if (!f)
            return false;
        table = (uint8_t *)frame_map(frame_mfn(f)) + (at & PAGE_MASK) + index * (s.wide ? 8 : 4);
        entry = use_entry(table, s.wide, pointer ? 0 : PTE_ACCESSED);
        if (entry && !pointer) {
            w->allow &= entry;
            w->no_fetch |= s.wide && (p->efer & EFER_NXE) && (entry & PTE_NX);
        }
        if (entry && is_last(p, &s, level, entry)) {
            bool ok = permits(p, w, access);

            if (ok && (access & FAULT_WRITE))
                use_entry(table, s.wide, PTE_DIRTY);
            frame_unmap(table);
            frame_put(f);
            w->physical = leads_to(&s, level, entry, linear);
            return ok;
        }
        frame_unmap(table);
        frame_put(f);
        if (!entry)
            return false;
        at = entry & (s.wide ? PTE_FRAME : 0xfffff000ul);
    }
}

bool hvm_translate(const struct hvm_paging *p, uint64_t linear, uint32_t access,
                   uint64_t *physical, uint32_t *error)
{
    struct way w;
    bool ok;

    if (!(p->efer & EFER_LMA))
        linear = (uint32_t)linear;
    if (!(p->cr0 & CR0_PG)) {
        *physical = linear;
        return true;
    }
    ok = walk(p, linear, access, &w);
    *physical = w.physical;
    *error = access | (!ok && w.physical ? FAULT_PRESENT : 0);
    return ok;
}

/* The part of a copy within one page; how many bytes it was, 0: none. */
static size_t copy_page(const struct hvm_paging *p, uint64_t linear, void *buffer, size_t size,
                        uint32_t access)
{
    size_t part = PAGE_SIZE - (linear & PAGE_MASK);
    uint64_t physical;
    struct frame *f;
    uint32_t error;
    char *at;

    if (part > size)
        part = size;
    if (!hvm_translate(p, linear, access, &physical, &error))
        return 0;
    f = hvm_frame_get(p->domain, physical >> PAGE_SHIFT, access & FAULT_WRITE);
    if (!f)
        return 0;
    at = (char *)frame_map(frame_mfn(f)) + (physical & PAGE_MASK);
    if (access & FAULT_WRITE)
        memcpy(at, buffer, part);
    else
        memcpy(buffer, at, part);
    frame_unmap(at);
    frame_put(f);
    return part;
}

static size_t copy(struct x86_vcpu *v, uint64_t linear, void *buffer, size_t size, uint32_t access)
{
    struct hvm_paging paging;
    size_t done = 0, part;

    ASSERT(&v->core == current_vcpu());
    hvm_paging_read(v, &paging);
    while (done < size) {
        part = copy_page(&paging, linear + done, (char *)buffer + done, size - done, access);
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

unsigned int hvm_fetch(struct x86_vcpu *v, uint64_t linear, uint8_t *to, unsigned int size)
{
    bool user = hvm_vendor->privilege(v) == 3;

    return (unsigned int)copy(v, linear, to, size, FAULT_FETCH | (user ? FAULT_USER : 0));
}
