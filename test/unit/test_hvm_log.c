/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a hardware domain's writes: by itself, by others, and what is let through. */
#include "cmocka_all.h"
#include "machine.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "x86/guest.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/log.h"
#include "x86/hvm/map.h"
#include "x86/hvm/p2m.h"

#include <string.h>
#include <xen/errno.h>

#define FRAMES 16384u
#define FIRST  16u
#define POOL   64u
#define SMALL  1000u /* numbers: three frames of their own, and a large one */
#define LARGE  2048u
#define END    4096u

static struct x86_domain domain;
static struct x86_vcpu vcpu;
static struct hvm_domain hvm;
static struct p2m *const p = &hvm.p2m;
static struct domain *const d = &domain.core;
static uint64_t words[END / 64];
static unsigned int flushes;

static const uint64_t access_bits[P2M_TYPES] = {
    [P2M_RAM] = 0x67,   [P2M_LOGGED] = 0x65,         [P2M_READONLY] = 0x65,
    [P2M_GRANT] = 0x67, [P2M_GRANT_READONLY] = 0x65, [P2M_DEVICE] = 0x7f,
    [P2M_TABLE] = 0x67,
};

void domain_orphan(domid_t id)
{
    (void)id;
}

void domain_orphan_gone(domid_t id)
{
    (void)id;
}

static void flush(struct domain *of)
{
    assert_ptr_equal(of, d);
    flushes++;
}

static void give(gfn_t gfn, unsigned int order)
{
    mfn_t mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);

    assert_true(mfn != MFN_NONE);
    assert_int_equal(frame_assign_range(mfn, order, d), 0);
    assert_int_equal(hvm_map.add(d, gfn, mfn, order), 0);
}

static void start(void)
{
    int rc;

    do
        rc = hvm_log_start(d);
    while (rc == -XEN_ERESTART);
    assert_int_equal(rc, 0);
}

static int begin(void **state)
{
    (void)state;
    workbench_preempt = 0;
    memset(&domain, 0, sizeof(domain));
    memset(&hvm, 0, sizeof(hvm));
    vcpu.core.domain = d;
    domain.hvm = &hvm;
    d->id = 3;
    d->pages_first = FRAME_LIST_END;
    d->pages_max = FRAMES;
    lock_init(&d->lock, RANK_DOMAIN);
    lock_init(&d->pagetable_lock, RANK_PAGETABLES);
    lock_init(&d->page_lock, RANK_PAGE_LIST);
    assert_int_equal(p2m_create(p, d, access_bits, flush), 0);
    assert_int_equal(p2m_set_pool(p, POOL), 0);
    for (gfn_t i = 0; i < 3; i++)
        give(SMALL + i, 0);
    give(LARGE, P2M_ORDER_2M);
    start();
    flushes = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    hvm_log_destroy(d);
    assert_true(p2m_destroy(p, ~0u));
    return 0;
}

/* The guest writes: false, the CPU would not have let it. */
static bool guest_writes(gfn_t gfn)
{
    return p2m_get(p, gfn).type == P2M_RAM;
}

static void write_to(gfn_t gfn)
{
    bool were_on = irq_save();

    assert_false(guest_writes(gfn));
    hvm_log_fault(&vcpu, gfn);
    irq_restore(were_on);
    assert_true(guest_writes(gfn));
}

static unsigned int read_all(bool clear)
{
    unsigned int found = 0;

    hvm_log_read(d, 0, words, END / 64, clear);
    for (unsigned int i = 0; i < END / 64; i++)
        found += (unsigned int)__builtin_popcountl(words[i]);
    return found;
}

static bool told(gfn_t gfn)
{
    return words[gfn / 64] >> gfn % 64 & 1;
}

static void nothing_at_first(void **state)
{
    (void)state;
    assert_int_equal(read_all(false), 0);
    for (gfn_t i = 0; i < 3; i++)
        assert_int_equal(p2m_get(p, SMALL + i).type, P2M_LOGGED);
    assert_int_equal(p2m_get(p, LARGE).order, P2M_ORDER_2M);
    assert_int_equal(p2m_get(p, LARGE).type, P2M_LOGGED);
    assert_int_equal(p2m_get(p, SMALL + 3).type, P2M_NONE);
}

static void a_write_is_told_of_until_it_is_cleared(void **state)
{
    (void)state;
    write_to(SMALL + 1);
    assert_false(guest_writes(SMALL));
    assert_int_equal(read_all(false), 1);
    assert_true(told(SMALL + 1));
    assert_true(guest_writes(SMALL + 1));
    assert_int_equal(read_all(true), 1);
    assert_false(guest_writes(SMALL + 1));
    assert_int_equal(read_all(true), 0);
    write_to(SMALL + 1);
    assert_int_equal(read_all(true), 1);
}

