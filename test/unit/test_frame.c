/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a frame against a model, the allocator, the heap, XENMEM_exchange's arguments. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/exchange.h"
#include "abi/memory.h"
#include "abi/memory_map.h"
#include "abi/physmap.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/vcpu.h"

#include <stdlib.h>
#include <string.h>
#include <xen/memory.h>

int grant_grow(struct domain *d, unsigned int frames)
{
    (void)d, (void)frames;
    return -XEN_ENOMEM;
}

#define FIRST  256
#define FRAMES 8192
#define SOME   24
#define STEPS  200000

static struct domain d = { .id = 5, .privileged = true, .pages_first = ~0u, .pages_max = 4096 };
static struct vcpu v = { .domain = &d };
static int table_result; /* what the next validation says */

struct domain *domain_get(domid_t id)
{
    return id == d.id ? &d : NULL;
}

void domain_put(struct domain *of)
{
    (void)of;
}

/* Of domains whose numbers are not the machine's: not here. */
long physmap_add(struct vcpu *of, void *arg, uint64_t extra)
{
    (void)of, (void)arg, (void)extra;
    return -XEN_EACCES;
}

long physmap_remove(struct vcpu *of, void *arg, uint64_t extra)
{
    return physmap_add(of, arg, extra);
}

long physmap_add_batch(struct vcpu *of, void *arg, uint64_t extra)
{
    return physmap_add(of, arg, extra);
}

void hypercall_set_argument(unsigned int n, uint64_t value)
{
    (void)n, (void)value;
}

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return guest && memcpy(to, (void *)guest, size);
}

bool copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return guest && memcpy((void *)guest, from, size);
}

bool copy_item_from_guest(void *to, uint64_t guest, uint64_t index, size_t size)
{
    return guest && copy_from_guest(to, guest + index * size, size);
}

bool copy_item_to_guest(uint64_t guest, uint64_t index, const void *from, size_t size)
{
    return guest && copy_to_guest(guest + index * size, from, size);
}

bool copy_number_from_guest(uint64_t *to, uint64_t guest, uint64_t index)
{
    return copy_item_from_guest(to, guest, index, sizeof(*to));
}

bool copy_number_to_guest(uint64_t guest, uint64_t index, uint64_t value)
{
    return copy_item_to_guest(guest, index, &value, sizeof(value));
}

static int validate(struct frame *f, enum frame_type type, uint16_t *progress)
{
    (void)f, (void)type;
    if (table_result == -XEN_ERESTART)
        *progress += 100;
    return table_result;
}

static int devalidate(struct frame *f, enum frame_type type, uint16_t *progress, bool preemptible)
{
    (void)f, (void)type, (void)preemptible;
    assert_int_equal(*progress, 512);
    *progress = 0;
    return 0;
}

static void no_lock(struct domain *of)
{
    (void)of;
}

static const struct frame_table_ops ops = { validate, devalidate, no_lock, no_lock };

static int start(void **state)
{
    (void)state;
    d.lock = (struct lock)LOCK(RANK_DOMAIN);
    d.page_lock = (struct lock)LOCK(RANK_PAGE_LIST);
    workbench_memory(FIRST, FRAMES);
    frame_bind_tables(&ops);
    return 0;
}

struct model {
    struct frame *f;         /* NULL: not the domain's */
    unsigned int refs, uses; /* of ours, the allocation and the pin not counted */
    enum frame_type type;
    bool pinned, partial;
};

static unsigned int level_of(const struct model *m)
{
    bool table = m->type >= FRAME_L1 && m->type <= FRAME_L4 && !m->partial;

    return table && (m->uses || m->pinned) ? m->type - FRAME_L1 + 1 : 0;
}

static void check(const struct model *m)
{
    if (!m->f)
        return;
    assert_int_equal(frame_refs(m->f), 1 + m->refs + m->pinned + m->partial);
    assert_int_equal(frame_type_count(m->f), m->uses + m->pinned + m->partial);
    if (frame_type_count(m->f))
        assert_int_equal(frame_type(m->f), m->type);
    assert_int_equal(frame_table_level(m->f, d.id), level_of(m));
    assert_int_equal(frame_table_level(m->f, 6), 0);
}

