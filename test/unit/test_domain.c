/* SPDX-License-Identifier: Apache-2.0 */
/* Domains from creation to end, and each operation on their vCPUs with each of its errors. */
#include "cmocka_all.h"

#include "domain_world.h"

#include "../workbench/machine.h"
#include "core/event/event.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/softirq.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#define VCPU_OP       __HYPERVISOR_vcpu_op
#define ERROR(number) (-XEN_##number)

static long op(struct vcpu *v, unsigned int nr, uint64_t id, const void *arg)
{
    return world_call(v, VCPU_OP, nr, id, arg);
}

static struct vcpu *dom0_vcpu(unsigned int id)
{
    return domain_vcpu(dom0, id);
}

/* ---- creation ---- */

static void creation_has_conditions(void **state)
{
    struct domain *d;

    (void)state;
    assert_int_equal(domain_create(DOMID_FIRST_RESERVED, &world_kind, 1, &d), ERROR(EINVAL));
    assert_int_equal(domain_create(DOMID_SELF, &world_kind, 1, &d), ERROR(EINVAL));
    assert_int_equal(domain_create(5, &world_kind, 0, &d), ERROR(EINVAL));
    assert_int_equal(domain_create(5, &world_kind, DOMAIN_VCPUS_MAX + 1, &d), ERROR(EINVAL));
    assert_int_equal(domain_create(0, &world_kind, 1, &d), ERROR(EEXIST));
    assert_null(domain_get(5));
    assert_null(domain_get(DOMID_SELF));
    assert_null(domain_get(DOMID_FIRST_RESERVED - 1));
}

static domid_t seen[8];
static unsigned int seen_count;

static void see(struct domain *d)
{
    seen[seen_count++] = d->id;
}

static void list_ascends(void **state)
{
    static const domid_t ids[] = { 300, 7, DOMID_FIRST_RESERVED - 1, 9 };
    static const domid_t sorted[] = { 0, 7, 9, 300, DOMID_FIRST_RESERVED - 1 };
    struct domain *d[4], *next;

    (void)state;
    for (unsigned int i = 0; i < 4; i++)
        d[i] = world_create(ids[i], 0);
    seen_count = 0;
    domain_for_each(see);
    assert_int_equal(seen_count, 5);
    assert_memory_equal(seen, sorted, sizeof(sorted));
    next = domain_get_from(8);
    assert_int_equal(next->id, 9);
    domain_put(next);
    assert_true(dom0->privileged && !d[0]->privileged);
    for (unsigned int i = 0; i < 4; i++)
        world_destroy(d[i]);
    assert_null(domain_get_from(1));
}

static void fresh_domain_is_empty(void **state)
{
    struct domain *d = world_create(3, 0);
    struct vcpu *v;

    (void)state;
    assert_int_equal(d->pause_count, 1);
    assert_int_equal(d->pages, 0);
    assert_int_equal(d->pages_shared, 1);
    assert_int_equal(m2p_get(d->shared_mfn), M2P_INVALID);
    assert_int_equal(frame_type(frame_of(d->shared_mfn)), FRAME_WRITABLE);
    assert_int_equal(vcpu_create(d, MOST_VCPUS, &v), ERROR(EINVAL));
    assert_int_equal(vcpu_create(d, 1, &v), 0);
    assert_int_equal(v->info->evtchn_upcall_mask, 1);
    assert_ptr_equal(v->info, &d->shared->vcpu_info[1]);
    assert_int_equal(v->waits, WAIT_DOWN | WAIT_DOMAIN);
    assert_ptr_equal(domain_vcpu(d, 1), v);
    assert_null(domain_vcpu(d, 0));
    assert_int_equal(vcpu_create(d, 1, &v), ERROR(EEXIST));
    domain_unpause(d);
    assert_int_equal(v->waits, WAIT_DOWN);
    assert_int_equal(vcpu_create(d, 2, &v), 0);
    assert_int_equal(v->waits, WAIT_DOWN);
    world_destroy(d);
}

