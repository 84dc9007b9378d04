/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels, two-level (xen/event_channel.h; xen/xen.h, struct shared_info). */
#include "internal.h"

#define BITS 64

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
    xen_unmask_port(timer.port);
    xen_unmask_port(ipi.port);
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

static void take_word(unsigned int word)
{
    volatile uint64_t *pending = (volatile uint64_t *)&xen_shared_info->evtchn_pending[word];
    uint64_t ready;

    while ((ready = *pending & ~*(volatile uint64_t *)&xen_shared_info->evtchn_mask[word])) {
        unsigned int bit = (unsigned int)__builtin_ctzl(ready);

        __atomic_fetch_and(pending, ~(1ul << bit), __ATOMIC_SEQ_CST);
        take_event(word * BITS + bit);
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
            take_word((unsigned int)__builtin_ctzl(words));
    } while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST));
}

void xen_ipi(unsigned int cpu)
{
    struct evtchn_send send = { .port = xen_ipi_port(cpu) };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}
