/* SPDX-License-Identifier: Apache-2.0 */
/* What guests see of time: clock, wall clock, runstates; and their timers. */
#include "cmocka_all.h"

#include "domain_world.h"

#include "core/event/event.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>
#include <xen/vcpu.h>

#define VCPU_OP       __HYPERVISOR_vcpu_op
#define ERROR(number) (-XEN_##number)
#define MS            1000000ll
#define DAY           (86400 * SECOND)

static long op(struct vcpu *v, unsigned int nr, uint64_t id, const void *arg)
{
    return world_call(v, VCPU_OP, nr, id, arg);
}

static struct vcpu *dom0_vcpu(unsigned int id)
{
    return domain_vcpu(dom0, id);
}

/* System time as a guest computes it (xen/xen.h). */
static ns_t guest_time(const volatile struct vcpu_time_info *t)
{
    uint64_t ticks = arch_tsc() - t->tsc_timestamp;

    assert_int_equal(t->version & 1, 0);
    ticks = t->tsc_shift < 0 ? ticks >> -t->tsc_shift : ticks << t->tsc_shift;
    ticks = (uint64_t)((unsigned __int128)ticks * t->tsc_to_system_mul >> 32);
    return (ns_t)(t->system_time + ticks);
}

/* ---- pvclock ---- */

static void clock_is_system_time(void **state)
{
    struct vcpu *v = dom0_vcpu(0);

    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        world_pass(rand() % 20 ? rand() % 1000000000 : rand() % 20000000000ll);
        for (unsigned int id = 0; id < DOM0_VCPUS; id++)
            assert_int_equal(guest_time(&dom0_vcpu(id)->info->time), arch_now());
    }
    assert_int_equal(v->info->time.flags, 0);
    workbench_now += DAY; /* however old the pair is */
    assert_int_equal(guest_time(&v->info->time), arch_now());
    workbench_now -= DAY;
}

static void clock_is_published_each_second(void **state)
{
    struct vcpu *v = dom0_vcpu(0);
    uint32_t version = v->info->time.version;

    (void)state;
    world_pass(10 * SECOND);
    assert_int_equal(v->info->time.version, version + 20);
    assert_true(arch_now() - (ns_t)v->info->time.system_time < SECOND + MS);
}

/* A sleeper gets the new one when it runs, once. */
static void sleeper_gets_clock_when_it_runs(void **state)
{
    struct vcpu *v = dom0_vcpu(1);
    uint32_t version;

    (void)state;
    vcpu_sleep(v, WAIT_BLOCKED);
    world_pass(MS);
    version = v->info->time.version;
    world_pass(3 * SECOND);
    assert_int_equal(v->info->time.version, version);
    vcpu_wake(v, WAIT_BLOCKED);
    workbench_settle();
    assert_int_equal(v->info->time.version, version + 2);
    vcpu_sleep(v, WAIT_BLOCKED);
    workbench_settle();
    vcpu_wake(v, WAIT_BLOCKED);
    workbench_settle();
    assert_int_equal(v->info->time.version, version + 2);
}

static void stable_clocks_agree(void **state)
{
    struct domain *d;
    struct vcpu_time_info a, b;

    (void)state;
    world_stable = true;
    d = world_create(3, 2);
    domain_unpause(d);
    workbench_settle();
    world_pass(5 * SECOND);
    a = d->shared->vcpu_info[0].time;
    b = d->shared->vcpu_info[1].time;
    assert_int_equal(a.flags, XEN_PVCLOCK_TSC_STABLE_BIT);
    assert_int_equal(a.version, 2);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_int_equal(guest_time(&a), arch_now());
    domain_pause(d);
    workbench_settle();
    world_destroy(d);
}

static struct vcpu_time_info area;
static unsigned int area_copies, area_odd;

static void watch_area(uint64_t guest, size_t size)
{
    if (guest != (uint64_t)&area)
        return;
    area_copies++;
    area_odd += area.version & 1;
    assert_true(size <= sizeof(area));
}

