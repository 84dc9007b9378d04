/* SPDX-License-Identifier: Apache-2.0 */
/* A 64-bit PV guest: traps, CPUs, what the operations become. */
#include "internal.h"

#include <pv/print.h>

#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define TRAP_MASKS_EVENTS 4 /* struct trap_info's flags, xen/arch-x86/xen.h */
#define TRAP_FOR_ALL      3
#define SHARED_PAGE       0x8000000000000063ul
#define CR0_OF_PV         0x8005003bul /* PG AM WP NE ET TS MP PE, as emulated; TS clear below */
#define CR0_TS            8ul

void xen_force_upcall(void);
void xen_block(void);
void xen_cpu_down(void);

extern const char xen_pv_vectors[], xen_pv_event[], xen_pv_failsafe[], xen_pv_processor[];

struct trap_info xen_pv_traps[257];
static uint8_t shared_page[4096] __attribute__((aligned(4096)));

/* The start info is needed before describe(): page tables and frames are in it. */
static bool here(unsigned int how, uint64_t info)
{
    if (how == PV_ENTRY_DIRECT)
        xen_start_info = (const struct start_info *)info;
    return how == PV_ENTRY_DIRECT;
}

void xen_force_upcall(void)
{
    hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
}

void xen_block(void)
{
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
}

void xen_cpu_down(void)
{
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_down, pv_this_cpu()->number, 0);
}

static void take_interrupt(struct pv_regs *regs)
{
    (void)regs;
    xen_upcall();
}

static void set_traps(void)
{
    for (unsigned int i = 0; i < 256; i++)
        xen_pv_traps[i] = (struct trap_info){
            .vector = (uint8_t)i,
            .cs = FLAT_KERNEL_CS,
            .flags = TRAP_MASKS_EVENTS | (i == 3 || i == 4 || i == 0x80 ? TRAP_FOR_ALL : 0),
            .address = (unsigned long)xen_pv_vectors + 16ul * i,
        };
    hypercall1(__HYPERVISOR_set_trap_table, xen_pv_traps);
    hypercall3(__HYPERVISOR_set_callbacks, xen_pv_event, xen_pv_failsafe, 0);
}

static void map_shared_info(void)
{
    xen_must(hypercall3(__HYPERVISOR_update_va_mapping, shared_page,
                        xen_start_info->shared_info | SHARED_PAGE, UVMF_INVLPG),
             "shared_info");
    xen_shared_info = (struct shared_info *)shared_page;
}

/* CPU 0 comes here first; the others were prepared by cpu_start(). */
static void cpu_init(unsigned int number)
{
    struct pv_cpu *cpu = &pv_cpus[number];

    cpu->private[XEN_CR0] = CR0_OF_PV & ~CR0_TS;
    if (number != 0)
        return;
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, cpu);
    cpu->shared[__builtin_offsetof(struct vcpu_info, evtchn_upcall_mask)] = 1;
    cpu->private[XEN_CR3] = pv_phys((const void *)xen_start_info->pt_base);
    set_traps();
    map_shared_info();
    for (unsigned int i = 0; i < sizeof(xen_shared_info->evtchn_mask) / 8; i++)
        xen_shared_info->evtchn_mask[i] = ~0ul;
    xen_register_info(0);
    xen_events_init(0);
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pv_stack_top(0));
}

/* How many vCPUs there are: those that is_up does not refuse to know. */
static unsigned int count_cpus(void)
{
    unsigned int count = 0;

    while (count < PV_CPUS && hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_is_up, count, 0) >= 0)
        count++;
    return count;
}

static void describe(unsigned int how, uint64_t info, struct pv_boot *boot)
{
    (void)how;
    (void)info;
    xen_describe(boot, "PV");
    boot->entry = "Xen's PV entry";
    boot->command_line = (const char *)xen_start_info->cmd_line;
    boot->privileged = xen_start_info->flags & SIF_INITDOMAIN;
    boot->own_page_tables = false;
    boot->cpus = count_cpus();
    boot->ranges = 1;
    boot->ram[0] = (struct pv_range){ 0, xen_start_info->nr_pages << 12 };
}

