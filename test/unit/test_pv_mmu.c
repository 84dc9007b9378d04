/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables of a PV guest: every single-bit change at every level, and random ones, with counts. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/door.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "x86/features.h"
#include "x86/guest.h"
#include "x86/memory/map.h"
#include "x86/pv/grant.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>
#include <xen/grant_table.h>

#define FIRST  256
#define FRAMES 2048
#define PAGES  64

struct cpu_features cpu = { .address_bits = 40 };
uint64_t hypervisor_l4[512];

static struct x86_domain guest, other, mapped;
static struct x86_vcpu vcpu;
static mfn_t pages[PAGES], foreign; /* pages[0..3]: tables of levels 4 to 1 */

struct domain *domain_get(domid_t id)
{
    return id == guest.core.id ? &guest.core : id == mapped.core.id ? &mapped.core : NULL;
}

void domain_put(struct domain *d)
{
    (void)d;
}

void hypercall_set_argument(unsigned int n, uint64_t value)
{
    (void)n, (void)value;
}

bool copy_from_guest(void *to, uint64_t at, size_t size)
{
    return at && memcpy(to, (void *)at, size);
}

bool arch_copy_from_guest(void *to, uint64_t at, size_t size)
{
    return copy_from_guest(to, at, size);
}

bool copy_to_guest(uint64_t at, const void *from, size_t size)
{
    return at && memcpy((void *)at, from, size);
}

bool copy_item_from_guest(void *to, uint64_t at, uint64_t index, size_t size)
{
    return copy_from_guest(to, at + index * size, size);
}

bool copy_item_to_guest(uint64_t at, uint64_t index, const void *from, size_t size)
{
    return copy_to_guest(at + index * size, from, size);
}

void tlb_flush_local(void)
{
}

void tlb_flush_cpus(const struct cpu_set *cpus, uint64_t address)
{
    (void)cpus, (void)address;
}

/* One CPU's flushes, by the clock as the machine's: what was flushed since the stamp is not again. */
static uint32_t flushed;
static unsigned int flushes;

void arch_tlb_flush_stamped(struct domain *d, uint32_t stamp)
{
    (void)d;
    if ((int32_t)(flushed - stamp) > 0)
        return;
    flushed = ++tlb_clock;
    flushes++;
}

static mfn_t give(struct domain *d)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

    assert_int_equal(frame_assign(frame_of(mfn), d), 0);
    memset(frame_map(mfn), 0, PAGE_SIZE);
    return mfn;
}

static uint64_t *entries_at(unsigned int level)
{
    return frame_map(pages[4 - level]);
}

static uint64_t *entry_of(unsigned int level)
{
    return entries_at(level) + 1;
}

static void set_up_once(void)
{
    workbench_memory(FIRST, FRAMES);
    guest.core = (struct domain){ .id = 5, .pages_first = ~0u, .pages_max = 1024 };
    other.core = (struct domain){ .id = 6, .pages_first = ~0u, .pages_max = 1024 };
    lock_init(&guest.core.pagetable_lock, RANK_PAGETABLES);
    lock_init(&guest.core.page_lock, RANK_PAGE_LIST);
    lock_init(&other.core.page_lock, RANK_PAGE_LIST);
    vcpu.core.domain = &guest.core;
    workbench_current = &vcpu.core;
    vcpu.pv.left_table = vcpu.pv.left_second = vcpu.pv.kernel_l4 = vcpu.pv.user_l4 = MFN_NONE;
    pv_mmu_init();
    for (unsigned int i = 0; i < PAGES; i++)
        pages[i] = give(&guest.core);
    foreign = give(&other.core);
}

/* A chain of four tables by entries 1, and a writable page at the end. */
static void set_up(bool hardware)
{
    if (!foreign)
        set_up_once();
    guest.hardware = hardware;
    workbench_preempt = 0;
    for (unsigned int i = 0; i < PAGES; i++)
        memset(frame_map(pages[i]), 0, PAGE_SIZE);
    for (unsigned int level = 4; level >= 1; level--)
        *entry_of(level) = pages[5 - level] << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
}

static int pin(void)
{
    int rc;

    pv_tables_lock(&guest.core);
    do {
        rc = frame_pin(frame_of(pages[0]), FRAME_L4);
    } while (rc == -XEN_ERESTART);
    pv_tables_unlock(&guest.core);
    return rc;
}

