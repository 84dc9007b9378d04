/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions as a PV guest gets them; the trap table; HYPERVISOR_iret (xen/arch-x86/xen.h). */
#include "mmu.h"

#include <xen/callback.h>

#define TRAPS  __HYPERVISOR_set_trap_table
#define HEADER "arch-x86/xen.h, HYPERVISOR_set_trap_table()"
#define FRAME  "arch-x86/xen-x86_64.h, struct cpu_user_regs"

#define FLAG_IF   0x200ul
#define FLAG_TF   0x100ul
#define FLAG_IOPL 0x3000ul

extern const char xen_pv_vectors[], xen_pv_failsafe[];

static long set_trap(unsigned int vector, unsigned int flags, uint64_t address)
{
    struct trap_info traps[2] = {
        { .vector = (uint8_t)vector,
          .flags = (uint8_t)flags,
          .cs = FLAT_KERNEL_CS,
          .address = address },
    };

    return hypercall1(TRAPS, traps);
}

/* The library's own entry again. */
static void restore_trap(unsigned int vector)
{
    bool all = vector == 3 || vector == 4 || vector == 0x80;

    EXPECT(set_trap(vector, all ? 7 : 4, (uint64_t)xen_pv_vectors + 16ul * vector), 0);
}

static const struct row table_calls[] = {
    { "table_pointer", { BAD_UNMAPPED }, -XEN_EFAULT },
    { "table_pointer_xen", { BAD_XEN }, -XEN_EFAULT },
    { "table_pointer_noncanonical", { BAD_HOLE }, -XEN_EFAULT },
    { "table_empty", { AT(struct trap_info, 0) }, 0 },
};
ROWS(traps, table_calls, TRAPS, HEADER, PV);

CASE(traps, noncanonical_address, HEADER, PV)
{
    EXPECT(set_trap(6, 4, BAD_HOLE), -XEN_EINVAL);
    PROBE("ud2", :::);
    EXPECT(fault.vector, 6); /* as before */
}

CASE(traps, address_of_xen, HEADER, PV)
{
    conform_note("result %ld", set_trap(6, 4, BAD_XEN));
    restore_trap(6);
}

CASE(traps, entries_before_a_bad_one_hold, HEADER, PV)
{
    struct trap_info traps[3] = {
        { 5, 4, FLAT_KERNEL_CS, (uint64_t)xen_pv_vectors + 16 * 5 },
        { 6, 4, FLAT_KERNEL_CS, BAD_HOLE },
    };

    EXPECT(hypercall1(TRAPS, traps), -XEN_EINVAL);
}

CASE(traps, selector_of_no_descriptor, HEADER, PV)
{
    struct trap_info traps[2] = { { 6, 4, 0x20, (uint64_t)xen_pv_vectors + 16 * 6 } };

    conform_note("result %ld", hypercall1(TRAPS, traps));
    restore_trap(6);
    PROBE("ud2", :::);
    EXPECT(fault.vector, 6);
}

CASE(traps, selector_is_not_used,
     "arch-x86/xen-x86_64.h: 64-bit kernels have one flat code segment", PV)
{
    struct trap_info traps[2] = { { 6, 4, 0x7ff8, (uint64_t)xen_pv_vectors + 16 * 6 } };

    EXPECT(hypercall1(TRAPS, traps), 0);
    PROBE("ud2", :::);
    EXPECT(fault.vector, 6);
    restore_trap(6);
}

CASE(traps, selector_null, HEADER, PV)
{
    struct trap_info traps[2] = { { 6, 4, 0, (uint64_t)xen_pv_vectors + 16 * 6 } };

    conform_note("result %ld", hypercall1(TRAPS, traps));
    restore_trap(6);
}

/* ---- frames ---- */