static void area_follows(void **state)
{
    struct vcpu_register_time_memory_area a = { .addr.p = (uint64_t)&area };
    struct vcpu *v = dom0_vcpu(0);

    (void)state;
    world_run(v);
    world_copied = watch_area;
    area_copies = area_odd = 0;
    assert_int_equal(op(v, VCPUOP_register_vcpu_time_memory_area, 0, &a), 0);
    assert_int_equal(area_copies, 3);
    assert_int_equal(area_odd, 2);
    assert_memory_equal(&area, (const void *)&v->info->time, sizeof(area));
    world_pass(2 * SECOND);
    assert_memory_equal(&area, (const void *)&v->info->time, sizeof(area));
    assert_int_equal(area_odd * 3, area_copies * 2);
    a.addr.p = 0;
    assert_int_equal(op(v, VCPUOP_register_vcpu_time_memory_area, 0, &a), 0);
    area_copies = 0;
    world_pass(2 * SECOND);
    assert_int_equal(area_copies, 0);
    a.addr.p = 1ul << 47;
    assert_int_equal(op(v, VCPUOP_register_vcpu_time_memory_area, 0, &a), ERROR(EFAULT));
}

static void area_out_of_reach_is_tried_again(void **state)
{
    struct vcpu_register_time_memory_area a = { .addr.p = (uint64_t)&area };
    struct vcpu *v = dom0_vcpu(0);

    (void)state;
    world_run(v);
    memset(&area, 0, sizeof(area));
    world_out_of_reach = (uint64_t)&area + 8;
    assert_int_equal(op(v, VCPUOP_register_vcpu_time_memory_area, 0, &a), 0);
    assert_int_equal(guest_time(&v->info->time), arch_now());
    world_out_of_reach = 0;
    time_publish(v);
    assert_memory_equal(&area, (const void *)&v->info->time, sizeof(area));
    a.addr.p = 0;
    op(v, VCPUOP_register_vcpu_time_memory_area, 0, &a);
}

static void area_of_another(void **state)
{
    struct vcpu_register_time_memory_area a = { .addr.p = (uint64_t)&area };
    uint32_t version = dom0_vcpu(1)->info->time.version;

    (void)state;
    world_run(dom0_vcpu(0));
    memset(&area, 0, sizeof(area));
    assert_int_equal(op(dom0_vcpu(0), VCPUOP_register_vcpu_time_memory_area, 1, &a), 0);
    assert_int_equal(guest_time(&area), arch_now());
    assert_int_equal(area.version, version);
    world_pass(SECOND);
    assert_memory_equal(&area, (const void *)&dom0_vcpu(1)->info->time, sizeof(area));
    a.addr.p = 0;
    op(dom0_vcpu(0), VCPUOP_register_vcpu_time_memory_area, 1, &a);
}

/* ---- wall clock ---- */

static void check_wallclock(const struct domain *d, uint64_t seconds, uint32_t ns)
{
    assert_int_equal(d->shared->wc_version & 1, 0);
    assert_int_equal(d->shared->wc_sec | (uint64_t)d->shared->wc_sec_hi << 32, seconds);
    assert_int_equal(d->shared->wc_nsec, ns);
}

static void wall_clock(void **state)
{
    struct domain *d = world_create(3, 0);
    uint64_t seconds, passed = (uint64_t)arch_now() / SECOND;
    uint32_t ns, version = d->shared->wc_version;

    (void)state;
    check_wallclock(dom0, 1700000000, 0);
    check_wallclock(d, 1700000000, 0);
    time_get_wallclock(&seconds, &ns);
    assert_int_equal(seconds, 1700000000 + passed);
    assert_int_equal(ns, arch_now() % SECOND);
    d->time_offset = -3600;
    time_set_wallclock(1800000000, 250000000, 10 * SECOND + 750000000);
    check_wallclock(dom0, 1800000000 - 11, 500000000);
    check_wallclock(d, 1800000000 - 11 - 3600, 500000000);
    assert_int_equal(d->shared->wc_version, version + 2);
    time_set_wallclock(1ul << 33, 750000000, 10 * SECOND + 250000000);
    check_wallclock(dom0, (1ul << 33) - 10, 500000000);
    time_get_wallclock(&seconds, &ns);
    assert_int_equal(seconds, (1ul << 33) - 10 + (500000000ul + (uint64_t)arch_now()) / SECOND);
    time_set_wallclock(~0ul, 999999999, INT64_MIN);
    time_set_wallclock(0, 0, -1);
    time_set_wallclock(1700000000, 0, 0);
    world_destroy(d);
}

