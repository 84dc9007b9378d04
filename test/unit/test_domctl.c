/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl: its versions, who may, and that nothing is lost whatever is asked. */
#include "cmocka_all.h"

#include "domctl_world.h"

#include "abi/domctl/domctl.h"
#include "core/memory/claim.h"
#include "core/event/event.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"

#include <string.h>

/* ---- the door ---- */

static void versions(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 0x20; version++) {
        start(XEN_DOMCTL_getdomaininfo, 0);
        op.interface_version = version;
        assert_int_equal(call(), version == 0x15 ? 0 : ERROR(EACCES));
    }
    start(99, 0);
    op.interface_version = 0;
    assert_int_equal(call(), ERROR(EACCES));
    assert_int_equal(world_call(domain_vcpu(dom0, 0), __HYPERVISOR_domctl, 0, 0, NULL),
                     ERROR(EFAULT));
}

static void unknown_ones(void **state)
{
    (void)state;
    assert_int_equal(simple(0, 0), ERROR(ENOSYS));
    assert_int_equal(simple(~0u, 0), ERROR(ENOSYS));
    assert_int_equal(simple(0, NOBODY), ERROR(ESRCH));
    for (unsigned int i = 0; i < domctl_op_count; i++)
        if (domctl_ops[i].nr != XEN_DOMCTL_createdomain)
            assert_int_equal(simple(domctl_ops[i].nr, NOBODY), ERROR(ESRCH));
}

/* Everything that an operation could change, as far as the core has it. */
struct snapshot {
    struct domain domain;
    uint64_t free, claims;
    unsigned int objects;
};

static struct snapshot take_snapshot(struct domain *d)
{
    struct snapshot s;

    memset(&s, 0, sizeof(s));
    memcpy(&s.domain, d, sizeof(s.domain));
    s.free = page_alloc_free_count(NODE_ANY);
    s.claims = claim_total();
    s.objects = world_objects;
    return s;
}

/* Locks count who has had them. */
static void forget_locks(struct snapshot *s)
{
    memset(&s->domain.lock, 0, sizeof(s->domain.lock));
    memset(&s->domain.pause_lock, 0, sizeof(s->domain.pause_lock));
    memset(&s->domain.page_lock, 0, sizeof(s->domain.page_lock));
    memset(&s->domain.event.lock, 0, sizeof(s->domain.event.lock));
}

static void assert_same(struct snapshot *a, struct snapshot *b)
{
    forget_locks(a);
    forget_locks(b);
    assert_memory_equal(a, b, sizeof(*a));
}

static void only_the_privileged(void **state)
{
    struct domain *d = world_create(5, 1);
    struct vcpu *v = domain_vcpu(d, 0);
    const domid_t ids[] = { 5, 0, DOMID_SELF, NOBODY };
    struct snapshot before = take_snapshot(d), after;

    (void)state;
    for (unsigned int i = 0; i < domctl_op_count; i++) {
        assert_int_equal(domctl_ops[i].authority, AUTH_DOM0);
        for (unsigned int k = 0; k < ARRAY_SIZE(ids); k++) {
            struct xen_domctl was;

            start(domctl_ops[i].nr, ids[k]);
            memset(&op.u, 1, sizeof(op.u));
            was = op;
            assert_int_equal(call_as(v), ERROR(EPERM));
            assert_memory_equal(&op, &was, sizeof(op));
        }
    }
    start(99, 5);
    assert_int_equal(call_as(v), ERROR(EPERM));
    after = take_snapshot(d);
    assert_same(&before, &after);
    world_destroy(d);
}

/* ---- anything at all ---- */

static uint32_t random_number(void)
{
    static uint32_t x = 12345;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

/* Random bytes, but where an operation has an address: that is none, or the buffer's. */
static void fill_union(uint32_t command)
{
    uint8_t *at = random_number() % 4 ? buffer : NULL;

    for (unsigned int i = 0; i < sizeof(op.u); i++)
        ((uint8_t *)&op.u)[i] = (uint8_t)(random_number() % 3 ? random_number() % 4
                                                              : random_number());
    switch (command) {
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        op.u.vcpuaffinity.cpumap_hard.bitmap.p = at;
        op.u.vcpuaffinity.cpumap_soft.bitmap.p = at;
        break;
    case XEN_DOMCTL_setnodeaffinity:
    case XEN_DOMCTL_getnodeaffinity: op.u.nodeaffinity.nodemap.bitmap.p = at; break;
    case XEN_DOMCTL_getpageframeinfo3: op.u.getpageframeinfo3.array.p = (void *)at; break;
    case XEN_DOMCTL_shadow_op: op.u.shadow_op.dirty_bitmap.p = at; break;
    case XEN_DOMCTL_setvcpucontext:
    case XEN_DOMCTL_getvcpucontext:
        op.u.vcpucontext.ctxt.p = (void *)at;
        memset(buffer + sizeof(vcpu_guest_context_t) - 1, 0x5a, 1);
        break;
    }
}

static void random_arguments(void **state)
{
    uint64_t free = page_alloc_free_count(NODE_ANY);
    unsigned int objects = world_objects;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        uint32_t command = domctl_ops[random_number() % domctl_op_count].nr;
        domid_t id = (domid_t)(random_number() % 8);

        if (command == XEN_DOMCTL_createdomain && random_number() % 16)
            continue;
        start(command, id);
        fill_union(command);
        if (command == XEN_DOMCTL_createdomain && random_number() % 2)
            start_create(id);
        call();
        workbench_settle();
    }
    for (struct domain *d; (d = domain_get_from(1)) != NULL;) {
        domid_t id = d->id;

        domain_put(d);
        destroy(id);
    }
    assert_int_equal(event_set_virq_owner(VIRQ_DOM_EXC, NULL), 0);
    assert_true(page_alloc_free_count(NODE_ANY) >= free - 4); /* pages of the table of domains */
    assert_true(world_objects <= objects + 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions),
        TEST(unknown_ones),
        TEST(only_the_privileged),
        TEST(random_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