CASE(traps, ud2_frame, FRAME, PV)
{
    uint64_t rip, rsp;

    PROBE("ud2", :::);
    __asm__ volatile("mov %%rsp, %0" : "=r"(rsp));
    __asm__ volatile("lea 771b(%%rip), %0" : "=r"(rip));
    EXPECT(fault.vector, 6);
    EXPECT(fault.error, 0);
    EXPECT(fault.rip, rip);
    EXPECT(fault.rsp, rsp);
    EXPECT(fault.ss & 0xffff, FLAT_KERNEL_SS);
    EXPECT(fault.cs & 0xffff, FLAT_KERNEL_CS & ~3u);
}

CASE(traps, frame_has_the_upcall_mask, FRAME, PV)
{
    PROBE("ud2", :::);
    EXPECT(fault.cs >> 32 & 0xff, 1);
    EXPECT(fault.rflags & FLAG_IF, 0);
    pv_irq_enable();
    PROBE("ud2", :::);
    pv_irq_disable();
    EXPECT(fault.cs >> 32 & 0xff, 0);
    EXPECT(fault.rflags & FLAG_IF, FLAG_IF);
}

CASE(traps, frame_upper_words_are_zero, FRAME, PV)
{
    PROBE("ud2", :::);
    EXPECT(fault.ss >> 16, 0);
    EXPECT(fault.cs >> 40, 0);
    EXPECT(fault.cs >> 16 & 0xffff, 0);
}

CASE(traps, frame_iopl_is_zero, "xen.h, VMASST_TYPE_architectural_iopl", PV)
{
    PROBE("ud2", :::);
    EXPECT(fault.rflags & FLAG_IOPL, 0);
}

CASE(traps, breakpoint, FRAME, PV)
{
    uint64_t after;

    fault.vector = NO_FAULT;
    /* RIP is behind the instruction, and that is where the fix-up stands. */
    __asm__ volatile("int3\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n"
                     "   lea 773b(%%rip), %0"
                     : "=r"(after));
    EXPECT(fault.vector, 3);
    EXPECT(fault.rip, after);
    EXPECT(fault.error, 0);
}

CASE(traps, int_0x80, FRAME, PV)
{
    uint64_t after;

    fault.vector = NO_FAULT;
    __asm__ volatile("int $0x80\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n"
                     "   lea 773b(%%rip), %0"
                     : "=r"(after));
    EXPECT(fault.vector, 0x80);
    EXPECT(fault.rip, after);
}

CASE(traps, int_0x80_of_level_0, "arch-x86/xen.h, TI_GET_DPL", PV)
{
    EXPECT(set_trap(0x80, 4, (uint64_t)xen_pv_vectors + 16 * 0x80), 0);
    fault.vector = NO_FAULT;
    __asm__ volatile("int $0x80\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n" ::
                         :);
    EXPECT(fault.vector, 0x80); /* this vector's level is not looked at */
    restore_trap(0x80);
}

CASE(traps, int_0x80_of_level_1, "arch-x86/xen.h, TI_GET_DPL: 1, the kernel may enter", PV)
{
    fault.vector = NO_FAULT;
    EXPECT(set_trap(0x80, 5, (uint64_t)xen_pv_vectors + 16 * 0x80), 0);
    __asm__ volatile("int $0x80\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n" ::
                         :);
    EXPECT(fault.vector, 0x80);
    restore_trap(0x80);
}

/* QEMU before 8.0: #GP with an error code of 16 times the vector, which no hypervisor understands. */
#define WRONG "the emulator gives INT n a wrong error code (QEMU before 8.0)"

static bool emulator_is_wrong(void)
{
    set_trap(0x81, 7, 0);
    PROBE("int $0x81", :::);
    return fault.error == 0x81 * 16 + 2;
}