/* ---- runstate ---- */

static uint64_t sum(const struct vcpu_runstate_info *r)
{
    return r->time[0] + r->time[1] + r->time[2] + r->time[3];
}

static int state_of(const struct vcpu *v)
{
    if (!v->waits)
        return v->sched.running ? RUNSTATE_running : RUNSTATE_runnable;
    return v->waits & (WAIT_BLOCKED | WAIT_POLL) ? RUNSTATE_blocked : RUNSTATE_offline;
}

/* Two domains on two CPUs, whatever happens to them: no nanosecond is lost. */
static void runstates_add_up(void **state)
{
    static const uint32_t reasons[] = { WAIT_BLOCKED, WAIT_DOWN, WAIT_PAUSED };
    ns_t born = arch_now();
    struct domain *d = world_create(3, 4);
    struct vcpu_runstate_info r, before[4] = { 0 };

    (void)state;
    domain_unpause(d);
    srand(1);
    for (unsigned int i = 0; i < 20000; i++) {
        struct vcpu *v = domain_vcpu(d, (unsigned int)rand() % 4);
        uint32_t why = reasons[rand() % 3];

        workbench_be((unsigned int)rand() % CPUS);
        if (rand() % 2)
            vcpu_sleep(v, why);
        else
            vcpu_wake(v, why);
        workbench_settle();
        assert_int_equal(op(dom0_vcpu(0), VCPUOP_get_runstate_info, 9, &r), ERROR(ENOENT));
        assert_int_equal(op(v, VCPUOP_get_runstate_info, v->id, &r), 0);
        assert_int_equal(sum(&r), arch_now() - born);
        assert_int_equal(r.state, state_of(v));
        for (unsigned int s = 0; s < 4; s++)
            assert_true(r.time[s] >= before[v->id].time[s]);
        before[v->id] = r;
        workbench_now += rand() % (30 * MS);
        workbench_settle();
    }
    workbench_be(0);
    domain_pause(d);
    workbench_settle();
    world_destroy(d);
}

/* The TSC of a CPU is behind that of another: time stands still until it has caught up. */
static void runstate_goes_not_back(void **state)
{
    struct vcpu v = { .runstate = { .state = RUNSTATE_blocked, .state_entry_time = 1000 } };
    struct vcpu_runstate_info r;

    (void)state;
    runstate_change(&v, RUNSTATE_running, 900);
    assert_int_equal(sum(&v.runstate), 0);
    assert_int_equal(v.runstate.state_entry_time, 1000);
    runstate_change(&v, RUNSTATE_offline, 1100);
    assert_int_equal(v.runstate.time[RUNSTATE_running], 100);
    v.runstate.state_entry_time = (uint64_t)arch_now() + 5;
    runstate_get(&v, &r);
    assert_int_equal(sum(&r), 100);
}

static struct vcpu_runstate_info runstate;
static unsigned int flagged, unflagged;

static void watch_runstate(uint64_t guest, size_t size)
{
    if (guest < (uint64_t)&runstate || guest >= (uint64_t)(&runstate + 1))
        return;
    assert_true(size <= sizeof(runstate));
    if (runstate.state_entry_time & XEN_RUNSTATE_UPDATE)
        flagged++;
    else
        unflagged++;
}

