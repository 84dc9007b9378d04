/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include "domain_world.h"

#include "../workbench/machine.h"
#include "abi/assist.h"
#include "abi/domctl/domctl.h"
#include "abi/set_timer.h"
#include "abi/vcpu.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/event/event.h"
#include "core/memory/frame.h"
#include "core/grant/grant.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"
#include "core/sched/pool.h"
#include "core/sched/run_queue.h"
#include "core/softirq.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_FRAME 256
#define LAST_FRAME  2048

unsigned int world_fail, world_objects, world_restarts, world_reports, world_relinquished;
unsigned int world_notes;
int world_context;
bool world_stable;
uint64_t world_out_of_reach;
void (*world_copied)(uint64_t guest, size_t size);
static jmp_buf end;
static int ended;

/* ---- memory that runs out ---- */

static bool fails(void)
{
    return world_fail && --world_fail == 0;
}

void *heap_alloc(size_t size)
{
    if (fails())
        return NULL;
    __atomic_fetch_add(&world_objects, 1, __ATOMIC_SEQ_CST);
    return calloc(1, size);
}

void heap_free(void *object)
{
    if (object)
        __atomic_fetch_sub(&world_objects, 1, __ATOMIC_SEQ_CST);
    free(object);
}

mfn_t __real_page_alloc(unsigned int order, unsigned int node, unsigned int bits);
mfn_t __wrap_page_alloc(unsigned int order, unsigned int node, unsigned int bits);
mfn_t __wrap_page_alloc(unsigned int order, unsigned int node, unsigned int bits)
{
    return fails() ? MFN_NONE : __real_page_alloc(order, node, bits);
}

/* ---- the kind ---- */

static struct domain *domain_alloc(void)
{
    return heap_alloc(sizeof(struct domain));
}

static void domain_free(struct domain *d)
{
    assert_int_equal(d->max_vcpus, 0);
    heap_free(d);
}

static struct vcpu *vcpu_alloc(struct domain *d, unsigned int id)
{
    struct vcpu *v = heap_alloc(sizeof(*v));

    if (v) {
        v->domain = d;
        v->id = id;
    }
    return v;
}

static void vcpu_free(struct vcpu *v)
{
    heap_free(v);
}

static int again(void)
{
    return world_restarts && world_restarts-- ? -XEN_ERESTART : 0;
}

static int domain_relinquish(struct domain *d)
{
    assert_true(d->is_dying);
    if (again())
        return -XEN_ERESTART;
    world_relinquished++;
    return 0;
}

static int set_context(struct vcpu *v, const void *context)
{
    assert_true(lock_held(&v->domain->lock));
    assert_int_equal(((const uint8_t *)context)[sizeof(struct vcpu_guest_context) - 1], 0x5a);
    return again() ? -XEN_ERESTART : world_context;
}

static void get_context(struct vcpu *v, void *context)
{
    (void)v;
    memset(context, 0, sizeof(vcpu_guest_context_t));
    ((vcpu_guest_context_t *)context)->user_regs.rax = 0x1234;
}

static int reset(struct vcpu *v)
{
    assert_true(lock_held(&v->domain->lock));
    return again() ? -XEN_ERESTART : 0;
}

static struct frame *get_frame(struct domain *d, gfn_t gfn)
{
    struct frame *f = frame_of(gfn);

    return f && frame_get(f, d) ? f : NULL;
}

static bool deliverable(const struct vcpu *v)
{
    return !v->info->evtchn_upcall_mask;
}

static void report(struct vcpu *v)
{
    (void)v;
    world_reports++;
}

const struct guest_kind world_kind = {
    .name = "test",
    .bit = KIND_PV,
    .events_masked = true,
    .domain_alloc = domain_alloc,
    .domain_free = domain_free,
    .vcpu_alloc = vcpu_alloc,
    .vcpu_free = vcpu_free,
    .domain_relinquish = domain_relinquish,
    .vcpu_set_context = set_context,
    .vcpu_start = set_context,
    .start_size = sizeof(struct vcpu_guest_context),
    .vcpu_get_context = get_context,
    .vcpu_reset = reset,
    .frame_get = get_frame,
    .event_deliverable = deliverable,
    .report = report,
};

/* ---- the machine and rooms that are not there ---- */

static struct vcpu *idles[CPUS];

struct vcpu *arch_idle_alloc(void)
{
    return calloc(1, sizeof(struct vcpu));
}

void arch_set_idle(unsigned int cpu, struct vcpu *idle)
{
    unsigned int here = cpu_id();

    idles[cpu] = idle;
    workbench_be(cpu);
    workbench_current = idle;
    workbench_be(here);
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    assert_ptr_equal(prev, current_vcpu());
    workbench_current = next;
}

void arch_idle(void)
{
    irq_on();
}

uint64_t arch_tsc(void)
{
    return TSC_START + (uint64_t)workbench_now;
}

