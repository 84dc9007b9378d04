/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl: frames, the log of writes, and domains with a map of their own. */
#include "cmocka_all.h"

#include "domctl_world.h"

#include "../workbench/machine.h"
#include "core/memory/frame.h"

#include <string.h>
#include <xen/sched.h>

/* ---- frames ---- */

static void frame_types(void **state)
{
    domid_t id = create();
    mfn_t mfn = world_frame(peek(id)), other = world_frame(dom0);
    uint64_t *list = (uint64_t *)buffer;

    (void)state;
    list[0] = mfn;
    list[1] = other;
    list[2] = ~0ul;
    start(XEN_DOMCTL_getpageframeinfo3, id);
    op.u.getpageframeinfo3.num = 3;
    op.u.getpageframeinfo3.array.p = list;
    assert_int_equal(call(), 0);
    assert_int_equal(list[0], XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(list[1], XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(list[2], XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(frame_refs(frame_of(mfn)), 1);
    op.u.getpageframeinfo3.num = 1025;
    assert_int_equal(call(), ERROR(E2BIG));
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array.p = NULL;
    assert_int_equal(call(), ERROR(EFAULT));
    destroy(id);
    frame_release(frame_of(other), dom0);
}

static long shadow(domid_t id, uint32_t command, uint64_t pages)
{
    start(XEN_DOMCTL_shadow_op, id);
    op.u.shadow_op.op = command;
    op.u.shadow_op.pages = pages;
    op.u.shadow_op.dirty_bitmap.p = buffer;
    memset(buffer, 0xcc, 4096);
    return call();
}

/* What was written since the log began is told when the domain stands still, all at once. */
static void the_log(void **state)
{
    domid_t id = create();

    (void)state;
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, 80), ERROR(EINVAL));
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0), 0);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0), ERROR(EINVAL));
    assert_int_equal(simple(XEN_DOMCTL_unpausedomain, id), 0);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, 80), 0);
    assert_int_equal(op.u.shadow_op.stats.dirty_count, 0);
    assert_int_equal(buffer[0], 0);
    domain_shutdown(peek(id), SHUTDOWN_suspend);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_PEEK, 8000), 0);
    assert_int_equal(op.u.shadow_op.stats.dirty_count, 8000);
    assert_int_equal(op.u.shadow_op.pages, 8000);
    for (unsigned int i = 0; i < 1001; i++)
        assert_int_equal(buffer[i], i < 1000 ? 0xff : 0xcc);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, ~0ul), ERROR(E2BIG));
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_OFF, 0), 0);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, 80), ERROR(EINVAL));
    destroy(id);
}

/* ---- a domain with a map of its own ---- */

static struct {
    uint64_t pool;
    unsigned int starts, stops, reads, restarts;
    bool on, cleared;
} map;

static uint64_t map_pool(struct domain *d)
{
    (void)d;
    return map.pool;
}

static int map_set_pool(struct domain *d, uint64_t pages)
{
    (void)d;
    if (map.restarts) {
        map.restarts--;
        return ERROR(ERESTART);
    }
    map.pool = pages;
    return 0;
}

static int map_log_start(struct domain *d)
{
    (void)d;
    if (map.restarts) {
        map.restarts--;
        return ERROR(ERESTART);
    }
    map.starts++;
    return 0;
}

static int map_log_stop(struct domain *d)
{
    (void)d;
    map.stops++;
    return 0;
}

/* Of each 64 numbers the first is written to. */
static void map_log_read(struct domain *d, gfn_t first, uint64_t *words, unsigned int count,
                         bool clear)
{
    (void)d;
    assert_int_equal(first, (uint64_t)map.reads * count * 64);
    for (unsigned int i = 0; i < count; i++)
        words[i] = 1;
    map.reads++;
    map.cleared = clear;
}

static gfn_t map_highest(const struct domain *d)
{
    (void)d;
    return 0;
}

static unsigned int map_flushes;

static void map_flush(struct domain *d)
{
    (void)d;
    map_flushes++;
}

static const struct guest_map its_map = {
    .highest = map_highest,
    .pool = map_pool,
    .set_pool = map_set_pool,
    .log_start = map_log_start,
    .log_stop = map_log_stop,
    .log_read = map_log_read,
};
static struct guest_kind its_kind;

static domid_t create_with_map(void)
{
    domid_t id = create();

    its_kind = *peek(id)->kind;
    its_kind.map = &its_map;
    its_kind.flush = map_flush;
    peek(id)->kind = &its_kind;
    memset(&map, 0, sizeof(map));
    map_flushes = 0;
    return id;
}

static void the_pool(void **state)
{
    domid_t plain = create(), id = create_with_map();

    (void)state;
    start(XEN_DOMCTL_set_paging_mempool_size, plain);
    assert_int_equal(call(), ERROR(EOPNOTSUPP));
    assert_int_equal(simple(XEN_DOMCTL_get_paging_mempool_size, plain), ERROR(EOPNOTSUPP));
    start(XEN_DOMCTL_set_paging_mempool_size, id);
    op.u.paging_mempool.size = 1ul << 20;
    map.restarts = 3;
    assert_int_equal(call(), 0);
    assert_int_equal(map.pool, 256);
    op.u.paging_mempool.size++;
    assert_int_equal(call(), ERROR(EINVAL));
    assert_int_equal(simple(XEN_DOMCTL_get_paging_mempool_size, id), 0);
    assert_int_equal(op.u.paging_mempool.size, 1ul << 20);
    start(XEN_DOMCTL_shadow_op, id);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
    op.u.shadow_op.mb = 3;
    assert_int_equal(call(), 0);
    assert_int_equal(map.pool, 768);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION;
    op.u.shadow_op.mb = 0;
    assert_int_equal(call(), 0);
    assert_int_equal(op.u.shadow_op.mb, 3);
    destroy(id);
    destroy(plain);
}

static void the_log_of_a_map(void **state)
{
    domid_t id = create_with_map();

    (void)state;
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, 80), ERROR(EINVAL));
    map.restarts = 2;
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0), 0);
    assert_int_equal(map.starts, 1);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0), ERROR(EINVAL));
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_PEEK, 100), 0);
    assert_false(map.cleared);
    assert_int_equal(map_flushes, 0);
    assert_int_equal(buffer[0], 1);
    assert_int_equal(buffer[8], 1);
    assert_int_equal(buffer[12], 0);
    assert_int_equal(buffer[13], 0xcc); /* as many bytes as were asked for */
    for (workbench_preempt = 0; workbench_preempt < 3; workbench_preempt++) {
        map.reads = 0;
        assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_CLEAN, 30000), 0);
        assert_true(map.cleared);
        assert_int_equal(map.reads, 8); /* each once, however often it was restarted */
        assert_int_equal(op.u.shadow_op.stats.dirty_count, 469); /* 30000 / 64 and the part */
        for (unsigned int i = 0; i < 3750; i++)
            assert_int_equal(buffer[i], i % 8 == 0);
        assert_int_equal(buffer[3750], 0xcc);
    }
    workbench_preempt = 0;
    assert_int_equal(map_flushes, 3);
    map.reads = 0;
    start(XEN_DOMCTL_shadow_op, id);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_CLEAN;
    op.u.shadow_op.pages = 5000; /* and nowhere to tell of them */
    assert_int_equal(call(), 0);
    assert_int_equal(shadow(id, XEN_DOMCTL_SHADOW_OP_OFF, 0), 0);
    assert_int_equal(map.stops, 1);
    destroy(id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frame_types),
        TEST(the_log),
        TEST(the_pool),
        TEST(the_log_of_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