static void a_large_entry_is_split(void **state)
{
    mfn_t mfn = p2m_get(p, LARGE).mfn;

    (void)state;
    write_to(LARGE + 77);
    assert_int_equal(p2m_get(p, LARGE + 77).mfn, mfn + 77);
    assert_int_equal(p2m_get(p, LARGE + 76).type, P2M_LOGGED);
    assert_int_equal(read_all(true), 1);
    assert_true(told(LARGE + 77));
}

static void without_a_page_to_split_it_all_of_it_goes(void **state)
{
    (void)state;
    assert_int_equal(p2m_set_pool(p, 0), 0); // those in use stay
    write_to(LARGE + 77);
    assert_int_equal(p2m_get(p, LARGE).order, P2M_ORDER_2M);
    assert_int_equal(read_all(true), 512);
    assert_false(guest_writes(LARGE));
    assert_int_equal(read_all(true), 0);
}

static void others_uses_count(void **state)
{
    struct frame *f = frame_of(p2m_get(p, SMALL).mfn);

    (void)state;
    assert_true(frame_get(f, d));
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), 0);
    hvm_log_wrote(d, frame_mfn(f));
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(read_all(true), 1);
        assert_true(told(SMALL));
    }
    frame_put_type(f, false);
    frame_put(f);
    assert_int_equal(read_all(true), 1); // what was written last
    assert_int_equal(read_all(true), 0);
}

static void a_use_between_two_readings_is_seen(void **state)
{
    struct frame *f = frame_of(p2m_get(p, LARGE + 5).mfn);

    (void)state;
    assert_true(frame_get(f, d));
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), 0);
    hvm_log_wrote(d, frame_mfn(f));
    frame_put_type(f, false);
    frame_put(f);
    assert_int_equal(read_all(true), 1);
    assert_true(told(LARGE + 5));
    assert_int_equal(read_all(true), 0);
}

static void what_comes_and_goes_is_told_of(void **state)
{
    (void)state;
    give(SMALL + 9, 0);
    assert_int_equal(hvm_map.drop(d, SMALL), 0);
    assert_int_equal(read_all(true), 2);
    assert_true(told(SMALL) && told(SMALL + 9));
    assert_false(guest_writes(SMALL + 9));
}

static void numbers_beyond_are_always_told_of(void **state)
{
    (void)state;
    hvm_log_read(d, 1ul << 20, words, 1, true);
    assert_int_equal(words[0], ~0ul);
}

static void a_number_however_high_takes_no_more_memory(void **state)
{
    const gfn_t far = 1ul << 35;
    uint64_t before;

    (void)state;
    assert_int_equal(hvm_log_stop(d), 0);
    hvm_log_destroy(d);
    give(far, 0);
    before = page_alloc_free_count(NODE_ANY);
    start();
    assert_true(before - page_alloc_free_count(NODE_ANY) < 100);
    write_to(far);
    hvm_log_read(d, far, words, 1, true);
    assert_int_equal(words[0], ~0ul);
    assert_int_equal(read_all(true), 0);
}

static void its_end_lets_all_through(void **state)
{
    (void)state;
    write_to(LARGE + 3);
    assert_int_equal(hvm_log_stop(d), 0);
    assert_true(guest_writes(SMALL) && guest_writes(LARGE) && guest_writes(LARGE + 3));
    hvm_log_written(d, SMALL, 1);
    start();
    assert_int_equal(read_all(true), 0);
    assert_false(guest_writes(LARGE + 3));
}

static void in_pieces(void **state)
{
    int rc;

    (void)state;
    assert_int_equal(hvm_log_stop(d), 0);
    for (gfn_t i = 0; i < 1200; i++)
        give(4096 + i, 0);
    workbench_preempt = 1;
    assert_int_equal(hvm_log_start(d), -XEN_ERESTART);
    start();
    for (gfn_t i = 0; i < 1200; i++)
        assert_false(guest_writes(4096 + i));
    do
        rc = hvm_log_stop(d);
    while (rc == -XEN_ERESTART);
    assert_int_equal(rc, 0);
    for (gfn_t i = 0; i < 1200; i++)
        assert_true(guest_writes(4096 + i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_at_first),
        TEST(a_write_is_told_of_until_it_is_cleared),
        TEST(a_large_entry_is_split),
        TEST(without_a_page_to_split_it_all_of_it_goes),
        TEST(others_uses_count),
        TEST(a_use_between_two_readings_is_seen),
        TEST(what_comes_and_goes_is_told_of),
        TEST(numbers_beyond_are_always_told_of),
        TEST(a_number_however_high_takes_no_more_memory),
        TEST(its_end_lets_all_through),
        TEST(in_pieces),
    };

    workbench_memory(FIRST, FRAMES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
