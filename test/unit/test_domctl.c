/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl: who may, what each operation does and refuses, and that nothing is lost. */
#include "cmocka_all.h"

#include "domain_world.h"

#include "../workbench/machine.h"
#include "abi/domctl/domctl.h"
#include "core/memory/claim.h"
#include "core/event/event.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"

#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#define ERROR(number) (-XEN_##number)
#define BUFFER        (16ul << 20) /* more than any operation reads or writes */
#define NOBODY        4242u        /* no domain has this number */

static struct xen_domctl op;
static uint8_t *buffer;

static int begin(void **state)
{
    buffer = calloc(1, BUFFER);
    return world_begin(state);
}

static int finish(void **state)
{
    free(buffer);
    return world_finish(state);
}

static long call_as(struct vcpu *v)
{
    return world_call(v, __HYPERVISOR_domctl, (uint64_t)&op, 0, NULL);
}

static long call(void)
{
    return call_as(domain_vcpu(dom0, 0));
}

/* op begins anew. */
static void start(uint32_t command, domid_t id)
{
    memset(&op, 0, sizeof(op));
    op.cmd = command;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = id;
}

static long simple(uint32_t command, domid_t id)
{
    start(command, id);
    return call();
}

static void start_create(domid_t id)
{
    start(XEN_DOMCTL_createdomain, id);
    op.u.createdomain.max_vcpus = 2;
    op.u.createdomain.max_evtchn_port = 100;
    op.u.createdomain.max_grant_frames = op.u.createdomain.max_maptrack_frames = -1;
    op.u.createdomain.grant_opts = 1;
    memset(op.u.createdomain.handle, 0x77, sizeof(op.u.createdomain.handle));
}

/* With its vCPUs and some memory to come. */
static domid_t create(void)
{
    domid_t id;

    start_create(0);
    assert_int_equal(call(), 0);
    id = op.domain;
    start(XEN_DOMCTL_max_vcpus, id);
    op.u.max_vcpus.max = 2;
    assert_int_equal(call(), 0);
    start(XEN_DOMCTL_max_mem, id);
    op.u.max_mem.max_memkb = 64;
    assert_int_equal(call(), 0);
    return id;
}

static void destroy(domid_t id)
{
    assert_int_equal(simple(XEN_DOMCTL_destroydomain, id), 0);
    workbench_settle();
    assert_null(domain_get(id));
}

static struct domain *peek(domid_t id)
{
    struct domain *d = domain_get(id);

    assert_non_null(d);
    domain_put(d);
    return d;
}

static uint32_t flags_of(domid_t id)
{
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, id), 0);
    assert_int_equal(op.domain, id);
    return op.u.getdomaininfo.flags;
}

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

/* ---- vCPUs ---- */

static void contexts(void **state)
{
    domid_t id = create();
    vcpu_guest_context_t *c = (void *)buffer;
    struct vcpu *v = domain_vcpu(peek(id), 1);

    (void)state;
    start(XEN_DOMCTL_getvcpucontext, id);
    op.u.vcpucontext.ctxt.p = c;
    assert_int_equal(call(), ERROR(ENODATA));
    memset(c, 0x5a, sizeof(*c));
    c->flags = VGCF_online;
    start(XEN_DOMCTL_setvcpucontext, id);
    op.u.vcpucontext.vcpu = 1;
    op.u.vcpucontext.ctxt.p = c;
    world_restarts = 3;
    assert_int_equal(call(), 0);
    assert_int_equal(world_restarts, 0);
    assert_true(v->initialised);
    assert_int_equal(v->waits, WAIT_DOMAIN);
    memset(c, 0, sizeof(*c));
    op.cmd = XEN_DOMCTL_getvcpucontext;
    assert_int_equal(call(), 0);
    assert_int_equal(c->user_regs.rax, 0x1234); /* the kind's */
    op.u.vcpucontext.ctxt.p = NULL;
    assert_int_equal(call(), ERROR(EFAULT));
    world_context = ERROR(EOPNOTSUPP);
    op.cmd = XEN_DOMCTL_setvcpucontext;
    op.u.vcpucontext.ctxt.p = c;
    ((uint8_t *)c)[sizeof(*c) - 1] = 0x5a;
    assert_int_equal(call(), ERROR(EOPNOTSUPP));
    world_context = 0;
    op.u.vcpucontext.ctxt.p = NULL; /* begins anew */
    world_restarts = 1;
    assert_int_equal(call(), 0);
    assert_false(v->initialised);
    assert_int_equal(v->waits, WAIT_DOMAIN | WAIT_DOWN);
    op.u.vcpucontext.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    assert_int_equal(peek(id)->pause_count, 1);
    destroy(id);
}

