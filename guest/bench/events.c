/* SPDX-License-Identifier: Apache-2.0 */
/* Events, timers, blocking; and what two vCPUs do to each other. */
#include "measure.h"
#include "rows.h"

#include <pv/trap.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define EVENT __HYPERVISOR_event_channel_op

static evtchn_port_t here, there; /* a connected pair, both ends ours */
volatile unsigned int bench_events_seen;

static void connect(void)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF };

    hypercall2(EVENT, EVTCHNOP_alloc_unbound, &alloc);
    bind.remote_port = there = alloc.port;
    hypercall2(EVENT, EVTCHNOP_bind_interdomain, &bind);
    here = bind.local_port;
    xen_shared_info->evtchn_pending[here / 64] &= ~(1ul << here % 64);
}

static inline void send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    hypercall2(EVENT, EVTCHNOP_send, &arg);
}

void xen_event(evtchn_port_t port)
{
    (void)port;
    bench_events_seen++;
}

static inline void op_masked(unsigned int i)
{
    (void)i;
    send(there);
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[here / 64], ~(1ul << here % 64),
                       __ATOMIC_SEQ_CST);
}

static inline void op_upcall(unsigned int i)
{
    (void)i;
    send(there);
}

static inline void op_unmask(unsigned int i)
{
    struct evtchn_unmask arg = { .port = here };

    (void)i;
    hypercall2(EVENT, EVTCHNOP_unmask, &arg);
}

static inline void op_status(unsigned int i)
{
    struct evtchn_status arg = { .dom = DOMID_SELF, .port = here };

    (void)i;
    hypercall2(EVENT, EVTCHNOP_status, &arg);
}

static inline void op_pair(unsigned int i)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct evtchn_close close;

    (void)i;
    hypercall2(EVENT, EVTCHNOP_alloc_unbound, &alloc);
    close.port = alloc.port;
    hypercall2(EVENT, EVTCHNOP_close, &close);
}

static inline void op_poll(unsigned int i)
{
    evtchn_port_t port = here;
    struct sched_poll poll = { .nr_ports = 1 };

    (void)i;
    set_xen_guest_handle(poll.ports, &port);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

/* Blocks with an event waiting: there and back, the upcall included. */
static inline void op_block(unsigned int i)
{
    (void)i;
    pv_irq_disable();
    send(there);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
}

static inline void op_set_timer(unsigned int i)
{
    (void)i;
    hypercall1(__HYPERVISOR_set_timer_op, 1ul << 62);
}

/* A timer that is due, and the sleep that its event ends. */
static inline void op_timer(unsigned int i)
{
    (void)i;
    pv_irq_disable();
    hypercall1(__HYPERVISOR_set_timer_op, 1);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
}

static inline void op_runstate(unsigned int i)
{
    struct vcpu_runstate_info info;

    (void)i;
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, &info);
}

static inline void op_time(unsigned int i)
{
    (void)i;
    pv_time_ns();
}

void bench_events(void)
{
    connect();
    xen_mask_port(here);
    row("event send to a masked port of one's own", MEASURE(op_masked));
    row("event unmask", MEASURE(op_unmask));
    row("event status", MEASURE(op_status));
    row("event channel allocated and closed", MEASURE(op_pair));
    xen_unmask_port(here);
    pv_irq_enable();
    row("event send and the upcall that takes it", MEASURE(op_upcall));
    row("block with an event pending, send included", MEASURE(op_block));
    pv_irq_disable();
    xen_mask_port(here);
    send(there);
    row("poll of a pending port", MEASURE(op_poll));
    row("timer set", MEASURE(op_set_timer));
    pv_irq_enable();
    row("timer set when due, block, wake and upcall", MEASURE(op_timer));
    pv_irq_disable();
    row("runstate read by vcpu_op", MEASURE(op_runstate));
    row("clock read, no hypercall", MEASURE(op_time));
}

/* ---- two vCPUs: each sleeps until the other sends; one emulator runs both by turns ---- */

#define TURNS 64

static evtchn_port_t bell[2];
static volatile bool over;

static void sleep_on(unsigned int cpu)
{
    struct sched_poll poll = { .nr_ports = 1 };
    evtchn_port_t port = bell[cpu];

    set_xen_guest_handle(poll.ports, &port);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

void pv_cpu_main(unsigned int cpu)
{
    while (!over) {
        sleep_on(cpu);
        send(bell[0]);
    }
}

static inline void op_round_trip(unsigned int i)
{
    (void)i;
    send(bell[1]);
    sleep_on(0);
}

static inline void op_flush_asleep(unsigned int i)
{
    (void)i;
    bench_extended(MMUEXT_TLB_FLUSH_ALL, 0);
}

void bench_pair(void)
{
    for (unsigned int cpu = 0; cpu < 2; cpu++) {
        struct evtchn_bind_ipi bind = { .vcpu = cpu };

        hypercall2(EVENT, EVTCHNOP_bind_ipi, &bind);
        bell[cpu] = bind.port;
    }
    if (!pv_cpu_start(1))
        return;
    op_round_trip(0);
    row("event to another vCPU and one back, both asleep between", MEASURE(op_round_trip));
    row("mmuext TLB flush all, another vCPU asleep", MEASURE(op_flush_asleep));
    over = true;
}
