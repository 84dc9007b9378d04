/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door's fuzzer.  An input's bytes are steps; each begins with the CPU whose guest acts and with
 * what it does.  After each step all CPUs go out to their guests, and the checker counts everything.
 */
#include "fuzz.h"
#include "grammar.h"

#include "abi/door.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "x86/control.h"
#include "x86/hvm/guest.h"
#include "x86/pv/bounce.h"
#include "x86/pv/entry.h"
#include "x86/pv/vcpu.h"
#include "x86/trap/trap.h"
#include "../workbench/cpus.h"

#include <setjmp.h>
#include <string.h>
#include <xen/errno.h>

#define STEPS_MAX    400u /* of an input */
#define RESTARTS_RUN 61u  /* in a row, before others go first; odd, so that their turns go round */
#define RESTARTS_MAX 20000u  /* of a call, before it is taken for one that never ends */
#define ROUNDS_MAX   100000u /* of a domain's end, likewise */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hypercall that wants to be made again. */
struct unfinished {
    bool is;
    unsigned int restarts;
    struct call call;
};

static struct unfinished unfinished[FUZZ_DOMAINS][FUZZ_VCPUS];
static KEPT jmp_buf end;
static KEPT bool told;
static KEPT unsigned int steps;

_Noreturn void machine_ends(const char *how)
{
    fiber_ends_machine(how);
    if (told)
        fprintf(stderr, "machine: %s\n", how);
    longjmp(end, 1);
}

/* ---- hypercalls ---- */

static void load_arguments(struct x86_vcpu *v, const struct call *c)
{
    v->regs.rax = c->nr;
    v->regs.rdi = c->args[0];
    v->regs.rsi = c->args[1];
    v->regs.rdx = c->args[2];
    v->regs.r10 = c->args[3];
    v->regs.r8 = c->args[4];
    v->regs.r9 = c->args[5];
    v->regs.vector = REGS_SYSCALL;
    v->regs.cs = 0xe033;
    v->regs.rip = GUEST_BASE + PAGE_CODE * PAGE_SIZE;
    v->regs.rsp = GUEST_BASE + (PAGE_STACK + 1) * PAGE_SIZE - 64;
    if (c->nr == __HYPERVISOR_iret && c->row >= 0)
        v->regs.rsp = c->args[0];
}

static void keep_arguments(const struct x86_vcpu *v, struct call *c)
{
    const uint64_t now[] = { v->regs.rdi, v->regs.rsi, v->regs.rdx,
                             v->regs.r10, v->regs.r8,  v->regs.r9 };

    memcpy(c->args, now, sizeof(now));
}

