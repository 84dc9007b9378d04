/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs at once, in one thread: each runs on a stack of its own and gives way at chosen points,
 * where it takes or waits for a lock, copies from or to a guest, asks whether to stop, or waits in a
 * circle.  Who goes on is the input's choice, so that a run can be had again.
 */
#include "fuzz.h"

#include "core/lock.h"
#include "core/machine.h"
#include "../workbench/cpus.h"

#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_SIZE 0x80000ul
#define GIVE_WAY   40u    /* of 256 times at a point */
#define WAITS_MAX  20000u /* in a row, of all: nobody gets on */

static KEPT struct fiber {
    ucontext_t context;
    void *fake; /* AddressSanitizer's */
    char *stack;
    void (*run)(unsigned int cpu);
    unsigned int cpu;
    bool done, waits, steady;
} fibers[FUZZ_CPUS];
static KEPT struct fiber *now; /* NULL: the thread's own stack */
static KEPT ucontext_t home;
static KEPT void *home_fake;
static KEPT const void *home_stack;
static KEPT size_t home_size;
static KEPT const char *ended; /* the machine has come to an end on a fiber */
static KEPT bool telling;      /* where each waits */

/* Never returns to a fiber that is done. */
static void leave_fiber(bool for_good)
{
    struct fiber *f = now;

    __sanitizer_start_switch_fiber(for_good ? NULL : &f->fake, home_stack, home_size);
    swapcontext(&f->context, &home);
    __sanitizer_finish_switch_fiber(f->fake, NULL, NULL);
}

static void fiber_main(void)
{
    __sanitizer_finish_switch_fiber(NULL, &home_stack, &home_size);
    now->run(now->cpu);
    now->done = true;
    leave_fiber(true);
    abort();
}

static void enter_fiber(struct fiber *f)
{
    now = f;
    f->waits = false;
    workbench_be(f->cpu);
    __sanitizer_start_switch_fiber(&home_fake, f->stack, STACK_SIZE);
    swapcontext(&home, &f->context);
    __sanitizer_finish_switch_fiber(home_fake, NULL, NULL);
    now = NULL;
}

void fibers_add(unsigned int at, void (*run)(unsigned int cpu))
{
    struct fiber *f = &fibers[at];

    if (!f->stack)
        f->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);
    REQUIRE(f->stack != MAP_FAILED, "no memory for a stack");
    f->run = run;
    f->cpu = at;
    f->done = f->waits = f->steady = false;
    f->fake = NULL;
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK_SIZE;
    f->context.uc_link = NULL;
    makecontext(&f->context, fiber_main, 0);
}

void fibers_forget(void)
{
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        fibers[i].done = true;
    now = NULL;
    ended = NULL;
}

/* One that is not done, from a number on, rather one that does not wait; NULL: all are done. */
static struct fiber *choose(unsigned int from)
{
    struct fiber *waiting = NULL;

    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        struct fiber *f = &fibers[(from + i) % FUZZ_CPUS];

        if (!f->done && !f->waits)
            return f;
        if (!f->done && !waiting)
            waiting = f;
    }
    return waiting;
}

/* CPUs that take no part have their softirqs all the same: somebody may wait for that.  They do not give
 * way, but wait for locks as all do. */
static void let_others(void)
{
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        if (fibers[i].done) {
            fibers_add(i, world_go_out);
            fibers[i].steady = true;
            enter_fiber(&fibers[i]);
        }
}

static bool several(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        count += !fibers[i].done;
    return count > 1;
}

static void nobody_gets_on(void)
{
    telling = true;
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        if (!fibers[i].done)
            enter_fiber(&fibers[i]);
    REQUIRE(false, "all CPUs wait for each other");
}

void fibers_run(void)
{
    unsigned int waits = 0, turn = 0; /* turn: also when the input is at its end all get on */
    struct fiber *f;

    while ((f = choose(waits ? waits : several() ? input_byte() + turn++ : 0)) != NULL) {
        if (f->waits) {
            let_others();
            if (waits++ == WAITS_MAX)
                nobody_gets_on();
        } else
            waits = 0;
        if (!ended)
            enter_fiber(f);
        if (ended)
            machine_ends(ended);
    }
}

void fiber_ends_machine(const char *how)
{
    if (!now)
        return;
    ended = how;
    leave_fiber(false);
}

bool fibers_running(void)
{
    return now;
}

/* ---- points ---- */

void fiber_point(void)
{
    if (now && !now->steady && several() && input_chance(GIVE_WAY))
        leave_fiber(false);
}

void fiber_give_way(void)
{
    if (now)
        leave_fiber(false);
}

/* In place of sched_yield in cpu_relax. */
int fuzz_wait(void)
{
    REQUIRE(now, "CPU %u waits for another one", cpu_id());
    now->waits = true;
    leave_fiber(false);
    if (telling) {
        __sanitizer_print_stack_trace();
        leave_fiber(false);
    }
    return 0;
}

void __real_lock_take_checked(struct lock *l);
void __wrap_lock_take_checked(struct lock *l);
void __real_lock_take_second(struct lock *l);
void __wrap_lock_take_second(struct lock *l);

void __wrap_lock_take_checked(struct lock *l)
{
    fiber_point();
    __real_lock_take_checked(l);
}

void __wrap_lock_take_second(struct lock *l)
{
    fiber_point();
    __real_lock_take_second(l);
}
