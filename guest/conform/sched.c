/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_sched_op (xen/sched.h). */
#include "conform.h"

#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SCHED __HYPERVISOR_sched_op
#define MS    1000000ul

static const struct row calls[] = {
    { "yield", { SCHEDOP_yield, 0 }, 0 },
    { "yield_ignores_its_argument", { SCHEDOP_yield, BAD_XEN }, 0 },
    { "unknown_operation", { 8, 0 }, -XEN_ENOSYS },
    { "unknown_operation_far", { ~0ul, 0 }, -XEN_ENOSYS },
    { "shutdown_pointer", { SCHEDOP_shutdown, BAD_UNMAPPED }, -XEN_EFAULT },
    { "shutdown_code_pointer", { SCHEDOP_shutdown_code, BAD_UNMAPPED }, -XEN_EFAULT },
    { "poll_pointer", { SCHEDOP_poll, BAD_UNMAPPED }, -XEN_EFAULT },
    { "remote_shutdown_pointer", { SCHEDOP_remote_shutdown, BAD_UNMAPPED }, -XEN_EFAULT },
    { "watchdog_pointer", { SCHEDOP_watchdog, BAD_UNMAPPED }, -XEN_EFAULT },
    { "pin_override_pointer", { SCHEDOP_pin_override, BAD_UNMAPPED }, -XEN_EFAULT },
    { "shutdown_pointer_xen", { SCHEDOP_shutdown, BAD_XEN }, -XEN_EFAULT },
    { "poll_pointer_noncanonical", { SCHEDOP_poll, BAD_HOLE }, -XEN_EFAULT },
    { "remote_shutdown_no_domain",
      { SCHEDOP_remote_shutdown, AT(struct sched_remote_shutdown, .domain_id = NO_DOMAIN) },
      -XEN_ESRCH },
    { "watchdog_poke_unknown",
      { SCHEDOP_watchdog, AT(struct sched_watchdog, .id = 1, .timeout = 5) },
      -XEN_EINVAL },
    { "watchdog_poke_huge_id",
      { SCHEDOP_watchdog, AT(struct sched_watchdog, .id = 1000, .timeout = 5) },
      -XEN_EINVAL },
    { "watchdog_destroy_unknown",
      { SCHEDOP_watchdog, AT(struct sched_watchdog, .id = 2, .timeout = 0) },
      -XEN_EINVAL },
    { "pin_override_none",
      { SCHEDOP_pin_override, AT(struct sched_pin_override, .pcpu = -1) },
      -XEN_EINVAL },
    { "pin_override_no_cpu",
      { SCHEDOP_pin_override, AT(struct sched_pin_override, .pcpu = 4000) },
      -XEN_EINVAL },
    { "poll_no_port_of_128",
      { SCHEDOP_poll, AT(struct sched_poll, .nr_ports = 129) },
      -XEN_EINVAL },
    { "poll_huge_count", { SCHEDOP_poll, AT(struct sched_poll, .nr_ports = ~0u) }, -XEN_EINVAL },
    { "poll_ports_pointer",
      { SCHEDOP_poll, AT(struct sched_poll, { (evtchn_port_t *)BAD_UNMAPPED }, .nr_ports = 1) },
      -XEN_EFAULT },
};
ROWS(sched, calls, SCHED, "sched.h", ANY);

static const struct row compat[] = {
    { "compat_yield", { SCHEDOP_yield, 0 }, 0 },
    { "compat_unknown", { 5, 0 }, -XEN_ENOSYS },
    { "compat_poll", { SCHEDOP_poll, 0 }, -XEN_ENOSYS },
};
ROWS(sched, compat, __HYPERVISOR_sched_op_compat, "sched.h, HYPERVISOR_sched_op_compat()", PV);

static long poll(evtchn_port_t *ports, unsigned int count, uint64_t timeout)
{
    struct sched_poll arg = { .nr_ports = count, .timeout = timeout };

    set_xen_guest_handle(arg.ports, ports);
    return hypercall2(SCHED, SCHEDOP_poll, &arg);
}

static evtchn_port_t new_ipi(void)
{
    struct evtchn_bind_ipi bind = { .vcpu = 0 };

    return EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &bind), 0)
               ? bind.port
               : 0;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close arg = { .port = port };

    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &arg), 0);
}

static void send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &arg), 0);
}

