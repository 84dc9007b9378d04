/* SPDX-License-Identifier: Apache-2.0 */
/* User mode of a PV guest: its own page tables, system calls, faults from there. */
#include "mmu.h"

#include <pv/trap.h>

#include <xen/callback.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define CODE_ADDRESS  0x400000ul
#define STACK_ADDRESS 0x402000ul
#define SYSCALL_PAGE  "arch-x86/xen-x86_64.h; callback.h, CALLBACKTYPE_syscall"
#define FRAME         "arch-x86/xen-x86_64.h, struct cpu_user_regs"
#define FLAG_IF       0x200ul

uint64_t conform_user_enter(uint64_t rip, uint64_t rsp);
extern const char conform_syscall_entry[], conform_sysenter_entry[], conform_user_return[];
extern uint64_t conform_user_frame[7], conform_user_way;
static bool in_user;

#define USER(name) extern const char user_##name[], user_##name##_end[]
USER(spin);
USER(syscall);
USER(undefined);
USER(int80);
USER(int3);
USER(read_kernel);
USER(read_xen);
USER(write_code);
USER(in_port);
USER(cli);
USER(privileged);
USER(cpuid);
USER(rdtsc);
USER(sysenter);
USER(iret_hypercall);
#define RUN(name) conform_user(user_##name, user_##name##_end)

/* Levels 4 to 1 in pool pages 180 to 183, code 184, its stack 185, the kernel's for it 186 and 187. */
static void *const l4 = &conform_pool[180], *const l3 = &conform_pool[181],
                   *const l2 = &conform_pool[182], *const l1 = &conform_pool[183],
                   *const code_page = &conform_pool[184], *const stack_page = &conform_pool[185];

static bool build_tables(void)
{
    ((uint64_t *)l1)[CODE_ADDRESS >> 12 & 511] = entry(code_page, READ_ONLY & ~P_NX);
    ((uint64_t *)l1)[(STACK_ADDRESS >> 12 & 511)] = entry(stack_page, WRITABLE);
    ((uint64_t *)l2)[CODE_ADDRESS >> 21 & 511] = entry(l1, TABLE);
    ((uint64_t *)l3)[0] = entry(l2, TABLE);
    ((uint64_t *)l4)[0] = entry(l3, TABLE);
    return EXPECT(read_only(l1), 0) && EXPECT(read_only(l2), 0) && EXPECT(read_only(l3), 0) &&
           EXPECT(read_only(l4), 0) && EXPECT(pin(4, l4), 0) &&
           EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
}

static void drop_tables(void)
{
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    EXPECT(unpin(l4), 0);
    for (unsigned int i = 180; i < 184; i++)
        EXPECT(writable(pool(i)), 0);
}

static void set_callback(uint16_t type, const char *address, uint16_t flags)
{
    struct callback_register callback = { .type = type,
                                          .flags = flags,
                                          .address = (unsigned long)address };

    EXPECT(hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &callback), 0);
}

static uint16_t callback_flags;

uint64_t conform_user(const char *code, const char *end)
{
    uint64_t rax;

    __builtin_memcpy(code_page, code, (uint64_t)(end - code));
    if (!build_tables())
        return 0;
    set_callback(CALLBACKTYPE_syscall, conform_syscall_entry, callback_flags);
    set_callback(CALLBACKTYPE_sysenter, conform_sysenter_entry, callback_flags);
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pool(188));
    fault.vector = NO_FAULT;
    conform_user_way = 0;
    in_user = true;
    rax = conform_user_enter(CODE_ADDRESS, STACK_ADDRESS + PAGE_SIZE);
    in_user = false;
    if (conform_user_way) {
        fault.vector = conform_user_way;
        fault.rip = conform_user_frame[2];
        fault.cs = conform_user_frame[3];
        fault.rflags = conform_user_frame[4];
        fault.rsp = conform_user_frame[5];
        fault.ss = conform_user_frame[6];
        fault.mask = xen_vcpu_info()->evtchn_upcall_mask;
    }
    pv_irq_disable();
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pv_stack_top(0));
    drop_tables();
    return rax;
}

bool conform_from_user(struct pv_regs *regs)
{
    if (!in_user || (regs->cs & 3) != 3)
        return false;
    regs->rip = (uint64_t)conform_user_return;
    regs->cs = FLAT_KERNEL_CS & ~3u;
    regs->ss = FLAT_KERNEL_SS;
    return true;
}

CASE(user, syscall, SYSCALL_PAGE, PV)
{
    EXPECT(RUN(syscall), 0x1234);
    EXPECT(fault.vector, SYSCALL);
    EXPECT(fault.rip, CODE_ADDRESS + 7); /* behind it */
    EXPECT(fault.rsp, STACK_ADDRESS + PAGE_SIZE);
    EXPECT(fault.cs & 0xffff, FLAT_USER_CS);
    EXPECT(fault.ss & 0xffff, FLAT_USER_SS);
    EXPECT(fault.rflags & FLAG_IF, FLAG_IF);
}

CASE(user, syscall_rcx_and_r11, SYSCALL_PAGE, PV)
{
    RUN(syscall);
    EXPECT(conform_user_frame[0], CODE_ADDRESS + 7); /* what SYSCALL put there */
    EXPECT(conform_user_frame[1] & FLAG_IF, FLAG_IF);
}

CASE(user, syscall_leaves_events_on, SYSCALL_PAGE, PV)
{
    callback_flags = 0;
    RUN(syscall);
    EXPECT(fault.mask, 0);
}