/* A number of which the table has no page yet needs one allocation more. */
static void creation_without_memory_leaves_nothing(void **state)
{
    domid_t id = 0x4000;
    struct domain *d = NULL;
    uint64_t free;
    unsigned int objects = world_objects, n, kept = 0;
    struct vcpu *v;
    int rc = ERROR(ENOMEM);

    (void)state;
    free = page_alloc_free_count(NODE_ANY);
    for (n = 1; rc == ERROR(ENOMEM); n++) {
        world_fail = n;
        rc = domain_create(id, &world_kind, 4, &d);
        kept = n > 1; /* the table's page */
        if (rc) {
            assert_int_equal(world_objects, objects + kept);
            assert_int_equal(page_alloc_free_count(NODE_ANY), free);
            assert_null(domain_get(id));
        }
    }
    assert_int_equal(rc, 0);
    assert_true(n > 6);
    world_fail = 1;
    assert_int_equal(vcpu_create(d, 0, &v), ERROR(ENOMEM));
    assert_null(domain_vcpu(d, 0));
    world_fail = 0;
    assert_int_equal(vcpu_create(d, 0, &v), 0);
    assert_ptr_equal(domain_get(id), d);
    world_destroy(d);
    assert_int_equal(world_objects, objects + kept);
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
}

static void high_vcpu_without_memory(void **state)
{
    struct domain *d = world_create(3, 0);
    struct vcpu *v;
    int rc = ERROR(ENOMEM);

    (void)state;
    for (unsigned int n = 1; rc == ERROR(ENOMEM); n++) {
        unsigned int objects = world_objects;

        world_fail = n;
        rc = vcpu_create(d, 35, &v);
        if (rc)
            assert_int_equal(world_objects, objects);
    }
    world_fail = 0;
    assert_int_equal(rc, 0);
    assert_false(vcpu_has_info(v));
    assert_int_equal(v->info->evtchn_upcall_mask, 1);
    world_destroy(d);
}

/* ---- references ---- */

static void domain_stays_while_referenced(void **state)
{
    struct domain *d = world_create(3, 1), *other;
    unsigned int objects = world_objects;

    (void)state;
    assert_ptr_equal(domain_get(3), d); /* two now, beside the creation's */
    assert_int_equal(domain_destroy(d), 0);
    assert_int_equal(domain_destroy(d), 0); /* it was done */
    domain_put(d);
    workbench_settle();
    assert_ptr_equal(domain_get(3), d);
    assert_true(d->is_dying);
    assert_int_equal(domain_create(3, &world_kind, 1, &other), ERROR(EEXIST));
    domain_put(d);
    domain_put(d);
    assert_null(domain_get(3));
    assert_null(domain_get_from(1));
    assert_int_equal(domain_create(3, &world_kind, 1, &other), ERROR(EEXIST)); /* not freed yet */
    workbench_settle();
    assert_true(world_objects < objects);
    other = world_create(3, 0);
    world_destroy(other);
}

/* Dom0 maps a frame of the domain, and its shared_info, when it ends. */
static void number_stays_with_its_frames(void **state)
{
    uint64_t free = page_alloc_free_count(NODE_ANY);
    struct domain *d = world_create(3, 1), *other;
    struct frame *f = frame_of(world_frame(d)), *shared = frame_of(d->shared_mfn);

    (void)state;
    assert_true(frame_get(f, d) && frame_get(shared, d));
    world_destroy(d);
    assert_null(domain_get(3));
    assert_int_equal(page_alloc_free_count(NODE_ANY), free - 2);
    assert_int_equal(domain_create(3, &world_kind, 1, &other), ERROR(EEXIST));
    frame_put(f);
    assert_int_equal(domain_create(3, &world_kind, 1, &other), ERROR(EEXIST));
    frame_put(shared);
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
    world_destroy(world_create(3, 1));
}

static bool stop_threads;

static void *get_and_put(void *unused)
{
    static unsigned int cpus = CPUS;

    (void)unused;
    workbench_cpu = __atomic_fetch_add(&cpus, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&stop_threads, __ATOMIC_RELAXED)) {
        struct domain *d = domain_get(3);

        if (!d)
            continue;
        assert_int_equal(d->id, 3);
        assert_int_equal(d->max_vcpus, MOST_VCPUS);
        domain_put(d);
        softirq_run();
    }
    return NULL;
}

