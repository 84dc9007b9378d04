/* SPDX-License-Identifier: Apache-2.0 */
#include "sched_world.h"

#include "cmocka_all.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/sched/pool.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>

static bool event_deliverable(const struct vcpu *v)
{
    return !v->info->evtchn_upcall_mask;
}

static const struct guest_kind kind = { .name = "test", .event_deliverable = event_deliverable };
struct domain domains[DOMAINS];
struct vcpu vcpus[DOMAINS][VCPUS];
static struct vcpu *tables[DOMAINS][VCPUS], idles[WORKBENCH_CPUS];
struct vcpu_info infos[DOMAINS][VCPUS];
unsigned int domains_used, vcpus_used, switches, idle_halts;
void (*disturb)(void);
bool pending;
struct domain *shut_down;
unsigned int shutdown_reason;

/* ---- what the scheduler calls ---- */

struct vcpu *arch_idle_alloc(void)
{
    static unsigned int count;
    struct vcpu *v = &idles[count++ % WORKBENCH_CPUS];

    memset(v, 0, sizeof(*v));
    return v;
}

void arch_set_idle(unsigned int cpu, struct vcpu *idle)
{
    workbench_be(cpu);
    workbench_current = idle;
    workbench_be(0);
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    unsigned int here = cpu_id();

    assert_false(irq_is_on());
    assert_ptr_equal(prev, current_vcpu());
    assert_ptr_not_equal(prev, next);
    assert_true(prev->sched.running && next->sched.running);
    assert_int_equal(next->cpu, here);
    workbench_current = next;
    switches++;
    if (!disturb)
        return;
    for (int i = rand() % 3; i > 0; i--) {
        workbench_be((here + 1 + (unsigned int)rand() % (cpu_count - 1)) % cpu_count);
        disturb();
        workbench_be(here);
    }
}

void arch_idle(void)
{
    idle_halts++;
    irq_on();
}

void time_publish(struct vcpu *v)
{
    assert_ptr_equal(v, current_vcpu());
    assert_true(irq_is_on());
}

void runstate_publish(struct vcpu *v)
{
    assert_ptr_equal(v, current_vcpu());
}

void runstate_change(struct vcpu *v, int state, ns_t now)
{
    assert_true(lock_held(&run_queues[v->cpu].lock));
    assert_true(state != v->runstate.state);
    v->runstate.time[v->runstate.state] += (uint64_t)(now - (ns_t)v->runstate.state_entry_time);
    v->runstate.state_entry_time = (uint64_t)now;
    v->runstate.state = state;
}

bool event_pending(const struct vcpu *v)
{
    (void)v;
    return pending;
}

int poll_result;
unsigned int polled, polled_waiting;

int event_poll(struct vcpu *v, port_t port)
{
    assert_int_equal(v->poll_port != 0, (v->waits & WAIT_POLL) != 0);
    polled++;
    polled_waiting += v->poll_port != 0;
    return port == 99 ? -XEN_EINVAL : poll_result;
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    shut_down = d;
    shutdown_reason = reason;
}

struct domain *domain_get(domid_t id)
{
    return id >= 1 && id <= domains_used ? &domains[id - 1] : NULL;
}

void domain_put(struct domain *d)
{
    assert_non_null(d);
}

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    if (guest)
        memcpy(to, (void *)guest, size);
    return guest != 0 || size == 0;
}

int64_t read_from_guest32(uint64_t guest)
{
    uint32_t value;

    return copy_from_guest(&value, guest, sizeof(value)) ? (int64_t)value : -1;
}

/* ---- a machine with vCPUs ---- */

int sched_world_start(void **state)
{
    (void)state;
    timers_init();
    sched_init();
    return 0;
}

static void make_vcpu(unsigned int d, unsigned int id)
{
    struct vcpu *v = &vcpus[d][id];

    memset(v, 0, sizeof(*v));
    tables[d][id] = v;
    v->domain = &domains[d];
    v->id = id;
    v->info = &infos[d][id];
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = (uint64_t)workbench_now;
    sched_vcpu_init(v);
}

void begin(unsigned int cpus, unsigned int how_many_domains, unsigned int vcpus_each)
{
    workbench_be(0);
    workbench_cpus(cpus);
    domains_used = how_many_domains;
    vcpus_used = vcpus_each;
    disturb = NULL;
    pending = false;
    poll_result = 0;
    shut_down = NULL;
    pool_set_least_run(0, 1000);
    for (unsigned int cpu = 0; cpu < WORKBENCH_CPUS; cpu++)
        sched_set_idle(cpu, false);
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        timer_cpu_create(cpu);
        assert_int_equal(sched_cpu_create(cpu), 0);
    }
    for (unsigned int d = 0; d < how_many_domains; d++) {
        memset(&domains[d], 0, sizeof(domains[d]));
        domains[d].id = (domid_t)(d + 1);
        domains[d].kind = &kind;
        domains[d].max_vcpus = vcpus_each;
        domains[d].vcpus = tables[d];
        lock_init(&domains[d].pause_lock, RANK_PAUSE);
        sched_domain_init(&domains[d]);
        for (unsigned int id = 0; id < vcpus_each; id++)
            make_vcpu(d, id);
    }
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        workbench_be(cpu);
        irq_off();
        sched_idle();
        assert_true(irq_is_on());
    }
    workbench_be(0);
}

void run_until(ns_t until)
{
    while (workbench_now < until) {
        workbench_settle();
        workbench_pass_until(until);
    }
    workbench_settle();
}

void run_for(ns_t time)
{
    run_until(workbench_now + time);
}

void wake(struct vcpu *v)
{
    vcpu_wake(v, WAIT_DOWN);
}

void pin(struct vcpu *v, unsigned int cpu)
{
    struct cpu_set set = { { 1ull << cpu } };

    assert_int_equal(sched_set_affinity(v, &set), 0);
}
