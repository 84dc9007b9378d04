/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler: its books after each of many random operations, shares of time, places. */
#include "cmocka_all.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"
#include "sched_world.h"

#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#define STEPS 100000

static struct vcpu *any_vcpu(void)
{
    return &vcpus[(unsigned int)rand() % domains_used][(unsigned int)rand() % vcpus_used];
}

static struct cpu_set any_cpus(void)
{
    struct cpu_set set = { { 0 } };

    set.bits[0] = (uint64_t)rand() % (1ull << cpu_count);
    return set;
}
/* ---- the books ---- */

static bool schedule_due(unsigned int cpu)
{
    return workbench_softirqs_of(cpu) & 1u << SOFTIRQ_SCHEDULE;
}

static int state_of(const struct vcpu *v)
{
    if (run_queues[v->cpu].current == v)
        return RUNSTATE_running;
    if (v->waits & (WAIT_BLOCKED | WAIT_POLL))
        return RUNSTATE_blocked;
    return v->waits & ~(uint32_t)WAIT_CAP ? RUNSTATE_offline : RUNSTATE_runnable;
}

/* Each vCPU is where it must be, once. */
static void check_vcpu(const struct vcpu *v)
{
    unsigned int queued = 0, current = 0;

    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        const struct run_queue *q = &run_queues[cpu];

        for (struct ordered *o = NULL; (o = ordered_next(&q->waiting, o)) != NULL;)
            queued += waiting_vcpu(o) == v;
        current += q->current == v;
        if (waiting_first(q))
            assert_false(lock_held(&q->lock));
    }
    assert_int_equal(queued, v->sched.place.in_set);
    assert_true(queued + current <= 1);
    assert_int_equal(current, v->sched.running);
    assert_true(!current || run_queues[v->cpu].current == v);
    if (v->waits) {
        assert_int_equal(queued, 0);
        assert_true(!current || schedule_due(v->cpu));
    } else {
        assert_int_equal(queued + current, 1);
    }
    assert_true(sched_may_run(v, v->cpu) || v->waits || (current && schedule_due(v->cpu)));
    assert_int_equal(v->runstate.state, state_of(v));
}

static void check_books(void)
{
    for (unsigned int d = 0; d < domains_used; d++)
        for (unsigned int id = 0; id < vcpus_used; id++)
            check_vcpu(&vcpus[d][id]);
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        const struct run_queue *q = &run_queues[cpu];
        uint32_t load = q->current->is_idle ? 0 : q->current->sched.weight;

        for (struct ordered *o = NULL; (o = ordered_next(&q->waiting, o)) != NULL;)
            load += waiting_vcpu(o)->sched.weight;
        assert_int_equal(q->load, load);
    }
}

/* When all is quiet no vCPU waits for one CPU while another, where it may run, is idle; and
 * where one waits a timer will come. */
static void check_quiet(void)
{
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        const struct run_queue *q = &run_queues[cpu];

        workbench_be(cpu);
        assert_ptr_equal(q->current, current_vcpu());
        workbench_be(0);
        if (q->waiting.count)
            assert_true(workbench_programmed[cpu] <= workbench_now + 10 * MS);
        for (struct ordered *o = NULL; (o = ordered_next(&q->waiting, o)) != NULL;)
            for (unsigned int other = 0; other < cpu_count; other++)
                assert_false(run_queues[other].current->is_idle &&
                             sched_may_run(waiting_vcpu(o), other) &&
                             !sched_over_cap(waiting_vcpu(o)));
    }
}