/* Both ways that give back a use and its reference. */
static void put_use(struct frame *f)
{
    if (rand() % 2) {
        assert_int_equal(frame_put_use(f, false), 0);
        return;
    }
    assert_int_equal(frame_put_type(f, false), 0);
    frame_put(f);
}

/* And that take them. */
static int get_use(struct frame *f, enum frame_type type)
{
    int rc;

    if (rand() % 2)
        return frame_get_use(f, &d, type);
    assert_true(frame_get(f, &d));
    rc = frame_get_type(f, type);
    if (rc)
        frame_put(f);
    return rc;
}

static void step_get_type(struct model *m)
{
    enum frame_type type = (enum frame_type)(1 + rand() % (FRAME_TYPES - 1));
    bool used = m->uses || m->pinned, table = type >= FRAME_L1 && type <= FRAME_L4;
    uint64_t flushes = workbench_flushes;
    int rc, want, other = table ? -XEN_EINVAL : -XEN_EBUSY;

    table_result = rand() % 4 ? 0 : rand() % 2 && table ? -XEN_ERESTART : -XEN_EINVAL;
    rc = get_use(m->f, type);
    if (used)
        want = type == m->type ? 0 : other;
    else if (m->partial)
        want = type == m->type ? table_result : other;
    else
        want = table || type == FRAME_SEGMENTS ? table_result : 0;
    assert_int_equal(rc, want);
    (void)flushes;
    if (rc == 0)
        m->uses++, m->refs++, m->type = type;
    if (!used && (!m->partial || type == m->type)) {
        m->partial = rc == -XEN_ERESTART;
        m->type = type;
    }
}

static void step_pin(struct model *m)
{
    table_result = 0;
    if (m->pinned) {
        assert_int_equal(frame_pin(m->f, FRAME_L2), -XEN_EINVAL);
        assert_int_equal(frame_unpin(m->f), 0);
        m->pinned = false;
    } else {
        assert_int_equal(frame_unpin(m->f), -XEN_EINVAL);
        if (m->uses || m->partial)
            return;
        assert_int_equal(frame_pin(m->f, FRAME_L2), 0);
        m->pinned = true;
        m->type = FRAME_L2;
    }
}

static void step_owner(struct model *m)
{
    if (!m->f) {
        mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

        assert_int_not_equal(mfn, MFN_NONE);
        *m = (struct model){ .f = frame_of(mfn) };
        assert_int_equal(frame_assign(m->f, &d), 0);
    } else if (m->pinned || m->partial) {
        assert_false(frame_release(m->f, &d));
        assert_false(frame_steal(m->f, &d));
    } else if (m->refs == 0) {
        assert_true(frame_steal(m->f, &d));
        assert_false(frame_get(m->f, &d));
        if (rand() % 2) {
            frame_unsteal(m->f, &d);
            return;
        }
        page_free(frame_mfn(m->f), 0);
        m->f = NULL;
    } else {
        assert_false(frame_steal(m->f, &d));
    }
}

static void step(struct model *m)
{
    tlb_clock += rand() % 3 == 0;
    if (!m->f || rand() % 8 == 0) {
        step_owner(m);
    } else if (rand() % 3 == 0 && m->uses) {
        put_use(m->f);
        m->uses--, m->refs--;
    } else if (rand() % 5 == 0) {
        step_pin(m);
    } else {
        step_get_type(m);
    }
}

static void life_follows_model(void **state)
{
    static struct model models[SOME];
    uint64_t free = page_alloc_free_count(NODE_ANY);

    (void)state;
    srand(1);
    for (unsigned int i = 0; i < STEPS; i++) {
        uint64_t owned = 0;

        step(&models[rand() % SOME]);
        for (unsigned int m = 0; m < SOME; m++) {
            check(&models[m]);
            owned += models[m].f != NULL;
        }
        assert_int_equal(d.pages, owned);
        assert_int_equal(page_alloc_free_count(NODE_ANY), free - owned);
    }
    for (unsigned int m = 0; m < SOME; m++) {
        for (; models[m].uses; models[m].uses--)
            put_use(models[m].f);
    }
    table_result = 0;
    d.is_dying = true;
    assert_int_equal(frame_release_all(&d), 0);
    d.is_dying = false;
    assert_int_equal(d.pages, 0);
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
}

