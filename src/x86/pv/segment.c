/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/segment.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/trap/fault.h"
#include "x86/gdt.h"
#include "x86/memory/map.h"
#include "x86/msr_index.h"
#include "x86/features.h"
#include "x86/percpu.h"
#include "x86/pv/calls.h"
#include "x86/pv/context.h"
#include "x86/pv/descriptor.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"
#include "x86/pv/vcpu.h"
#include "x86/pv/walk.h"
#include "x86/memory/tlb.h"

#include <xen/arch-x86/xen.h>

#define WINDOW_PAGES   32u /* GDT, then LDT */
#define LDT_PAGE       16u
#define LDT_PAGES      16u
#define LDT_ENTRIES    8192u
#define PAGE_ENTRIES   512u /* descriptors in a page */
#define WINDOWS        65536u
#define SELECTOR_INDEX 0xfffcu /* of a selector, with its table: 0, it is null */
#define NO_CPU         (~0u)

#define SEGMENT_PTE  (PTE_PRESENT | PTE_ACCESSED | PTE_NX)
#define OWN_PAGE_PTE (SEGMENT_PTE | PTE_WRITABLE | PTE_DIRTY)

#define DESCRIPTOR_LDT     0x0000820000000000ul /* present, type 2 (AMD APM 2, section 4.8.3) */
#define DESCRIPTOR_PRESENT (1ul << 47)

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};

static const uint64_t empty_page[PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));

static uint64_t windows_used[WINDOWS / 64];
static struct lock windows_lock = LOCK(RANK_MAPPING);

static bool window_is_used(unsigned int w)
{
    return windows_used[w / 64] >> (w % 64) & 1;
}

static void window_mark(unsigned int first, unsigned int count, bool used)
{
    for (unsigned int w = first; w < first + count; w++) {
        ASSERT(window_is_used(w) != used);
        windows_used[w / 64] ^= 1ul << (w % 64);
    }
}

/* A run of windows, one for each vCPU that the domain may have; 0 is nobody's, it means none. */
static bool window_alloc(struct x86_domain *d)
{
    unsigned int run = 0, count = d->core.max_vcpus;

    lock_take(&windows_lock);
    for (unsigned int w = 1; w < WINDOWS && run < count; w++) {
        run = window_is_used(w) ? 0 : run + 1;
        if (run == count) {
            d->window = w + 1 - count;
            d->windows = count;
            window_mark(d->window, count, true);
        }
    }
    lock_release(&windows_lock);
    return d->window != 0;
}

void pv_window_free(struct x86_domain *d)
{
    if (!d->window)
        return;
    lock_take(&windows_lock);
    window_mark(d->window, d->windows, false);
    lock_release(&windows_lock);
    d->window = 0;
}

static unsigned int window_page(const struct x86_vcpu *v)
{
    return (x86_domain(v->core.domain)->window + v->core.id) * WINDOW_PAGES;
}

static uint64_t window_address(const struct x86_vcpu *v)
{
    return SEGMENTS_BASE + (uint64_t)window_page(v) * PAGE_SIZE;
}

/* Where there are no descriptors the GDT reads as empty, and the LDT faults: pv_ldt_fault. */
static int map_page(struct x86_vcpu *v, unsigned int page, mfn_t mfn)
{
    uint64_t entry = (mfn == MFN_NONE ? image_paddr(empty_page) : mfn << PAGE_SHIFT) | SEGMENT_PTE;
    int rc;

    if (mfn == MFN_NONE && page >= LDT_PAGE)
        entry = 0;
    rc = map_segment_page(window_page(v) + page, entry);
    tlb_flush_page(window_address(v) + page * PAGE_SIZE);
    return rc;
}

int pv_window_create(struct x86_vcpu *v)
{
    struct x86_domain *d = x86_domain(v->core.domain);
    int rc = 0;

    if (!d->window && !window_alloc(d))
        return -XEN_ENOMEM;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->pv.gdt_mfns); i++)
        v->pv.gdt_mfns[i] = v->pv.ldt_mfns[i] = MFN_NONE;
    v->pv.window_cpu = NO_CPU;
    for (unsigned int page = 0; page < WINDOW_PAGES && rc == 0; page++)
        rc = map_page(v, page, MFN_NONE);
    return rc;
}