CASE(traps, int_0x81_without_handler, HEADER, PV)
{
    EXPECT(set_trap(0x81, 7, 0), 0);
    PROBE("int $0x81", :::);
    EXPECT(fault.vector, 13);
    if (emulator_is_wrong())
        conform_skip(WRONG);
    else
        EXPECT(fault.error, 0x81 * 8 + 2);
    EXPECT(set_trap(0x81, 4, (uint64_t)xen_pv_vectors + 16 * 0x81), 0);
}

CASE(traps, int_0x81_with_handler, HEADER, PV)
{
    if (emulator_is_wrong()) {
        conform_skip(WRONG);
        return;
    }
    fault.vector = NO_FAULT;
    EXPECT(set_trap(0x81, 7, (uint64_t)xen_pv_vectors + 16 * 0x80), 0);
    __asm__ volatile("int $0x81\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n" ::
                         :);
    EXPECT(fault.vector, 0x80); /* the handler that was named */
    EXPECT(set_trap(0x81, 4, (uint64_t)xen_pv_vectors + 16 * 0x81), 0);
}

CASE(traps, divide_error, FRAME, PV)
{
    PROBE("divl %0", : : "r"(0), "a"(1), "d"(0) : "cc");
    EXPECT(fault.vector, 0);
    EXPECT(fault.error, 0);
}

CASE(traps, general_protection_noncanonical, FRAME, PV)
{
    uint64_t value;

    EXPECT(probe_read((const void *)BAD_HOLE, &value), 13);
    EXPECT(fault.error, 0);
}

CASE(traps, general_protection_bad_selector, FRAME, PV)
{
    PROBE("mov %0, %%fs", : : "r"(0x1234) :);
    EXPECT(fault.vector, 13);
    EXPECT(fault.error, 0x1234 & ~3);
}

CASE(traps, page_fault_read_not_present, FRAME, PV)
{
    uint64_t value;

    EXPECT(probe_read((const void *)BAD_UNMAPPED, &value), 14);
    EXPECT(fault.error, 0); /* read, supervisor, not present */
    EXPECT(fault.address, BAD_UNMAPPED);
}

CASE(traps, page_fault_write_not_present, FRAME, PV)
{
    EXPECT(probe_write((void *)(BAD_UNMAPPED + 8), 0), 14);
    EXPECT(fault.error, 2);
    EXPECT(fault.address, BAD_UNMAPPED + 8);
}

CASE(traps, page_fault_write_read_only, FRAME, PV)
{
    EXPECT(read_only(pool(0)), 0);
    EXPECT(probe_write(pool(0), 0), 14);
    EXPECT(fault.error, 3);
    EXPECT(writable(pool(0)), 0);
}

CASE(traps, page_fault_on_xen_read, FRAME, PV)
{
    uint64_t value;

    EXPECT(probe_read((const void *)BAD_XEN, &value), 14);
    conform_note("error %lx", fault.error);
    EXPECT(fault.address, BAD_XEN);
}

CASE(traps, page_fault_on_xen_write, FRAME, PV)
{
    EXPECT(probe_write((void *)0xffff82d040200000ul, 0), 14);
    conform_note("error %lx", fault.error);
    EXPECT(fault.address, 0xffff82d040200000ul);
}

CASE(traps, page_fault_execute, FRAME, PV)
{
    fault.vector = NO_FAULT;
    __asm__ volatile("jmp *%0\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 0xffffff0000000000, 774b\n"
                     "   .popsection\n"
                     :
                     : "r"(BAD_UNMAPPED)
                     : "memory");
    EXPECT(fault.vector, 14);
    EXPECT(fault.error, 0x10);
    EXPECT(fault.rip, BAD_UNMAPPED);
}

CASE(traps, cr2_is_in_vcpu_info, "arch-x86/xen-x86_64.h, struct arch_vcpu_info", PV)
{
    uint64_t value;

    probe_read((const void *)(BAD_UNMAPPED + 0x123450), &value);
    EXPECT(xen_vcpu_info()->arch.cr2, BAD_UNMAPPED + 0x123450);
}