static void unpin(void)
{
    int rc;

    pv_tables_lock(&guest.core);
    do {
        rc = frame_unpin(frame_of(pages[0]));
    } while (rc == -XEN_ERESTART);
    pv_tables_unlock(&guest.core);
    assert_int_equal(rc, 0);
    for (unsigned int i = 0; i < PAGES; i++) {
        assert_int_equal(frame_type_count(frame_of(pages[i])), 0);
        assert_int_equal(frame_refs(frame_of(pages[i])), 1);
    }
    assert_int_equal(frame_refs(frame_of(foreign)), 1);
}

static int change(unsigned int level, unsigned int index, uint64_t value)
{
    struct pt_change c = { .owner = &guest.core,
                           .from = &guest.core,
                           .table = pages[4 - level],
                           .level = level,
                           .index = index,
                           .value = value };
    int rc;

    pv_tables_lock(&guest.core);
    rc = pt_change(&vcpu, &c);
    pv_tables_unlock(&guest.core);
    while (pt_finish(&vcpu))
        continue;
    return rc;
}

/* The same by the hypercall. */
static int change_by_call(unsigned int level, unsigned int index, uint64_t value)
{
    struct mmu_update u = { .ptr = pages[4 - level] << PAGE_SHIFT | index * 8, .val = value };
    uint32_t done;
    long rc;

    if (rand() % 2)
        u.ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    do {
        rc = pv_mmu_update((uint64_t)&u, 1, (uint64_t)&done, DOMID_SELF, 0, 0);
    } while (rc == DOOR_RESTART);
    assert_int_equal(done, rc == 0);
    while (pt_finish(&vcpu))
        continue;
    return (int)rc;
}

/* Whatever the entry says now, the frame's counts say too. */
static void check_leaf(uint64_t entry)
{
    struct frame *f = frame_of(pte_mfn(entry));

    if (!(entry & PTE_PRESENT) || !f || frame_type(frame_of(pages[3])) != FRAME_L1)
        return;
    assert_int_equal(f->owner, guest.core.id);
    if (entry & PTE_WRITABLE)
        assert_int_equal(frame_type(f), FRAME_WRITABLE);
}

static void test_bits(void **state)
{
    (void)state;
    for (unsigned int hardware = 0; hardware < 2; hardware++)
        for (unsigned int level = 1; level <= 4; level++)
            for (unsigned int bit = 0; bit < 64; bit++) {
                uint64_t before, changed = 1ul << bit;
                int rc;

                set_up(hardware);
                assert_int_equal(pin(), 0);
                before = *entry_of(level);
                rc = change(level, 1, before ^ changed);
                if (rc)
                    assert_int_equal(*entry_of(level), before);
                if (changed & (PTE_HARMLESS | PTE_USER | PTE_PRESENT | PTE_NX))
                    assert_int_equal(rc, 0);
                if (level == 1 && changed == PTE_GLOBAL)
                    assert_int_equal(rc, 0);
                if (level > 1 && (changed & PTE_FORBIDDEN))
                    assert_int_equal(rc, -XEN_EINVAL);
                if (level == 1 && (changed & PTE_CACHE) && !hardware)
                    assert_int_equal(rc, -XEN_EINVAL);
                if (level == 1 && (changed & PTE_CACHE) && hardware)
                    assert_int_equal(rc, 0);
                check_leaf(*entry_of(1));
                unpin();
            }
}

static void test_refusals(void **state)
{
    (void)state;
    set_up(false);
    assert_int_equal(pin(), 0);
    for (unsigned int i = 0; i < 5; i++) /* tables writable, at any place */
        assert_true(i == 4 || change(1, 2, pages[i] << 12 | 3) < 0);
    assert_true(change(1, 2, foreign << 12 | 1) < 0);
    assert_true(change(1, 2, 0xfee00003) < 0);
    assert_true(change(1, 2, 0xd0000003) < 0);
    assert_int_equal(change(4, 256, 0), -XEN_EINVAL);
    assert_int_equal(change(4, 271, 1), -XEN_EINVAL);
    assert_true(change(4, 2, pages[0] << 12 | 1) < 0); /* itself */
    unpin();
}