static void runstate_area(void **state)
{
    struct vcpu_register_runstate_memory_area a = { .addr.p = (uint64_t)&runstate };
    struct vcpu *v = dom0_vcpu(1);

    (void)state;
    world_run(v);
    world_copied = watch_runstate;
    flagged = unflagged = 0;
    assert_int_equal(op(v, VCPUOP_register_runstate_memory_area, 1, &a), 0);
    assert_int_equal(unflagged, 1);
    assert_memory_equal(&runstate, &v->runstate, sizeof(runstate));
    vcpu_sleep(v, WAIT_BLOCKED);
    world_pass(MS);
    vcpu_wake(v, WAIT_BLOCKED);
    workbench_settle();
    assert_int_equal(unflagged, 2);
    assert_int_equal(runstate.state, RUNSTATE_running);
    assert_int_equal(runstate.state_entry_time, arch_now());
    assert_memory_equal(&runstate, &v->runstate, sizeof(runstate));
    dom0->vm_assist = 1ul << VMASST_TYPE_runstate_update_flag;
    vcpu_sleep(v, WAIT_BLOCKED);
    world_pass(MS);
    vcpu_wake(v, WAIT_BLOCKED);
    workbench_settle();
    assert_int_equal(flagged, 2);
    assert_int_equal(unflagged, 3);
    assert_memory_equal(&runstate, &v->runstate, sizeof(runstate));
    dom0->vm_assist = 0;
    a.addr.p = 0;
    assert_int_equal(op(v, VCPUOP_register_runstate_memory_area, 1, &a), 0);
    a.addr.p = 1ul << 47;
    assert_int_equal(op(v, VCPUOP_register_runstate_memory_area, 1, &a), ERROR(EFAULT));
}

/* 32-bit code has no padding behind the state. */
static void runstate_area_narrow(void **state)
{
    struct {
        uint32_t state, entry[2], time[8], behind;
    } area = { .behind = 0x5a };
    struct vcpu *v = dom0_vcpu(1);

    (void)state;
    world_run(v);
    for (unsigned int flag = 0; flag < 2; flag++) {
        dom0->vm_assist = flag << VMASST_TYPE_runstate_update_flag;
        world_pass(MS);
        runstate_set_area(v, (uint64_t)&area, true);
        assert_int_equal(area.state, RUNSTATE_running);
        assert_memory_equal(area.entry, &v->runstate.state_entry_time, 8);
        assert_memory_equal(area.time, v->runstate.time, 32);
        assert_int_equal(area.behind, 0x5a);
    }
    dom0->vm_assist = 0;
    runstate_set_area(v, 0, false);
}

/* Of another vCPU until now; an area that cannot be reached is nobody's fault. */
static void runstate_area_of_another(void **state)
{
    struct vcpu_register_runstate_memory_area a = { .addr.p = (uint64_t)&runstate };
    struct vcpu_runstate_info r;

    (void)state;
    world_run(dom0_vcpu(0));
    workbench_now += 100;
    assert_int_equal(op(dom0_vcpu(0), VCPUOP_register_runstate_memory_area, 1, &a), 0);
    runstate_get(dom0_vcpu(1), &r);
    assert_memory_equal(&runstate, &r, sizeof(r));
    dom0->vm_assist = 1ul << VMASST_TYPE_runstate_update_flag;
    world_out_of_reach = (uint64_t)&runstate + 12;
    assert_int_equal(op(dom0_vcpu(0), VCPUOP_register_runstate_memory_area, 1, &a), 0);
    assert_memory_equal(&runstate, &r, sizeof(r));
    dom0->vm_assist = 0;
    a.addr.p = 0;
    assert_int_equal(op(dom0_vcpu(0), VCPUOP_register_runstate_memory_area, 1, &a), 0);
}

/* ---- timers ---- */

/* ns until VIRQ_TIMER comes; -1: not within a time. */
static ns_t comes_after(struct vcpu *v, port_t port, ns_t limit)
{
    ns_t from = workbench_now;

    workbench_settle();
    while (!world_take(v, port)) {
        if (workbench_now - from >= limit)
            return -1;
        workbench_pass_until(from + limit);
        workbench_settle();
    }
    return workbench_now - from;
}

static port_t quiet(struct vcpu *v)
{
    assert_int_equal(op(v, VCPUOP_stop_periodic_timer, v->id, NULL), 0);
    world_run(v);
    return world_bind(v, VIRQ_TIMER);
}

static void loud(struct vcpu *v, port_t port)
{
    assert_int_equal(event_close(v->domain, port), 0);
    workbench_be(0);
}