static void writable_is_flushed_before_table(void **state)
{
    struct frame *f = frame_of(page_alloc(0, NODE_ANY, ADDRESS_ANY));
    uint64_t flushes;

    (void)state;
    table_result = 0;
    assert_int_equal(frame_assign(f, &d), 0);
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), 0);
    assert_int_equal(frame_put_type(f, false), 0);
    flushes = workbench_flushes;
    assert_int_equal(frame_get_type(f, FRAME_L1), 0);
    assert_true(workbench_flushes > flushes);
    assert_int_equal(frame_put_type(f, false), 0);
    flushes = workbench_flushes;
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), 0);
    assert_true(workbench_flushes > flushes);
    assert_int_equal(frame_put_type(f, false), 0);
    assert_true(frame_release(f, &d));
}

static void counts_refuse_to_run_over(void **state)
{
    struct frame *f = frame_of(page_alloc(0, NODE_ANY, ADDRESS_ANY));
    uint64_t refs, type;

    (void)state;
    assert_int_equal(frame_assign(f, &d), 0);
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), 0);
    refs = f->refs;
    type = f->type;
    f->refs = (refs & ~REFS_COUNT) | REFS_COUNT / 2;
    f->type = (type & ~TYPE_COUNT) | TYPE_COUNT;
    assert_false(frame_get(f, &d));
    assert_int_equal(frame_get_type(f, FRAME_WRITABLE), -XEN_EBUSY);
    assert_int_equal(frame_get_use(f, &d, FRAME_WRITABLE), -XEN_EINVAL);
    f->refs = refs;
    assert_int_equal(frame_get_use(f, &d, FRAME_WRITABLE), -XEN_EBUSY);
    assert_int_equal(frame_refs(f), refs & REFS_COUNT);
    f->type = type;
    assert_int_equal(frame_put_type(f, false), 0);
    assert_true(frame_release(f, &d));
}

static void given_back_frame_is_no_table(void **state)
{
    struct frame *f = frame_of(page_alloc(0, NODE_ANY, ADDRESS_ANY));

    (void)state;
    table_result = 0;
    assert_int_equal(frame_assign(f, &d), 0);
    assert_true(frame_get(f, &d));
    assert_true(frame_release(f, &d));
    assert_false(frame_release(f, &d));
    assert_int_equal(frame_pin(f, FRAME_L4), -XEN_EINVAL);
    assert_int_equal(frame_refs(f), 1);
    frame_put(f);
    assert_int_equal(frame_refs(f), 0);
}

static void allocator_never_gives_twice(void **state)
{
    static uint8_t taken[FRAMES];
    static struct {
        mfn_t mfn;
        unsigned int order;
    } held[200];
    uint64_t free = page_alloc_free_count(NODE_ANY);

    (void)state;
    for (unsigned int step = 0; step < 20000; step++) {
        unsigned int i = (unsigned int)rand() % 200, bits = 20 + (unsigned int)rand() % 8;

        if (held[i].mfn) {
            memset(taken + held[i].mfn, 0, 1ul << held[i].order);
            page_free(held[i].mfn, held[i].order);
            held[i].mfn = 0;
            continue;
        }
        held[i].order = (unsigned int)rand() % 6;
        held[i].mfn = page_alloc(held[i].order, NODE_ANY, bits);
        if (held[i].mfn == MFN_NONE) {
            held[i].mfn = 0;
            continue;
        }
        assert_true((held[i].mfn + (1ul << held[i].order)) << PAGE_SHIFT <= 1ul << bits);
        for (uint64_t n = 0; n < 1ul << held[i].order; n++)
            assert_int_equal(taken[held[i].mfn + n]++, 0);
    }
    for (unsigned int i = 0; i < 200; i++) {
        if (held[i].mfn)
            page_free(held[i].mfn, held[i].order);
    }
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
}

static void heap_gives_zeroed_apart(void **state)
{
    static char *held[300];
    static size_t sizes[300];
    uint64_t free = page_alloc_free_count(NODE_ANY);

    (void)state;
    for (unsigned int step = 0; step < 20000; step++) {
        unsigned int i = (unsigned int)rand() % 300;

        if (held[i]) {
            for (size_t n = 0; n < sizes[i]; n++)
                assert_int_equal((uint8_t)held[i][n], (uint8_t)i);
            heap_free(held[i]);
            held[i] = NULL;
            continue;
        }
        sizes[i] = (size_t)rand() % (rand() % 8 ? 300 : 20000);
        held[i] = heap_alloc(sizes[i]);
        assert_non_null(held[i]);
        assert_int_equal((uint64_t)held[i] & 15, 0);
        for (size_t n = 0; n < sizes[i]; n++)
            assert_int_equal(held[i][n], 0);
        memset(held[i], (int)i, sizes[i]);
    }
    for (unsigned int i = 0; i < 300; i++)
        heap_free(held[i]);
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
}