/* As x86/pv/entry.S makes it; what is restarted goes on when the guest runs next. */
static void make_call(struct vcpu *core, struct unfinished *u)
{
    struct x86_vcpu *v = x86_vcpu(core);
    const struct regs *r = &v->regs;
    long result = -XEN_ENOSYS;

    if (told)
        fprintf(stderr, "d%u v%u: call %lu %lx %lx %lx %lx%s%s\n", core->domain->id, core->id,
                u->call.nr, u->call.args[0], u->call.args[1], u->call.args[2], u->call.args[3],
                u->call.narrow ? " narrow" : "", u->restarts ? " again" : "");
    bounded_reset();
    if (is_hardware(core)) {
        u->is = hardware_call(core, &u->call);
        result = (long)r->rax;
    } else {
        load_arguments(v, &u->call);
        if (r->rax < DOOR_CALLS)
            result = hypercall_pv[r->rax](r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
        u->is = result == DOOR_RESTART && r->vector == REGS_SYSCALL;
        if (u->is)
            keep_arguments(v, &u->call);
        else
            v->regs.rax = (uint64_t)result;
    }
    if (told)
        fprintf(stderr, "    %ld%s\n", result, u->is ? ", again" : "");
    if (!u->is) {
        coverage_result(u->call.row, result);
        return;
    }
    /* What it waits for may be another CPU, which waits in a circle. */
    if (fibers_running() && u->restarts % RESTARTS_RUN == RESTARTS_RUN - 1)
        fuzz_wait();
    REQUIRE(u->restarts++ < RESTARTS_MAX, "call %lu never ends", u->call.nr);
}

/* What the vCPU's guest has unfinished; of those that the fuzzer has not made nothing is remembered. */
static struct unfinished *unfinished_of(const struct vcpu *v)
{
    static struct unfinished none;

    if (v->domain->id < FUZZ_DOMAINS && v->id < FUZZ_VCPUS)
        return &unfinished[v->domain->id][v->id];
    none.is = false;
    return &none;
}

static bool by_narrow_code(const struct vcpu *v)
{
    return is_hardware(v) && input_chance(64);
}

/* One that waits to be made again goes on, or another comes in between, as from an event's handler. */
static void step_call(struct vcpu *v)
{
    struct unfinished *u = unfinished_of(v), other = { .is = false };

    if (u->is && !input_chance(48)) {
        make_call(v, u);
        return;
    }
    if (u->is && input_chance(32))
        u->is = false; /* and is never made again */
    if (!u->is) {
        u->restarts = 0;
        u->call.narrow = by_narrow_code(v);
        call_make(&u->call, v, 0);
        make_call(v, u);
        return;
    }
    other.call.narrow = u->call.narrow;
    call_make(&other.call, v, 0);
    make_call(v, &other);
}

/* User code has only its kernel to call. */
static void step_system_call(void)
{
    unsigned int c = input_byte();

    irq_off();
    if (c < 0xc0)
        pv_user_syscall();
    else if (c < 0xe0)
        pv_user_syscall32();
    else
        pv_user_sysenter();
    irq_on();
}

/* ---- exceptions ---- */

static void write_code(void)
{
    static const uint8_t some[][16] = {
        { 0x48, 0x89, 0x07 },
        { 0x48, 0x87, 0x07 },
        { 0xf0, 0x48, 0x0f, 0xb1, 0x0f },
        { 0x48, 0xab },
        { 0xf3, 0x48, 0xab },
        { 0x48, 0xa5 },
        { 0xf3, 0x48, 0xa5 },
        { 0x89, 0x07 },
        { 0x88, 0x07 },
        { 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x01 },
        { 0x48, 0xc7, 0x07, 0x67, 0, 0, 0 },
        { 0x48, 0x21, 0x07 },
        { 0x0f, 0x32 },
        { 0x0f, 0x30 },
        { 0x0f, 0x22, 0xd8 },
        { 0x0f, 0x20, 0xd8 },
        { 0x0f, 0x22, 0xc0 },
        { 0x0f, 0x22, 0xe0 },
        { 0x0f, 0x23, 0xf8 },
        { 0xec },
        { 0xef },
        { 0xe4, 0x80 },
        { 0x6c },
        { 0xf3, 0x6e },
        { 0x66, 0x6f },
        { 0xfa },
        { 0x0f, 0x06 },
        { 0x0f, 0x09 },
        { 0x0f, 0x01, 0xd1 },
        { 0x0f, 0xa2 },
        { 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2 },
        { 0xcd, 0x80 },
    };
    unsigned int c = input_byte();
    uint8_t bytes[16] = { 0 };

    if (c < 0xc0)
        memcpy(bytes, some[c % ARRAY_SIZE(some)], sizeof(bytes));
    else
        for (unsigned int i = 0; i < sizeof(bytes); i++)
            bytes[i] = input_byte();
    arch_copy_to_guest(current_vcpu() ? x86_vcpu(current_vcpu())->regs.rip : 0, bytes,
                       sizeof(bytes));
}

static uint64_t register_number(const struct vcpu *v)
{
    static const uint32_t msrs[] = { 0x10,       0x1b,       0x8b,       0x277,
                                     0x1a0,      0x40000000, 0xc0000080, 0xc0000100,
                                     0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015 };
    unsigned int c = input_byte();

    return c < 0x80 ? msrs[c % ARRAY_SIZE(msrs)] : c < 0xe0 ? value_make('i', v) : input_number(4);
}

static uint64_t port_number(void)
{
    static const uint16_t ports[] = { 0x20,  0x43,  0x60,  0x70,  0x80,  0xcf8,
                                      0xcfa, 0xcfc, 0xcff, 0x608, 0xffff };
    unsigned int c = input_byte();

    return c < 0xc0 ? ports[c % ARRAY_SIZE(ports)] : input_number(8);
}

/* A write to an entry of a table by the guest's own address of it, mostly. */
static void set_registers(struct x86_vcpu *v)
{
    unsigned int c = input_byte();

    fuzz_cr2 = c < 0x80 ? GUEST_BASE + c % PAGE_TABLES_END * PAGE_SIZE + (c >> 3 & 15) * 8
                        : value_make('A', &v->core);
    v->regs.rdi = fuzz_cr2;
    v->regs.rsi = value_make('A', &v->core);
    v->regs.rax = value_make('E', &v->core);
    v->regs.rcx = register_number(&v->core);
    v->regs.rdx = port_number();
    v->regs.cs = c & 1 ? 0xe033 : input_byte() < 0x80 ? 0xe023 : value_make('w', &v->core) * 8 | 3;
    if (v->regs.cs == 0xe023)
        v->regs.cs = 0xe033;
}

static void step_exception(struct vcpu *core)
{
    static const uint8_t vectors[] = { TRAP_PF, TRAP_PF, TRAP_PF, 13,      13,         6,
                                       7,       TRAP_DB, TRAP_BP, TRAP_OF, TRAP_INT80, 0,
                                       8,       10,      11,      12,      16,         17 };
    struct x86_vcpu *v = x86_vcpu(core);
    struct call none = { .row = -1 };

    if (is_hardware(core)) {
        hardware_step(core);
        return;
    }
    load_arguments(v, &none);
    set_registers(v);
    write_code();
    v->regs.vector = vectors[input_byte() % ARRAY_SIZE(vectors)];
    v->regs.error = v->regs.vector == TRAP_PF ? 7 : 0;
    if (input_chance(32))
        v->regs.error = input_byte();
    if (told)
        fprintf(stderr, "d%u v%u: exception %lu error %lx address %lx rax %lx\n", core->domain->id,
                core->id, v->regs.vector, v->regs.error, fuzz_cr2, v->regs.rax);
    irq_off();
    pv_trap(&v->regs);
    irq_on();
}

/* ---- other steps ---- */

/* The guest writes, where its page tables let it. */
static void step_write(struct vcpu *v)
{
    uint64_t at = value_make('A', v), value = value_make("EINPR"[input_byte() % 5], v);

    arch_copy_to_guest(at, &value, sizeof(value));
}

/* Of what it calls one, the machine's. */
static mfn_t own_frame(const struct vcpu *v, mfn_t frame)
{
    return is_hardware(v) ? p2m_get(hvm_p2m(v->domain), frame).mfn : frame;
}

/* Some guest has written to a page of its own, at any time before or just now: no type forbids it. */
static void step_poke(struct vcpu *v)
{
    mfn_t mfn = own_frame(v, value_frame(v));
    uint64_t at = value_make('O', v) & (PAGE_SIZE - 8),
             value = value_make("EINPRS"[input_byte() % 6], v);
    struct frame *f = frame_of(mfn);
    enum frame_type type;

    if (!f || f->owner >= DOMID_FIRST_RESERVED || !frame_refs(f))
        return;
    type = frame_type(f);
    if (type != FRAME_NONE && type != FRAME_WRITABLE)
        return;
    if (told)
        fprintf(stderr, "frame %lx + %lx: %lx\n", mfn, at, value);
    *(uint64_t *)((char *)frame_map(mfn) + at) = value;
}

static void step_time(void)
{
    static const ns_t times[] = {
        100000, 1000000, 5000000, 20000000, 150000000, SECOND, 3 * SECOND
    };
    ns_t until = workbench_now + times[input_byte() % ARRAY_SIZE(times)];

    while (workbench_now < until) {
        workbench_pass_until(until);
        world_settle();
    }
}

static void step_domain(void)
{
    unsigned int c = input_byte();
    domid_t id = (domid_t)(1 + (c & 1));

    if (told)
        fprintf(stderr, "domain %u: %s\n", id, c & 2 ? "new" : "end");
    if (c & 2) {
        world_new_domain(id);
        memset(unfinished[id], 0, sizeof(unfinished[id]));
        return;
    }
    world_end_domain(id);
    if (c & 4)
        for (unsigned int i = 0; i < 50; i++)
            world_end_domain(id);
}

static void wake(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            vcpu_wake(d->vcpus[id], WAIT_BLOCKED | WAIT_POLL);
}

static void step_machine(void)
{
    unsigned int c = input_byte();

    if (c < 0x60)
        devices_interrupt(c);
    else if (c < 0x80)
        oom_after = c & 31;
    else if (c < 0xa0)
        preempt_every = c & 15;
    else if (c < 0xb0)
        event_send_global_virq(c & 15);
    else if (c < 0xc0) {
        irq_off();
        console_input((char)input_byte());
        irq_on();
    } else
        domain_for_each(wake);
}

/* ---- several CPUs at once ---- */

static struct unfinished together[FUZZ_CPUS];
static domid_t ending; /* the domain that one of them ends */

static bool in_kernel(const struct vcpu *v)
{
    return is_hardware(v) ||
           (container_of(v, const struct x86_vcpu, core)->pv.flags & PV_KERNEL_MODE);
}

/* The call goes on until it is over, or its vCPU runs no more. */
static void run_call(unsigned int at)
{
    struct vcpu *v = current_vcpu();
    struct unfinished *u = &together[at];

    do {
        make_call(v, u);
        world_go_out(at);
        if (u->is)
            fiber_give_way(); /* it may wait for what another CPU has begun */
    } while (u->is && current_vcpu() == v && in_kernel(v));
}

/* What the flat buffer holds for the others' calls changes meanwhile. */
static void run_writes(unsigned int at)
{
    (void)at;
    for (unsigned int i = 0; i < 8; i++) {
        uint64_t value = value_make("EFINRP"[input_byte() % 6], current_vcpu());
        uint32_t offset = input_byte() * 8u;

        memcpy(flat + offset, &value, sizeof(value));
        fiber_point();
    }
}

static void run_exception(unsigned int at)
{
    step_exception(current_vcpu());
    world_go_out(at);
}

static void run_end(unsigned int at)
{
    for (unsigned int i = 0; i < 20; i++) {
        world_end_domain(ending);
        world_go_out(at);
    }
}

static void add(unsigned int at)
{
    unsigned int c = input_byte();
    const struct vcpu *v;

    workbench_be(at);
    v = current_vcpu();
    if (v->is_idle || !in_kernel(v))
        return;
    if (c < 0x10) {
        ending = (domid_t)(1 + (c & 1));
        fibers_add(at, run_end);
    } else if (c < 0x28)
        fibers_add(at, run_exception);
    else if (c < 0x40)
        fibers_add(at, run_writes);
    else {
        together[at] = (struct unfinished){ .call.narrow = by_narrow_code(v) };
        call_make(&together[at].call, v, 0);
        fibers_add(at, run_call);
    }
}

static void step_together(void)
{
    for (unsigned int at = 0; at < FUZZ_CPUS; at++)
        if (!input_chance(64))
            add(at);
    fibers_run();
}

/* ---- an input ---- */

/* A CPU on which a guest runs, from a number on; false: there is none. */
static bool be_guest(unsigned int from)
{
    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        workbench_be((from + i) % FUZZ_CPUS);
        if (!current_vcpu()->is_idle)
            return true;
    }
    return false;
}