static long single(struct vcpu *v, ns_t when, uint32_t flags)
{
    struct vcpu_set_singleshot_timer s = { (uint64_t)when, flags };

    return op(v, VCPUOP_set_singleshot_timer, v->id, &s);
}

static void singleshot(void **state)
{
    struct vcpu *v = dom0_vcpu(1);
    struct vcpu_set_singleshot_timer s = { 0 };
    port_t port = quiet(v);

    (void)state;
    assert_int_equal(single(v, arch_now() + MS, 0), 0);
    assert_int_equal(comes_after(v, port, SECOND), MS);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    assert_int_equal(single(v, arch_now() + MS, 0), 0);
    assert_int_equal(single(v, arch_now() + 5 * MS, 0), 0);
    assert_int_equal(comes_after(v, port, SECOND), 5 * MS);
    for (unsigned int flags = 0; flags < 3; flags++) {
        assert_int_equal(single(v, arch_now() - MS, flags), 0);
        assert_int_equal(comes_after(v, port, SECOND), 0);
        assert_int_equal(single(v, -1, flags), 0);
        assert_int_equal(comes_after(v, port, SECOND), 0);
        assert_int_equal(single(v, INT64_MIN, flags), 0);
        assert_int_equal(comes_after(v, port, SECOND), 0);
        assert_int_equal(single(v, 0, flags), 0);
        assert_int_equal(comes_after(v, port, SECOND), 0);
    }
    assert_int_equal(single(v, INT64_MAX, 0), 0);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    assert_int_equal(single(v, arch_now() + MS, 0), 0);
    assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, v->id, NULL), 0);
    assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, v->id, NULL), 0);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    assert_int_equal(op(v, VCPUOP_set_singleshot_timer, 0, &s), ERROR(EINVAL));
    assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, 0, NULL), ERROR(EINVAL));
    loud(v, port);
}

/* It wakes the vCPU, wherever that is by then. */
static void singleshot_wakes(void **state)
{
    struct vcpu *v = dom0_vcpu(1);
    port_t port = quiet(v);

    (void)state;
    assert_int_equal(single(v, arch_now() + MS, 0), 0);
    vcpu_sleep(v, WAIT_BLOCKED);
    workbench_settle();
    assert_false(v->sched.running);
    world_pass(2 * MS);
    assert_true(v->sched.running);
    assert_true(world_take(v, port));
    loud(v, port);
}

static void set_timer_op(void **state)
{
    static const uint64_t far[] = { ~0ul, 1ul << 63, 1ul << 62, 1ul << 51 };
    struct vcpu *v = dom0_vcpu(1);
    port_t port = quiet(v);

    (void)state;
#define SET(when) \
    assert_int_equal(world_call(v, __HYPERVISOR_set_timer_op, (uint64_t)(when), 0, NULL), 0)
    SET(arch_now() + MS);
    assert_int_equal(comes_after(v, port, SECOND), MS);
    SET(arch_now() - MS);
    assert_int_equal(comes_after(v, port, SECOND), 0);
    SET(arch_now() + MS);
    SET(0);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    for (unsigned int i = 0; i < ARRAY_SIZE(far); i++) {
        SET(far[i]);
        assert_int_equal(comes_after(v, port, SECOND), 100 * MS);
    }
    SET(1ul << 49);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    single(v, arch_now() + 5 * MS, 0);
    SET(arch_now() + 50 * MS);
    assert_int_equal(comes_after(v, port, SECOND), 50 * MS);
    assert_int_equal(comes_after(v, port, SECOND), -1);
#undef SET
    loud(v, port);
}

static long period(struct vcpu *v, uint64_t ns)
{
    struct vcpu_set_periodic_timer p = { ns };

    return op(v, VCPUOP_set_periodic_timer, v->id, &p);
}

