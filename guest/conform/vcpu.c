/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_vcpu_op (xen/vcpu.h). */
#include "conform.h"

#include <xen/vcpu.h>

#define VCPU __HYPERVISOR_vcpu_op
#define MS   1000000ul

static struct vcpu_runstate_info runstate;
static struct vcpu_time_info time_copy;

static const struct row calls[] = {
    { "is_up_self", { VCPUOP_is_up, 0 }, 1 },
    { "is_up_no_vcpu", { VCPUOP_is_up, 8192 }, -XEN_ENOENT },
    { "is_up_beyond_the_domain", { VCPUOP_is_up, 100 }, -XEN_ENOENT },
    { "is_up_max", { VCPUOP_is_up, 0xffffffff }, -XEN_ENOENT },
    { "unknown_operation", { 14, 0 }, -XEN_ENOSYS },
    { "unknown_operation_far", { 0xffffffff, 0 }, -XEN_ENOSYS },
    { "unknown_operation_no_vcpu", { 99, 8192 }, -XEN_ENOENT },
    { "up_no_vcpu", { VCPUOP_up, 8192 }, -XEN_ENOENT },
    { "down_no_vcpu", { VCPUOP_down, 8192 }, -XEN_ENOENT },
    { "up_of_one_that_is_up", { VCPUOP_up, 0 }, 0 },
    { "initialise_pointer", { VCPUOP_initialise, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "runstate_pointer", { VCPUOP_get_runstate_info, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "runstate_pointer_noncanonical", { VCPUOP_get_runstate_info, 0, BAD_HOLE }, -XEN_EFAULT },
    { "runstate_area_pointer",
      { VCPUOP_register_runstate_memory_area, 0, BAD_UNMAPPED },
      -XEN_EFAULT },
    { "time_area_pointer",
      { VCPUOP_register_vcpu_time_memory_area, 0, BAD_UNMAPPED },
      -XEN_EFAULT },
    { "vcpu_info_pointer", { VCPUOP_register_vcpu_info, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "vcpu_info_twice",
      { VCPUOP_register_vcpu_info, 0, AT(struct vcpu_register_vcpu_info, .offset = 0) },
      -XEN_EINVAL },
    { "vcpu_info_over_page_end",
      { VCPUOP_register_vcpu_info, 1, AT(struct vcpu_register_vcpu_info, .offset = 4096 - 32) },
      -XEN_ENXIO },
    { "vcpu_info_unaligned",
      { VCPUOP_register_vcpu_info, 1, AT(struct vcpu_register_vcpu_info, .offset = 4) },
      -XEN_ENXIO },
    { "get_physid_not_pinned", { VCPUOP_get_physid, 0, (uint64_t)&runstate }, -XEN_EINVAL },
    { "set_periodic_pointer", { VCPUOP_set_periodic_timer, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_periodic_too_short",
      { VCPUOP_set_periodic_timer, 0, AT(struct vcpu_set_periodic_timer, .period_ns = 999999) },
      -XEN_EINVAL },
    { "set_periodic_zero",
      { VCPUOP_set_periodic_timer, 0, AT(struct vcpu_set_periodic_timer, .period_ns = 0) },
      -XEN_EINVAL },
    { "set_periodic_negative",
      { VCPUOP_set_periodic_timer, 0, AT(struct vcpu_set_periodic_timer, .period_ns = ~0ul) },
      -XEN_EINVAL },
    { "stop_periodic", { VCPUOP_stop_periodic_timer, 0, 0 }, 0 },
    { "stop_periodic_twice", { VCPUOP_stop_periodic_timer, 0, 0 }, 0 },
    { "set_singleshot_pointer", { VCPUOP_set_singleshot_timer, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_singleshot_of_another",
      { VCPUOP_set_singleshot_timer, 1, AT(struct vcpu_set_singleshot_timer, .timeout_abs_ns = 1) },
      -XEN_EINVAL },
    { "stop_singleshot_of_another", { VCPUOP_stop_singleshot_timer, 1, 0 }, -XEN_EINVAL },
    { "set_singleshot_past_with_future_flag",
      { VCPUOP_set_singleshot_timer, 0,
        AT(struct vcpu_set_singleshot_timer, .timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future) },
      0 },
    { "stop_singleshot", { VCPUOP_stop_singleshot_timer, 0, 0 }, 0 },
};
ROWS(vcpu, calls, VCPU, "vcpu.h", PV);

static const struct row calls_pvh[] = {
    { "is_up_self", { VCPUOP_is_up, 0 }, 1 },
    { "is_up_no_vcpu", { VCPUOP_is_up, 8192 }, -XEN_ENOENT },
    { "unknown_operation", { 14, 0 }, -XEN_ENOSYS },
    { "runstate_pointer", { VCPUOP_get_runstate_info, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_periodic_too_short",
      { VCPUOP_set_periodic_timer, 0, AT(struct vcpu_set_periodic_timer, .period_ns = 999999) },
      -XEN_EINVAL },
    { "stop_periodic", { VCPUOP_stop_periodic_timer, 0, 0 }, 0 },
    { "set_singleshot_of_another",
      { VCPUOP_set_singleshot_timer, 1, AT(struct vcpu_set_singleshot_timer, .timeout_abs_ns = 1) },
      -XEN_EINVAL },
    { "stop_singleshot", { VCPUOP_stop_singleshot_timer, 0, 0 }, 0 },
    { "send_nmi_no_vcpu", { VCPUOP_send_nmi, 8192, 0 }, -XEN_ENOENT },
};
ROWS(vcpu, calls_pvh, VCPU, "vcpu.h", PVH);

CASE(vcpu, runstate_of_self, "vcpu.h, struct vcpu_runstate_info", ANY)
{
    struct vcpu_runstate_info info;
    uint64_t now, sum;

    EXPECT(hypercall3(VCPU, VCPUOP_get_runstate_info, 0, &info), 0);
    now = pv_time_ns();
    EXPECT(info.state, RUNSTATE_running);
    EXPECT_TRUE(info.state_entry_time <= now);
    sum = info.time[0] + info.time[1] + info.time[2] + info.time[3];
    EXPECT_TRUE(sum <= now);
}

CASE_CPUS(vcpu, runstate_of_a_sleeper, "vcpu.h, RUNSTATE_blocked", ANY, 2)
{
    struct vcpu_runstate_info info;

    REQUIRE(conform_wait_asleep(1), true);
    EXPECT(hypercall3(VCPU, VCPUOP_get_runstate_info, 1, &info), 0);
    EXPECT(info.state, RUNSTATE_blocked);
    EXPECT_TRUE(info.time[RUNSTATE_blocked] > 0);
}

CASE(vcpu, runstate_running_time_grows, "vcpu.h, struct vcpu_runstate_info", ANY)
{
    struct vcpu_runstate_info one, two;

    EXPECT(hypercall3(VCPU, VCPUOP_get_runstate_info, 0, &one), 0);
    conform_delay(5 * MS);
    EXPECT(hypercall3(VCPU, VCPUOP_get_runstate_info, 0, &two), 0);
    EXPECT_TRUE(two.time[0] + two.time[1] >= one.time[0] + one.time[1] + 5 * MS);
}

CASE(vcpu, runstate_area, "vcpu.h, VCPUOP_register_runstate_memory_area", ANY)
{
    struct vcpu_register_runstate_memory_area area = { .addr.v = &runstate };

    runstate.state = 77;
    EXPECT(hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area), 0);
    EXPECT(runstate.state, RUNSTATE_running); /* written at once */
    EXPECT_TRUE(runstate.state_entry_time > 0);
}

CASE(vcpu, runstate_area_of_a_bad_address, "vcpu.h, VCPUOP_register_runstate_memory_area", PV)
{
    struct vcpu_register_runstate_memory_area area = { .addr.p = BAD_XEN };

    EXPECT(hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area), -XEN_EFAULT);
    area.addr.p = BAD_UNMAPPED;
    EXPECT(hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area), 0);
    area.addr.v = &runstate;
    EXPECT(hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area), 0);
}

CASE(vcpu, runstate_area_unaligned, "vcpu.h, VCPUOP_register_runstate_memory_area", PV)
{
    struct vcpu_register_runstate_memory_area area = { .addr.p = (uint64_t)pool(0) + 1 };

    conform_note("result %ld", hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area));
    area.addr.v = &runstate;
    EXPECT(hypercall3(VCPU, VCPUOP_register_runstate_memory_area, 0, &area), 0);
}

CASE(vcpu, time_area, "vcpu.h, VCPUOP_register_vcpu_time_memory_area", PV)
{
    struct vcpu_register_time_memory_area area = { .addr.v = &time_copy };

    EXPECT(hypercall3(VCPU, VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
    EXPECT(time_copy.tsc_to_system_mul, xen_vcpu_info()->time.tsc_to_system_mul);
    EXPECT(time_copy.tsc_shift, xen_vcpu_info()->time.tsc_shift);
    EXPECT(time_copy.version & 1, 0);
}

CASE(vcpu, time_area_of_a_bad_address, "vcpu.h, VCPUOP_register_vcpu_time_memory_area", PV)
{
    struct vcpu_register_time_memory_area area = { .addr.p = BAD_XEN };

    EXPECT(hypercall3(VCPU, VCPUOP_register_vcpu_time_memory_area, 0, &area), -XEN_EFAULT);
}

CASE(vcpu, physid_of_a_pinned_vcpu, "vcpu.h, VCPUOP_get_physid", PV)
{
    struct vcpu_get_physid id = { .phys_id = 77 };

    /* Dom0's vCPUs are pinned only with dom0_vcpus_pin. */
    EXPECT(hypercall3(VCPU, VCPUOP_get_physid, 0, &id), -XEN_EINVAL);
    EXPECT(id.phys_id, 77);
}

CASE_CPUS(vcpu, initialise_one_that_is_up, "vcpu.h, VCPUOP_initialise", PV, 2)
{
    static struct vcpu_guest_context context;

    EXPECT(hypercall3(VCPU, VCPUOP_initialise, 1, &context), -XEN_EEXIST);
    EXPECT(hypercall3(VCPU, VCPUOP_is_up, 1, 0), 1);
}

static void go_down(void *argument)
{
    (void)argument;
    hypercall3(VCPU, VCPUOP_down, 1, 0);
}

CASE_CPUS(vcpu, down_and_up, "vcpu.h, VCPUOP_down", PV, 2)
{
    if (!conform_start_on_cpu(1, go_down, 0))
        return;
    for (unsigned int i = 0; i < 1000 && hypercall3(VCPU, VCPUOP_is_up, 1, 0) == 1; i++)
        conform_delay(MS / 10);
    EXPECT(hypercall3(VCPU, VCPUOP_is_up, 1, 0), 0);
    EXPECT(hypercall3(VCPU, VCPUOP_up, 1, 0), 0);
    EXPECT(hypercall3(VCPU, VCPUOP_is_up, 1, 0), 1);
    conform_wait_cpu(1); /* it goes on where it went down */
}

CASE_CPUS(vcpu, down_of_another, "vcpu.h, VCPUOP_down", PV, 2)
{
    struct vcpu_runstate_info info;

    EXPECT(hypercall3(VCPU, VCPUOP_down, 1, 0), 0);
    EXPECT(hypercall3(VCPU, VCPUOP_is_up, 1, 0), 0);
    conform_delay(5 * MS);
    EXPECT(hypercall3(VCPU, VCPUOP_get_runstate_info, 1, &info), 0);
    conform_note("state %d", info.state);
    EXPECT(hypercall3(VCPU, VCPUOP_up, 1, 0), 0);
}

CASE(vcpu, last_vcpu_down, "vcpu.h, VCPUOP_down", FATAL | PV)
{
    for (unsigned int cpu = pv_boot.cpus; cpu-- > 0;)
        EXPECT(hypercall3(VCPU, VCPUOP_down, cpu, 0), 0);
}