static uint64_t random_value(void)
{
    mfn_t mfn = rand() % 16 ? pages[rand() % PAGES] : rand() % 2 ? foreign : 0xd0000;

    return mfn << PAGE_SHIFT | (rand() % 4 ? PTE_PRESENT : 0) | (rand() % 2 ? PTE_WRITABLE : 0) |
           (rand() % 16 ? 0 : 1ul << rand() % 64);
}

static void test_random(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int round = 0; round < 200; round++) {
        set_up(round & 1);
        workbench_preempt = round % 7;
        if (round % 3 == 0) /* invalid from the start, perhaps: all goes back */
            for (unsigned int i = 2; i < 40; i++)
                ((uint64_t *)frame_map(pages[3]))[i] = random_value();
        if (pin()) {
            for (unsigned int i = 0; i < PAGES; i++)
                assert_int_equal(frame_type_count(frame_of(pages[i])), 0);
            continue;
        }
        for (unsigned int step = 0; step < 500; step++) {
            unsigned int level = 1 + rand() % 4;

            (rand() % 2 ? change : change_by_call)(
                level, level == 4 ? 2 + rand() % 510 : 2 + rand() % 8, random_value());
            check_leaf(((uint64_t *)frame_map(pages[3]))[2 + rand() % 8]);
        }
        unpin();
    }
}

/* The IO-APIC's page: to be read by who has the machine's devices, and that is all. */
static void test_io_apic(void **state)
{
    (void)state;
    for (unsigned int hardware = 0; hardware < 2; hardware++) {
        set_up(hardware);
        assert_int_equal(pin(), 0);
        assert_int_equal(change(1, 2, 0xfec00001), hardware ? 0 : -XEN_EPERM);
        /* The right to write goes, without a word. */
        assert_int_equal(change(1, 2, 0xfec00003), hardware ? 0 : -XEN_EPERM);
        assert_int_equal(entries_at(1)[2], hardware ? 0xfec00005 : 0);
        assert_int_equal(change(1, 2, 0xfee00001), -XEN_EPERM);
        unpin();
    }
}

/* L1TF: an entry that is not present must not name RAM, by a change or in a table that is to be one. */
static void test_absent(void **state)
{
    uint64_t ram = pages[4] << PAGE_SHIFT | PTE_WRITABLE;

    (void)state;
    for (unsigned int hardware = 0; hardware < 2; hardware++) {
        set_up(hardware);
        pv_refuse_absent(false, true);
        assert_int_equal(pin(), 0);
        for (unsigned int level = 1; level <= 4; level++) {
            assert_int_equal(change(level, 3, ram), hardware ? 0 : -XEN_EINVAL);
            assert_int_equal(entries_at(level)[3], hardware ? ram : 0);
            assert_int_equal(change(level, 3, ram | 1ul << 45), hardware ? 0 : -XEN_EINVAL);
            assert_int_equal(change(level, 3, ~ram & (PTE_ADDRESS | PTE_WRITABLE)),
                             0); /* inverted */
            assert_int_equal(change(level, 3, 0xf00), 0);
            assert_int_equal(change(level, 3, 0), 0);
        }
        unpin();
        entries_at(1)[3] = ram;
        assert_int_equal(pin(), hardware ? 0 : -XEN_EINVAL);
        if (hardware)
            unpin();
        entries_at(1)[3] = 0;
        pv_refuse_absent(false, false);
    }
}

/* HYPERVISOR_mmu_update of a table that is half validated goes on with it, has its only use, and takes
 * the table below away: both are long to undo, and neither is undone in one go. */