CASE(user, syscall_masks_events, "callback.h, CALLBACKF_mask_events", PV)
{
    callback_flags = CALLBACKF_mask_events;
    RUN(syscall);
    EXPECT(fault.mask, 1);
    callback_flags = 0;
}

CASE(user, syscall_is_no_hypercall, SYSCALL_PAGE, PV)
{
    EXPECT(RUN(iret_hypercall), 23);
    EXPECT(fault.vector, SYSCALL);
}

CASE(user, undefined_instruction, FRAME, PV)
{
    RUN(undefined);
    EXPECT(fault.vector, 6);
    EXPECT(fault.rip, CODE_ADDRESS);
    EXPECT(fault.cs & 0xffff, FLAT_USER_CS);
    EXPECT(fault.rsp, STACK_ADDRESS + PAGE_SIZE);
    EXPECT(fault.mask, 1);
}

CASE(user, int_0x80, FRAME, PV)
{
    RUN(int80);
    EXPECT(fault.vector, 0x80);
    EXPECT(fault.rip, CODE_ADDRESS + 7);
}

CASE(user, breakpoint, FRAME, PV)
{
    RUN(int3);
    EXPECT(fault.vector, 3);
    EXPECT(fault.rip, CODE_ADDRESS + 1);
}

CASE(user, kernel_is_not_mapped, "xen.h, MMUEXT_NEW_USER_BASEPTR", PV)
{
    RUN(read_kernel);
    EXPECT(fault.vector, 14);
    EXPECT(fault.address, 0xffffffff80200000ul);
    EXPECT(fault.error, 4); /* user, read, not present */
}

CASE(user, hypervisor_is_not_readable, "arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START", PV)
{
    RUN(read_xen);
    EXPECT(fault.vector, 14);
    EXPECT(fault.address, BAD_XEN);
    EXPECT(fault.error & 4, 4);
    conform_note("error %lx", fault.error);
}

CASE(user, read_only_page, FRAME, PV)
{
    RUN(write_code);
    EXPECT(fault.vector, 14);
    EXPECT(fault.error, 7);
    EXPECT(fault.address, CODE_ADDRESS);
}

CASE(user, ports_need_iopl_3, "physdev.h, PHYSDEVOP_set_iopl", PV)
{
    struct physdev_set_iopl iopl = { .iopl = 1 };

    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
    RUN(in_port);
    EXPECT(fault.vector, 13);
    EXPECT(fault.error, 0);
    iopl.iopl = 3;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
    EXPECT(RUN(in_port), 0x77);
    EXPECT(fault.vector, SYSCALL);
    iopl.iopl = 0;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
}

CASE(user, cli, FRAME, PV)
{
    RUN(cli);
    EXPECT(fault.vector, 13);
    EXPECT(fault.rip, CODE_ADDRESS);
}

CASE(user, cr0, FRAME, PV)
{
    RUN(privileged);
    EXPECT(fault.vector, 13);
}

CASE(user, cpuid_with_the_prefix, "arch-x86/cpuid.h", PV)
{
    EXPECT(RUN(cpuid), 0x566e6558); /* "XenV" */
    EXPECT(fault.vector, SYSCALL);
}

CASE(user, rdtsc, "arch-x86/xen.h", PV)
{
    EXPECT(RUN(rdtsc), 0x55);
    EXPECT(fault.vector, SYSCALL);
}

CASE(user, sysenter, "callback.h, CALLBACKTYPE_sysenter", PV)
{
    uint64_t rax = RUN(sysenter);

    /* Where the CPU has it in 64-bit mode (Intel): the callback; else #UD. */
    conform_note("rax %lx, vector %lx", rax, fault.vector);
    EXPECT_TRUE(fault.vector == SYSENTER || fault.vector == 6);
}

/* ---- areas of the kernel's memory, which user mode's tables do not have ---- */

static struct vcpu_runstate_info runstate;
static volatile bool rival_runs, rival_ends;

static long pin_to(int cpu)
{
    struct sched_pin_override pin = { .pcpu = cpu };

    return hypercall2(__HYPERVISOR_sched_op, SCHEDOP_pin_override, &pin);
}

/* Another vCPU on the same CPU, that never sleeps. */
static void be_a_rival(void *unused)
{
    (void)unused;
    if (pin_to(0))
        return;
    rival_runs = true;
    while (!rival_ends)
        ; /* no pause: an emulator that counts instructions is slow with it */
    pin_to(-1);
}

CASE_CPUS(user, runstate_area_while_it_runs, "vcpu.h, VCPUOP_register_runstate_memory_area", PV, 2)
{
    struct vcpu_register_runstate_memory_area area = { .addr.v = &runstate },
                                              none = { .addr.v = 0 };
    struct vcpu_runstate_info truth;
    uint64_t start;

    REQUIRE(pin_to(0), 0);
    rival_runs = rival_ends = false;
    REQUIRE(conform_start_on_cpu(1, be_a_rival, 0), true);
    while (!rival_runs)
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    EXPECT(hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &area), 0);
    start = pv_time_ns();
    RUN(spin);
    EXPECT(hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, &truth), 0);
    EXPECT_TRUE(truth.state_entry_time > start); /* it has waited for its rival meanwhile */
    EXPECT(runstate.state_entry_time, truth.state_entry_time);
    EXPECT(runstate.time[RUNSTATE_runnable], truth.time[RUNSTATE_runnable]);
    rival_ends = true;
    conform_wait_cpu(1);
    EXPECT(pin_to(-1), 0);
    EXPECT(hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &none), 0);
}
