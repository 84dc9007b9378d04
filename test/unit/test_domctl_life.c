/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl: birth and death of domains, and what is short of it. */
#include "cmocka_all.h"

#include "domctl_world.h"

#include "core/memory/claim.h"
#include "core/event/event.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"

#include <string.h>
#include <xen/sched.h>

/* ---- birth and death ---- */

static long create_with(void (*change)(struct xen_domctl_createdomain *c))
{
    start_create(0);
    change(&op.u.createdomain);
    return call();
}

#define CHANGE(name, statement) \
    static void name(struct xen_domctl_createdomain *c) \
    { \
        statement; \
    }
CHANGE(no_vcpus, c->max_vcpus = 0)
CHANGE(many_vcpus, c->max_vcpus = DOMAIN_VCPUS_MAX + 1)
CHANGE(no_grants, c->max_grant_frames = 0)
CHANGE(many_grants, c->max_grant_frames = 65)
CHANGE(many_tracks, c->max_maptrack_frames = 1025)
CHANGE(grants_v0, c->grant_opts = 0)
CHANGE(grants_v2, c->grant_opts = 2)
CHANGE(grants_more, c->grant_opts = 0x11)
CHANGE(traces, c->vmtrace_size = 4096)
CHANGE(unknown_flag, c->flags = 1u << 20)
CHANGE(hap, c->flags = XEN_DOMCTL_CDF_hap)
CHANGE(iommu, c->flags = XEN_DOMCTL_CDF_iommu)
CHANGE(iommu_options, c->iommu_opts = 1)
CHANGE(hvm, c->flags = XEN_DOMCTL_CDF_hvm)

static void creation_refused(void **state)
{
    static void (*const changes[])(struct xen_domctl_createdomain * c) = {
        no_vcpus,    many_vcpus, no_grants,    many_grants, many_tracks, grants_v0,     grants_v2,
        grants_more, traces,     unknown_flag, hap,         iommu,       iommu_options,
    };
    uint64_t free = page_alloc_free_count(NODE_ANY);
    unsigned int objects = world_objects;

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++)
        assert_int_equal(create_with(changes[i]), ERROR(EINVAL));
    assert_int_equal(create_with(hvm), ERROR(EOPNOTSUPP));
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
    assert_int_equal(world_objects, objects);
    assert_null(domain_get_from(1));
}

static void creation(void **state)
{
    domid_t first, second;

    (void)state;
    start_create(0);
    assert_int_equal(call(), 0);
    first = op.domain;
    start_create(0xffff);
    assert_int_equal(call(), 0);
    second = op.domain;
    assert_int_equal(second, first + 1);
    start_create(first);
    assert_int_equal(call(), ERROR(EEXIST));
    start_create(77);
    assert_int_equal(call(), 0);
    assert_int_equal(op.domain, 77);
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, 77), 0);
    assert_int_equal(op.u.getdomaininfo.handle[3], 0x77);
    assert_int_equal(op.u.getdomaininfo.max_vcpu_id, XEN_INVALID_MAX_VCPU_ID);
    assert_int_equal(op.u.getdomaininfo.max_pages, 0);
    assert_int_equal(op.u.getdomaininfo.shared_info_frame, peek(77)->shared_mfn);
    assert_int_equal(peek(77)->event.quota, 101);
    assert_false(peek(77)->privileged);
    destroy(first);
    start_create(0);
    assert_int_equal(call(), 0);
    assert_int_equal(op.domain, second + 1); /* not the one that has just gone */
    destroy(op.domain);
    destroy(second);
    destroy(77);
}

static void vcpus_as_announced(void **state)
{
    domid_t id;

    (void)state;
    start_create(0);
    assert_int_equal(call(), 0);
    id = op.domain;
    for (unsigned int n = 0; n < 5; n++) {
        start(XEN_DOMCTL_max_vcpus, id);
        op.u.max_vcpus.max = n;
        assert_int_equal(call(), n == 2 ? 0 : ERROR(EINVAL));
    }
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, id), 0);
    assert_int_equal(op.u.getdomaininfo.max_vcpu_id, 1);
    assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 0);
    destroy(id);
}

static void all_memory_comes_back(void **state)
{
    uint64_t free = 0;
    unsigned int objects = 0;

    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        domid_t id = create();

        for (unsigned int n = 0; n < 16; n++)
            world_frame(peek(id));
        lock_take(&peek(id)->lock);
        assert_int_equal(claim_set(peek(id), 0), 0);
        lock_release(&peek(id)->lock);
        destroy(id);
        if (i == 0) { /* a page for the table of domains stays */
            free = page_alloc_free_count(NODE_ANY);
            objects = world_objects;
        }
        assert_int_equal(page_alloc_free_count(NODE_ANY), free);
        assert_int_equal(world_objects, objects);
    }
    assert_int_equal(claim_total(), 0);
}