static bool find_guest(unsigned int from)
{
    if (be_guest(from))
        return true;
    domain_for_each(wake);
    world_settle();
    return be_guest(from);
}

/* What a guest does alone; others' CPUs may be waited for all the same. */
static void run_alone(unsigned int at)
{
    struct vcpu *v = current_vcpu();
    unsigned int c = input_byte();

    (void)at;
    if (c < 0x98 && !in_kernel(v))
        step_system_call();
    else if (c < 0x98)
        step_call(v);
    else if (c < 0xb0)
        step_write(v);
    else if (c < 0xd8)
        step_exception(v);
    else
        step_poke(v);
}

static bool step(void)
{
    unsigned int c = input_byte();

    if (!find_guest(c & 3))
        return false;
    c = input_byte();
    if (c < 0xa0) {
        fibers_add(cpu_id(), run_alone);
        fibers_run();
    } else if (c < 0xd8)
        step_together();
    else if (c < 0xe0)
        step_time();
    else if (c < 0xf4)
        step_machine();
    else
        step_domain();
    return true;
}

static void end_domain(domid_t id)
{
    for (unsigned int i = 0; !world_end_domain(id); i++) {
        REQUIRE(i < ROUNDS_MAX, "domain %u never ends", id);
        world_settle();
    }
    world_settle();
}

