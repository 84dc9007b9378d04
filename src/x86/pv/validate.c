/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/validate.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"
#include "x86/features.h"
#include "x86/guest.h"
#include "x86/memory/map.h"
#include "x86/pv/descriptor.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"

#include <xen/errno.h>

#define DENIED_MAX      128
#define ENTRIES_AT_ONCE 16
#define EMPTY_AT_ONCE   8
#define M2P_EXTENT      0x40000ul /* frames whose entries fill 2 MiB: */
#define EXTENT_FRAMES   512u      /* so many frames of the table */
/* A table's progress: entries counted; above them the error (positive) for which counts go back. */
#define PROGRESS_COUNT 0x3ffu
#define PROGRESS_ERROR 10
#define ERROR_MAX      63

/* Interrupts and other messages of AMD's fabric, 0xfd00000000 to 0xffffffffff, no memory and no device
 * (AMD I/O Virtualization Technology specification, special address controls). */
#define AMD_SPECIAL_FIRST 0xfd00000
#define AMD_SPECIAL_LAST  0xfffffff

/* shown: who drives the machine's devices may read it, as on Xen. */
static struct {
    mfn_t first, last;
    bool shown;
} denied[DENIED_MAX] = {
    { 0xfee00, 0xfeeff, false }, /* local APIC and the range of interrupt messages */
    { 0xfec00, 0xfec00, true },  /* the first IO-APIC's usual place */
};
static unsigned int denied_count = 2;

#define CACHE_FRAMES ((1ul << (44 - PAGE_SHIFT)) - 1)

bool pv_absent_hardware, pv_absent_others;

struct pv_locked pv_locked[CPUS_MAX];

static void deny(mfn_t first, mfn_t last, bool shown)
{
    ASSERT(first <= last);
    ASSERT(denied_count < DENIED_MAX);
    denied[denied_count].first = first;
    denied[denied_count].shown = shown;
    denied[denied_count++].last = last;
}

void pv_iomem_deny(mfn_t first, mfn_t last)
{
    deny(first, last, false);
}

void pv_iomem_show(mfn_t mfn)
{
    deny(mfn, mfn, true);
}

/* False also where another range denies it. */
static bool is_shown(const struct domain *d, mfn_t mfn)
{
    bool shown = false;

    for (unsigned int i = 0; i < denied_count; i++) {
        if (mfn < denied[i].first || mfn > denied[i].last)
            continue;
        if (!denied[i].shown)
            return false;
        shown = true;
    }
    return shown && container_of(d, const struct x86_domain, core)->hardware;
}

bool pv_iomem_free(mfn_t first, mfn_t last)
{
    if (last < first || last >> (cpu.address_bits - PAGE_SHIFT))
        return false;
    for (unsigned int i = 0; i < denied_count; i++)
        if (last >= denied[i].first && first <= denied[i].last)
            return false;
    return true;
}

bool pv_iomem_allowed(struct domain *d, mfn_t mfn)
{
    struct x86_domain *x = x86_domain(d);

    return pv_iomem_free(mfn, mfn) && (x->hardware || ranges_have(&x->iomem, mfn, mfn));
}

static bool is_hypervisor_slot(unsigned int level, unsigned int index)
{
    return level == 4 && index >= HYPERVISOR_SLOT && index < HYPERVISOR_SLOT + HYPERVISOR_SLOTS;
}

/* Holes have no owner but DOMID_IO, and no counts. */
static bool is_hole(const struct frame *f)
{
    return !f || f->owner == DOMID_IO;
}

void pv_refuse_absent(bool hardware, bool others)
{
    pv_absent_hardware = hardware;
    pv_absent_others = others;
}

/* Caches compare 44 bits of an address at least: what has all beyond RAM's set is safe, as what a kernel
 * inverts is; frame 0 is nobody's. */
static bool names_ram(mfn_t mfn)
{
    return mfn && !is_hole(frame_of(mfn));
}

bool pt_absent_is_safe(const struct domain *d, uint64_t entry)
{
    bool hardware = container_of(d, const struct x86_domain, core)->hardware;

    if (hardware ? !pv_absent_hardware : !pv_absent_others)
        return true;
    return !names_ram(pte_mfn(entry)) && !names_ram(pte_mfn(entry) & CACHE_FRAMES);
}

/* Of Zeroth's frames only the machine-to-physical table is shown. */
static bool is_m2p(mfn_t mfn)
{
    uint64_t extents = page_alloc_highest() / M2P_EXTENT + 1;

    for (unsigned int i = 0; i < extents; i++) {
        mfn_t first = arch_m2p_extent(i);

        if (first && mfn >= first && mfn - first < EXTENT_FRAMES)
            return true;
    }
    return false;
}

static int hole_get(struct domain *d, const struct domain *from, uint64_t entry)
{
    mfn_t mfn = pte_mfn(entry);

    if (mfn == PTE_ADDRESS >> PAGE_SHIFT)
        return -XEN_EINVAL; /* that number names no frame at all (measured) */
    if (from && from != d)
        return -XEN_EPERM; /* another domain has none to lend */
    if (!(entry & PTE_WRITABLE) && is_shown(d, mfn))
        return 0;
    return pv_iomem_allowed(d, mfn) ? 0 : -XEN_EPERM;
}

