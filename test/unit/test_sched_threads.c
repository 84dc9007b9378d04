/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler on CPUs that are threads: vCPUs block and are woken, migrate, are paused and waited
 * for.  None may run on two CPUs at once, and no wake-up may be lost.
 */
#include "cmocka_all.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"
#include "core/time.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define CPUS  3
#define VCPUS 6
#define TIME  (SECOND / 2)

/* The vCPUs' own struct, with what the test keeps of each. */
static struct guest {
    struct vcpu core;
    struct vcpu_info info;
    bool on_cpu, pending;
    unsigned int taken;
} guests[VCPUS];
static struct vcpu idles[CPUS], *table[VCPUS];
static struct domain domain = { .id = 1, .max_vcpus = VCPUS, .vcpus = table };
static uint32_t sent[CPUS]; /* softirqs from other CPUs */
static __thread ns_t programmed;
static __thread unsigned int seed;
static bool quiet, done;

unsigned int cpu_count = CPUS;

static struct guest *guest_of(const struct vcpu *v)
{
    return container_of((struct vcpu *)v, struct guest, core);
}

ns_t arch_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

void arch_timer_program(ns_t when)
{
    programmed = when;
}

void arch_kick(unsigned int cpu)
{
    assert_true(cpu < CPUS);
}

void arch_softirq_send(unsigned int cpu, uint32_t bits)
{
    assert_true(cpu < CPUS);
    __atomic_fetch_or(&sent[cpu], bits, __ATOMIC_SEQ_CST);
}

struct vcpu *arch_idle_alloc(void)
{
    static unsigned int next;

    return &idles[next++];
}

void arch_set_idle(unsigned int cpu, struct vcpu *idle)
{
    (void)cpu, (void)idle;
}

static void linger(void)
{
    for (volatile int i = rand_r(&seed) % 200; i > 0; i--)
        ;
}

/* The time between the two is when a vCPU might run twice. */
void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    if (!next->is_idle)
        ASSERT(!__atomic_exchange_n(&guest_of(next)->on_cpu, true, __ATOMIC_SEQ_CST));
    workbench_current = next;
    linger();
    if (!prev->is_idle)
        ASSERT(__atomic_exchange_n(&guest_of(prev)->on_cpu, false, __ATOMIC_SEQ_CST));
}

void arch_idle(void)
{
    irq_on();
}

void time_publish(struct vcpu *v)
{
    (void)v;
}

void runstate_publish(struct vcpu *v)
{
    (void)v;
}

void runstate_change(struct vcpu *v, int state, ns_t now)
{
    (void)now;
    ASSERT(lock_held(&run_queues[v->cpu].lock));
    v->runstate.state = state;
}

/* And a while between a look for events and what follows is when one might be missed. */
bool event_pending(const struct vcpu *v)
{
    bool pending = __atomic_load_n(&guest_of(v)->pending, __ATOMIC_SEQ_CST);

    linger();
    return pending;
}

int event_poll(struct vcpu *v, port_t port)
{
    (void)v, (void)port;
    return 0;
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    (void)d, (void)reason;
}

static void send(struct guest *g)
{
    __atomic_exchange_n(&g->pending, true, __ATOMIC_SEQ_CST);
    vcpu_kick(&g->core);
}

/* What the vCPU on this CPU does: takes its event, or blocks. */
static void run_guest(struct guest *g)
{
    ASSERT(g->on_cpu && g->core.sched.running && g->core.cpu == cpu_id());
    if (__atomic_exchange_n(&g->pending, false, __ATOMIC_SEQ_CST))
        g->taken++;
    else if (rand_r(&seed) % 4 || __atomic_load_n(&quiet, __ATOMIC_SEQ_CST))
        sched_block(&g->core);
    else if (rand_r(&seed) % 2)
        vcpu_yield(&g->core);
    else
        sched_poll(&g->core, ~0u, arch_now() + rand_r(&seed) % 100000);
}