static void random_operation(void)
{
    static const uint32_t reasons[] = { WAIT_DOWN, WAIT_BLOCKED, WAIT_PAUSED, WAIT_DOMAIN };
    uint32_t why = reasons[(unsigned int)rand() % ARRAY_SIZE(reasons)];
    struct vcpu *v = any_vcpu();
    struct cpu_set cpus = any_cpus();

    switch (rand() % 16) {
    case 0:
    case 1:
    case 2: vcpu_sleep(v, why); break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8: vcpu_wake(v, rand() % 4 ? v->waits & ~(uint32_t)WAIT_CAP : why); break;
    case 9: vcpu_kick(v); break;
    case 10: sched_set_affinity(v, &cpus); break;
    case 11: sched_set_soft_affinity(v, &cpus); break;
    case 12: sched_pin_override(v, rand() % 2 ? -1 : rand() % (int)(cpu_count + 1)); break;
    case 13: assert_int_equal(sched_set_weight(v->domain, 1 + (uint32_t)rand() % 1000), 0); break;
    case 14:
        assert_int_equal(sched_set_cap(v->domain, rand() % 2 ? 0 : (uint32_t)rand() % 300), 0);
        break;
    default:
        v = current_vcpu();
        if (v->is_idle)
            break;
        if (rand() % 2)
            vcpu_yield(v);
        else
            sched_block(v);
        break;
    }
}

static void books_stay_true(void **state)
{
    (void)state;
    srand(5);
    begin(CPUS, DOMAINS, VCPUS);
    for (unsigned int step = 0; step < STEPS; step++) {
        workbench_be((unsigned int)rand() % CPUS);
        random_operation();
        check_books();
        disturb = rand() % 2 ? random_operation : NULL;
        if (rand() % 3 == 0)
            workbench_turn((unsigned int)rand() % CPUS);
        check_books();
        disturb = NULL;
        workbench_now += rand() % 100000;
        if (rand() % 8)
            continue;
        workbench_be(0);
        workbench_settle();
        check_books();
        check_quiet();
        workbench_pass_until(workbench_now + 3 * MS);
    }
    workbench_be(0);
    assert_true(switches > STEPS / 20);
}

/* ---- shares ---- */

static double share(const struct vcpu *v, uint64_t before, ns_t time)
{
    return (double)(sched_runtime(v) - before) / (double)time;
}

static void assert_near(double is, double should, double within)
{
    if (is < should - within || is > should + within)
        print_error("%f is not near %f\n", is, should);
    assert_true(is >= should - within && is <= should + within);
}

static void weights_share_one_cpu(void **state)
{
    static const uint32_t weights[][2] = { { 256, 512 }, { 256, 256 }, { 1, 3 }, { 1000, 65535 } };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(weights); i++) {
        double sum = weights[i][0] + weights[i][1];

        begin(1, 2, 1);
        for (unsigned int d = 0; d < 2; d++) {
            assert_int_equal(sched_set_weight(&domains[d], weights[i][d]), 0);
            wake(&vcpus[d][0]);
        }
        run_for(20 * SECOND);
        for (unsigned int d = 0; d < 2; d++)
            assert_near(share(&vcpus[d][0], 0, 20 * SECOND), weights[i][d] / sum, 0.003);
        assert_near((double)vcpus[0][0].runstate.time[RUNSTATE_runnable] / 20e9,
                    weights[i][1] / sum, 0.003);
    }
}

static void weight_change_counts_at_once(void **state)
{
    uint64_t before;

    (void)state;
    begin(1, 2, 1);
    wake(&vcpus[0][0]);
    wake(&vcpus[1][0]);
    run_for(5 * SECOND);
    assert_near(share(&vcpus[0][0], 0, 5 * SECOND), 0.5, 0.005);
    assert_int_equal(sched_set_weight(&domains[0], 768), 0);
    before = sched_runtime(&vcpus[0][0]);
    run_for(5 * SECOND);
    assert_near(share(&vcpus[0][0], before, 5 * SECOND), 0.75, 0.005);
    assert_int_equal(sched_set_weight(&domains[0], 0), -XEN_EINVAL);
    assert_int_equal(sched_set_weight(&domains[0], 65536), -XEN_EINVAL);
}