static void references_by_many_threads(void **state)
{
    pthread_t threads[3];

    (void)state;
    stop_threads = false;
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_and_put, NULL), 0);
    for (unsigned int i = 0; i < 1000; i++) {
        struct domain *d;

        while (domain_create(3, &world_kind, MOST_VCPUS, &d) == ERROR(EEXIST))
            softirq_run();
        while (domain_destroy(d))
            softirq_run();
    }
    __atomic_store_n(&stop_threads, true, __ATOMIC_RELAXED);
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    workbench_settle();
    assert_null(domain_get(3));
}

/* ---- destruction ---- */

static void burden(struct domain *d, port_t *ours)
{
    port_t theirs;

    assert_int_equal(event_alloc_unbound(d, 0, &theirs), 0);
    assert_int_equal(event_bind_interdomain(dom0, d, theirs, ours), 0);
    world_bind(domain_vcpu(d, 0), VIRQ_TIMER);
    for (unsigned int i = 0; i < 20; i++)
        world_frame(d);
    assert_int_equal(vcpu_register_info(domain_vcpu(d, 1), world_frame(d), 64), 0);
}

/* Stopped after each step, and others act meanwhile; what Dom0 refers to stays good. */
static void destruction_goes_on_where_it_was(void **state)
{
    unsigned int objects = world_objects, calls = 0;
    uint64_t free = page_alloc_free_count(NODE_ANY);
    struct domain *d = world_create(3, 0);
    struct vcpu *v;
    port_t ours;

    (void)state;
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(vcpu_create(d, i, &v), 0);
    burden(d, &ours);
    world_restarts = 3;
    softirq_raise(SOFTIRQ_CONSOLE); /* nobody's here: something waits at each question */
    while (domain_destroy(d) == -XEN_ERESTART) {
        calls++;
        workbench_settle();
        softirq_raise(SOFTIRQ_CONSOLE);
        assert_int_equal(event_send(dom0_vcpu(0), ours), 0);
        assert_int_equal(vcpu_create(d, 5, &v), ERROR(EINVAL));
        assert_true(domain_get(3) == d);
        domain_put(d);
    }
    assert_true(calls > 7 + 20); /* a frame each at the end */
    assert_int_equal(world_relinquished, 1);
    assert_int_equal(d->pages, 0);
    assert_null(d->shared);
    domain_put(d);
    workbench_settle();
    assert_int_equal(event_close(dom0, ours), 0);
    assert_int_equal(world_objects, objects);
    assert_int_equal(page_alloc_free_count(NODE_ANY), free);
}

static void running_domain_is_stopped(void **state)
{
    struct domain *d = world_create(3, 3);

    (void)state;
    domain_unpause(d);
    workbench_settle();
    domain_pause(d);
    workbench_settle();
    world_destroy(d);
    assert_null(domain_get(3));
}

/* ---- pauses, shutdown, crash ---- */

static void pauses_count(void **state)
{
    struct domain *d = world_create(3, 1);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    domain_pause(d);
    domain_unpause(d);
    assert_true(v->waits & WAIT_DOMAIN);
    domain_unpause(d);
    assert_int_equal(v->waits, 0);
    domain_pause_sync(d);
    assert_false(v->sched.running);
    assert_int_equal(v->waits, WAIT_DOMAIN);
    world_destroy(d);
}

static void shutdown_tells_dom0(void **state)
{
    struct domain *d = world_create(3, 2);
    port_t port = world_bind(dom0_vcpu(0), VIRQ_DOM_EXC);

    (void)state;
    domain_unpause(d);
    workbench_settle();
    domain_shutdown(d, SHUTDOWN_reboot);
    workbench_settle();
    assert_true(world_take(dom0_vcpu(0), port));
    assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
    assert_true(d->is_shut_down && !domain_vcpu(d, 1)->sched.running);
    domain_shutdown(d, SHUTDOWN_crash);
    assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
    assert_false(world_take(dom0_vcpu(0), port));
    domain_pause(d);
    domain_unpause(d);
    assert_true(domain_vcpu(d, 0)->waits & WAIT_DOMAIN);
    assert_int_equal(event_close(dom0, port), 0);
    world_destroy(d);
}

