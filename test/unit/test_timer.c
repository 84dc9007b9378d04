/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered set, timers against a model that looks at all of them, and stops of running ones. */
#include "cmocka_all.h"

#include "../workbench/cpus.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/timer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CPUS   4
#define TIMERS 60
#define STEPS  60000

/* ---- the ordered set ---- */

#define THINGS 200

static unsigned int count_all(const struct ordered_set *s, uint64_t least)
{
    unsigned int count = 0;

    for (struct ordered *o = NULL; (o = ordered_next(s, o)) != NULL; count++) {
        assert_true(o->in_set);
        assert_false(ordered_before(o->key, least));
        if (o->child)
            assert_ptr_equal(o->child->prev, o);
        if (o->next)
            assert_ptr_equal(o->next->prev, o);
    }
    return count;
}

static void set_is_ordered(void **state)
{
    static struct ordered things[THINGS];
    uint64_t base = ~0ul - 500; /* keys wrap */
    struct ordered_set s = { NULL, 0 };

    (void)state;
    srand(7);
    for (unsigned int step = 0; step < STEPS; step++) {
        struct ordered *o = &things[rand() % THINGS];
        uint64_t least = 0;
        unsigned int in = 0;

        if (o->in_set)
            ordered_remove(&s, rand() % 2 ? o : s.first);
        else
            ordered_add(&s, o, base + (uint64_t)rand() % 1000);
        for (unsigned int i = 0; i < THINGS; i++)
            if (things[i].in_set && (!in++ || ordered_before(things[i].key, least)))
                least = things[i].key;
        assert_int_equal(s.count, in);
        assert_true(in ? s.first->key == least : !s.first);
        if (step % 16 == 0)
            assert_int_equal(count_all(&s, least), in);
    }
}

/* ---- timers ---- */

static struct timer timers[TIMERS];
static struct {
    bool armed;
    ns_t when;
    unsigned int cpu, fired;
} model[TIMERS];
static unsigned int due, fired;

static void forget_softirqs(void)
{
}

static int start(void **state)
{
    (void)state;
    timers_init();
    softirq_bind(SOFTIRQ_SCHEDULE, forget_softirqs);
    return 0;
}

static void begin(unsigned int cpus)
{
    workbench_cpus(cpus);
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        assert_int_equal(timer_cpu_create(cpu), 0);
}

static void set(unsigned int i, ns_t when)
{
    model[i].armed = true;
    model[i].when = when;
    timer_set(&timers[i], when);
}

static void handler(void *argument)
{
    unsigned int i = (unsigned int)(uintptr_t)argument;

    assert_true(irq_is_on());
    assert_true(model[i].armed);
    assert_int_equal(model[i].cpu, cpu_id());
    assert_true(model[i].when <= workbench_now);
    assert_false(timer_is_armed(&timers[i]));
    model[i].armed = false;
    fired++;
    switch (rand() % 5) {
    case 0: set(i, workbench_now + 1 + rand() % 1000); break;
    case 1:
        timer_stop(&timers[i]); /* its own: does not wait for itself */
        break;
    default: break;
    }
}

static void change_one(void)
{
    unsigned int i = (unsigned int)rand() % TIMERS, cpu = (unsigned int)rand() % CPUS;

    switch (rand() % 8) {
    case 0:
    case 1:
    case 2: set(i, workbench_now + rand() % 5000 - 100); break;
    case 3:
        model[i].armed = true;
        model[i].when = workbench_now + rand() % 5000;
        model[i].cpu = cpu_id();
        timer_set_here(&timers[i], model[i].when);
        break;
    case 4:
        assert_int_equal(timer_disarm(&timers[i]), model[i].armed);
        model[i].armed = false;
        break;
    case 5:
        timer_stop(&timers[i]);
        model[i].armed = false;
        break;
    case 6:
        timer_move(&timers[i], cpu);
        model[i].cpu = cpu;
        break;
    default: workbench_be(cpu); break;
    }
}

/* Each CPU will look in time: its timer is programmed for its earliest or before, or it was
 * told. */
static void check_programmed(void)
{
    for (unsigned int i = 0; i < TIMERS; i++) {
        unsigned int cpu = model[i].cpu;

        assert_int_equal(timer_is_armed(&timers[i]), model[i].armed);
        if (model[i].armed && !(workbench_softirqs_of(cpu) & 1u << SOFTIRQ_TIMER))
            assert_true(workbench_programmed[cpu] <= (model[i].when < 0 ? 0 : model[i].when));
    }
}

