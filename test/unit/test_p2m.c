// SPDX-License-Identifier: Apache-2.0
// Nested page tables on a fake machine: what is mapped, what the pool pays, and in which order entries
// go, translations are flushed and frames are freed.
#include "cmocka_all.h"
#include "machine.h"

#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "x86/guest.h"
#include "x86/hvm/grant.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/map.h"
#include "x86/hvm/p2m.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>
#include <xen/grant_table.h>

#define FRAMES 8192u
#define FIRST  16u
#define POOL   64u

static struct x86_domain domain;
static struct hvm_domain hvm;
static struct p2m *const p = &hvm.p2m;
static unsigned int flushes, frees;
static mfn_t freed_last;
static gfn_t watched = ~0ul; // must not be mapped when a flush comes
static unsigned int frees_at_flush;

static const uint64_t access_bits[P2M_TYPES] = {
    [P2M_RAM] = 0x67,   [P2M_LOGGED] = 0x65,         [P2M_READONLY] = 0x65,
    [P2M_GRANT] = 0x67, [P2M_GRANT_READONLY] = 0x65, [P2M_DEVICE] = 0x7f,
    [P2M_TABLE] = 0x67,
};

static void flush(struct domain *d)
{
    assert_ptr_equal(d, &domain.core);
    if (watched != ~0ul)
        assert_int_equal(p2m_get(p, watched).type, P2M_NONE);
    flushes++;
    frees_at_flush = frees;
}

void __real_page_free(mfn_t mfn, unsigned int order);
void __wrap_page_free(mfn_t mfn, unsigned int order);
void __wrap_page_free(mfn_t mfn, unsigned int order)
{
    frees++;
    freed_last = mfn;
    __real_page_free(mfn, order);
}

void domain_orphan(domid_t id)
{
    (void)id;
}

void domain_orphan_gone(domid_t id)
{
    (void)id;
}

static int begin(void **state)
{
    (void)state;
    workbench_preempt = 0;
    memset(&domain, 0, sizeof(domain));
    memset(&hvm, 0, sizeof(hvm));
    domain.hvm = &hvm;
    domain.core.id = 3;
    domain.core.pages_first = FRAME_LIST_END;
    domain.core.pages_max = FRAMES;
    lock_init(&domain.core.pagetable_lock, RANK_PAGETABLES);
    lock_init(&domain.core.page_lock, RANK_PAGE_LIST);
    watched = ~0ul;
    assert_int_equal(p2m_create(p, &domain.core, access_bits, flush), 0);
    assert_int_equal(p2m_set_pool(p, POOL), 0);
    p->pages_1g = true;
    flushes = frees = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    watched = ~0ul;
    assert_true(p2m_destroy(p, ~0u));
    return 0;
}

static int set(gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    int rc;

    lock_take(&domain.core.pagetable_lock);
    rc = p2m_set(p, gfn, mfn, order, type);
    lock_release(&domain.core.pagetable_lock);
    return rc;
}

static mfn_t own(unsigned int order)
{
    mfn_t mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);

    assert_true(mfn != MFN_NONE);
    assert_int_equal(frame_assign_range(mfn, order, &domain.core), 0);
    return mfn;
}

static void one_page(void **state)
{
    (void)state;
    assert_int_equal(p2m_get(p, 5).type, P2M_NONE);
    assert_int_equal(set(5, 77, 0, P2M_RAM), 0);
    assert_int_equal(p2m_get(p, 5).mfn, 77);
    assert_int_equal(p2m_get(p, 5).type, P2M_RAM);
    assert_int_equal(p2m_get(p, 5).order, 0);
    assert_int_equal(p2m_get(p, 4).type, P2M_NONE);
    assert_int_equal(p2m_get(p, 6).type, P2M_NONE);
    assert_int_equal(p->pool_free, POOL - 1 - 3); // the root, and three levels below
    assert_int_equal(p->highest, 5);
}

static void large_pages(void **state)
{
    (void)state;
    assert_int_equal(set(512, 1024, P2M_ORDER_2M, P2M_RAM), 0);
    assert_int_equal(p2m_get(p, 512 + 300).mfn, 1024 + 300);
    assert_int_equal(p2m_get(p, 512 + 300).order, P2M_ORDER_2M);
    assert_int_equal(set(1 << 18, 1 << 18, P2M_ORDER_1G, P2M_RAM), 0);
    assert_int_equal(p2m_get(p, (1 << 18) + 12345).mfn, (1 << 18) + 12345);
    assert_int_equal(p2m_get(p, (1 << 18) + 12345).order, P2M_ORDER_1G);
}