CASE(traps, cr2_by_the_instruction, "arch-x86/xen-x86_64.h, struct arch_vcpu_info", PV)
{
    uint64_t value;

    probe_read((const void *)(BAD_UNMAPPED + 0x123450), &value);
    xen_vcpu_info()->arch.cr2 = 0x1111;
    PROBE("mov %%cr2, %0", : "=r"(value) : :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(value, BAD_UNMAPPED + 0x123450); /* not what stands in the shared page */
}

CASE(traps, single_step, FRAME, PV)
{
    uint64_t flags, after;

    fault.vector = NO_FAULT;
    __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n 772: nop\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n"
                     "   pushfq\n andq $~0x100, (%%rsp)\n popfq\n"
                     "   lea 773b(%%rip), %0"
                     : "=r"(after), "=&r"(flags)
                     :
                     : "memory", "cc");
    EXPECT(fault.vector, 1);
    EXPECT(fault.rip, after);
}

/* ---- what a handler finds ---- */

CASE(traps, handler_flag_masks_events, "arch-x86/xen.h, TI_GET_IF", PV)
{
    pv_irq_enable();
    PROBE("ud2", :::);
    EXPECT(fault.mask, 1);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 0); /* HYPERVISOR_iret put it back */
    pv_irq_disable();
}

CASE(traps, handler_without_the_flag, "arch-x86/xen.h, TI_GET_IF", PV)
{
    EXPECT(set_trap(6, 0, (uint64_t)xen_pv_vectors + 16 * 6), 0);
    pv_irq_enable();
    PROBE("ud2", :::);
    pv_irq_disable();
    EXPECT(fault.mask, 0);
    PROBE("ud2", :::);
    EXPECT(fault.mask, 1); /* as it was */
    restore_trap(6);
}

CASE(traps, device_not_available, "xen.h, HYPERVISOR_fpu_taskswitch()", PV)
{
    EXPECT(hypercall1(__HYPERVISOR_fpu_taskswitch, 1), 0);
    PROBE("fninit", :::);
    EXPECT(fault.vector, 7);
    PROBE("fninit", :::);
    EXPECT(fault.vector, NO_FAULT); /* TS was cleared for the handler */
}

CASE(traps, taskswitch_off, "xen.h, HYPERVISOR_fpu_taskswitch()", PV)
{
    EXPECT(hypercall1(__HYPERVISOR_fpu_taskswitch, 1), 0);
    EXPECT(hypercall1(__HYPERVISOR_fpu_taskswitch, 0), 0);
    PROBE("fninit", :::);
    EXPECT(fault.vector, NO_FAULT);
}

CASE(traps, taskswitch_and_cr0, "xen.h, HYPERVISOR_fpu_taskswitch()", PV)
{
    uint64_t cr0;

    EXPECT(hypercall1(__HYPERVISOR_fpu_taskswitch, 1), 0);
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    EXPECT(cr0 & 8, 8);
    __asm__ volatile("clts");
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    EXPECT(cr0 & 8, 0);
}

/* ---- HYPERVISOR_iret ---- */

/* Goes to a label by HYPERVISOR_iret with these selectors and flags; flags at the label. */
static uint64_t iret_to(uint64_t cs, uint64_t ss, uint64_t rflags, uint64_t iret_flags)
{
    uint64_t result;

    __asm__ volatile("mov %%rsp, %%rax\n"
                     "   push %[ss]\n push %%rax\n push %[rflags]\n push %[cs]\n"
                     "   lea 1f(%%rip), %%rax\n push %%rax\n push %[flags]\n"
                     "   push $0x11\n push $0x22\n push $0x33\n"
                     "   mov $23, %%eax\n syscall\n ud2\n"
                     "1: pushfq\n pop %[result]\n"
                     : [result] "=&r"(result)
                     : [cs] "r"(cs), [ss] "r"(ss), [rflags] "r"(rflags), [flags] "r"(iret_flags)
                     : "rax", "rcx", "r11", "memory", "cc");
    return result;
}