static void crash_is_reported_once(void **state)
{
    struct domain *d = world_create(3, 3);

    (void)state;
    domain_unpause(d);
    workbench_settle();
    irq_off();
    domain_crash(d, "the test says so");
    assert_false(irq_is_on());
    irq_on();
    assert_true(workbench_softirqs_of(0) & 1u << SOFTIRQ_SCHEDULE);
    assert_int_equal(world_reports, 3);
    assert_true(world_notes > 0);
    assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
    domain_crash(d, "again");
    assert_int_equal(world_reports, 3);
    workbench_settle();
    for (unsigned int i = 0; i < 3; i++)
        assert_false(domain_vcpu(d, i)->sched.running);
    world_destroy(d);
}

static void shut_dom0(void *reason)
{
    domain_shutdown(dom0, *(unsigned int *)reason);
}

static void crash_dom0(void *unused)
{
    (void)unused;
    domain_crash(dom0, "the test says so");
}

static void revive_dom0(void)
{
    dom0->is_shut_down = dom0->is_crashed = false;
    for (unsigned int i = 0; i < DOM0_VCPUS; i++)
        vcpu_wake(dom0_vcpu(i), WAIT_DOMAIN | WAIT_DOWN);
    workbench_settle();
}

static int end_of_dom0(unsigned int reason)
{
    int how = world_end_of(shut_dom0, &reason);

    revive_dom0();
    return how;
}

static void machine_follows_dom0(void **state)
{
    static const unsigned int resets[] = { SHUTDOWN_reboot,   SHUTDOWN_suspend,    SHUTDOWN_crash,
                                           SHUTDOWN_watchdog, SHUTDOWN_soft_reset, 77 };

    (void)state;
    assert_int_equal(end_of_dom0(SHUTDOWN_poweroff), WORLD_OFF);
    for (unsigned int i = 0; i < ARRAY_SIZE(resets); i++)
        assert_int_equal(end_of_dom0(resets[i]), WORLD_RESET);
    domain_set_noreboot(true);
    for (unsigned int i = 0; i < ARRAY_SIZE(resets); i++)
        assert_int_equal(end_of_dom0(resets[i]), WORLD_HALTED);
    assert_int_equal(end_of_dom0(SHUTDOWN_poweroff), WORLD_OFF);
    domain_set_noreboot(false);
    assert_int_equal(world_end_of(crash_dom0, NULL), WORLD_RESET);
    assert_int_equal(world_reports, DOM0_VCPUS);
    revive_dom0();
}

/* ---- vcpu_op ---- */

static void unknown_operations(void **state)
{
    struct vcpu *v = dom0_vcpu(0);
    uint64_t arg[8] = { 0 };

    (void)state;
    assert_int_equal(op(v, 14, 0, arg), ERROR(ENOSYS));
    assert_int_equal(op(v, 15, 0, arg), ERROR(ENOSYS));
    assert_int_equal(op(v, 99, 0, NULL), ERROR(ENOSYS));
    assert_int_equal(op(v, ~0u, 0, NULL), ERROR(ENOSYS));
    assert_int_equal(op(v, 99, 10000, NULL), ERROR(ENOENT));
    for (unsigned int nr = 0; nr <= 13; nr++)
        assert_int_equal(op(v, nr, DOM0_VCPUS, NULL), ERROR(ENOENT));
    assert_int_equal(op(v, VCPUOP_is_up, 1ul << 32, NULL), 1);
    for (unsigned int nr = 4; nr <= 13; nr++)
        if (nr != 7 && nr != 9 && nr != 11 && nr != 12)
            assert_int_equal(op(v, nr, 0, NULL), ERROR(EFAULT));
}

static uint8_t context[sizeof(struct vcpu_guest_context)];