static void without_1g_entries(void **state)
{
    (void)state;
    p->pages_1g = false;
    assert_int_equal(set(0, 1 << 18, P2M_ORDER_1G, P2M_RAM), 0);
    assert_int_equal(p2m_get(p, 0).order, P2M_ORDER_2M);
    assert_int_equal(p2m_get(p, (1 << 18) - 1).mfn, (2 << 18) - 1);
}

static void a_split_changes_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(set(0, 1 << 18, P2M_ORDER_1G, P2M_READONLY), 0);
    assert_int_equal(set(1000, 7, 0, P2M_RAM), 0);
    for (gfn_t gfn = 0; gfn < 1 << 18; gfn += gfn < 2048 ? 1 : 511) {
        struct p2m_entry e = p2m_get(p, gfn);

        assert_int_equal(e.mfn, gfn == 1000 ? 7 : (1 << 18) + gfn);
        assert_int_equal(e.type, gfn == 1000 ? P2M_RAM : P2M_READONLY);
    }
}

static void a_large_page_over_small_ones(void **state)
{
    (void)state;
    assert_int_equal(set(513, 7, 0, P2M_RAM), 0);
    assert_int_equal(set(512, 2048, P2M_ORDER_2M, P2M_RAM), 0);
    for (gfn_t i = 0; i < 512; i++)
        assert_int_equal(p2m_get(p, 512 + i).mfn, 2048 + i);
}

static void the_pool_is_a_bound(void **state)
{
    unsigned int made = 0;
    int rc;

    (void)state;
    do
        rc = set((gfn_t)made++ << 18, 7, 0, P2M_RAM);
    while (rc == 0);
    assert_int_equal(rc, -XEN_ENOMEM);
    assert_int_equal(p2m_get(p, (gfn_t)(made - 1) << 18).type, P2M_NONE);
    assert_true(p->pool_free < 3);
    assert_int_equal(p2m_set_pool(p, POOL + 3), 0);
    assert_int_equal(set((gfn_t)(made - 1) << 18, 7, 0, P2M_RAM), 0);
}

static void numbers_that_there_are_not(void **state)
{
    (void)state;
    assert_int_equal(set(1ul << P2M_GFN_BITS, 7, 0, P2M_RAM), -XEN_EINVAL);
    assert_int_equal(set(~0ul, 7, 0, P2M_RAM), -XEN_EINVAL);
    assert_int_equal(set(5, 7, P2M_ORDER_2M, P2M_RAM), -XEN_EINVAL);
    assert_int_equal(p2m_get(p, 1ul << P2M_GFN_BITS).type, P2M_NONE);
    assert_int_equal(p2m_get(p, ~0ul).type, P2M_NONE);
    assert_int_equal(p->pool_free, POOL - 1);
}

static void nothing_is_made_to_take_nothing_away(void **state)
{
    (void)state;
    assert_int_equal(set(9, 0, 0, P2M_NONE), 0);
    assert_int_equal(p->pool_free, POOL - 1);
}