CASE(traps, iret_kernel_rpl_0, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 2, 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 1);
}

CASE(traps, iret_kernel_rpl_1_and_2, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_to((FLAT_KERNEL_CS & ~3u) | 1, FLAT_KERNEL_SS, 2, 0);
    iret_to((FLAT_KERNEL_CS & ~3u) | 2, FLAT_KERNEL_SS, 2, 0);
}

CASE(traps, iret_unmasks_by_if, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 2 | FLAG_IF, 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 0);
    iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 2, 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 1);
}

CASE(traps, iret_real_if_stays_on, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    EXPECT(iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 2, 0) & FLAG_IF, FLAG_IF);
}

CASE(traps, iret_flags_that_are_not_the_guest_s, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    /* IOPL 3, NT, VM, VIF, VIP asked for. */
    uint64_t flags = iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 0x1a7002 | FLAG_IF, 0);

    pv_irq_disable();
    conform_note("flags %lx", flags);
    EXPECT(flags & FLAG_IOPL, 0);
    EXPECT(flags & 0x1a0000, 0);
    __asm__ volatile("pushq $2\n popfq" : : : "memory", "cc");
}

CASE(traps, iret_arithmetic_flags, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    EXPECT(iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 0x8d7, 0) & 0x8d7, 0x8d7);
}

CASE(traps, iret_restores_rax_rcx_r11, "arch-x86/xen-x86_64.h, struct iret_context", PV)
{
    uint64_t rax, rcx, r11;

    __asm__ volatile(
        "mov %%rsp, %%rax\n"
        "   push %[ss]\n push %%rax\n pushq $2\n push %[cs]\n"
        "   lea 1f(%%rip), %%rax\n push %%rax\n push $0\n"
        "   push $0x11\n push $0x22\n push $0x33\n"
        "   mov $23, %%eax\n syscall\n ud2\n1:\n"
        : "=&a"(rax), "=&c"(rcx), "=r"(r11)
        : [cs] "d"((uint64_t)(FLAT_KERNEL_CS & ~3u)), [ss] "b"((uint64_t)FLAT_KERNEL_SS)
        : "r11", "memory", "cc");
    EXPECT(rax, 0x33);
    EXPECT(rcx, 0x11);
}

CASE(traps, iret_in_syscall, "arch-x86/xen-x86_64.h, VGCF_in_syscall", PV)
{
    uint64_t flags = iret_to(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 2 | FLAG_IF, VGCF_in_syscall);

    pv_irq_disable();
    EXPECT(flags & FLAG_IF, FLAG_IF);
}

/* ---- user code, on the kernel's own page tables ---- */

extern const char conform_sysenter[], conform_sysenter_user[];
uint64_t conform_sysenter_rsp, conform_sysenter_flags;

__asm__(".pushsection .text\n"
        "conform_sysenter_user: sysenter\n ud2\n"
        "conform_sysenter: pushfq\n pop conform_sysenter_flags(%rip)\n"
        "   mov conform_sysenter_rsp(%rip), %rsp\n ret\n"
        ".popsection\n");

/* By HYPERVISOR_iret to user code, which calls; the kernel's callback then returns here. */
static void call_from_user(const char *code)
{
    __asm__ volatile(
        "   lea 1f(%%rip), %%rax\n push %%rax\n"
        "   mov %%rsp, conform_sysenter_rsp(%%rip)\n"
        "   push %[ss]\n push %%rsp\n push $0x202\n push %[cs]\n push %[code]\n"
        "   push $0\n push $0\n push $0\n push $0\n"
        "   mov $23, %%eax\n syscall\n ud2\n1:\n"
        :
        : [cs] "r"((uint64_t)FLAT_USER_CS64), [ss] "r"((uint64_t)FLAT_USER_SS64), [code] "r"(code)
        : "rax", "rcx", "rdx", "r11", "memory", "cc");
}