/* One that ran alone for long, without anything that made its CPU choose, shares with a newcomer from the
 * start: what it ran is in the books by then, whether the other comes anew, slept, or comes from
 * another CPU. */
static void newcomer_owns_no_past(void **state)
{
    (void)state;
    begin(1, 2, 1);
    wake(&vcpus[0][0]);
    run_for(SECOND);
    wake(&vcpus[1][0]);
    for (unsigned int i = 0; i < 2; i++) {
        uint64_t before = sched_runtime(&vcpus[1][0]);

        run_for(SECOND);
        assert_near(share(&vcpus[1][0], before, SECOND), 0.5, 0.02);
        vcpu_sleep(&vcpus[1][0], WAIT_BLOCKED);
        run_for(5 * SECOND);
        vcpu_wake(&vcpus[1][0], WAIT_BLOCKED);
    }
    begin(2, 2, 1);
    pin(&vcpus[0][0], 1);
    pin(&vcpus[1][0], 0);
    wake(&vcpus[0][0]);
    wake(&vcpus[1][0]);
    run_for(5 * SECOND);
    pin(&vcpus[1][0], 1);
    run_for(SECOND);
    assert_near(share(&vcpus[1][0], 0, 6 * SECOND), 5.5 / 6, 0.01);
}

/* One that sleeps in between gets no more than its share, and no less than it asks for below
 * that. */
static void sleepers_get_their_share(void **state)
{
    static const ns_t bursts[] = { MS / 10, MS, 4 * MS, 20 * MS };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(bursts); i++) {
        struct vcpu *v = &vcpus[0][0];

        begin(1, 2, 1);
        pool_set_least_run(0, 0); /* else it waits each time that it wakes */
        wake(v);
        wake(&vcpus[1][0]);
        while (workbench_now < 11 * SECOND) {
            uint64_t from = sched_runtime(v);

            while (sched_runtime(v) - from < (uint64_t)bursts[i])
                run_for(MS / 20);
            vcpu_sleep(v, WAIT_BLOCKED);
            run_for(MS / 10);
            vcpu_wake(v, WAIT_BLOCKED);
        }
        assert_true(share(v, 0, 10 * SECOND) < 0.53);
        /* Short bursts with pauses as long: all it can use without waiting is half. */
        assert_true(share(v, 0, 10 * SECOND) > 0.4);
    }
}

/* When the one that has run more has run for so long in one go. */
static void woken_runs_soon_after(uint32_t least_us)
{
    ns_t worst = 0;

    begin(1, 3, 1);
    pool_set_least_run(0, least_us);
    wake(&vcpus[1][0]);
    wake(&vcpus[2][0]);
    for (unsigned int i = 0; i < 500; i++) {
        ns_t from;

        run_for(10 * MS + rand() % (5 * MS));
        vcpu_wake(&vcpus[0][0], WAIT_DOWN | WAIT_BLOCKED);
        from = workbench_now;
        while (run_queues[0].current != &vcpus[0][0])
            run_for(10000);
        worst = workbench_now - from > worst ? workbench_now - from : worst;
        run_for(100000);
        vcpu_sleep(&vcpus[0][0], WAIT_BLOCKED);
    }
    assert_true(worst <= least_us * 1000 + 20000); /* it has run less than the others */
    assert_true(worst >= least_us * 900);
}

static void woken_runs_soon(void **state)
{
    (void)state;
    woken_runs_soon_after(0);
    woken_runs_soon_after(1000);
    woken_runs_soon_after(3000);
}

/* However many wait, each runs within a bound. */
static void all_run_within_bound(void **state)
{
    (void)state;
    begin(1, DOMAINS, VCPUS);
    for (unsigned int d = 0; d < DOMAINS; d++)
        for (unsigned int id = 0; id < VCPUS; id++)
            wake(&vcpus[d][id]);
    for (unsigned int i = 0; i < 50; i++) {
        uint64_t before[DOMAINS][VCPUS];

        for (unsigned int d = 0; d < DOMAINS; d++)
            for (unsigned int id = 0; id < VCPUS; id++)
                before[d][id] = sched_runtime(&vcpus[d][id]);
        run_for(40 * MS);
        for (unsigned int d = 0; d < DOMAINS; d++)
            for (unsigned int id = 0; id < VCPUS; id++)
                assert_true(sched_runtime(&vcpus[d][id]) > before[d][id]);
    }
}

