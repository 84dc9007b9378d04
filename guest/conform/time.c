/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the clock page, timers, the wall clock (xen/xen.h, xen/vcpu.h). */
#include "conform.h"
#include "../lib/pvclock.h"

#include <pv/trap.h>

#include <xen/sched.h>
#include <xen/vcpu.h>

#define VCPU __HYPERVISOR_vcpu_op
#define MS   1000000ul

static volatile unsigned int ticks;
static volatile uint64_t last_tick;

void pv_interrupt(unsigned int vector, struct pv_regs *regs)
{
    (void)regs;
    if (vector < PV_VECTOR_TIMER)
        conform_vector((uint8_t)vector);
    else if (vector == PV_VECTOR_TIMER && pv_this_cpu()->number == 0) {
        ticks++;
        last_tick = pv_time_ns();
    }
}

static const struct row set_timer_calls[] = {
    { "set_timer_none", { 0 }, 0 },
    { "set_timer_past", { 1 }, 0 },
    { "set_timer_never", { ~0ul }, 0 },
    { "set_timer_off_again", { 0 }, 0 },
};
ROWS(time, set_timer_calls, __HYPERVISOR_set_timer_op, "xen.h, HYPERVISOR_set_timer_op()", ANY);

/* Events on for so long. */
static void open_for(uint64_t ns)
{
    pv_irq_enable();
    conform_delay(ns);
    pv_irq_disable();
}

static void quiet(void)
{
    pv_set_timer(0);
    open_for(MS / 10);
    ticks = 0;
}

CASE(time, clock_moves, "xen.h, struct vcpu_time_info", ANY)
{
    uint64_t one = pv_time_ns(), two;

    for (unsigned int i = 0; i < 10000; i++)
        __asm__ volatile("pause");
    two = pv_time_ns();
    EXPECT_TRUE(two > one);
    EXPECT_TRUE(two < one + 1000 * MS);
}

CASE(time, clock_version_is_even, "xen.h, struct vcpu_time_info", ANY)
{
    EXPECT(xen_vcpu_info()->time.version & 1, 0);
}

CASE(time, clock_never_goes_back, "xen.h, struct vcpu_time_info", ANY)
{
    uint64_t last = pv_time_ns();

    for (unsigned int i = 0; i < 20000; i++) {
        uint64_t now = pv_time_ns();

        if (now < last)
            REQUIRE(now, last);
        last = now;
    }
}

CASE(time, clock_never_goes_back_over_yields, "xen.h, struct vcpu_time_info", ANY)
{
    uint64_t last = pv_time_ns();

    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t now;

        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
        now = pv_time_ns();
        if (now < last)
            REQUIRE(now, last);
        last = now;
    }
}

/* The clock of this CPU as it stands in the shared page; pv_time_ns() orders those of all CPUs. */
static uint64_t raw_clock(void)
{
    return pv_clock_read((const volatile struct pv_clock *)&xen_vcpu_info()->time);
}

static volatile uint64_t shared_time;
static volatile uint64_t backward;

static void compare(void)
{
    uint64_t now = raw_clock();

    if (now < shared_time && shared_time - now > backward)
        backward = shared_time - now;
    shared_time = now;
}

static void hand_over(void *argument)
{
    volatile unsigned int *turn = argument;

    for (unsigned int i = 0; i < 2000; i++) {
        while (*turn != 1)
            __asm__ volatile("pause");
        compare();
        *turn = 0;
    }
}

CASE_CPUS(time, clocks_of_two_cpus_agree, "xen.h, struct vcpu_time_info", ANY, 2)
{
    static volatile unsigned int turn;

    turn = 0;
    backward = shared_time = 0;
    if (!conform_start_on_cpu(1, hand_over, (void *)&turn))
        return;
    for (unsigned int i = 0; i < 2000; i++) {
        compare();
        turn = 1;
        while (turn != 0)
            __asm__ volatile("pause");
    }
    conform_wait_cpu(1);
    conform_note("apart by %lu ns", backward);
    EXPECT(backward / (2 * MS), 0);
}

CASE(time, clock_of_an_idle_guest, "xen.h, struct vcpu_time_info", PV)
{
    uint64_t start = pv_time_ns();

    quiet();
    pv_set_timer(start + 30 * MS);
    pv_idle();
    pv_irq_disable();
    EXPECT_TRUE(pv_time_ns() >= start + 30 * MS);
}

