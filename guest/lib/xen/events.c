/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels, two-level (xen/event_channel.h; xen/xen.h, struct shared_info). */
#include "internal.h"

#include <xen/vcpu.h>

#define BITS 64

/* The CPU that takes a port's events; ports of the kernel's own are CPU 0's until it says otherwise. */
static uint8_t port_cpu[EVTCHN_2L_NR_CHANNELS];

static void set_bit(volatile uint64_t *words, unsigned int bit)
{
    __asm__ volatile("lock btsq %1, %0" : "+m"(*words) : "r"((uint64_t)bit) : "memory", "cc");
}

evtchn_port_t xen_timer_port(unsigned int cpu)
{
    return (evtchn_port_t)pv_cpus[cpu].private[XEN_TIMER_PORT];
}

evtchn_port_t xen_ipi_port(unsigned int cpu)
{
    return (evtchn_port_t)pv_cpus[cpu].private[XEN_IPI_PORT];
}

void xen_mask_port(evtchn_port_t port)
{
    set_bit((volatile uint64_t *)xen_shared_info->evtchn_mask, port);
}

void xen_unmask_port(evtchn_port_t port)
{
    struct evtchn_unmask unmask = { .port = port };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, &unmask);
}

void xen_events_init(unsigned int cpu)
{
    struct evtchn_bind_virq timer = { .virq = VIRQ_TIMER, .vcpu = cpu };
    struct evtchn_bind_ipi ipi = { .vcpu = cpu };

    xen_must(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &timer), "VIRQ_TIMER");
    xen_must(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi), "bind_ipi");
    pv_cpus[cpu].private[XEN_TIMER_PORT] = timer.port;
    pv_cpus[cpu].private[XEN_IPI_PORT] = ipi.port;
    port_cpu[timer.port] = port_cpu[ipi.port] = (uint8_t)cpu;
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, cpu, 0);
    xen_unmask_port(timer.port);
    xen_unmask_port(ipi.port);
}

bool xen_bind_port(evtchn_port_t port, unsigned int cpu)
{
    struct evtchn_bind_vcpu bind = { .port = port, .vcpu = cpu };

    if (hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_vcpu, &bind) < 0)
        return false;
    port_cpu[port] = (uint8_t)cpu;
    return true;
}

__attribute__((weak)) void xen_event(evtchn_port_t port)
{
    (void)port;
}

static void take_event(evtchn_port_t port)
{
    const struct pv_cpu *cpu = pv_this_cpu();

    if (port == cpu->private[XEN_TIMER_PORT])
        pv_interrupt(PV_VECTOR_TIMER, 0);
    else if (port == cpu->private[XEN_IPI_PORT])
        pv_interrupt(PV_VECTOR_IPI, 0);
    else
        xen_event(port);
}

/* The ports of one word that are pending, not masked, and this CPU's. */
static void take_word(unsigned int word, unsigned int cpu)
{
    volatile uint64_t *pending = (volatile uint64_t *)&xen_shared_info->evtchn_pending[word];
    uint64_t ready = *pending & ~*(volatile uint64_t *)&xen_shared_info->evtchn_mask[word];

    for (; ready; ready &= ready - 1) {
        unsigned int port = word * BITS + (unsigned int)__builtin_ctzl(ready);

        if (port_cpu[port] != cpu)
            continue;
        __atomic_fetch_and(pending, ~(1ul << port % BITS), __ATOMIC_SEQ_CST);
        take_event(port);
    }
}

void xen_upcall(void)
{
    struct vcpu_info *info = xen_vcpu_info();
    uint64_t words;

    do {
        __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
        words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        for (; words; words &= words - 1)
            take_word((unsigned int)__builtin_ctzl(words), pv_this_cpu()->number);
    } while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST));
}

void xen_ipi(unsigned int cpu)
{
    struct evtchn_send send = { .port = xen_ipi_port(cpu) };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}
