/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping and waking by HYPERVISOR_sched_op. */
#include "cmocka_all.h"

#include "abi/sched.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "sched_world.h"

#include <string.h>
#include <xen/sched.h>

static long call(uint32_t nr, void *arg)
{
    for (unsigned int i = 0; i < sched_op_count; i++)
        if (sched_ops[i].nr == nr)
            return sched_ops[i].fn(current_vcpu(), arg, 0);
    return -XEN_ENOSYS;
}

/* One vCPU alone on one CPU, running. */
static struct vcpu *one(void)
{
    begin(1, 1, 1);
    wake(&vcpus[0][0]);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), &vcpus[0][0]);
    return current_vcpu();
}

static void rows_are_dense(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < sched_op_count; i++)
        assert_int_equal(sched_ops[i].nr, i);
    assert_int_equal(sched_ops[SCHEDOP_remote_shutdown].authority, AUTH_DOM0);
    assert_int_equal(sched_ops[SCHEDOP_pin_override].authority, AUTH_DOM0);
}

static void yield_alone_does_nothing(void **state)
{
    (void)state;
    one();
    assert_int_equal(call(SCHEDOP_yield, NULL), 0);
    assert_int_equal(softirq_bits(), 0);
}

static void yield_lets_another_run(void **state)
{
    struct vcpu *first, *second;

    (void)state;
    begin(1, 2, 1);
    wake(&vcpus[0][0]);
    wake(&vcpus[1][0]);
    workbench_settle();
    for (unsigned int i = 0; i < 10; i++) {
        first = current_vcpu();
        second = first == &vcpus[0][0] ? &vcpus[1][0] : &vcpus[0][0];
        workbench_now += 1000;
        assert_int_equal(call(SCHEDOP_yield, NULL), 0);
        workbench_settle();
        assert_ptr_equal(current_vcpu(), second);
    }
}

static void block_unless_pending(void **state)
{
    struct vcpu *v = one();

    (void)state;
    v->info->evtchn_upcall_mask = 1;
    pending = true;
    assert_int_equal(call(SCHEDOP_block, NULL), 0);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    assert_int_equal(v->info->evtchn_upcall_mask, 0);
    pending = false;
    assert_int_equal(call(SCHEDOP_block, NULL), 0);
    workbench_settle();
    assert_true(current_vcpu()->is_idle);
    assert_int_equal(v->runstate.state, RUNSTATE_blocked);
    vcpu_sleep(v, WAIT_PAUSED);
    assert_int_equal(v->runstate.state, RUNSTATE_blocked);
    vcpu_kick(v); /* an event: no more blocked, but paused */
    workbench_settle();
    assert_true(current_vcpu()->is_idle);
    assert_int_equal(v->runstate.state, RUNSTATE_offline);
    vcpu_wake(v, WAIT_PAUSED);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
}

static void kick_reaches_running_vcpu(void **state)
{
    unsigned int before;

    (void)state;
    begin(2, 1, 1);
    pin(&vcpus[0][0], 1);
    wake(&vcpus[0][0]);
    workbench_settle();
    before = workbench_kicks[1];
    vcpu_kick(&vcpus[0][0]);
    assert_int_equal(workbench_kicks[1], before + 1);
    workbench_be(1);
    vcpu_kick(&vcpus[0][0]); /* the current one sees it on its way out */
    assert_int_equal(workbench_kicks[1], before + 1);
    workbench_be(0);
}

static long poll(struct vcpu *v, port_t *ports, unsigned int count, uint64_t timeout)
{
    struct sched_poll a = { .nr_ports = count, .timeout = timeout };

    (void)v;
    a.ports.p = ports;
    polled = 0;
    return call(SCHEDOP_poll, &a);
}