static void clear_pending(evtchn_port_t port)
{
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

CASE(sched, poll_pending_returns_at_once, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t port = new_ipi();
    uint64_t start = pv_time_ns();

    send(port);
    EXPECT(poll(&port, 1, start + 1000 * MS), 0);
    EXPECT_TRUE(pv_time_ns() - start < 500 * MS);
    clear_pending(port);
    close_port(port);
}

CASE(sched, poll_times_out, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t port = new_ipi();
    uint64_t start = pv_time_ns(), end;

    EXPECT(poll(&port, 1, start + 5 * MS), 0);
    end = pv_time_ns();
    EXPECT_TRUE(end >= start + 5 * MS);
    EXPECT_TRUE(end < start + 500 * MS);
    close_port(port);
}

CASE(sched, poll_of_a_time_that_is_past, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t port = new_ipi();
    uint64_t start = pv_time_ns();

    EXPECT(poll(&port, 1, 1), 0);
    EXPECT_TRUE(pv_time_ns() - start < 200 * MS);
    close_port(port);
}

CASE(sched, poll_no_ports_with_timeout, "sched.h, SCHEDOP_poll", ANY)
{
    uint64_t start = pv_time_ns();

    EXPECT(poll(0, 0, start + 5 * MS), 0);
    EXPECT_TRUE(pv_time_ns() >= start + 5 * MS);
}

CASE(sched, poll_masked_port_still_wakes, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t ports[2] = { new_ipi(), new_ipi() };

    /* Both are masked, as every port is at first: polling does not look at masks. */
    send(ports[1]);
    EXPECT(poll(ports, 2, pv_time_ns() + 1000 * MS), 0);
    clear_pending(ports[1]);
    close_port(ports[0]);
    close_port(ports[1]);
}

CASE(sched, poll_port_out_of_range, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t port = 1u << 20;

    EXPECT(poll(&port, 1, pv_time_ns() + 5 * MS), -XEN_EINVAL);
}

CASE(sched, poll_port_0, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t port = 0;

    EXPECT(poll(&port, 1, pv_time_ns() + MS), -XEN_EINVAL);
}

CASE(sched, poll_128_ports, "sched.h, SCHEDOP_poll", ANY)
{
    evtchn_port_t *ports = pool(0);

    for (unsigned int i = 0; i < 128; i++)
        ports[i] = xen_ipi_port(0);
    EXPECT(poll(ports, 128, pv_time_ns() + MS), 0);
}

CASE(sched, poll_leaves_the_mask, "sched.h, SCHEDOP_poll", PV)
{
    EXPECT(poll(0, 0, pv_time_ns() + MS), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 1);
}

CASE(sched, block_unmasks, "sched.h, SCHEDOP_block", PV)
{
    pv_set_timer(pv_time_ns() + 2 * MS);
    EXPECT(hypercall2(SCHED, SCHEDOP_block, 0), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 0);
    pv_irq_disable();
}

CASE(sched, block_waits_for_the_timer, "sched.h, SCHEDOP_block", PV)
{
    uint64_t start = pv_time_ns();

    pv_set_timer(start + 10 * MS);
    EXPECT(hypercall2(SCHED, SCHEDOP_block, 0), 0);
    pv_irq_disable();
    EXPECT_TRUE(pv_time_ns() >= start + 10 * MS);
    EXPECT_TRUE(pv_time_ns() < start + 1000 * MS);
}

CASE(sched, block_with_an_event_pending, "sched.h, SCHEDOP_block", PV)
{
    uint64_t start = pv_time_ns();
    evtchn_port_t port = new_ipi();

    xen_unmask_port(port);
    send(port);
    EXPECT(hypercall2(SCHED, SCHEDOP_block, 0), 0);
    pv_irq_disable();
    EXPECT_TRUE(pv_time_ns() - start < 500 * MS);
    xen_mask_port(port);
    close_port(port);
}

CASE(sched, shutdown_code_is_latched_once, "sched.h, SCHEDOP_shutdown_code", FATAL | PV)
{
    struct sched_shutdown code = { .reason = SHUTDOWN_reboot };

    EXPECT(hypercall2(SCHED, SCHEDOP_shutdown_code, &code), 0);
}

CASE(sched, shutdown_of_no_meaning, "sched.h, SHUTDOWN_MAX", FATAL | PV)
{
    struct sched_shutdown code = { .reason = SHUTDOWN_MAX + 1 };

    EXPECT(hypercall2(SCHED, SCHEDOP_shutdown, &code), -XEN_EINVAL);
}

CASE(sched, watchdog_life, "sched.h, SCHEDOP_watchdog", ANY)
{
    struct sched_watchdog dog = { .id = 0, .timeout = 1000 };
    long id = hypercall2(SCHED, SCHEDOP_watchdog, &dog);

    EXPECT(id, 1);
    dog.id = (uint32_t)id;
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 0);
    dog.timeout = 0;
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 0);
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), -XEN_EINVAL);
}

CASE(sched, watchdog_two, "sched.h, SCHEDOP_watchdog", ANY)
{
    struct sched_watchdog dog = { .id = 0, .timeout = 1000 };

    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 1);
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 2);
    /* Xen's upper half of the result is 0 here. */
    EXPECT((int)hypercall2(SCHED, SCHEDOP_watchdog, &dog), -XEN_ENOSPC);
    dog.timeout = 0;
    dog.id = 1;
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 0);
    dog.id = 2;
    EXPECT(hypercall2(SCHED, SCHEDOP_watchdog, &dog), 0);
}

CASE(sched, pin_override_life, "sched.h, SCHEDOP_pin_override", ANY)
{
    struct sched_pin_override pin = { .pcpu = 0 };

    EXPECT(hypercall2(SCHED, SCHEDOP_pin_override, &pin), 0);
    EXPECT(hypercall2(SCHED, SCHEDOP_pin_override, &pin), -XEN_EBUSY);
    pin.pcpu = -1;
    EXPECT(hypercall2(SCHED, SCHEDOP_pin_override, &pin), 0);
    EXPECT(hypercall2(SCHED, SCHEDOP_pin_override, &pin), -XEN_EINVAL);
}

/* ---- between CPUs ---- */

static volatile long poll_result;

/* For good, if nobody sends. */
static void poll_there(void *argument)
{
    poll_result = poll(argument, 1, 0);
}

CASE_CPUS(sched, poll_woken_by_another_cpu, "sched.h, SCHEDOP_poll", ANY, 2)
{
    struct evtchn_bind_ipi bind = { .vcpu = 1 };

    REQUIRE(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &bind), 0);
    poll_result = 77;
    if (!conform_start_on_cpu(1, poll_there, &bind.port))
        return;
    conform_wait_asleep(1);
    EXPECT(poll_result, 77);
    send(bind.port);
    conform_wait_cpu(1);
    EXPECT(poll_result, 0);
    clear_pending(bind.port);
    close_port(bind.port);
}