static const struct guest_map map;
static const struct guest_kind pv = { .bit = KIND_PV }, hardware = { .bit = KIND_HVM, .map = &map };

static void exchange_checks_and_trades(void **state)
{
    xen_pfn_t in[8], out[1] = { 77 };
    xen_memory_exchange_t a = { .in = { .nr_extents = 8, .domid = DOMID_SELF },
                                .out = {
                                    .nr_extents = 1, .extent_order = 3, .domid = DOMID_SELF } };

    (void)state;
    a.in.extent_start.p = in;
    a.out.extent_start.p = out;
    for (unsigned int i = 0; i < 8; i++) {
        in[i] = page_alloc(0, NODE_ANY, ADDRESS_ANY);
        assert_int_equal(frame_assign(frame_of(in[i]), &d), 0);
    }
    a.nr_exchanged = 9;
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EINVAL);
    a.nr_exchanged = 4;
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EINVAL);
    a.nr_exchanged = 0;
    a.out.extent_order = 63;
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EPERM);
    a.out.extent_order = 3;
    a.out.nr_extents = 2;
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EINVAL);
    a.out.nr_extents = 1;
    d.kind = &hardware;
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EOPNOTSUPP); /* its map leads to them */
    d.kind = &pv;
    assert_true(frame_get(frame_of(in[5]), &d)); /* somebody maps one */
    assert_int_equal(memory_exchange(&v, &a, 0), -XEN_EINVAL);
    assert_int_equal(d.pages, 8);
    frame_put(frame_of(in[5]));
    assert_int_equal(memory_exchange(&v, &a, 0), 0);
    assert_int_equal(a.nr_exchanged, 8);
    assert_int_equal(out[0] & 7, 0);
    assert_int_equal(m2p_get(out[0] + 7), 84);
    assert_int_equal(d.pages, 8);
    assert_false(frame_get(frame_of(in[0]), &d) && in[0] - out[0] > 7);
    d.kind = NULL;
}

/* A domain that has more than it may have trades as others do: nothing is lost on the way. */
static void exchange_beyond_the_limit(void **state)
{
    xen_pfn_t in[1] = { page_alloc(0, NODE_ANY, ADDRESS_ANY) }, out[1] = { 78 };
    xen_memory_exchange_t a = { .in = { .nr_extents = 1, .domid = DOMID_SELF },
                                .out = { .nr_extents = 1, .domid = DOMID_SELF } };
    uint64_t most = d.pages_max, pages;

    (void)state;
    a.in.extent_start.p = in;
    a.out.extent_start.p = out;
    assert_int_equal(frame_assign(frame_of(in[0]), &d), 0);
    d.kind = &pv;
    pages = d.pages;
    d.pages_max = 0;
    assert_int_equal(memory_exchange(&v, &a, 0), 0);
    assert_int_equal(d.pages, pages);
    assert_int_equal(m2p_get(out[0]), 78);
    d.pages_max = most;
    assert_true(frame_release(frame_of(out[0]), &d));
    d.kind = NULL;
}

static long ask(unsigned int op, void *arg)
{
    for (unsigned int i = 0; i < memory_op_count; i++)
        if (memory_ops[i].nr == op)
            return memory_ops[i].fn(&v, arg, op);
    return -1;
}

/* A PV guest that has told no number has no frame: 0, as on Xen. */
static void highest_number(void **state)
{
    static const struct guest_kind kind = { .bit = KIND_PV };
    static struct shared_info shared;
    struct xen_memory_domain self = { DOMID_SELF };

    (void)state;
    d.kind = &kind;
    d.shared = &shared;
    assert_int_equal(ask(XENMEM_maximum_gpfn, &self), 0);
    shared.arch.max_pfn = 100;
    assert_int_equal(ask(XENMEM_maximum_gpfn, &self), 99);
}

static mfn_t added;

static int map_add(struct domain *to, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    (void)to, (void)gfn, (void)order;
    added = mfn;
    return 0;
}