static void caps_hold(void **state)
{
    static const uint32_t caps[] = { 1, 10, 50, 100, 150, 0 };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(caps); i++) {
        double sum = 0, most = caps[i] && caps[i] < 200 ? caps[i] / 100.0 : 2.0;

        begin(2, 1, 2);
        assert_int_equal(sched_set_cap(&domains[0], caps[i]), 0);
        wake(&vcpus[0][0]);
        wake(&vcpus[0][1]);
        run_for(10 * SECOND);
        for (unsigned int id = 0; id < 2; id++)
            sum += share(&vcpus[0][id], 0, 10 * SECOND);
        assert_near(sum, most, most * 0.03);
    }
    /* Alone on the CPU, and with another that takes the rest. */
    begin(1, 2, 1);
    sched_set_cap(&domains[0], 50);
    wake(&vcpus[0][0]);
    run_for(10 * SECOND);
    assert_near(share(&vcpus[0][0], 0, 10 * SECOND), 0.5, 0.01);
    sched_set_weight(&domains[0], 60000);
    wake(&vcpus[1][0]);
    run_for(10 * SECOND);
    assert_near(share(&vcpus[0][0], 0, 20 * SECOND), 0.5, 0.01);
    assert_near(share(&vcpus[1][0], 0, 10 * SECOND), 0.5, 0.01);
    sched_set_cap(&domains[0], 0);
    run_for(10 * SECOND);
    assert_true(share(&vcpus[0][0], 0, 30 * SECOND) > 0.65);
    assert_int_equal(sched_set_cap(&domains[0], ~0u), -XEN_EINVAL);
}

/* A cap, and another one, hold from when they are set, also for one that runs alone. */
static void cap_counts_at_once(void **state)
{
    static const uint32_t caps[] = { 50, 20, 90, 0 };

    (void)state;
    begin(2, 1, 1);
    wake(&vcpus[0][0]);
    run_for(SECOND);
    for (unsigned int i = 0; i < ARRAY_SIZE(caps); i++) {
        uint64_t before = sched_runtime(&vcpus[0][0]);

        assert_int_equal(sched_set_cap(&domains[0], caps[i]), 0);
        run_for(SECOND);
        assert_near(share(&vcpus[0][0], before, SECOND), caps[i] ? caps[i] / 100.0 : 1, 0.03);
    }
}

/* A CPU that was kept from its work for longer than the budget lasts (of an emulator, on a busy host) finds
 * it used up when it first looks: a period has to begin all the same. */
static void cap_used_up_before_it_is_looked_at(void **state)
{
    uint64_t before[2];

    (void)state;
    begin(2, 1, 2);
    wake(&vcpus[0][0]);
    wake(&vcpus[0][1]);
    run_for(SECOND);
    assert_int_equal(sched_set_cap(&domains[0], 150), 0);
    workbench_now += 20 * MS;
    run_for(SECOND);
    for (unsigned int id = 0; id < 2; id++)
        before[id] = sched_runtime(&vcpus[0][id]);
    run_for(SECOND);
    assert_near(share(&vcpus[0][0], before[0], SECOND) + share(&vcpus[0][1], before[1], SECOND),
                1.5, 0.05);
}

static void capped_domain_at_rest_sets_no_timer(void **state)
{
    (void)state;
    begin(1, 1, 1);
    sched_set_cap(&domains[0], 50);
    wake(&vcpus[0][0]);
    run_for(SECOND);
    vcpu_sleep(&vcpus[0][0], WAIT_BLOCKED);
    run_for(SECOND);
    assert_int_equal(workbench_programmed[0], NS_MAX);
}