/* All domains but Dom0 end; nothing of theirs stays but what Dom0 refers to. */
static void end_domains(void)
{
    struct domain *d;
    domid_t id = 1;

    oom_after = preempt_every = 0;
    workbench_be(0);
    for (; (d = domain_get_from(id)) != NULL; id++) {
        id = d->id;
        domain_put(d);
        end_domain(id);
    }
    check_world();
    check_leaks();
}

static void run(void)
{
    for (steps = 0; steps < STEPS_MAX && input_is_left(); steps++) {
        flat_reset();
        if (!step())
            break;
        oom_after = oom_after > 32 ? 0 : oom_after;
        world_settle();
        check_world();
    }
    end_domains();
}

/* Nothing is allocated by malloc but by libFuzzer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    fuzz_hardware = strstr((*argv)[0], "fuzz_door_pvh");
    told = getenv("FUZZ_TELL");
    if (grammar_missing())
        exit(1);
    cpu_catch_faults();
    world_create();
    check_world();
    snapshot_take();
    end_domains(); /* so that it is known what stays */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    snapshot_restore();
    fibers_forget();
    input_begin(data, size);
    if (setjmp(end)) {
        coverage_input(steps, false);
        return 0;
    }
    run();
    coverage_input(steps, true);
    return 0;
}