/* What the new CPU starts with; kept off the stack, it is 5 KiB. */
static void fill_context(struct vcpu_guest_context *context, unsigned int cpu)
{
    *context = (struct vcpu_guest_context){
        .flags = VGCF_IN_KERNEL,
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = pv_stack_top(cpu),
        .event_callback_eip = (unsigned long)xen_pv_event,
        .failsafe_callback_eip = (unsigned long)xen_pv_failsafe,
        .gs_base_kernel = (unsigned long)&pv_cpus[cpu],
    };
    context->user_regs.rip = (unsigned long)xen_pv_processor;
    context->user_regs.rsp = pv_stack_top(cpu);
    context->user_regs.rdi = cpu;
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->ctrlreg[3] = xen_pfn_to_cr3(xen_frame_of(pv_virt(pv_this_cpu()->private[XEN_CR3])));
    for (unsigned int i = 0; i < 256; i++)
        context->trap_ctxt[i] = xen_pv_traps[i];
}

bool xen_pv_cpu_start(unsigned int cpu)
{
    static struct vcpu_guest_context context;

    if (cpu == 0 || cpu >= pv_boot.cpus || pv_cpus[cpu].started)
        return false;
    pv_cpus[cpu].private[XEN_CR3] = pv_this_cpu()->private[XEN_CR3];
    fill_context(&context, cpu);
    xen_register_info(cpu);
    ((struct vcpu_info *)pv_cpus[cpu].shared)->evtchn_upcall_mask = 1;
    if (hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, cpu, &context) < 0)
        return false;
    xen_events_init(cpu);
    if (hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_up, cpu, 0) < 0)
        return false;
    while (!__atomic_load_n(&pv_cpus[cpu].started, __ATOMIC_ACQUIRE))
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    return true;
}

/* movzbl %gs:mask, %r32, into the register that the native code pops into (AMD APM 3, POP). */
static unsigned int encode_irq_flags(const uint8_t *native, unsigned int length, uint8_t out[16])
{
    bool extended = length >= 2 && native[length - 2] == 0x41;
    uint8_t code[10] = { 0x65, 0x44, 0x0f, 0xb6 };
    unsigned int at = extended ? 4 : 3;

    if (!extended)
        code[1] = 0x0f, code[2] = 0xb6;
    code[at] = (uint8_t)(0x04 | (native[length - 1] & 7) << 3);
    code[at + 1] = 0x25; /* an absolute 32-bit address */
    *(uint32_t *)(void *)&code[at + 2] = PV_CPU_SHARED +
                                         __builtin_offsetof(struct vcpu_info, evtchn_upcall_mask);
    __builtin_memcpy(out, code, at + 6);
    return at + 6;
}

static void bind(struct pv_code codes[PV_OPS])
{
    extern const char xen_pv_irq_flags[], xen_pv_irq_restore[], xen_pv_irq_disable[],
        xen_pv_irq_enable[], xen_pv_idle[], xen_pv_halt[], xen_pv_iret[];

    PV_BIND(codes, irq_flags, xen_pv_irq_flags);
    codes[PV_OP_irq_flags].encode = encode_irq_flags;
    PV_BIND_CODE(codes, swapgs, xen_pv_swapgs);
    PV_BIND(codes, irq_restore, xen_pv_irq_restore);
    PV_BIND(codes, irq_disable, xen_pv_irq_disable);
    PV_BIND(codes, irq_enable, xen_pv_irq_enable);
    PV_BIND(codes, idle, xen_pv_idle);
    PV_BIND(codes, halt, xen_pv_halt);
    PV_BIND(codes, iret, xen_pv_iret);
    PV_BIND(codes, time_ns, xen_time_ns);
    PV_BIND(codes, set_timer, xen_set_timer);
    PV_BIND(codes, console_write, xen_console_write);
    PV_BIND(codes, ipi, xen_ipi);
    PV_BIND(codes, cpu_start, xen_pv_cpu_start);
    PV_BIND(codes, power_off, xen_power_off);
    PV_BIND(codes, interrupt, take_interrupt);
    xen_pv_bind_mmu(codes);
}

PV_PLATFORM(xen_pv) = { "Xen PV", 30, here, cpu_init, bind, describe };