/* More vCPUs than CPUs, not a multiple: they take the quiet places in turn. */
static void shares_are_equal_over_cpus(void **state)
{
    static const struct {
        unsigned int cpus, vcpus;
    } cases[] = {
        { 2, 2 }, { 2, 3 }, { 3, 4 }, { 3, 8 }, { 4, 7 }, { 5, 8 }, { 8, 13 }, { 8, 15 },
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        double fair = (double)cases[i].cpus / cases[i].vcpus;

        begin(cases[i].cpus, DOMAINS, VCPUS);
        for (unsigned int n = 0; n < cases[i].vcpus; n++)
            wake(&vcpus[n / VCPUS][n % VCPUS]);
        run_for(20 * SECOND);
        for (unsigned int n = 0; n < cases[i].vcpus; n++)
            assert_near(share(&vcpus[n / VCPUS][n % VCPUS], 0, 20 * SECOND), fair, 0.03 * fair);
    }
}

/* ---- places ---- */

static void woken_goes_to_idle_cpu(void **state)
{
    unsigned int seen = 0;

    (void)state;
    begin(CPUS, DOMAINS, 1);
    for (unsigned int d = 0; d < CPUS; d++) {
        pin(&vcpus[d][0], 0); /* it was last on CPU 0 … */
        wake(&vcpus[d][0]);
        run_for(MS);
        vcpu_sleep(&vcpus[d][0], WAIT_DOWN);
        workbench_settle();
        memset(&vcpus[d][0].sched.hard, 0xff, sizeof(struct cpu_set));
    }
    for (unsigned int d = 0; d < CPUS; d++)
        wake(&vcpus[d][0]); /* … and all wake at once */
    workbench_settle();
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        seen += !run_queues[cpu].current->is_idle;
    assert_int_equal(seen, CPUS);
    check_books();
}

static void soft_affinity_is_preferred(void **state)
{
    struct cpu_set soft = { { 1 << 2 } };

    (void)state;
    begin(CPUS, 2, 1);
    sched_set_soft_affinity(&vcpus[0][0], &soft);
    sched_set_soft_affinity(&vcpus[1][0], &soft);
    wake(&vcpus[0][0]);
    workbench_settle();
    assert_ptr_equal(run_queues[2].current, &vcpus[0][0]);
    wake(&vcpus[1][0]); /* its place is taken: any other is better than to wait */
    workbench_settle();
    assert_ptr_equal(run_queues[2].current, &vcpus[0][0]);
    assert_int_equal(vcpus[1][0].sched.running, true);
}

static void affinity_moves_at_once(void **state)
{
    struct cpu_set none = { { 0 } }, absent = { { 1ull << CPUS } };
    struct vcpu *v = &vcpus[0][0];

    (void)state;
    begin(CPUS, 2, 1);
    wake(v);
    workbench_settle();
    for (unsigned int i = 0; i < 20; i++) {
        pin(v, i % CPUS);
        check_books();
        workbench_settle();
        assert_ptr_equal(run_queues[i % CPUS].current, v);
    }
    assert_int_equal(sched_set_affinity(v, &none), -XEN_EINVAL);
    assert_int_equal(sched_set_affinity(v, &absent), -XEN_EINVAL);
    /* One that waits behind another. */
    pin(&vcpus[1][0], v->cpu);
    wake(&vcpus[1][0]);
    workbench_settle();
    assert_int_equal(run_queues[v->cpu].waiting.count, 1);
    pin(&vcpus[1][0], (v->cpu + 1) % CPUS);
    workbench_settle();
    assert_ptr_equal(run_queues[(v->cpu + 1) % CPUS].current, &vcpus[1][0]);
}