static void poll_ends_by_event_or_time(void **state)
{
    port_t ports[129] = { 7, 8, 9 };
    struct vcpu *v = one();

    (void)state;
    assert_int_equal(poll(v, ports, 129, 0), -XEN_EINVAL);
    assert_int_equal(poll(v, NULL, 1, 0), -XEN_EFAULT);
    ports[1] = 99;
    assert_int_equal(poll(v, ports, 2, workbench_now + MS), -XEN_EINVAL);
    assert_int_equal(v->waits, 0);
    assert_int_equal(v->poll_port, 0);
    assert_false(timer_is_armed(&v->poll));
    ports[1] = 8;
    polled = 0;
    poll_result = 1; /* pending already */
    assert_int_equal(poll(v, ports, 3, 0), 0);
    assert_int_equal(polled, 1);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    poll_result = 0;
    assert_int_equal(polled_waiting, 0);

    assert_int_equal(poll(v, ports, 1, 0), 0);
    assert_int_equal(polled_waiting, 1);
    assert_int_equal(v->poll_port, 7);
    workbench_settle();
    assert_true(current_vcpu()->is_idle);
    assert_int_equal(v->runstate.state, RUNSTATE_blocked);
    vcpu_wake(v, WAIT_POLL);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);

    assert_int_equal(poll(v, ports, 3, (uint64_t)workbench_now + 5 * MS), 0);
    assert_int_equal(v->poll_port, ~0u);
    run_for(4 * MS);
    assert_true(current_vcpu()->is_idle);
    run_for(MS);
    assert_ptr_equal(current_vcpu(), v);
    assert_int_equal(v->poll_port, 0);

    assert_int_equal(poll(v, ports, 3, (uint64_t)workbench_now + 5 * MS), 0);
    workbench_settle();
    vcpu_kick(v); /* an event for its upcall ends it too, and the timer */
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    assert_false(timer_is_armed(&v->poll));

    assert_int_equal(poll(v, ports, 0, 1), 0); /* a time long past */
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    assert_int_equal(poll(v, ports, 0, ~0ull), 0); /* likewise: it is signed */
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    v->info->evtchn_upcall_pending = 1;
    v->info->evtchn_upcall_mask = 0;
    assert_int_equal(poll(v, ports, 1, 0), 0);
    workbench_settle();
    assert_ptr_equal(current_vcpu(), v);
    v->info->evtchn_upcall_pending = 0;
}

static long watchdog(uint32_t id, uint32_t seconds)
{
    struct sched_watchdog a = { .id = id, .timeout = seconds };

    return call(SCHEDOP_watchdog, &a);
}

static void watchdogs_shut_down(void **state)
{
    (void)state;
    one();
    assert_int_equal(watchdog(0, 0), -XEN_EINVAL);
    assert_int_equal(watchdog(1, 5), -XEN_EINVAL);
    assert_int_equal(watchdog(0, 30), 1);
    assert_int_equal(watchdog(0, 40), 2);
    assert_int_equal(watchdog(0, 10), -XEN_ENOSPC);
    assert_int_equal(watchdog(3, 10), -XEN_EINVAL);
    assert_int_equal(watchdog(~0u, 10), -XEN_EINVAL);
    run_for(29 * SECOND);
    assert_int_equal(watchdog(1, 20), 0);
    run_for(10 * SECOND);
    assert_int_equal(watchdog(2, 0), 0);
    assert_int_equal(watchdog(2, 5), -XEN_EINVAL);
    run_for(9 * SECOND);
    assert_null(shut_down);
    run_for(SECOND);
    assert_ptr_equal(shut_down, &domains[0]);
    assert_int_equal(shutdown_reason, SHUTDOWN_watchdog);
    assert_int_equal(watchdog(0, ~0u), 2);
    sched_domain_destroy(&domains[0]);
    assert_false(timer_is_armed(&domains[0].sched.watchdogs[1]));
}

static void shutdown_rows(void **state)
{
    struct sched_shutdown a = { .reason = SHUTDOWN_reboot };
    struct sched_remote_shutdown r = { .domain_id = 9, .reason = SHUTDOWN_crash };
    struct sched_pin_override p = { .pcpu = 0 };

    (void)state;
    one();
    assert_int_equal(call(SCHEDOP_shutdown, &a), 0);
    assert_int_equal(shutdown_reason, SHUTDOWN_reboot);
    assert_int_equal(call(SCHEDOP_remote_shutdown, &r), -XEN_ESRCH);
    r.domain_id = 1;
    assert_int_equal(call(SCHEDOP_remote_shutdown, &r), 0);
    assert_int_equal(shutdown_reason, SHUTDOWN_crash);
    a.reason = SHUTDOWN_suspend;
    assert_int_equal(call(SCHEDOP_shutdown_code, &a), 0);
    a.reason = SHUTDOWN_poweroff;
    assert_int_equal(call(SCHEDOP_shutdown_code, &a), 0);
    assert_true(domains[0].shutdown_code_set);
    assert_int_equal(domains[0].shutdown_code, SHUTDOWN_suspend); /* the first stays */
    assert_int_equal(call(SCHEDOP_pin_override, &p), 0);
    p.pcpu = 1;
    assert_int_equal(call(SCHEDOP_pin_override, &p), -XEN_EINVAL);
    p.pcpu = INT32_MIN;
    assert_int_equal(call(SCHEDOP_pin_override, &p), 0);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_dense),
        cmocka_unit_test(yield_alone_does_nothing),
        cmocka_unit_test(yield_lets_another_run),
        cmocka_unit_test(block_unless_pending),
        cmocka_unit_test(kick_reaches_running_vcpu),
        cmocka_unit_test(poll_ends_by_event_or_time),
        cmocka_unit_test(watchdogs_shut_down),
        cmocka_unit_test(shutdown_rows),
    };

    return cmocka_run_group_tests(tests, sched_world_start, NULL);
}