static void periodic(void **state)
{
    static const uint64_t bad[] = { 0, 1, 999999, 1ul << 62, 1ul << 63, ~0ul };
    struct vcpu *v = dom0_vcpu(1);
    port_t port = quiet(v);

    (void)state;
    assert_int_equal(comes_after(v, port, SECOND), -1);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(period(v, bad[i]), ERROR(EINVAL));
    assert_int_equal(period(v, MS), 0);
    for (unsigned int i = 0; i < 100; i++)
        assert_int_equal(comes_after(v, port, SECOND), MS);
    assert_int_equal(period(v, 1ul << 60), 0);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    assert_int_equal(period(v, 10 * MS), 0);
    assert_int_equal(comes_after(v, port, SECOND), 10 * MS);
    assert_int_equal(op(dom0_vcpu(0), VCPUOP_stop_periodic_timer, 1, NULL), 0);
    assert_int_equal(comes_after(v, port, SECOND), -1);
    loud(v, port);
}

/* A sleeper is not woken for ticks; when it runs again it gets one of those it missed, and the
 * rhythm begins anew. */
static void ticks_while_it_sleeps(void **state)
{
    struct vcpu *v = dom0_vcpu(1);
    port_t port = quiet(v);

    (void)state;
    assert_int_equal(period(v, 10 * MS), 0);
    vcpu_sleep(v, WAIT_BLOCKED);
    world_pass(55 * MS);
    assert_false(v->sched.running);
    assert_int_equal(v->waits, WAIT_BLOCKED);
    assert_false(world_take(v, port));
    vcpu_wake(v, WAIT_BLOCKED);
    workbench_settle();
    assert_int_equal(comes_after(v, port, SECOND), 0);
    assert_int_equal(comes_after(v, port, SECOND), 10 * MS);
    /* One that wakes in time misses none. */
    vcpu_sleep(v, WAIT_BLOCKED);
    world_pass(4 * MS);
    vcpu_wake(v, WAIT_BLOCKED);
    assert_int_equal(comes_after(v, port, SECOND), 6 * MS);
    assert_int_equal(op(v, VCPUOP_stop_periodic_timer, 1, NULL), 0);
    loud(v, port);
}

static void first_ticks(void **state)
{
    struct domain *d = world_create(3, 1);
    struct vcpu *v = domain_vcpu(d, 0);
    port_t port = world_bind(v, VIRQ_TIMER);

    (void)state;
    world_pass(SECOND);
    assert_false(world_take(v, port));
    domain_unpause(d);
    workbench_settle();
    world_take(v, port);
    for (unsigned int i = 0; i < 10; i++)
        assert_int_equal(comes_after(v, port, SECOND), 10 * MS);
    domain_pause(d);
    workbench_settle();
    world_destroy(d);
}

/* Random settings, moves and sleeps on both CPUs: timers never come early, and always come. */
static void timers_at_random(void **state)
{
    struct vcpu *v = dom0_vcpu(1);
    port_t port = quiet(v);

    (void)state;
    srand(2);
    for (unsigned int i = 0; i < 5000; i++) {
        ns_t ahead = rand() % (20 * MS), passed;

        world_run(v);
        assert_int_equal(single(v, arch_now() + ahead, 0), 0);
        if (rand() % 3 == 0) {
            struct cpu_set one = { { 1ul << rand() % CPUS } };

            assert_int_equal(sched_set_affinity(v, &one), 0);
        }
        if (rand() % 2)
            vcpu_sleep(v, WAIT_BLOCKED);
        passed = comes_after(v, port, SECOND);
        assert_int_equal(passed, ahead);
        assert_int_equal(v->waits, 0);
    }
    loud(v, port);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clock_is_system_time),
        TEST(clock_is_published_each_second),
        TEST(sleeper_gets_clock_when_it_runs),
        TEST(stable_clocks_agree),
        TEST(area_follows),
        TEST(area_out_of_reach_is_tried_again),
        TEST(area_of_another),
        TEST(wall_clock),
        TEST(runstates_add_up),
        TEST(runstate_goes_not_back),
        TEST(runstate_area),
        TEST(runstate_area_narrow),
        TEST(runstate_area_of_another),
        TEST(singleshot),
        TEST(singleshot_wakes),
        TEST(set_timer_op),
        TEST(periodic),
        TEST(ticks_while_it_sleeps),
        TEST(first_ticks),
        TEST(timers_at_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