static void a_claim_ends_with_its_domain(void **state)
{
    domid_t id = create();
    struct domain *d = peek(id);

    (void)state;
    lock_take(&d->lock);
    assert_int_equal(claim_set(d, 17), ERROR(EINVAL)); /* it may have 16 */
    assert_int_equal(claim_set(d, 16), 0);
    assert_true(claim_allows(d, 16));
    claim_use(d, 4);
    lock_release(&d->lock);
    assert_int_equal(claim_total(), 12);
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, id), 0);
    assert_int_equal(op.u.getdomaininfo.outstanding_pages, 12);
    destroy(id);
    assert_int_equal(claim_total(), 0);
}

static void nobody_ends_itself(void **state)
{
    static const uint32_t commands[] = {
        XEN_DOMCTL_destroydomain,  XEN_DOMCTL_pausedomain,    XEN_DOMCTL_unpausedomain,
        XEN_DOMCTL_resumedomain,   XEN_DOMCTL_soft_reset,     XEN_DOMCTL_setdebugging,
        XEN_DOMCTL_setvcpucontext, XEN_DOMCTL_getvcpucontext,
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
        assert_int_equal(simple(commands[i], 0), ERROR(EINVAL));
}

/* ---- pauses and what is told ---- */

static void pauses(void **state)
{
    domid_t id = create();

    (void)state;
    assert_int_equal(flags_of(id), 0xffff0000u | XEN_DOMINF_paused);
    assert_int_equal(simple(XEN_DOMCTL_unpausedomain, id), 0);
    assert_int_equal(flags_of(id), 0xffff0000u);
    assert_int_equal(simple(XEN_DOMCTL_unpausedomain, id), ERROR(EINVAL));
    assert_int_equal(peek(id)->pause_count, 0);
    for (unsigned int i = 0; i < 255; i++)
        assert_int_equal(simple(XEN_DOMCTL_pausedomain, id), 0);
    assert_int_equal(simple(XEN_DOMCTL_pausedomain, id), ERROR(EOVERFLOW));
    for (unsigned int i = 0; i < 254; i++)
        assert_int_equal(simple(XEN_DOMCTL_unpausedomain, id), 0);
    assert_int_equal(flags_of(id), 0xffff0000u | XEN_DOMINF_paused);
    destroy(id);
}

static void shut_down_and_resumed(void **state)
{
    domid_t id = create();

    (void)state;
    domain_shutdown(peek(id), SHUTDOWN_suspend);
    assert_int_equal(flags_of(id),
                     XEN_DOMINF_shutdown | XEN_DOMINF_paused | SHUTDOWN_suspend << 16);
    domain_shutdown(peek(id), SHUTDOWN_crash); /* the first reason stays */
    assert_int_equal(flags_of(id) >> 16, SHUTDOWN_suspend);
    assert_int_equal(simple(XEN_DOMCTL_resumedomain, id), 0);
    assert_int_equal(flags_of(id), 0xffff0000u | XEN_DOMINF_paused);
    assert_int_equal(simple(XEN_DOMCTL_resumedomain, id), 0);
    domain_shutdown(peek(id), 255);
    assert_int_equal(flags_of(id) >> 16, 255);
    destroy(id);
}

/* A suspend tells the port that was subscribed, and nobody else; all else is VIRQ_DOM_EXC. */
static void suspend_tells_its_subscriber(void **state)
{
    domid_t id = create();
    struct vcpu *v0 = domain_vcpu(dom0, 0);
    port_t virq = world_bind(v0, VIRQ_DOM_EXC), theirs, ours;

    (void)state;
    assert_int_equal(event_alloc_unbound(peek(id), 0, &theirs), 0);
    assert_int_equal(event_bind_interdomain(dom0, peek(id), theirs, &ours), 0);
    world_take(v0, ours);
    start(XEN_DOMCTL_subscribe, id);
    op.u.subscribe.port = theirs;
    assert_int_equal(call(), 0);
    domain_shutdown(peek(id), SHUTDOWN_suspend);
    assert_true(world_take(v0, ours));
    assert_false(world_take(v0, virq));
    assert_int_equal(simple(XEN_DOMCTL_resumedomain, id), 0);
    domain_shutdown(peek(id), SHUTDOWN_poweroff);
    assert_false(world_take(v0, ours));
    assert_true(world_take(v0, virq));
    destroy(id);
    assert_true(world_take(v0, virq)); /* its end, too */
    assert_int_equal(event_close(dom0, virq), 0);
    assert_int_equal(event_close(dom0, ours), 0);
}

static void listing(void **state)
{
    domid_t a = create(), b = create();

    (void)state;
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, (domid_t)(a - 1)), 0);
    assert_int_equal(op.domain, a - 1 ? a : 0);
    destroy(a);
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, a), 0);
    assert_int_equal(op.domain, b);
    assert_int_equal(op.u.getdomaininfo.domain, b);
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, (domid_t)(b + 1)), ERROR(ESRCH));
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, DOMID_SELF), ERROR(EINVAL));
    destroy(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(creation_refused),
        TEST(creation),
        TEST(vcpus_as_announced),
        TEST(all_memory_comes_back),
        TEST(a_claim_ends_with_its_domain),
        TEST(nobody_ends_itself),
        TEST(pauses),
        TEST(shut_down_and_resumed),
        TEST(suspend_tells_its_subscriber),
        TEST(listing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