ns_t arch_tsc_to_time(uint64_t tsc)
{
    return (ns_t)(tsc - TSC_START);
}

void arch_tsc_scale(uint32_t *multiplier, int8_t *shift)
{
    *multiplier = TSC_MUL;
    *shift = TSC_SHIFT;
}

bool arch_tsc_stable(void)
{
    return world_stable;
}

uint64_t arch_wallclock_boot(void)
{
    return 1700000000;
}

bool arch_kernel_memory_open(void)
{
    return false;
}

void arch_kernel_memory_close(bool opened)
{
    assert_false(opened);
}

bool arch_guest_range_ok(uint64_t guest, size_t size)
{
    return guest <= (1ul << 47) - size;
}

bool arch_copy_from_guest(void *to, uint64_t guest, size_t size)
{
    assert_true(irq_is_on());
    if (!guest || (guest <= world_out_of_reach && world_out_of_reach < guest + size))
        return false;
    memcpy(to, (void *)guest, size);
    return true;
}

bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    assert_true(irq_is_on());
    if (!guest || (guest <= world_out_of_reach && world_out_of_reach < guest + size))
        return false;
    memcpy((void *)guest, from, size);
    if (world_copied)
        world_copied(guest, size);
    return true;
}

bool arch_write_guest64(uint64_t guest, uint64_t value)
{
    return arch_copy_to_guest(guest, &value, sizeof(value));
}

int64_t arch_read_guest32(uint64_t guest)
{
    return *(uint32_t *)guest;
}

void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id)
{
    *apic_id = 0x10 + cpu;
    *acpi_id = 0x20 + cpu;
}

static _Noreturn void leave(int how)
{
    ended = how;
    longjmp(end, 1);
}

_Noreturn void arch_poweroff(void)
{
    leave(WORLD_OFF);
}

void arch_crash(void)
{
}

_Noreturn void arch_reset(void)
{
    leave(WORLD_RESET);
}

_Noreturn void arch_halt(void)
{
    leave(WORLD_HALTED);
}

int world_end_of(void (*what)(void *), void *argument)
{
    ended = WORLD_RUNS;
    if (setjmp(end) == 0)
        what(argument);
    workbench_irq = true;
    return ended;
}

void console_log(unsigned int level, const char *text, ...)
{
    (void)level, (void)text;
    world_notes++;
}

int pirq_bind(struct domain *d, unsigned int pirq, port_t port, bool share, struct vcpu *target)
{
    (void)d, (void)pirq, (void)port, (void)share, (void)target;
    return -XEN_EINVAL;
}

void pirq_unbind(struct domain *d, unsigned int pirq, port_t port)
{
    (void)d, (void)pirq, (void)port;
}

void pirq_move(struct domain *d, unsigned int pirq, struct vcpu *target)
{
    (void)d, (void)pirq, (void)target;
}

int pirq_permit(struct domain *from, struct domain *d, unsigned int pirq, bool allow)
{
    (void)from, (void)d, (void)allow;
    return pirq ? -XEN_EINVAL : -XEN_EPERM;
}

int arch_domain_kind(bool hvm, uint32_t emulation, uint32_t options, const struct guest_kind **kind)
{
    (void)emulation, (void)options;
    *kind = &world_kind;
    return hvm ? -XEN_EOPNOTSUPP : 0;
}

unsigned int arch_node_of_cpu(unsigned int cpu)
{
    (void)cpu;
    return 0;
}

unsigned int arch_address_bits(void)
{
    return 48;
}

int pirq_domain_create(struct domain *d, unsigned int count)
{
    (void)count;
    d->pirq = heap_alloc(1);
    return d->pirq ? 0 : -XEN_ENOMEM;
}

void pirq_domain_destroy(struct domain *d)
{
    heap_free(d->pirq);
    d->pirq = NULL;
}

int grant_domain_create(struct domain *d, unsigned int frames_max, unsigned int track_pages_max)
{
    (void)frames_max, (void)track_pages_max;
    d->grant = heap_alloc(sizeof(*d->grant));
    return d->grant ? 0 : -XEN_ENOMEM;
}

int grant_domain_relinquish(struct domain *d)
{
    (void)d;
    return again();
}

void grant_domain_destroy(struct domain *d)
{
    heap_free(d->grant);
}

static const uint16_t no_ops;
const struct door_call door_calls[DOOR_CALLS] = {
    [0] = { "none", 0, NULL, &no_ops, 0, NULL },
    [__HYPERVISOR_vcpu_op] = { "vcpu_op", KIND_ALL, vcpu_ops, &vcpu_op_count, -XEN_ENOSYS,
                               vcpu_op },
    [__HYPERVISOR_domctl] = { "domctl", KIND_ALL, domctl_ops, &domctl_op_count, -XEN_ENOSYS,
                              domctl },
    [__HYPERVISOR_set_timer_op] = { "set_timer_op", KIND_ALL, NULL, &no_ops, 0, set_timer_op },
    [__HYPERVISOR_vm_assist] = { "vm_assist", KIND_ALL, NULL, &no_ops, 0, vm_assist },
};