static const struct guest_map map = { .add = map_add };

/* A guest of less memory than it may have: no page of it waits to be asked for. */
static void nothing_by_demand(void **state)
{
    xen_pod_target_t target = { .target_pages = 3, .pod_entries = 7, .domid = DOMID_SELF };

    (void)state;
    d.kind = &pv;
    assert_int_equal(ask(XENMEM_set_pod_target, &target), -XEN_EINVAL);
    d.kind = &hardware;
    assert_int_equal(ask(XENMEM_set_pod_target, &target), 0);
    assert_int_equal(target.tot_pages, d.pages);
    assert_int_equal(target.pod_entries, 0);
    d.kind = NULL;
}

/* A toolstack populates more of it than it may have, and then what comes beside; nobody else does. */
static void more_than_it_may_have(void **state)
{
    static struct domain dom0 = { .privileged = true };
    uint64_t number = 7, most = d.pages_max;
    xen_memory_reservation_t r = { .extent_start.p = &number, .nr_extents = 1, .domid = d.id };

    (void)state;
    d.kind = &hardware;
    d.pages_max = d.pages;
    v.domain = &dom0;
    assert_int_equal(ask(XENMEM_populate_physmap, &r), 0);
    r.mem_flags = XENMEMF_populate_on_demand;
    v.domain = &d;
    assert_int_equal(ask(XENMEM_populate_physmap, &r), 0);
    v.domain = &dom0;
    assert_int_equal(ask(XENMEM_populate_physmap, &r), 1);
    assert_true(frame_release(frame_of(added), &d));
    r.mem_flags = 0;
    assert_int_equal(ask(XENMEM_populate_physmap, &r), 1);
    assert_true(frame_release(frame_of(added), &d));
    v.domain = &d;
    d.kind = NULL;
    d.pages_max = most;
}

/* Pages of interrupt controllers stand among the regions that the firmware told of, in order. */
static void machine_map(void **state)
{
    static struct memory_region got[8];
    xen_memory_map_t map = { .nr_entries = 8 };

    (void)state;
    memory_add_machine_region(0, 0xa0000, 1);
    memory_add_machine_region(0xfee00000, 0x100000, 2);
    memory_add_machine_region(0x100000000, 0x40000000, 1);
    memory_reserve_machine_page(0xfec00000);
    memory_reserve_machine_page(0xfee00000); /* there already */
    map.buffer.p = got;
    assert_int_equal(ask(XENMEM_machine_memory_map, &map), 0);
    assert_int_equal(map.nr_entries, 4);
    assert_int_equal(got[1].start, 0xfec00000);
    assert_int_equal(got[1].size, 0x1000);
    assert_int_equal(got[1].type, 2);
    assert_int_equal(got[2].start, 0xfee00000);
    assert_int_equal(got[3].start, 0x100000000);
}

/* A domain gives back a frame that it goes on to map: it may have no other one for it. */
static void given_back_frame_counts(void **state)
{
    mfn_t first = page_alloc(0, NODE_ANY, ADDRESS_ANY),
          second = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    uint64_t most = d.pages_max;

    (void)state;
    d.pages_max = d.pages + 1;
    assert_int_equal(frame_assign(frame_of(first), &d), 0);
    assert_true(frame_get(frame_of(first), &d));
    assert_true(frame_release(frame_of(first), &d));
    assert_int_equal(frame_assign(frame_of(second), &d), -XEN_ENOMEM);
    frame_put(frame_of(first));
    assert_int_equal(frame_assign(frame_of(second), &d), 0);
    assert_true(frame_release(frame_of(second), &d));
    d.pages_max = most;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_follows_model),
        cmocka_unit_test(writable_is_flushed_before_table),
        cmocka_unit_test(counts_refuse_to_run_over),
        cmocka_unit_test(given_back_frame_is_no_table),
        cmocka_unit_test(given_back_frame_counts),
        cmocka_unit_test(allocator_never_gives_twice),
        cmocka_unit_test(heap_gives_zeroed_apart),
        cmocka_unit_test(exchange_checks_and_trades),
        cmocka_unit_test(exchange_beyond_the_limit),
        cmocka_unit_test(highest_number),
        cmocka_unit_test(nothing_by_demand),
        cmocka_unit_test(more_than_it_may_have),
        cmocka_unit_test(machine_map),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