bool pt_leaf_is_shown(const struct domain *d, const struct domain *from, uint64_t entry)
{
    return is_hole(frame_of(pte_mfn(entry))) && (!from || from == d) && is_shown(d, pte_mfn(entry));
}

int pt_leaf_get_any(struct domain *d, struct domain *from, uint64_t entry)
{
    struct frame *f = frame_of(pte_mfn(entry));
    int rc;

    if (is_hole(f))
        return hole_get(d, from, entry);
    if (from && from->id == DOMID_XEN && ((entry & PTE_WRITABLE) || !is_m2p(pte_mfn(entry))))
        return -XEN_EBUSY;
    if (!from || !frame_get(f, from))
        return -XEN_EBUSY;
    /* Caches must agree about RAM; only who drives devices has a use for other kinds. */
    if ((entry & PTE_CACHE) && !x86_domain(d)->hardware) {
        frame_put(f);
        return -XEN_EINVAL;
    }
    if (!(entry & PTE_WRITABLE))
        return 0;
    rc = frame_get_type(f, FRAME_WRITABLE);
    if (rc)
        frame_put(f);
    return rc;
}

int pt_entry_get(struct domain *d, struct domain *from, unsigned int level, uint64_t entry)
{
    struct frame *f;

    ASSERT(entry & PTE_PRESENT);
    if (level == 1)
        return pt_leaf_get(d, from, entry);
    ASSERT(level >= 1 && level <= 4);
    f = frame_of(pte_mfn(entry));
    if (!f || (entry & PTE_FORBIDDEN))
        return -XEN_EINVAL;
    /* One level down exactly: no table can be reached as a table of two levels, or from itself. */
    return frame_get_use(f, d, (enum frame_type)(FRAME_L1 + level - 2));
}

int pt_entry_put(unsigned int level, uint64_t entry, bool preemptible)
{
    struct frame *f;
    int rc;

    ASSERT(entry & PTE_PRESENT);
    if (level == 1) {
        pt_leaf_put(entry);
        return 0;
    }
    f = frame_of(pte_mfn(entry));
    ASSERT(f);
    rc = frame_put_use(f, preemptible);
    ASSERT(rc == 0 || preemptible);
    return rc;
}

/* Time to ask whether somebody waits?  An entry of level 1 takes little. */
static inline bool is_time(unsigned int level, unsigned int i)
{
    return i && (level > 1 || i % ENTRIES_AT_ONCE == 0) && preempt_wanted();
}

/* Most of most tables is empty: are EMPTY_AT_ONCE entries all 0? */
static inline bool is_empty(const uint64_t *e)
{
    return !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
}

/* How many entries to go on by, entry i (or the one before end) needing nothing. */
static inline unsigned int absent_from(const uint64_t *table, unsigned int i)
{
    return i % EMPTY_AT_ONCE == 0 && is_empty(&table[i]) ? EMPTY_AT_ONCE : 1;
}

static inline unsigned int absent_before(const uint64_t *table, unsigned int end)
{
    return end % EMPTY_AT_ONCE == 0 && is_empty(&table[end - EMPTY_AT_ONCE]) ? EMPTY_AT_ONCE : 1;
}

/* Give back what entries [0, *count) hold, last first. */
static int uncount(uint64_t *table, unsigned int level, unsigned int *count, bool preemptible)
{
    while (*count) {
        unsigned int i = *count - 1;
        uint64_t entry = __atomic_load_n(&table[i], __ATOMIC_RELAXED);

        if (!(entry & PTE_PRESENT) || is_hypervisor_slot(level, i)) {
            *count -= absent_before(table, *count);
            continue;
        }
        if (level == 1)
            pt_leaf_put(entry);
        else if (pt_entry_put(level, entry, preemptible))
            return -XEN_ERESTART;
        *count = i;
        if (preemptible && is_time(level, i))
            return -XEN_ERESTART;
    }
    return 0;
}

/* Count entries from *count on; another error than -XEN_ERESTART is that of entry *count.  In a domain
 * that dies nothing becomes valid any more: its end would else wait for a table below, half given back,
 * whose turn comes only after this one. */
static int count_up(struct domain *d, uint64_t *table, unsigned int level, unsigned int *count)
{
    unsigned int i = *count;
    int rc = d->is_dying ? -XEN_EINVAL : 0;

    while (rc == 0 && i < PTE_COUNT) {
        uint64_t entry = __atomic_load_n(&table[i], __ATOMIC_RELAXED);

        if (!(entry & PTE_PRESENT) || is_hypervisor_slot(level, i)) {
            rc = is_hypervisor_slot(level, i) || pt_absent_ok(d, entry) ? 0 : -XEN_EINVAL;
            i += rc ? 0 : absent_from(table, i);
            continue;
        }
        rc = level == 1 ? pt_leaf_get(d, d, entry) : pt_entry_get(d, d, level, entry);
        if (rc == -XEN_EPERM && level == 1 && pt_leaf_is_shown(d, d, entry)) {
            entry &= ~PTE_WRITABLE;
            rc = 0;
        }
        if (rc)
            break;
        /* Nothing walks or writes the table yet: its type is published after this. */
        __atomic_store_n(&table[i], pt_entry_adjust(entry), __ATOMIC_RELAXED);
        i++;
        if (i < PTE_COUNT && is_time(level, i))
            rc = -XEN_ERESTART;
    }
    *count = i;
    return rc;
}