/* ---- what the tests do ---- */

static struct vcpu_guest_context *context(void)
{
    static struct vcpu_guest_context c;

    ((uint8_t *)&c)[sizeof(c) - 1] = 0x5a;
    return &c;
}

static void make_vcpus(struct domain *d, unsigned int vcpus)
{
    for (unsigned int i = 0; i < vcpus; i++) {
        struct vcpu *v;

        assert_int_equal(vcpu_create(d, i, &v), 0);
        if (i >= XEN_LEGACY_MAX_VCPUS)
            assert_int_equal(vcpu_register_info(v, world_frame(d), 0), 0);
        assert_int_equal(vcpu_initialise(v, context()), 0);
        assert_int_equal(vcpu_up(v), 0);
    }
}

struct domain *world_create(domid_t id, unsigned int vcpus)
{
    struct domain *d;

    assert_int_equal(domain_create(id, &world_kind, MOST_VCPUS, &d), 0);
    d->pages_max = 100;
    make_vcpus(d, vcpus);
    assert_ptr_equal(domain_get(id), d);
    return d;
}

void world_destroy(struct domain *d)
{
    int rc;

    while ((rc = domain_destroy(d)) == -XEN_ERESTART)
        workbench_settle();
    assert_int_equal(rc, 0);
    domain_put(d);
    workbench_settle();
}

mfn_t world_frame(struct domain *d)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

    assert_int_not_equal(mfn, MFN_NONE);
    assert_int_equal(frame_assign(frame_of(mfn), d), 0);
    memset(frame_map(mfn), 0, PAGE_SIZE);
    return mfn;
}

void world_run(struct vcpu *v)
{
    workbench_settle();
    assert_true(v->sched.running);
    workbench_be(v->cpu);
    assert_ptr_equal(current_vcpu(), v);
}

void world_pass(ns_t time)
{
    ns_t until = workbench_now + time;
    unsigned int here = cpu_id();

    workbench_settle();
    while (workbench_now < until) {
        workbench_pass_until(until);
        workbench_settle();
    }
    workbench_be(here);
}

long world_call(struct vcpu *v, unsigned int nr, uint64_t a0, uint64_t a1, const void *a2)
{
    struct vcpu *before = workbench_current;
    long rc;

    workbench_current = v;
    do
        rc = door_calls[nr].fn(a0, a1, (uint64_t)a2, 0, 0, 0);
    while (rc == DOOR_RESTART);
    assert_true(workbench_irq);
    workbench_current = before;
    return rc;
}

port_t world_bind(struct vcpu *v, unsigned int virq)
{
    port_t port;

    assert_int_equal(event_bind_virq(v->domain, virq, v->id, &port), 0);
    return port;
}

bool world_take(struct vcpu *v, port_t port)
{
    xen_ulong_t *word = &v->domain->shared->evtchn_pending[port / 64], bit = 1ul << port % 64;
    bool was = *word & bit;

    *word &= ~bit;
    v->info->evtchn_upcall_pending = 0;
    v->info->evtchn_pending_sel = 0;
    return was;
}

/* ---- from boot to the end ---- */

static void boot(void)
{
    workbench_memory(FIRST_FRAME, LAST_FRAME);
    workbench_cpus(CPUS);
    timers_init();
    sched_init();
    pool_set_least_run(0, 0); /* who wakes runs at once */
    domain_init();
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        assert_int_equal(timer_cpu_create(cpu), 0);
        assert_int_equal(sched_cpu_create(cpu), 0);
    }
    time_init();
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        workbench_be(cpu);
        irq_off();
        sched_idle();
    }
    workbench_be(0);
}

static void no_lock(struct domain *d)
{
    (void)d;
}

static int valid(struct frame *f, enum frame_type type, uint16_t *progress)
{
    (void)f, (void)type, (void)progress;
    return 0;
}

int world_begin(void **state)
{
    static const struct frame_table_ops no_tables = { .validate = valid,
                                                      .lock = no_lock,
                                                      .unlock = no_lock };
    static bool booted;

    (void)state;
    frame_bind_tables(&no_tables);
    if (!booted) {
        boot();
        world_create(0, DOM0_VCPUS);
        domain_unpause(dom0);
    }
    booted = true;
    world_stable = false;
    world_restarts = world_reports = world_relinquished = world_notes = 0;
    world_context = 0;
    world_out_of_reach = 0;
    world_copied = NULL;
    workbench_be(0);
    workbench_settle();
    return 0;
}

int world_finish(void **state)
{
    (void)state;
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        workbench_be(cpu);
        assert_true(workbench_irq);
    }
    workbench_be(0);
    return 0;
}