static void vcpu_facts(void **state)
{
    domid_t id = create();

    (void)state;
    start(XEN_DOMCTL_getvcpuinfo, id);
    assert_int_equal(call(), 0);
    assert_int_equal(op.u.getvcpuinfo.online, 0);
    op.u.getvcpuinfo.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    for (uint32_t trigger = 0; trigger < 6; trigger++) {
        start(XEN_DOMCTL_sendtrigger, id);
        op.u.sendtrigger.trigger = trigger;
        assert_int_equal(call(), trigger == 0                   ? 0
                                 : trigger == 3 || trigger == 4 ? ERROR(EINVAL)
                                                                : ERROR(ENOSYS));
        op.u.sendtrigger.vcpu = 9;
        assert_int_equal(call(), ERROR(ESRCH));
    }
    assert_true(domain_vcpu(peek(id), 0)->nmi_pending);
    destroy(id);
}

/* ---- where and how much ---- */

static long affinity(uint32_t command, domid_t id, uint32_t flags, uint8_t hard, uint8_t soft)
{
    start(command, id);
    op.u.vcpuaffinity.flags = flags;
    memset(buffer, 0, 128);
    buffer[0] = hard;
    buffer[64] = soft;
    op.u.vcpuaffinity.cpumap_hard.bitmap.p = buffer;
    op.u.vcpuaffinity.cpumap_soft.bitmap.p = buffer + 64;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = op.u.vcpuaffinity.cpumap_soft.nr_bits = 16;
    return call();
}

static void assert_affinity(domid_t id, uint8_t hard, uint8_t soft)
{
    assert_int_equal(affinity(XEN_DOMCTL_getvcpuaffinity, id, 3, 0xee, 0xee), 0);
    assert_int_equal(buffer[0], hard);
    assert_int_equal(buffer[64], soft);
    assert_int_equal(buffer[1], 0);
}

static void affinities(void **state)
{
    domid_t id = create();

    (void)state;
    assert_affinity(id, 3, 3);
    assert_int_equal(affinity(XEN_DOMCTL_getvcpuaffinity, id, 0, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 0, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0xfd, 0), 0);
    assert_int_equal(buffer[0], 1); /* what is in force */
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0x80, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 3, 0x80, 1), ERROR(EINVAL));
    assert_affinity(id, 1, 3);
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 3, 1, 2), 0);
    assert_int_equal(buffer[64], 0); /* none of both */
    assert_affinity(id, 1, 2);
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 2, 0, 0), 0);
    assert_affinity(id, 1, 0);
    start(XEN_DOMCTL_getvcpuaffinity, id);
    op.u.vcpuaffinity.flags = 1;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    assert_int_equal(call(), ERROR(EINVAL)); /* no map */
    op.cmd = XEN_DOMCTL_setvcpuaffinity;
    assert_int_equal(call(), ERROR(EINVAL));
    op.u.vcpuaffinity.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    destroy(id);
}

/* More bits than there can be CPUs: the rest is zero; fewer: no byte beyond. */
static void maps_of_any_size(void **state)
{
    domid_t id = create();

    (void)state;
    for (uint32_t bits = 1; bits <= 1024; bits++) {
        start(XEN_DOMCTL_getvcpuaffinity, id);
        memset(buffer, 0xee, 256);
        op.u.vcpuaffinity.flags = 1;
        op.u.vcpuaffinity.cpumap_hard.bitmap.p = buffer;
        op.u.vcpuaffinity.cpumap_hard.nr_bits = bits;
        assert_int_equal(call(), 0);
        assert_int_equal(buffer[0], 3);
        for (unsigned int i = 1; i < 256; i++)
            assert_int_equal(buffer[i], i < (bits + 7) / 8 ? 0 : 0xee);
    }
    destroy(id);
}

static long parameters(domid_t id, uint32_t command, uint16_t weight, uint16_t cap)
{
    start(XEN_DOMCTL_scheduler_op, id);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = command;
    op.u.scheduler_op.u.credit2.weight = weight;
    op.u.scheduler_op.u.credit2.cap = cap;
    return call();
}

static void assert_parameters(domid_t id, uint16_t weight, uint16_t cap)
{
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0), 0);
    assert_int_equal(op.u.scheduler_op.u.credit2.weight, weight);
    assert_int_equal(op.u.scheduler_op.u.credit2.cap, cap);
}

static void weights_and_caps(void **state)
{
    domid_t id = create();

    (void)state;
    assert_parameters(id, 256, 0);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 512, 50), 0);
    assert_parameters(id, 512, 50);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 0, 200), 0);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 7, 201), ERROR(EINVAL));
    assert_parameters(id, 512, 200); /* and nothing of it was done */
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putvcpuinfo, 1, 0), ERROR(EINVAL));
    assert_int_equal(parameters(id, 9, 1, 0), ERROR(EINVAL));
    start(XEN_DOMCTL_scheduler_op, id);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    assert_int_equal(call(), ERROR(EINVAL));
    destroy(id);
}

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
        TEST(contexts),
        TEST(vcpu_facts),
        TEST(affinities),
        TEST(maps_of_any_size),
        TEST(weights_and_caps),
        TEST(frame_types),
        TEST(the_log),
        TEST(the_pool),
        TEST(the_log_of_a_map),
        TEST(random_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