static void initialise_up_down(void **state)
{
    struct domain *d = world_create(3, 1);
    struct vcpu *v = domain_vcpu(d, 0), *other, *high;
    unsigned int objects;

    (void)state;
    context[sizeof(context) - 1] = 0x5a;
    assert_int_equal(vcpu_create(d, 1, &other), 0);
    assert_int_equal(vcpu_create(d, 35, &high), 0);
    objects = world_objects;
    assert_int_equal(op(v, VCPUOP_up, 1, NULL), ERROR(EINVAL));
    assert_int_equal(op(v, VCPUOP_down, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_is_up, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_initialise, 1, NULL), ERROR(EFAULT));
    assert_int_equal(op(v, VCPUOP_initialise, 0, NULL), ERROR(EFAULT));
    assert_int_equal(op(v, VCPUOP_initialise, 0, context), ERROR(EEXIST));
    assert_int_equal(op(v, VCPUOP_initialise, 35, context), ERROR(EINVAL));
    assert_int_equal(op(v, VCPUOP_initialise, 35, NULL), ERROR(EINVAL));
    world_context = ERROR(EINVAL);
    assert_int_equal(op(v, VCPUOP_initialise, 1, context), ERROR(EINVAL));
    assert_false(other->initialised);
    world_context = 0;
    world_fail = 1;
    assert_int_equal(op(v, VCPUOP_initialise, 1, context), ERROR(ENOMEM));
    world_restarts = 2;
    assert_int_equal(op(v, VCPUOP_initialise, 1, context), 0);
    assert_int_equal(world_restarts, 0);
    assert_int_equal(op(v, VCPUOP_initialise, 1, context), ERROR(EEXIST));
    assert_int_equal(world_objects, objects);
    assert_int_equal(op(v, VCPUOP_is_up, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_up, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_up, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_is_up, 1, NULL), 1);
    assert_int_equal(other->waits, WAIT_DOMAIN);
    assert_int_equal(op(v, VCPUOP_down, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_is_up, 1, NULL), 0);
    world_destroy(d);
}

static void last_one_down_is_power_off(void **state)
{
    struct domain *d = world_create(3, 3);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    assert_int_equal(op(v, VCPUOP_down, 1, NULL), 0);
    assert_int_equal(op(v, VCPUOP_down, 0, NULL), 0);
    assert_false(d->is_shut_down);
    assert_int_equal(op(v, VCPUOP_down, 2, NULL), 0);
    assert_true(d->is_shut_down);
    assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
    world_destroy(d);
}

static void vcpu_info_has_conditions(void **state)
{
    struct domain *d = world_create(3, 2);
    struct vcpu *v = domain_vcpu(d, 0);
    struct vcpu_register_vcpu_info r = { .mfn = world_frame(d) };

    (void)state;
    static const uint32_t bad[] = { PAGE_SIZE - 63, PAGE_SIZE - 56, PAGE_SIZE, ~0u, 3, 4 };
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        r.offset = bad[i];
        assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(ENXIO));
    }
    r.offset = 0;
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 1, &r), ERROR(EINVAL)); /* it is up */
    r.mfn = 1ul << 30;
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(EINVAL));
    r.mfn = dom0->shared_mfn;
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(EINVAL));
    r.mfn = world_frame(d);
    assert_true(frame_get(frame_of(r.mfn), d));
    assert_int_equal(frame_get_type(frame_of(r.mfn), FRAME_SEGMENTS), 0);
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(EINVAL));
    assert_int_equal(frame_put_type(frame_of(r.mfn), false), 0);
    frame_put(frame_of(r.mfn));
    assert_int_equal(frame_refs(frame_of(r.mfn)), 1);
    assert_ptr_equal(v->info, &d->shared->vcpu_info[0]);
    world_destroy(d);
}

static void vcpu_info_moves(void **state)
{
    struct domain *d = world_create(3, 1);
    struct vcpu *v = domain_vcpu(d, 0);
    struct vcpu_register_vcpu_info r = { world_frame(d), PAGE_SIZE - 64, 7 };
    struct vcpu_info *to = (struct vcpu_info *)((char *)frame_map(r.mfn) + r.offset);

    (void)state;
    v->info->arch.cr2 = 0x1234;
    memset(to, 0xff, sizeof(*to));
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), 0);
    assert_ptr_equal(v->info, to);
    assert_int_equal(to->arch.cr2, 0x1234);
    assert_int_equal(to->evtchn_upcall_mask, 1);
    assert_int_equal(to->evtchn_upcall_pending, 1);
    assert_int_equal(to->evtchn_pending_sel, ~0ul);
    assert_int_equal(to->time.version, v->time_version);
    assert_int_equal(to->time.system_time, arch_now());
    assert_int_equal(frame_type(frame_of(r.mfn)), FRAME_WRITABLE);
    assert_int_equal(frame_refs(frame_of(r.mfn)), 2);
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(EINVAL));
    r.offset = 0;
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 0, &r), ERROR(EINVAL));
    assert_int_equal(frame_refs(frame_of(r.mfn)), 2);
    world_destroy(d);
}