static void test_two_left(void **state)
{
    struct mmu_update u;
    unsigned int turns = 0;
    long rc;

    (void)state;
    set_up(false);
    ((uint64_t *)frame_map(pages[0]))[3] = pages[10] << PAGE_SHIFT | PTE_PRESENT;
    for (unsigned int i = 2; i < PTE_COUNT; i++) {
        ((uint64_t *)frame_map(pages[3]))[i] = pages[20] << PAGE_SHIFT | PTE_PRESENT;
        ((uint64_t *)frame_map(pages[11]))[i] = pages[20] << PAGE_SHIFT | PTE_PRESENT;
    }
    ((uint64_t *)frame_map(pages[2]))[3] = pages[11] << PAGE_SHIFT | PTE_PRESENT;
    workbench_current = &vcpu.core;
    workbench_preempt = 1;
    pv_tables_lock(&guest.core);
    assert_int_equal(frame_pin(frame_of(pages[0]), FRAME_L4), -XEN_ERESTART);
    pv_tables_unlock(&guest.core);
    u = (struct mmu_update){ pages[0] << PAGE_SHIFT | 8, 0 };
    do {
        rc = pv_mmu_update((uint64_t)&u, 1, 0, DOMID_SELF, 0, 0);
    } while (rc == DOOR_RESTART);
    assert_int_equal(rc, 0);
    assert_int_equal(frame_type_count(frame_of(pages[1])), 1);
    assert_int_equal(frame_type_count(frame_of(pages[0])), 1);
    while (pt_finish(&vcpu))
        turns++;
    assert_true(turns > 2 * PTE_COUNT / 16);
    workbench_preempt = 0;
    for (unsigned int i = 0; i < PAGES; i++) {
        assert_int_equal(frame_type_count(frame_of(pages[i])), 0);
        assert_int_equal(frame_refs(frame_of(pages[i])), 1);
    }
}

/* An address of the chain's: entry index of its level-1 table. */
static uint64_t address(unsigned int index)
{
    return 1ul << 39 | 1ul << 30 | 1ul << 21 | (uint64_t)index << PAGE_SHIFT;
}

static int map_granted(unsigned int index, uint32_t flags)
{
    return pv_grant_map(&vcpu.core, address(index), flags | GNTMAP_host_map, &other.core, foreign);
}

static int unmap_granted(unsigned int index, uint32_t flags)
{
    return pv_grant_unmap(&vcpu.core, address(index), flags | GNTMAP_host_map, 0, foreign);
}

/* A handle to write is given back with a mapping to write only: else that one would outlive it. */
static void test_grants(void **state)
{
    (void)state;
    set_up(false);
    assert_int_equal(pin(), 0);
    vcpu.cr3 = pages[0] << PAGE_SHIFT;
    assert_int_equal(map_granted(2, GNTMAP_readonly), GNTST_okay);
    assert_int_equal(map_granted(3, 0), GNTST_okay);
    assert_int_equal(frame_refs(frame_of(foreign)), 3);
    assert_int_equal(unmap_granted(2, 0), GNTST_general_error);
    assert_int_equal(unmap_granted(3, GNTMAP_readonly), GNTST_general_error);
    assert_int_equal(frame_type_count(frame_of(foreign)), 1);
    assert_int_equal(unmap_granted(2, GNTMAP_readonly), GNTST_okay);
    assert_int_equal(unmap_granted(2, GNTMAP_readonly), GNTST_general_error);
    assert_int_equal(unmap_granted(3, 0), GNTST_okay);
    assert_int_equal(frame_type_count(frame_of(foreign)), 0);
    vcpu.cr3 = 0;
    unpin();
}

/* A table that is half given back, in one that is half validated: the end of a domain waits for
 * neither.  It meets the newer page first. */
static void test_end(void **state)
{
    static struct x86_domain d;
    struct frame *l1, *l2;
    uint64_t *entries;

    (void)state;
    set_up(false);
    d.core = (struct domain){ .id = 7, .pages_first = ~0u, .pages_max = 1024 };
    lock_init(&d.core.pagetable_lock, RANK_PAGETABLES);
    lock_init(&d.core.page_lock, RANK_PAGE_LIST);
    l1 = frame_of(give(&d.core));
    l2 = frame_of(give(&d.core));
    entries = frame_map(frame_mfn(l1));
    for (unsigned int i = 0; i < PTE_COUNT; i++)
        entries[i] = frame_mfn(l2) << PAGE_SHIFT | PTE_PRESENT;
    entries = frame_map(frame_mfn(l2));
    entries[1] = frame_mfn(l1) << PAGE_SHIFT | PTE_PRESENT;
    pv_tables_lock(&d.core);
    assert_int_equal(frame_pin(l1, FRAME_L1), 0);
    workbench_preempt = 1;
    assert_int_equal(frame_unpin(l1), -XEN_ERESTART);
    workbench_preempt = 0;
    assert_int_equal(frame_pin(l2, FRAME_L2), -XEN_ERESTART);
    pv_tables_unlock(&d.core);
    d.core.is_dying = true;
    for (unsigned int i = 0; i < 100 && d.core.pages; i++)
        frame_release_all(&d.core);
    assert_int_equal(d.core.pages, 0);
    assert_int_equal(frame_refs(l1), 0);
    assert_int_equal(frame_refs(l2), 0);
}