static void disturb(struct guest *g)
{
    struct cpu_set set = { { 1 + (uint64_t)rand_r(&seed) % ((1 << CPUS) - 1) } };

    switch (rand_r(&seed) % 8) {
    case 0: sched_set_affinity(&g->core, &set); break;
    case 1:
        vcpu_sleep(&g->core, WAIT_PAUSED);
        vcpu_wake(&g->core, WAIT_PAUSED);
        break;
    case 2: sched_set_weight(&domain, 1 + (uint32_t)rand_r(&seed) % 500); break;
    default: send(g); break;
    }
}

/* CPU 0 pauses them in turn and waits; the others never wait for it, as a toolstack's domain
 * would not. */
static void pause_and_look(struct guest *g)
{
    if (&g->core == current_vcpu())
        return;
    vcpu_sleep_sync(&g->core, WAIT_DOMAIN);
    ASSERT(!__atomic_load_n(&g->on_cpu, __ATOMIC_SEQ_CST));
    vcpu_wake(&g->core, WAIT_DOMAIN);
}

static void turn(void)
{
    struct guest *g = &guests[(unsigned int)rand_r(&seed) % VCPUS];

    softirq_raise_bits(__atomic_exchange_n(&sent[cpu_id()], 0, __ATOMIC_SEQ_CST));
    if (arch_now() >= programmed) {
        programmed = NS_MAX;
        softirq_raise(SOFTIRQ_TIMER);
    }
    if (softirq_bits()) {
        softirq_run();
        return;
    }
    if (!__atomic_load_n(&quiet, __ATOMIC_SEQ_CST) && rand_r(&seed) % 2)
        disturb(g);
    if (!__atomic_load_n(&quiet, __ATOMIC_SEQ_CST) && cpu_id() == 0 && rand_r(&seed) % 64 == 0)
        pause_and_look(g);
    if (softirq_bits())
        return;
    irq_off();
    if (current_vcpu()->is_idle)
        sched_idle();
    irq_on();
    if (!current_vcpu()->is_idle)
        run_guest(guest_of(current_vcpu()));
}

static void *cpu_thread(void *number)
{
    workbench_cpu = (unsigned int)(uintptr_t)number;
    workbench_current = run_queues[workbench_cpu].idle;
    programmed = NS_MAX;
    seed = workbench_cpu + 1;
    while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST))
        turn();
    return NULL;
}

static bool all_blocked(void)
{
    for (unsigned int i = 0; i < VCPUS; i++)
        if (event_pending(&guests[i].core) || guests[i].core.waits != WAIT_BLOCKED ||
            __atomic_load_n(&guests[i].on_cpu, __ATOMIC_SEQ_CST))
            return false;
    return true;
}

static void wait_until(ns_t until)
{
    struct timespec little = { .tv_nsec = 1000000 };

    while (arch_now() < until)
        nanosleep(&little, NULL);
}

static void threads_lose_and_double_nothing(void **state)
{
    pthread_t threads[CPUS];
    ns_t patience;

    (void)state;
    timers_init();
    sched_init();
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        timer_cpu_create(cpu);
        assert_int_equal(sched_cpu_create(cpu), 0);
    }
    sched_domain_init(&domain);
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = table[i] = &guests[i].core;

        v->domain = &domain;
        v->id = i;
        v->info = &guests[i].info;
        v->runstate.state = RUNSTATE_offline;
        sched_vcpu_init(v);
        v->waits = WAIT_BLOCKED;
    }
    for (uintptr_t cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(pthread_create(&threads[cpu], NULL, cpu_thread, (void *)cpu), 0);
    wait_until(arch_now() + TIME);
    __atomic_store_n(&quiet, true, __ATOMIC_SEQ_CST);
    patience = arch_now() + 20 * SECOND;
    while (!all_blocked() && arch_now() < patience)
        wait_until(arch_now() + SECOND / 100);
    assert_true(all_blocked());
    __atomic_store_n(&done, true, __ATOMIC_SEQ_CST);
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        pthread_join(threads[cpu], NULL);
    for (unsigned int i = 0; i < VCPUS; i++) {
        assert_true(guests[i].taken > 10);
        assert_false(guests[i].core.sched.place.in_set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_lose_and_double_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