static void vcpu_info_of_high_vcpu(void **state)
{
    struct domain *d = world_create(3, 1);
    struct vcpu_register_vcpu_info r = { .mfn = d->shared_mfn };
    struct vcpu *v = domain_vcpu(d, 0), *high, *other;

    (void)state;
    context[sizeof(context) - 1] = 0x5a;
    assert_int_equal(vcpu_create(d, 39, &high), 0);
    assert_int_equal(vcpu_create(d, 2, &other), 0);
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 2, &r), 0); /* as on Xen */
    r.mfn = world_frame(d);
    r.offset = 128;
    assert_int_equal(op(v, VCPUOP_register_vcpu_info, 39, &r), 0);
    assert_true(vcpu_has_info(high));
    assert_int_equal(high->info->evtchn_upcall_mask, 1);
    assert_int_equal(op(v, VCPUOP_initialise, 39, context), 0);
    world_destroy(d);
}

static void nmi_and_physid(void **state)
{
    struct vcpu *v = dom0_vcpu(0), *guest;
    struct domain *d = world_create(3, 1);
    struct vcpu_get_physid id = { 0 };
    struct cpu_set one = { { 2 } }, all;

    (void)state;
    guest = domain_vcpu(d, 0);
    assert_int_equal(op(guest, VCPUOP_send_nmi, 0, &id), ERROR(EINVAL));
    assert_false(guest->nmi_pending);
    assert_int_equal(op(guest, VCPUOP_send_nmi, 0, NULL), 0);
    assert_true(guest->nmi_pending);
    assert_int_equal(op(guest, VCPUOP_send_nmi, 0, NULL), 0);
    assert_int_equal(op(v, VCPUOP_get_physid, 1, &id), ERROR(EINVAL));
    memset(&all, 0xff, sizeof(all));
    assert_int_equal(sched_set_affinity(dom0_vcpu(1), &one), 0);
    assert_int_equal(op(v, VCPUOP_get_physid, 1, &id), 0);
    assert_int_equal(id.phys_id, 0x2100000011ul);
    assert_int_equal(sched_set_affinity(dom0_vcpu(1), &all), 0);
    assert_int_equal(sched_set_affinity(guest, &one), 0);
    assert_int_equal(op(guest, VCPUOP_get_physid, 0, &id), ERROR(EINVAL));
    world_destroy(d);
}

/* ---- vm_assist ---- */

static long assist(struct vcpu *v, uint64_t command, uint64_t type)
{
    return world_call(v, __HYPERVISOR_vm_assist, command, type, NULL);
}

static void assists(void **state)
{
    static const uint32_t good[] = { 0, 1, 2, 3, 4, 5, 32 }, bad[] = { 6, 7, 31, 33, 63, 64, ~0u };
    struct vcpu *v = dom0_vcpu(0);

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(assist(v, VMASST_CMD_enable, good[i]), 0);
        assert_int_equal(dom0->vm_assist, 1ul << good[i]);
        assert_int_equal(assist(v, 2, good[i]), ERROR(ENOSYS));
        assert_int_equal(assist(v, VMASST_CMD_disable, good[i]), 0);
        assert_int_equal(dom0->vm_assist, 0);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        for (unsigned int command = 0; command < 3; command++)
            assert_int_equal(assist(v, command, bad[i]), ERROR(EINVAL));
    assert_int_equal(assist(v, 1ul << 32, 5), 0);
    assert_int_equal(assist(v, 1, 1ul << 32 | 5), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(creation_has_conditions),
        TEST(list_ascends),
        TEST(fresh_domain_is_empty),
        TEST(creation_without_memory_leaves_nothing),
        TEST(high_vcpu_without_memory),
        TEST(domain_stays_while_referenced),
        TEST(number_stays_with_its_frames),
        TEST(references_by_many_threads),
        TEST(destruction_goes_on_where_it_was),
        TEST(running_domain_is_stopped),
        TEST(pauses_count),
        TEST(shutdown_tells_dom0),
        TEST(crash_is_reported_once),
        TEST(machine_follows_dom0),
        TEST(unknown_operations),
        TEST(initialise_up_down),
        TEST(last_one_down_is_power_off),
        TEST(vcpu_info_has_conditions),
        TEST(vcpu_info_moves),
        TEST(vcpu_info_of_high_vcpu),
        TEST(nmi_and_physid),
        TEST(assists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