/* A present entry is found wherever it stands, alone and beside others, on the way in and back. */
static void test_sparse(void **state)
{
    struct frame *table, *leaf;
    uint64_t *entries;

    (void)state;
    set_up(false);
    table = frame_of(give(&guest.core));
    leaf = frame_of(give(&guest.core));
    entries = frame_map(frame_mfn(table));
    for (unsigned int turn = 0; turn < 2 * PTE_COUNT; turn++) {
        unsigned int second = turn < PTE_COUNT ? turn : (unsigned int)rand() % PTE_COUNT;

        memset(entries, 0, PAGE_SIZE);
        entries[turn % PTE_COUNT] = frame_mfn(leaf) << PAGE_SHIFT | PTE_PRESENT;
        entries[second] = frame_mfn(leaf) << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
        entries[(second + 3) % PTE_COUNT] |= ~(uint64_t)PTE_PRESENT; /* absent, or none at all */
        if (entries[(second + 3) % PTE_COUNT] & PTE_PRESENT)
            continue;
        pv_tables_lock(&guest.core);
        assert_int_equal(frame_pin(table, FRAME_L1), 0);
        assert_int_equal(frame_refs(leaf), 2 + (second != turn % PTE_COUNT));
        assert_int_equal(frame_unpin(table), 0);
        pv_tables_unlock(&guest.core);
        assert_int_equal(frame_refs(leaf), 1);
    }
}

/* The first two are mapped by the third. */
static void entries_of_l2(const mfn_t tables[3])
{
    uint64_t *entries = frame_map(tables[2]);

    for (unsigned int i = 0; i < 2; i++)
        entries[i] = tables[i] << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
}

/* Frames that its tables map are freed with a few flushes, not with one each, however they lie in the
 * domain's list: before their tables, and after. */
static void test_end_flushes(void **state)
{
    static struct x86_domain d;
    mfn_t tables[3], last = 0;

    (void)state;
    set_up(false);
    d.core = (struct domain){ .id = 7, .pages_first = ~0u, .pages_max = 1024 };
    lock_init(&d.core.pagetable_lock, RANK_PAGETABLES);
    lock_init(&d.core.page_lock, RANK_PAGE_LIST);
    for (unsigned int i = 0; i < 3; i++)
        tables[i] = give(&d.core);
    for (unsigned int i = 0; i < 600; i++) {
        uint64_t *entries = frame_map(tables[i / 300]);

        last = give(&d.core);
        entries[i % 300] = last << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
    }
    entries_of_l2(tables);
    pv_tables_lock(&d.core);
    assert_int_equal(frame_pin(frame_of(tables[2]), FRAME_L2), 0);
    assert_int_equal(frame_pin(frame_of(tables[0]), FRAME_L1), 0);
    pv_tables_unlock(&d.core);
    assert_int_equal(frame_refs(frame_of(last)), 2);
    d.core.is_dying = true;
    flushes = 0;
    workbench_preempt = 1;
    for (unsigned int i = 0; i < 10000 && d.core.pages; i++)
        frame_release_all(&d.core);
    workbench_preempt = 0;
    assert_int_equal(d.core.pages, 0);
    assert_int_equal(frame_refs(frame_of(last)), 0);
    assert_int_equal(domain_orphans(d.core.id), 0);
    assert_in_range(flushes, 1, 4);
}

/* ---- frames of a domain whose numbers are its own ---- */

#define NUMBER 0x123456ul /* of its one frame */

static mfn_t its_frame, written; /* written: told to be, MFN_NONE: none */

static struct frame *by_number(struct domain *d, gfn_t gfn)
{
    struct frame *f = frame_of(its_frame);

    assert_ptr_equal(d, &mapped.core);
    return gfn == NUMBER && frame_get(f, d) ? f : NULL;
}

static void wrote(struct domain *d, mfn_t mfn)
{
    assert_ptr_equal(d, &mapped.core);
    assert_true(frame_type_count(frame_of(mfn)) > 0); /* it has its use already */
    written = mfn;
}