// The entry goes, then translations, and only then the frame.
static void free_only_after_the_flush(void **state)
{
    mfn_t mfn = own(0);

    (void)state;
    assert_int_equal(hvm_map.add(&domain.core, 40, mfn, 0), 0);
    assert_int_equal(m2p_get(mfn), 40);
    flushes = frees = 0;
    watched = 40;
    assert_int_equal(hvm_map.drop(&domain.core, 40), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(frees_at_flush, 0);
    assert_int_equal(frees, 1);
    assert_int_equal(freed_last, mfn);
    assert_int_equal(domain.core.pages, 0);
    assert_int_equal(hvm_map.drop(&domain.core, 40), -XEN_EINVAL);
}

static void what_is_replaced_is_freed_after_the_flush(void **state)
{
    mfn_t first = own(0), second = own(0);

    (void)state;
    assert_int_equal(hvm_map.add(&domain.core, 40, first, 0), 0);
    flushes = frees = 0;
    watched = 40;
    assert_int_equal(hvm_map.add(&domain.core, 40, second, 0), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(frees_at_flush, 0);
    assert_int_equal(freed_last, first);
    watched = ~0ul;
    assert_int_equal(p2m_get(p, 40).mfn, second);
    assert_int_equal(hvm_map.drop(&domain.core, 40), 0);
}

static void a_grant_is_in_the_way(void **state)
{
    mfn_t mfn = own(0);

    (void)state;
    assert_int_equal(set(40, 77, 0, P2M_GRANT), 0);
    flushes = 0;
    assert_int_equal(hvm_map.add(&domain.core, 40, mfn, 0), -XEN_EINVAL);
    assert_int_equal(hvm_map.drop(&domain.core, 40), -XEN_EINVAL);
    assert_int_equal(p2m_get(p, 40).mfn, 77);
    assert_int_equal(flushes, 0);
    assert_true(frame_release(frame_of(mfn), &domain.core));
}

static void taken_and_put_elsewhere(void **state)
{
    mfn_t mfn = own(0), taken;

    (void)state;
    assert_int_equal(hvm_map.add(&domain.core, 40, mfn, 0), 0);
    flushes = frees = 0;
    assert_int_equal(hvm_map.take(&domain.core, 40, &taken), 0);
    assert_int_equal(taken, mfn);
    assert_int_equal(flushes, 1);
    assert_int_equal(frees, 0);
    assert_int_equal(hvm_map.add(&domain.core, 41, mfn, 0), 0);
    assert_int_equal(p2m_get(p, 40).type, P2M_NONE);
    assert_int_equal(p2m_get(p, 41).mfn, mfn);
    assert_int_equal(hvm_map.drop(&domain.core, 41), 0);
}

// Not aligned, it lies in two tables, of which the second cannot be had: the frames that the first had got
// already are given back by who asked, and nobody may reach them any more.
static void an_extent_that_fails_leaves_nothing(void **state)
{
    mfn_t mfn = own(P2M_ORDER_2M);

    (void)state;
    assert_int_equal(set(100, 77, 0, P2M_RAM), 0);
    assert_int_equal(p2m_set_pool(p, 0), 0);
    assert_int_equal(p->pool_free, 0);
    flushes = 0;
    watched = 256;
    assert_int_equal(hvm_map.add(&domain.core, 256, mfn, P2M_ORDER_2M), -XEN_ENOMEM);
    assert_int_equal(flushes, 1);
    for (gfn_t gfn = 256; gfn < 256 + 512; gfn++)
        assert_int_equal(p2m_get(p, gfn).type, P2M_NONE);
    assert_int_equal(p2m_get(p, 100).mfn, 77);
    watched = ~0ul; /* nor at the end of all numbers, where there are tables */
    assert_int_equal(p2m_set_pool(p, POOL), 0);
    assert_int_equal(hvm_map.add(&domain.core, (1ul << P2M_GFN_BITS) - 256, mfn, P2M_ORDER_2M),
                     -XEN_EINVAL);
    assert_int_equal(p2m_get(p, (1ul << P2M_GFN_BITS) - 1).type, P2M_NONE);
    for (mfn_t i = 0; i < 512; i++)
        assert_true(frame_release(frame_of(mfn + i), &domain.core));
}

// A use to write ends with a mapping to write: were it a read-only one, the other would outlive what its
// granter is told of.
static void a_grant_goes_as_it_was_mapped(void **state)
{
    struct vcpu v = { .domain = &domain.core };
    const uint64_t read = 40 << PAGE_SHIFT, write = 41 << PAGE_SHIFT;

    (void)state;
    assert_int_equal(hvm_grant_map(&v, read, GNTMAP_host_map | GNTMAP_readonly, NULL, 77),
                     GNTST_okay);
    assert_int_equal(hvm_grant_map(&v, write, GNTMAP_host_map, NULL, 77), GNTST_okay);
    assert_int_equal(hvm_grant_unmap(&v, read, GNTMAP_host_map, 0, 77), GNTST_general_error);
    assert_int_equal(hvm_grant_unmap(&v, write, GNTMAP_host_map | GNTMAP_readonly, 0, 77),
                     GNTST_general_error);
    assert_int_equal(p2m_get(p, 40).type, P2M_GRANT_READONLY);
    assert_int_equal(p2m_get(p, 41).type, P2M_GRANT);
    assert_int_equal(hvm_grant_unmap(&v, read, GNTMAP_host_map | GNTMAP_readonly, 0, 77),
                     GNTST_okay);
    assert_int_equal(hvm_grant_unmap(&v, write, GNTMAP_host_map, 0, 78), GNTST_general_error);
    assert_int_equal(hvm_grant_unmap(&v, write, GNTMAP_host_map, 0, 77), GNTST_okay);
    assert_int_equal(p2m_get(p, 41).type, P2M_NONE);
}

// Measured on Xen 4.17, but that what goes to make room for a device is freed here.
static void a_device(void **state)
{
    const mfn_t device = 0xfed00;
    struct domain *d = &domain.core;
    mfn_t mfn = own(0), other = own(0);

    (void)state;
    assert_int_equal(hvm_map.add(d, 40, mfn, 0), 0);
    flushes = frees = 0;
    watched = 40;
    assert_int_equal(hvm_map_device(d, 40, device), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(frees_at_flush, 0);
    assert_int_equal(freed_last, mfn);
    assert_int_equal(p2m_get(p, 40).type, P2M_DEVICE);
    assert_int_equal(p2m_get(p, 40).mfn, device);
    assert_int_equal(hvm_map_device(d, 40, device), 0);
    assert_int_equal(hvm_map_device(d, 40, device + 1), -XEN_EPERM);
    assert_int_equal(hvm_map_device(d, 41, other), -XEN_EPERM);
    assert_int_equal(hvm_map.add(d, 40, other, 0), -XEN_EINVAL);
    assert_int_equal(hvm_map.drop(d, 40), -XEN_EINVAL);
    assert_int_equal(p2m_get(p, 40).mfn, device);
    assert_int_equal(flushes, 1);
    assert_int_equal(hvm_unmap_device(d, 40), 0);
    assert_int_equal(flushes, 2);
    assert_int_equal(hvm_unmap_device(d, 40), -XEN_EINVAL);
    watched = ~0ul;
    assert_int_equal(hvm_map.add(d, 40, other, 0), 0);
    assert_int_equal(hvm_unmap_device(d, 40), -XEN_EINVAL);
    assert_int_equal(hvm_map.drop(d, 40), 0);
    assert_int_equal(set(42, 77, 0, P2M_GRANT), 0);
    assert_int_equal(hvm_map_device(d, 42, device), -XEN_EPERM);
    assert_int_equal(hvm_map_device(d, 1ul << P2M_GFN_BITS, device), -XEN_ENOENT);
    assert_int_equal(hvm_unmap_device(d, 1ul << P2M_GFN_BITS), -XEN_EINVAL);
}

// A model: an array says what each number is.
static void at_random(void **state)
{
    static struct {
        mfn_t mfn;
        enum p2m_type type;
    } model[4096];

    (void)state;
    memset(model, 0, sizeof(model));
    srand(1);
    for (unsigned int step = 0; step < 20000; step++) {
        bool large = rand() % 16 == 0;
        unsigned int order = large ? P2M_ORDER_2M : 0;
        gfn_t gfn = (gfn_t)rand() % 4096 & ~((1ul << order) - 1);
        mfn_t mfn = (mfn_t)rand() % 100000 & ~((1ul << order) - 1);
        enum p2m_type type = (enum p2m_type)(rand() % P2M_TABLE);

        assert_int_equal(set(gfn, mfn, order, type), 0);
        for (gfn_t i = 0; i < 1ul << order; i++) {
            model[gfn + i].mfn = mfn + i;
            model[gfn + i].type = type;
        }
        gfn = (gfn_t)rand() % 4096;
        assert_int_equal(p2m_get(p, gfn).type, model[gfn].type);
        if (model[gfn].type != P2M_NONE)
            assert_int_equal(p2m_get(p, gfn).mfn, model[gfn].mfn);
    }
    assert_true(p->pool_total == POOL);
}

static void all_is_given_back(void **state)
{
    uint64_t before;

    (void)state;
    assert_true(p2m_destroy(p, ~0u));
    before = page_alloc_free_count(NODE_ANY);
    assert_int_equal(p2m_create(p, &domain.core, access_bits, flush), 0);
    workbench_preempt = 3;
    while (p2m_set_pool(p, POOL) == -XEN_ERESTART)
        continue;
    workbench_preempt = 0;
    for (gfn_t gfn = 0; gfn < 8; gfn++)
        assert_int_equal(set(gfn << 18, 7, 0, P2M_RAM), 0);
    for (unsigned int n = 0; !p2m_destroy(p, 3);
         n++) /* in pieces, and no more at once than was said */
        assert_int_equal(page_alloc_free_count(NODE_ANY), before - POOL + 3 * (n + 1));
    assert_int_equal(page_alloc_free_count(NODE_ANY), before);
    assert_true(p2m_destroy(p, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_page),
        TEST(large_pages),
        TEST(without_1g_entries),
        TEST(a_split_changes_nothing_else),
        TEST(a_large_page_over_small_ones),
        TEST(the_pool_is_a_bound),
        TEST(numbers_that_there_are_not),
        TEST(nothing_is_made_to_take_nothing_away),
        TEST(free_only_after_the_flush),
        TEST(what_is_replaced_is_freed_after_the_flush),
        TEST(a_grant_is_in_the_way),
        TEST(taken_and_put_elsewhere),
        TEST(an_extent_that_fails_leaves_nothing),
        TEST(a_grant_goes_as_it_was_mapped),
        TEST(a_device),
        TEST(at_random),
        TEST(all_is_given_back),
    };

    workbench_memory(FIRST, FRAMES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
