/* SPDX-License-Identifier: Apache-2.0 */
/* What many cases use: probes of memory, other CPUs, waiting. */
#include "conform.h"

#include <pv/trap.h>

#include <xen/sched.h>
#include <xen/vcpu.h>

#define PATIENCE 10000000000ul /* ns: nothing that works takes as long */

struct job {
    void (*function)(void *);
    void *argument;
};

static struct job jobs[PV_CPUS];

uint64_t probe_read(const void *address, uint64_t *value)
{
    uint64_t read = 0;

    PROBE("movq (%1), %0", : "+r"(read) : "r"(address) : "memory");
    *value = read;
    return fault.vector;
}

uint64_t probe_write(void *address, uint64_t value)
{
    PROBE("movq %1, (%0)", : : "r"(address), "r"(value) : "memory");
    return fault.vector;
}

void conform_delay(uint64_t ns)
{
    uint64_t end = pv_time_ns() + ns;

    while (pv_time_ns() < end)
        __asm__ volatile("pause");
}

/* Asleep until somebody rings this CPU's own event channel. */
static void wait_for_bell(unsigned int cpu)
{
    evtchn_port_t port = xen_ipi_port(cpu);
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, &port);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

/* Other CPUs wait here for work, for as long as the run lasts. */
void pv_cpu_main(unsigned int cpu)
{
    for (;;) {
        void (*function)(void *) = __atomic_load_n(&jobs[cpu].function, __ATOMIC_ACQUIRE);

        if (function) {
            function(jobs[cpu].argument);
            __atomic_store_n(&jobs[cpu].function, 0, __ATOMIC_RELEASE);
        } else {
            wait_for_bell(cpu);
        }
    }
}

void conform_restart_cpu(struct pv_regs *regs)
{
    unsigned int cpu = pv_this_cpu()->number;

    __atomic_store_n(&jobs[cpu].function, 0, __ATOMIC_RELEASE);
    regs->rip = (uint64_t)pv_cpu_main;
    regs->rdi = cpu;
    regs->rsp = pv_stack_top(cpu) - 8;
}

bool conform_start_on_cpu(unsigned int cpu, void (*function)(void *), void *argument)
{
    if (!pv_cpus[cpu].started)
        return FAILED("the CPU does not run");
    jobs[cpu].argument = argument;
    __atomic_store_n(&jobs[cpu].function, function, __ATOMIC_RELEASE);
    pv_ipi(cpu);
    return true;
}

void conform_wait_cpu(unsigned int cpu)
{
    while (__atomic_load_n(&jobs[cpu].function, __ATOMIC_ACQUIRE)) {
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
        __asm__ volatile("pause"); /* an emulator that counts instructions turns to the other CPU */
    }
}

bool conform_wait_asleep(unsigned int cpu)
{
    struct vcpu_runstate_info info = { 0 };
    uint64_t end = pv_time_ns() + PATIENCE;

    while (pv_time_ns() < end) {
        hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, cpu, &info);
        if (info.state == RUNSTATE_blocked)
            return true;
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
        __asm__ volatile("pause");
    }
    return FAILED("the CPU does not go to sleep");
}

bool conform_on_cpu(unsigned int cpu, void (*function)(void *), void *argument)
{
    if (!conform_start_on_cpu(cpu, function, argument))
        return false;
    conform_wait_cpu(cpu);
    return true;
}