static const struct guest_map its_map = { .wrote = wrote };
static const struct guest_kind its_kind = { .frame_get = by_number, .map = &its_map };

static long map_foreign(unsigned int level, uint64_t value, unsigned int command)
{
    struct mmu_update u = { .ptr = (pages[4 - level] << PAGE_SHIFT | 2 * 8) | command,
                            .val = value };
    uint32_t done;
    long rc = pv_mmu_update((uint64_t)&u, 1, (uint64_t)&done, mapped.core.id, 0, 0);

    assert_int_equal(done, rc == 0);
    return rc;
}

static uint64_t foreign_entry(void)
{
    return ((const uint64_t *)frame_map(pages[3]))[2];
}

static void begin_foreign(void)
{
    set_up(true);
    if (!its_frame) {
        mapped.core =
            (struct domain){ .id = 7, .pages_first = ~0u, .pages_max = 8, .kind = &its_kind };
        lock_init(&mapped.core.page_lock, RANK_PAGE_LIST);
        its_frame = give(&mapped.core);
    }
    written = MFN_NONE;
    guest.core.privileged = true;
    assert_int_equal(pin(), 0);
}

static void test_foreign_numbers(void **state)
{
    struct frame *f;

    (void)state;
    begin_foreign();
    f = frame_of(its_frame);
    assert_int_equal(map_foreign(1, NUMBER << PAGE_SHIFT | PTE_PRESENT, 0), 0);
    assert_int_equal(pte_mfn(foreign_entry()), its_frame);
    assert_int_equal(frame_refs(f), 2);
    assert_int_equal(frame_type_count(f), 0);
    assert_int_equal(written, MFN_NONE);
    assert_int_equal(map_foreign(1, NUMBER << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE,
                                 MMU_PT_UPDATE_PRESERVE_AD),
                     0);
    assert_int_equal(frame_type_count(f), 1);
    assert_int_equal(frame_refs(f), 2);
    assert_int_equal(written, its_frame);
    /* Its domain gives it up: it stays until the mapping goes. */
    assert_true(frame_release(f, &mapped.core));
    assert_int_equal(frame_refs(f), 1);
    assert_true(map_foreign(1, NUMBER << PAGE_SHIFT | PTE_PRESENT, 0) == 0 || frame_refs(f) == 1);
    assert_int_equal(change(1, 2, 0), 0);
    assert_int_equal(frame_refs(f), 0);
    its_frame = 0;
    guest.core.privileged = false;
    unpin();
}

static void test_foreign_refusals(void **state)
{
    (void)state;
    begin_foreign();
    assert_int_equal(map_foreign(1, (NUMBER + 1) << PAGE_SHIFT | PTE_PRESENT, 0), -XEN_EINVAL);
    assert_int_equal(map_foreign(1, its_frame << PAGE_SHIFT | PTE_PRESENT, 0), -XEN_EINVAL);
    assert_int_equal(map_foreign(2, NUMBER << PAGE_SHIFT | PTE_PRESENT, 0), -XEN_EINVAL);
    assert_int_equal(map_foreign(1, NUMBER, MMU_MACHPHYS_UPDATE), -XEN_EINVAL);
    assert_int_equal(map_foreign(1, NUMBER, 4), -XEN_ENOSYS);
    assert_int_equal(foreign_entry(), 0);
    assert_int_equal(frame_refs(frame_of(its_frame)), 1);
    /* By the machine's number, as resources are mapped. */
    assert_int_equal(
        map_foreign(1, its_frame << PAGE_SHIFT | PTE_PRESENT, MMU_PT_UPDATE_NO_TRANSLATE), 0);
    assert_int_equal(pte_mfn(foreign_entry()), its_frame);
    assert_int_equal(map_foreign(1, 0, 0), 0);
    assert_int_equal(frame_refs(frame_of(its_frame)), 1);
    guest.core.privileged = false;
    assert_int_equal(map_foreign(1, NUMBER << PAGE_SHIFT | PTE_PRESENT, 0), -XEN_EPERM);
    unpin();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_io_apic),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_two_left),
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_end_flushes),
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_foreign_numbers),
        cmocka_unit_test(test_foreign_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