/* VMASST_TYPE_m2p_strict: user mode is not to see the machine-to-physical table (xen/xen.h). */
static bool hides_m2p(const struct domain *d)
{
    return __atomic_load_n(&d->vm_assist, __ATOMIC_RELAXED) >> VMASST_TYPE_m2p_strict & 1;
}

/* Zeroth's part of a level-4 table, the same in all but for the machine-to-physical table: that is
 * there from the start, or from the first use as a kernel's table on. */
static void fill_hypervisor(uint64_t *table, const struct domain *d)
{
    for (unsigned int i = HYPERVISOR_SLOT; i < HYPERVISOR_SLOT + HYPERVISOR_SLOTS; i++)
        table[i] = hypervisor_l4[i];
    if (!hides_m2p(d))
        table[M2P_SLOT] = 0;
}

void pt_use_l4(const struct domain *d, mfn_t table, bool kernel)
{
    bool hides = hides_m2p(d);
    uint64_t *entries;

    if (kernel == hides)
        return;
    entries = frame_map(table);
    __atomic_store_n(&entries[M2P_SLOT], hides ? 0 : hypervisor_l4[M2P_SLOT], __ATOMIC_RELAXED);
    frame_unmap(entries);
}

static void clear_hypervisor(uint64_t *table)
{
    for (unsigned int i = HYPERVISOR_SLOT; i < HYPERVISOR_SLOT + HYPERVISOR_SLOTS; i++)
        table[i] = 0;
}

static struct domain *owner_of(const struct frame *f)
{
    struct domain *d = pv_locked[cpu_id()].domain;

    ASSERT(d && d->id == f->owner);
    ASSERT(lock_held(&d->pagetable_lock));
    return d;
}

/* No lock: two CPUs that do this at once write the same. */
static int validate_segments(struct frame *f)
{
    uint64_t *table = frame_map(frame_mfn(f));
    bool ok = true;

    for (unsigned int i = 0; ok && i < PAGE_SIZE / sizeof(uint64_t); i++) {
        uint64_t descriptor = __atomic_load_n(&table[i], __ATOMIC_RELAXED);

        ok = pv_descriptor_ok(&descriptor);
        if (ok)
            __atomic_store_n(&table[i], descriptor, __ATOMIC_RELAXED);
    }
    frame_unmap(table);
    return ok ? 0 : -XEN_EINVAL;
}

static int validate_table(struct frame *f, enum frame_type type, uint16_t *progress)
{
    struct domain *d = owner_of(f);
    unsigned int level = type - FRAME_L1 + 1, count = *progress & PROGRESS_COUNT;
    int error = *progress >> PROGRESS_ERROR, rc = 0;
    uint64_t *table = frame_map(frame_mfn(f));

    ASSERT(level >= 1 && level <= 4);
    ASSERT(count <= PTE_COUNT);
    if (!error) {
        rc = count_up(d, table, level, &count);
        error = rc == -XEN_ERESTART ? 0 : -rc;
    }
    ASSERT(error >= 0 && error <= ERROR_MAX);
    if (error)
        rc = uncount(table, level, &count, true) ? -XEN_ERESTART : -error;
    if (rc == 0 && level == 4)
        fill_hypervisor(table, d);
    *progress = (uint16_t)(count | (count ? (unsigned int)error << PROGRESS_ERROR : 0));
    ASSERT(!error || rc == (count ? -XEN_ERESTART : -error));
    frame_unmap(table);
    return rc;
}

static int validate(struct frame *f, enum frame_type type, uint16_t *progress)
{
    return type == FRAME_SEGMENTS ? validate_segments(f) : validate_table(f, type, progress);
}

static int devalidate(struct frame *f, enum frame_type type, uint16_t *progress, bool preemptible)
{
    unsigned int level = type - FRAME_L1 + 1, count = *progress & PROGRESS_COUNT;
    uint64_t *table = frame_map(frame_mfn(f));
    int rc;

    ASSERT(level >= 1 && level <= 4);
    ASSERT(count <= PTE_COUNT);
    rc = uncount(table, level, &count, preemptible);
    if (rc == 0 && level == 4)
        clear_hypervisor(table);
    *progress = (uint16_t)count;
    frame_unmap(table);
    return rc;
}

void pv_mmu_init(void)
{
    static const struct frame_table_ops ops = { .validate = validate,
                                                .devalidate = devalidate,
                                                .lock = pv_tables_lock,
                                                .unlock = pv_tables_unlock };

    frame_bind_tables(&ops);
    if (cpu.amd)
        pv_iomem_deny(AMD_SPECIAL_FIRST, AMD_SPECIAL_LAST);
}