/* A use of a frame for descriptors. */
static bool take_frame(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_of(mfn);

    if (!f || !frame_get(f, d))
        return false;
    if (frame_get_type(f, FRAME_SEGMENTS)) {
        frame_put(f);
        return false;
    }
    return true;
}

static void drop_frame(uint64_t *mfn)
{
    struct frame *f;

    if (*mfn == MFN_NONE)
        return;
    f = frame_of(*mfn);
    ASSERT(f && frame_type(f) == FRAME_SEGMENTS);
    *mfn = MFN_NONE;
    frame_put_type(f, false);
    frame_put(f);
}

/* The pages are mapped before: entries of the window's table exist since its creation. */
static void replace_page(struct x86_vcpu *v, unsigned int page, uint64_t *slot, mfn_t mfn)
{
    int rc = map_page(v, page, mfn);

    ASSERT(rc == 0);
    drop_frame(slot);
    *slot = mfn;
}

long pv_set_gdt_frames(struct x86_vcpu *v, const uint64_t *mfns, unsigned int entries)
{
    unsigned int count = (entries + PAGE_ENTRIES - 1) / PAGE_ENTRIES, taken;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -XEN_EINVAL;
    for (taken = 0; taken < count; taken++)
        if (!take_frame(v->core.domain, mfns[taken]))
            break;
    if (taken < count) {
        while (taken) {
            uint64_t mfn = mfns[--taken];

            drop_frame(&mfn);
        }
        return -XEN_EINVAL;
    }
    for (unsigned int i = 0; i < FIRST_RESERVED_GDT_PAGE; i++)
        replace_page(v, i, &v->pv.gdt_mfns[i], i < count ? mfns[i] : MFN_NONE);
    v->pv.gdt_entries = entries;
    return 0;
}

void pv_window_destroy(struct x86_vcpu *v)
{
    if (!x86_domain(v->core.domain)->window)
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->pv.gdt_mfns); i++) {
        if (v->pv.gdt_mfns[i] != MFN_NONE)
            replace_page(v, i, &v->pv.gdt_mfns[i], MFN_NONE);
        if (v->pv.ldt_mfns[i] != MFN_NONE)
            replace_page(v, LDT_PAGE + i, &v->pv.ldt_mfns[i], MFN_NONE);
    }
    v->pv.gdt_entries = v->pv.ldt_entries = 0;
}