CASE(traps, sysenter_leaves_the_real_if_on, "callback.h, CALLBACKTYPE_sysenter", PV)
{
    struct callback_register on = {
        .type = CALLBACKTYPE_sysenter,
        .flags = CALLBACKF_mask_events,
        .address = (uint64_t)conform_sysenter,
    };
    const void *tables = (const void *)xen_start_info->pt_base;
    uint32_t leaf = 0, vendor, unused = 0;

    __asm__ volatile("cpuid" : "+a"(leaf), "=b"(vendor), "+c"(unused) : : "rdx");
    if (vendor != 0x756e6547) {
        conform_skip("only Intel's CPUs have SYSENTER in 64-bit mode");
        return;
    }
    REQUIRE(hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &on), 0);
    REQUIRE(extended(MMUEXT_NEW_USER_BASEPTR, mfn(tables)), 0);
    EXPECT(hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pool(1)), 0);
    call_from_user(conform_sysenter_user);
    EXPECT(conform_sysenter_flags & FLAG_IF, FLAG_IF);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
}

/* ---- an iret that fails ---- */

extern const char conform_failsafe[], conform_iret_gp[];
uint64_t conform_iret_rsp, conform_iret_came, conform_iret_frame[8];

/* Two handlers that return behind the iret: what fails is told as an exception, not by the callback. */
__asm__(".pushsection .text\n"
        "conform_failsafe: movq $1, conform_iret_came(%rip)\n jmp 1f\n"
        "conform_iret_gp: movq $2, conform_iret_came(%rip)\n"
        "1: .irp word, 0, 8, 16, 24, 32, 40, 48, 56\n"
        "   mov \\word(%rsp), %rax\n mov %rax, conform_iret_frame + \\word(%rip)\n"
        "   .endr\n"
        "   mov conform_iret_rsp(%rip), %rsp\n ret\n"
        ".popsection\n");

static void iret_that_fails(uint64_t cs, uint64_t ss, uint64_t rip)
{
    struct callback_register on = {
        .type = CALLBACKTYPE_failsafe,
        .flags = CALLBACKF_mask_events,
        .address = (uint64_t)conform_failsafe,
    };

    EXPECT(hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &on), 0);
    EXPECT(set_trap(13, 4, (uint64_t)conform_iret_gp), 0);
    __asm__ volatile("   lea 1f(%%rip), %%rax\n push %%rax\n"
                     "   mov %%rsp, conform_iret_rsp(%%rip)\n"
                     "   push %[ss]\n push %%rsp\n push $0x2\n push %[cs]\n push %[rip]\n"
                     "   push $0\n push $0x11\n push $0x22\n push $0x33\n"
                     "   mov $23, %%eax\n syscall\n ud2\n1:\n"
                     :
                     : [cs] "r"(cs), [ss] "r"(ss), [rip] "r"(rip)
                     : "rax", "rcx", "rdx", "r11", "memory", "cc");
    on.address = (uint64_t)xen_pv_failsafe;
    EXPECT(hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &on), 0);
    restore_trap(13);
    EXPECT(conform_iret_came, 2);
    EXPECT(conform_iret_frame[0], 0x11);
    EXPECT(conform_iret_frame[1], 0x22);
    EXPECT(conform_iret_frame[3], rip);
    EXPECT(conform_iret_frame[4] & 0xffff, cs);
    EXPECT(conform_iret_frame[7], ss | 3);
}

CASE(traps, iret_bad_stack_selector, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_that_fails(FLAT_KERNEL_CS & ~3u, 0x1230, 0x1000);
    EXPECT(conform_iret_frame[2], 0x1230);
}

CASE(traps, iret_stack_selector_of_ring_0, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_that_fails(FLAT_KERNEL_CS & ~3u, 0xe010, 0x1000);
    EXPECT(conform_iret_frame[2], 0xe010);
}