static void timers_follow_model(void **state)
{
    (void)state;
    srand(11);
    begin(CPUS);
    for (unsigned int i = 0; i < TIMERS; i++) {
        model[i].cpu = i % CPUS;
        timer_init(&timers[i], i % CPUS, handler, (void *)(uintptr_t)i);
    }
    for (unsigned int step = 0; step < STEPS; step++) {
        change_one();
        check_programmed();
        if (rand() % 4)
            continue;
        workbench_pass_until(workbench_now + rand() % 200);
        workbench_settle();
        for (unsigned int i = 0; i < TIMERS; i++)
            assert_true(!model[i].armed || model[i].when > workbench_now);
    }
    assert_true(fired > 1000);
}

static unsigned int order[8];

static void note_order(void *argument)
{
    order[due++] = (unsigned int)(uintptr_t)argument;
}

static void fire_in_order(void **state)
{
    static const unsigned int delays[] = { 50, 20, 70, 10, 60 }, expected[] = { 3, 1, 0, 4, 2 };

    (void)state;
    begin(1);
    due = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(delays); i++) {
        timer_init(&timers[i], 0, note_order, (void *)(uintptr_t)i);
        timer_set(&timers[i], workbench_now + delays[i]);
    }
    workbench_now += 100;
    workbench_settle();
    assert_memory_equal(order, expected, sizeof(expected));
}

static void machine_is_programmed_when_earliest_changes(void **state)
{
    (void)state;
    begin(2);
    for (unsigned int i = 0; i < 3; i++)
        timer_init(&timers[i], 0, note_order, NULL);
    timer_set(&timers[0], workbench_now + 1000);
    assert_int_equal(workbench_programs, 1);
    timer_set(&timers[1], workbench_now + 2000);
    timer_set(&timers[1], workbench_now + 3000);
    assert_int_equal(workbench_programs, 1);
    timer_set(&timers[2], workbench_now + 500);
    assert_int_equal(workbench_programmed[0], workbench_now + 500);
    timer_disarm(&timers[2]); /* it comes once for nothing */
    assert_int_equal(workbench_programs, 2);
    /* From another CPU: told once, not for each. */
    workbench_be(1);
    timer_set(&timers[2], workbench_now + 100);
    assert_int_equal(workbench_kicks[0], 1);
    timer_set(&timers[1], workbench_now + 200);
    assert_int_equal(workbench_kicks[0], 1);
    workbench_settle();
    assert_int_equal(workbench_programmed[0], workbench_now + 100);
    workbench_be(0);
}

/* The machine's timer comes early (its range is short): it is programmed again. */
static void early_interrupt_is_no_loss(void **state)
{
    (void)state;
    begin(1);
    due = 0;
    timer_init(&timers[0], 0, note_order, NULL);
    timer_set(&timers[0], workbench_now + 1000);
    workbench_programmed[0] = NS_MAX;
    softirq_raise(SOFTIRQ_TIMER);
    workbench_settle();
    assert_int_equal(due, 0);
    assert_int_equal(workbench_programmed[0], workbench_now + 1000);
}

/* ---- a real other CPU ---- */

static bool inside, leave;
static unsigned int runs;

static void slow(void *argument)
{
    struct timer *t = argument;

    __atomic_store_n(&inside, true, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&leave, __ATOMIC_SEQ_CST))
        cpu_relax();
    runs++;
    timer_set(t, 0); /* again: the stop takes it back */
}

static void *other_cpu(void *argument)
{
    (void)argument;
    workbench_cpu = 1;
    softirq_raise(SOFTIRQ_TIMER);
    softirq_run();
    return NULL;
}

static void *let_leave(void *argument)
{
    (void)argument;
    for (volatile unsigned int i = 0; i < 1000000; i++)
        ;
    __atomic_store_n(&leave, true, __ATOMIC_SEQ_CST);
    return NULL;
}

static void stop_waits_for_handler(void **state)
{
    pthread_t thread, helper;

    (void)state;
    begin(2);
    timer_init(&timers[0], 1, slow, &timers[0]);
    timer_set(&timers[0], 0);
    pthread_create(&thread, NULL, other_cpu, NULL);
    while (!__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
        cpu_relax();
    assert_false(timer_disarm(&timers[0]));
    assert_int_equal(runs, 0); /* a disarm does not wait */
    timer_move(&timers[0], 0); /* nor does the stop lose it by a move */
    pthread_create(&helper, NULL, let_leave, NULL);
    timer_stop(&timers[0]);
    assert_int_equal(runs, 1);
    assert_false(timer_is_armed(&timers[0]));
    assert_int_equal(timers[0].running, 0);
    pthread_join(thread, NULL);
    pthread_join(helper, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_is_ordered),
        cmocka_unit_test(timers_follow_model),
        cmocka_unit_test(fire_in_order),
        cmocka_unit_test(machine_is_programmed_when_earliest_changes),
        cmocka_unit_test(early_interrupt_is_no_loss),
        cmocka_unit_test(stop_waits_for_handler),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