static void load_ldt(const struct x86_vcpu *v)
{
    uint64_t *own = percpu()->gdt, base = window_address(v) + LDT_PAGE * PAGE_SIZE,
             limit = v->pv.ldt_entries * 8ul - 1;
    uint64_t *at = &own[(SELECTOR_LDT & PAGE_MASK) / 8];

    if (!v->pv.ldt_entries) {
        __asm__ volatile("lldt %w0" : : "r"(0));
        return;
    }
    at[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56 | DESCRIPTOR_LDT;
    at[1] = base >> 32;
    __asm__ volatile("lldt %w0" : : "r"(SELECTOR_LDT) : "memory");
}

/* The frame with descriptors that the guest has at an address, taken; MFN_NONE: none. */
static mfn_t take_page(struct x86_vcpu *v, uint64_t address)
{
    uint64_t entry = pv_walk(v, address);

    return entry && take_frame(v->core.domain, pte_mfn(entry)) ? pte_mfn(entry) : MFN_NONE;
}

bool pv_ldt_fault(struct x86_vcpu *v, uint64_t *address)
{
    uint64_t offset = *address - (window_address(v) + LDT_PAGE * PAGE_SIZE);
    unsigned int page = (unsigned int)(offset / PAGE_SIZE);
    mfn_t mfn;

    ASSERT(&v->core == current_vcpu());
    if (offset >= v->pv.ldt_entries * 8ul)
        return false;
    ASSERT(page < LDT_PAGES);
    *address = v->pv.ldt_base + offset;
    if (v->pv.ldt_mfns[page] != MFN_NONE)
        return false;
    mfn = take_page(v, *address);
    if (mfn == MFN_NONE)
        return false;
    replace_page(v, LDT_PAGE + page, &v->pv.ldt_mfns[page], mfn);
    return true;
}

long pv_set_ldt(struct x86_vcpu *v, uint64_t base, unsigned int entries)
{
    unsigned int count = (entries + PAGE_ENTRIES - 1) / PAGE_ENTRIES;

    if (entries && ((base & PAGE_MASK) || entries > LDT_ENTRIES || !pt_guest_address(base)))
        return -XEN_EINVAL;
    for (unsigned int i = 0; i < LDT_PAGES; i++) {
        mfn_t mfn = i < count ? take_page(v, base + i * PAGE_SIZE) : MFN_NONE;

        if (mfn != MFN_NONE || v->pv.ldt_mfns[i] != MFN_NONE)
            replace_page(v, LDT_PAGE + i, &v->pv.ldt_mfns[i], mfn);
    }
    v->pv.ldt_base = base;
    v->pv.ldt_entries = entries;
    if (&v->core == current_vcpu())
        load_ldt(v);
    return 0;
}

static void load_gdt(uint64_t base)
{
    const struct table_register gdtr = { GDT_LIMIT, base };

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
}

void pv_window_load(struct x86_vcpu *v)
{
    uint64_t own = direct_paddr(percpu()->gdt);
    int rc;

    if (v->pv.window_cpu != cpu_id()) {
        rc = map_segment_page(window_page(v) + GDT_PAGE, own | OWN_PAGE_PTE);
        ASSERT(rc == 0);
        tlb_flush_page(window_address(v) + GDT_PAGE * PAGE_SIZE);
        v->pv.window_cpu = cpu_id();
    }
    load_gdt(window_address(v));
    load_ldt(v);
}

void pv_window_unload(void)
{
    load_gdt((uint64_t)percpu()->gdt - GDT_PAGE * PAGE_SIZE);
    __asm__ volatile("lldt %w0" : : "r"(0));
}

static void save_selectors(struct x86_vcpu *v)
{
    __asm__ volatile("mov %%ds, %0" : "=m"(v->pv.ds));
    __asm__ volatile("mov %%es, %0" : "=m"(v->pv.es));
    __asm__ volatile("mov %%fs, %0" : "=m"(v->pv.fs));
    __asm__ volatile("mov %%gs, %0" : "=m"(v->pv.gs));
}

void pv_segments_save(struct x86_vcpu *v)
{
    save_selectors(v);
    v->pv.fs_base = pv_fs_base();
    if (v->pv.flags & PV_KERNEL_MODE)
        v->pv.gs_kernel = pv_gs_base();
    else
        v->pv.gs_user = pv_gs_base();
}

/* A null selector loads always. */
#define LOADER(name, register_) \
    static bool load_##name(uint16_t selector) \
    { \
        bool ok = true; \
\
        __asm__ volatile("1: mov %w1, %%" register_ "\n" \
                         "2:\n" \
                         ".pushsection .text.fixup, \"ax\"\n" \
                         "3: xorl %k1, %k1\n" \
                         "   mov %w1, %%" register_ "\n" \
                         "   movb $0, %b0\n" \
                         "   jmp 2b\n" \
                         ".popsection\n" FAULT_FIXUP("1b", "3b") \
                         : "+q"(ok), "+r"(selector) \
                         : \
                         : "memory"); \
        return ok; \
    }

LOADER(ds, "ds")
LOADER(es, "es")
LOADER(fs, "fs")
LOADER(gs, "gs")

/* Loading GS takes its base from the descriptor: Zeroth's own is put back at once, before anything
 * could use it (interrupts are off; NMI's entry finds the CPU's data by another way). */
static bool load_gs_keeping_base(uint16_t selector)
{
    struct percpu *own = percpu();
    bool ok = load_gs(selector);

    wrmsr(MSR_GS_BASE, (uint64_t)own);
    return ok;
}

void pv_segments_load(struct x86_vcpu *v)
{
    const struct pv_vcpu *pv = &v->pv;
    uint16_t ds, es, fs, gs;
    bool ok = true;

    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=m"(ds), "=m"(es), "=m"(fs), "=m"(gs));
    /* The same number may name another descriptor now; null is null. */
    if (pv->ds | ds)
        ok &= load_ds(pv->ds);
    if (pv->es | es)
        ok &= load_es(pv->es);
    if (pv->fs | fs)
        ok &= load_fs(pv->fs);
    if (pv->gs | gs)
        ok &= load_gs_keeping_base(pv->gs);
    pv_set_fs_base(pv->fs_base);
    pv_set_gs_base(pv->flags & PV_KERNEL_MODE ? pv->gs_kernel : pv->gs_user);
    if (!ok)
        v->pv.flags |= PV_FAILSAFE;
}

bool pv_descriptor_of(const struct x86_vcpu *v, uint16_t selector, uint64_t *descriptor)
{
    bool local = selector & 4;
    unsigned int index = selector >> 3, limit = local ? v->pv.ldt_entries : (GDT_LIMIT + 1u) / 8;
    const volatile uint64_t *table =
        (const uint64_t *)(window_address(v) + (local ? LDT_PAGE * PAGE_SIZE : 0));

    ASSERT(&v->core == current_vcpu());
    if (!(selector & ~3) || index >= limit)
        return false;
    if (local && v->pv.ldt_mfns[index / PAGE_ENTRIES] == MFN_NONE)
        return false;
    *descriptor = table[index];
    return *descriptor & DESCRIPTOR_PRESENT;
}

long pv_set_gdt(uint64_t list, uint64_t entries, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t mfns[FIRST_RESERVED_GDT_PAGE];
    unsigned int count = (unsigned int)entries;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (count > FIRST_RESERVED_GDT_ENTRY)
        return -XEN_EINVAL;
    if (!copy_from_guest(mfns, list, (count + PAGE_ENTRIES - 1) / PAGE_ENTRIES * sizeof(mfns[0])))
        return -XEN_EFAULT;
    return pv_set_gdt_frames(x86_vcpu(current_vcpu()), mfns, count);
}

long pv_update_descriptor(uint64_t address, uint64_t descriptor, uint64_t a2, uint64_t a3,
                          uint64_t a4, uint64_t a5)
{
    struct domain *d = current_vcpu()->domain;
    struct frame *f = frame_of(address >> PAGE_SHIFT);
    enum frame_type type;
    uint64_t *page;
    long rc;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if ((address & 7) || !pv_descriptor_ok(&descriptor))
        return -XEN_EINVAL;
    if (!f || !frame_get(f, d))
        return -XEN_EINVAL;
    /* A page that may become descriptors' is written like any other of the guest's. */
    type = frame_type(f) == FRAME_SEGMENTS ? FRAME_SEGMENTS : FRAME_WRITABLE;
    rc = frame_get_type(f, type) ? -XEN_EINVAL : 0;
    if (rc == 0) {
        page = frame_map(address >> PAGE_SHIFT);
        __atomic_store_n(&page[(address & PAGE_MASK) / 8], descriptor, __ATOMIC_RELAXED);
        frame_unmap(page);
        frame_put_type(f, false);
    }
    frame_put(f);
    return rc;
}

long pv_set_segment_base(uint64_t which, uint64_t base, uint64_t a2, uint64_t a3, uint64_t a4,
                         uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    bool canonical = (uint64_t)((int64_t)(base << 16) >> 16) == base;
    bool were_on, ok;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (which != SEGBASE_GS_USER_SEL && !canonical)
        return -XEN_EINVAL;
    switch (which) {
    case SEGBASE_FS: pv_set_fs_base(base); return 0;
    case SEGBASE_GS_USER: v->pv.gs_user = base; return 0;
    case SEGBASE_GS_KERNEL: pv_set_gs_base(base); return 0;
    case SEGBASE_GS_USER_SEL: {
        struct percpu *own = percpu();

        were_on = irq_save();
        ok = load_gs((uint16_t)base); /* null else, and no word about it (measured) */
        /* A null selector leaves the base alone on AMD's CPUs: Zeroth's is not shown. */
        v->pv.gs_user = ok && (base & SELECTOR_INDEX) ? rdmsr(MSR_GS_BASE) : 0;
        wrmsr(MSR_GS_BASE, (uint64_t)own);
        irq_restore(were_on);
        return 0;
    }
    }
    return -XEN_EINVAL;
}