CASE(traps, iret_code_selector_of_ring_0, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_that_fails(0xe008, FLAT_KERNEL_SS, 0x1000);
    EXPECT(conform_iret_frame[2], 0xe008);
}

CASE(traps, iret_noncanonical, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    iret_that_fails(FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, BAD_HOLE);
    EXPECT(conform_iret_frame[2], 0);
}

CASE(traps, iretq_by_the_guest_itself, "arch-x86/xen-x86_64.h: orb $3,1*8(%rsp); iretq", PV)
{
    __asm__ volatile(
        "mov %%rsp, %%rax\n"
        "   push %0\n push %%rax\n pushfq\n push %1\n lea 1f(%%rip), %%rax\n push %%rax\n"
        "   orb $3, 8(%%rsp)\n iretq\n1:\n"
        :
        : "r"((uint64_t)FLAT_KERNEL_SS), "r"((uint64_t)(FLAT_KERNEL_CS & ~3u))
        : "rax", "memory", "cc");
}

CASE(traps, iret_from_a_bad_stack, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", FATAL | PV)
{
    __asm__ volatile("mov %0, %%rsp\n mov $23, %%eax\n syscall" : : "r"(BAD_UNMAPPED) : "memory");
}

CASE(traps, no_handler_for_ud, HEADER, FATAL | PV)
{
    EXPECT(hypercall1(TRAPS, 0), 0); /* no table: no handlers */
    __asm__ volatile("ud2");
}

CASE(traps, address_0_ends_the_table, HEADER, PV)
{
    EXPECT(set_trap(6, 0, 0), 0); /* so nothing has changed */
    PROBE("ud2", :::);
    EXPECT(fault.vector, 6);
}

CASE(traps, no_table_clears_all, HEADER, PV)
{
    extern struct trap_info xen_pv_traps[];

    EXPECT(hypercall1(TRAPS, 0), 0);
    EXPECT(hypercall1(TRAPS, xen_pv_traps), 0);
    PROBE("ud2", :::);
    EXPECT(fault.vector, 6);
}

/* ---- instructions a guest kernel may not execute ---- */

CASE(traps, privileged_instructions, "arch-x86/xen.h: a PV kernel runs at level 3", PV)
{
    static uint8_t table[10];

    PROBE("hlt", :::);
    conform_note("hlt %lx", fault.vector);
    EXPECT(fault.vector, 13);
    PROBE("lgdt (%0)", : : "r"(table) :);
    EXPECT(fault.vector, 13);
    PROBE("lidt (%0)", : : "r"(table) :);
    EXPECT(fault.vector, 13);
    PROBE("ltr %w0", : : "r"(0) :);
    EXPECT(fault.vector, 13);
    PROBE("lldt %w0", : : "r"(0) :);
    EXPECT(fault.vector, 13);
    PROBE("invd", :::);
    EXPECT(fault.vector, 13);
    PROBE("sysretq", :::);
    EXPECT(fault.vector, 13);
    PROBE("swapgs", :::);
    EXPECT(fault.vector, 13);
}

CASE(traps, cli_and_sti, "xen.h, struct vcpu_info: the mask takes their place", PV)
{
    PROBE("cli", :::);
    conform_note("cli %lx", fault.vector);
    EXPECT(fault.vector, 13);
    PROBE("sti", :::);
    EXPECT(fault.vector, 13);
}

CASE(traps, invlpg_by_the_instruction, "xen.h, MMUEXT_INVLPG_LOCAL", PV)
{
    PROBE("invlpg (%0)", : : "r"(pool(0)) : "memory");
    conform_note("vector %lx", fault.vector);
}

CASE(traps, wbinvd, "xen.h, MMUEXT_FLUSH_CACHE", PV)
{
    PROBE("wbinvd", :::);
    EXPECT(fault.vector, NO_FAULT);
}