static void pin_override_is_undone(void **state)
{
    struct vcpu *v = &vcpus[0][0];
    struct cpu_set all = { { ~0ull } };

    (void)state;
    begin(CPUS, 1, 1);
    pin(v, 1);
    wake(v);
    workbench_settle();
    assert_int_equal(sched_pin_override(v, -1), -XEN_EINVAL);
    assert_int_equal(sched_pin_override(v, CPUS), -XEN_EINVAL);
    assert_int_equal(sched_pin_override(v, 3), 0);
    workbench_settle();
    assert_ptr_equal(run_queues[3].current, v);
    assert_int_equal(sched_pin_override(v, 2), -XEN_EBUSY);
    assert_int_equal(sched_set_affinity(v, &all), -XEN_EBUSY);
    assert_int_equal(sched_pin_override(v, -1), 0);
    workbench_settle();
    assert_ptr_equal(run_queues[1].current, v);
}

/* A thief comes for what waits when its own CPU has nothing left. */
static void idle_cpu_takes_work(void **state)
{
    (void)state;
    begin(2, 3, 1);
    for (unsigned int d = 0; d < 3; d++)
        wake(&vcpus[d][0]);
    workbench_settle();
    for (unsigned int d = 0; d < 3; d++) {
        if (!vcpus[d][0].sched.running)
            continue;
        vcpu_sleep(&vcpus[d][0], WAIT_BLOCKED);
        workbench_settle();
        check_quiet();
        vcpu_wake(&vcpus[d][0], WAIT_BLOCKED);
        workbench_settle();
        check_quiet();
    }
}

static void idle_cpu_has_no_tick(void **state)
{
    (void)state;
    begin(2, 1, 1);
    wake(&vcpus[0][0]);
    run_for(10 * MS);
    /* Alone on a CPU: nothing to compare it with, and nothing on the other CPU. */
    assert_int_equal(workbench_programmed[0], NS_MAX);
    assert_int_equal(workbench_programmed[1], NS_MAX);
    vcpu_sleep(&vcpus[0][0], WAIT_BLOCKED);
    run_for(SECOND);
    assert_int_equal(workbench_programmed[0], NS_MAX);
    idle_halts = 0;
    irq_off();
    sched_idle();
    assert_int_equal(idle_halts, 1);
    irq_off();
    softirq_raise(SOFTIRQ_TIMER);
    sched_idle(); /* something to do first */
    assert_int_equal(idle_halts, 1);
    irq_on();
}

static void runtime_is_counted(void **state)
{
    (void)state;
    begin(1, 1, 1);
    run_for(SECOND);
    assert_int_equal(sched_runtime(run_queues[0].idle), SECOND);
    wake(&vcpus[0][0]);
    workbench_settle();
    run_for(SECOND / 4);
    assert_int_equal(sched_runtime(&vcpus[0][0]), SECOND / 4);
    assert_int_equal(sched_runtime(run_queues[0].idle), SECOND);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_stay_true),
        cmocka_unit_test(weights_share_one_cpu),
        cmocka_unit_test(weight_change_counts_at_once),
        cmocka_unit_test(newcomer_owns_no_past),
        cmocka_unit_test(sleepers_get_their_share),
        cmocka_unit_test(woken_runs_soon),
        cmocka_unit_test(all_run_within_bound),
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(cap_counts_at_once),
        cmocka_unit_test(cap_used_up_before_it_is_looked_at),
        cmocka_unit_test(capped_domain_at_rest_sets_no_timer),
        cmocka_unit_test(shares_are_equal_over_cpus),
        cmocka_unit_test(woken_goes_to_idle_cpu),
        cmocka_unit_test(soft_affinity_is_preferred),
        cmocka_unit_test(affinity_moves_at_once),
        cmocka_unit_test(pin_override_is_undone),
        cmocka_unit_test(idle_cpu_takes_work),
        cmocka_unit_test(idle_cpu_has_no_tick),
        cmocka_unit_test(runtime_is_counted),
    };

    return cmocka_run_group_tests(tests, sched_world_start, NULL);
}