CASE(time, wall_clock, "xen.h, struct shared_info, wc_*", ANY)
{
    EXPECT_TRUE(xen_shared_info->wc_sec > 1000000000);
    EXPECT_TRUE(xen_shared_info->wc_nsec < 1000000000);
    EXPECT(xen_shared_info->wc_version & 1, 0);
}

CASE(time, singleshot_fires_once, "vcpu.h, VCPUOP_set_singleshot_timer", ANY)
{
    struct vcpu_set_singleshot_timer timer = { 0 };

    quiet();
    timer.timeout_abs_ns = pv_time_ns() + 5 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    open_for(30 * MS);
    EXPECT(ticks, 1);
    EXPECT_TRUE(last_tick >= timer.timeout_abs_ns);
    EXPECT_TRUE(last_tick < timer.timeout_abs_ns + 20 * MS);
}

CASE(time, singleshot_in_the_past_fires, "vcpu.h, VCPUOP_set_singleshot_timer", ANY)
{
    struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = 1 };

    quiet();
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    open_for(20 * MS);
    EXPECT(ticks, 1);
}

CASE(time, singleshot_future_flag, "vcpu.h, VCPU_SSHOTTMR_future", ANY)
{
    struct vcpu_set_singleshot_timer timer = { .flags = VCPU_SSHOTTMR_future };

    quiet();
    timer.timeout_abs_ns = pv_time_ns() + 5 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    open_for(20 * MS);
    EXPECT(ticks, 1);
}

CASE(time, singleshot_stopped, "vcpu.h, VCPUOP_stop_singleshot_timer", ANY)
{
    struct vcpu_set_singleshot_timer timer = { 0 };

    quiet();
    timer.timeout_abs_ns = pv_time_ns() + 10 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    EXPECT(hypercall3(VCPU, VCPUOP_stop_singleshot_timer, 0, 0), 0);
    open_for(30 * MS);
    EXPECT(ticks, 0);
}

CASE(time, singleshot_replaced, "vcpu.h, VCPUOP_set_singleshot_timer", ANY)
{
    struct vcpu_set_singleshot_timer timer = { 0 };

    quiet();
    timer.timeout_abs_ns = pv_time_ns() + 1000000 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    timer.timeout_abs_ns = pv_time_ns() + 5 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    open_for(30 * MS);
    EXPECT(ticks, 1);
}

CASE(time, set_timer_op_shares_the_singleshot, "xen.h, HYPERVISOR_set_timer_op()", ANY)
{
    struct vcpu_set_singleshot_timer timer = { 0 };

    quiet();
    timer.timeout_abs_ns = pv_time_ns() + 10 * MS;
    EXPECT(hypercall3(VCPU, VCPUOP_set_singleshot_timer, 0, &timer), 0);
    pv_set_timer(0);
    open_for(30 * MS);
    EXPECT(ticks, 0);
}

CASE(time, periodic, "vcpu.h, VCPUOP_set_periodic_timer", ANY)
{
    struct vcpu_set_periodic_timer timer = { .period_ns = 5 * MS };

    quiet();
    EXPECT(hypercall3(VCPU, VCPUOP_set_periodic_timer, 0, &timer), 0);
    open_for(100 * MS);
    EXPECT(hypercall3(VCPU, VCPUOP_stop_periodic_timer, 0, 0), 0);
    conform_note("%u ticks in 100 ms", ticks);
    EXPECT_TRUE(ticks >= 10 && ticks <= 22);
    quiet();
    open_for(20 * MS);
    EXPECT(ticks, 0);
}

CASE(time, timer_event_waits_while_masked, "xen.h, struct vcpu_info", ANY)
{
    quiet();
    pv_set_timer(pv_time_ns() + 2 * MS);
    conform_delay(20 * MS);
    EXPECT(ticks, 0);
    open_for(MS);
    EXPECT(ticks, 1);
}

CASE(time, tsc_agrees_with_the_clock, "xen.h, struct vcpu_time_info", ANY)
{
    const struct vcpu_time_info *time = &xen_vcpu_info()->time;
    uint64_t hz = (uint64_t)(((unsigned __int128)1000000000 << 32) / time->tsc_to_system_mul);

    hz = time->tsc_shift < 0 ? hz << -time->tsc_shift : hz >> time->tsc_shift;
    conform_note("%lu Hz", hz);
    EXPECT_TRUE(hz > 100000000ul && hz < 10000000000ul);
}
