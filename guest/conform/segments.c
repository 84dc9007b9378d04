/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, segment bases, stacks of a PV guest (xen/arch-x86/xen.h). */
#include "mmu.h"

#define GDT  "xen.h, HYPERVISOR_set_gdt()"
#define DESC "xen.h, HYPERVISOR_update_descriptor()"
#define BASE "arch-x86/xen-x86_64.h, HYPERVISOR_set_segment_base()"

static const struct row base_calls[] = {
    { "base_fs", { SEGBASE_FS, 0x1234 }, 0 },
    { "base_fs_noncanonical", { SEGBASE_FS, BAD_HOLE }, -XEN_EINVAL },
    { "base_fs_of_xen", { SEGBASE_FS, BAD_XEN }, 0 },
    { "base_fs_zero", { SEGBASE_FS, 0 }, 0 },
    { "base_gs_user", { SEGBASE_GS_USER, 0x5678 }, 0 },
    { "base_gs_user_noncanonical", { SEGBASE_GS_USER, BAD_HOLE }, -XEN_EINVAL },
    { "base_gs_kernel_noncanonical", { SEGBASE_GS_KERNEL, BAD_HOLE }, -XEN_EINVAL },
    { "base_gs_user_selector", { SEGBASE_GS_USER_SEL, 0 }, 0 },
    { "base_gs_user_selector_data", { SEGBASE_GS_USER_SEL, FLAT_USER_DS32 }, 0 },
    { "base_gs_user_selector_bad", { SEGBASE_GS_USER_SEL, 0x1234 }, 0 },
    { "base_unknown", { 4, 0 }, -XEN_EINVAL },
    { "base_unknown_max", { ~0u, 0 }, -XEN_EINVAL },
};
ROWS(segments, base_calls, __HYPERVISOR_set_segment_base, BASE, PV);

static const struct row gdt_calls[] = {
    { "gdt_none", { 0, 0 }, 0 },
    { "gdt_too_many", { 0, 8193 }, -XEN_EINVAL },
    { "gdt_reserved_entries", { BAD_UNMAPPED, 7169 }, -XEN_EINVAL },
    { "gdt_pointer", { BAD_UNMAPPED, 512 }, -XEN_EFAULT },
    { "gdt_frame_of_xen", { AT(uint64_t, 0x200), 512 }, -XEN_EINVAL },
    { "gdt_frame_beyond_memory", { AT(uint64_t, 0xffffffffff), 512 }, -XEN_EINVAL },
};
ROWS(segments, gdt_calls, __HYPERVISOR_set_gdt, GDT, PV);

static const struct row stack_calls[] = {
    { "stack_kernel_ss", { FLAT_KERNEL_SS, 0x1000 }, 0 },
    { "stack_null_ss", { 0, 0x1000 }, 0 },
    { "stack_noncanonical", { FLAT_KERNEL_SS, BAD_HOLE }, 0 },
    { "stack_of_xen", { FLAT_KERNEL_SS, BAD_XEN }, 0 },
    { "stack_back", { FLAT_KERNEL_SS, (uint64_t)pv_stacks + PV_STACK_SIZE }, 0 },
};
ROWS(segments, stack_calls, __HYPERVISOR_stack_switch, "xen.h, HYPERVISOR_stack_switch()", PV);

static const struct row descriptor_calls[] = {
    { "descriptor_unaligned", { 0x1004, 0 }, -XEN_EINVAL },
    { "descriptor_beyond_memory", { 0xffffffffff000ul, 0 }, -XEN_EINVAL },
    { "descriptor_of_xen", { 0x200000, 0 }, -XEN_EINVAL },
};
ROWS(segments, descriptor_calls, __HYPERVISOR_update_descriptor, DESC, PV);

/* Descriptors: type and rights of AMD APM 2, 4.7 and 4.8. */
#define CODE64       0x00affb000000fffful
#define DATA         0x00cff3000000fffful
#define CODE64_RING0 0x00af9b000000fffful
#define CALL_GATE    0x0000ec0000000000ul
#define TSS          0x0000890000000000ul
#define LDT          0x0000820000000000ul

static long set_descriptor(const void *page, unsigned int n, uint64_t value)
{
    return hypercall2(__HYPERVISOR_update_descriptor, (mfn(page) << 12) + 8 * n, value);
}

static long set_gdt(const void *page, unsigned int entries)
{
    uint64_t frame = mfn(page);

    return hypercall2(__HYPERVISOR_set_gdt, &frame, entries);
}

CASE(segments, gdt_of_a_writable_page, GDT, PV)
{
    EXPECT(set_gdt(pool(0), 512), -XEN_EINVAL);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
}

CASE(segments, gdt_set_and_clear, GDT, PV)
{
    EXPECT(read_only(pool(0)), 0);
    EXPECT(set_gdt(pool(0), 512), 0);
    EXPECT(writable(pool(0)), -XEN_EBUSY); /* it is a descriptor page now */
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(segments, gdt_with_a_bad_descriptor, GDT, PV)
{
    ((uint64_t *)pool(0))[3] = CALL_GATE | 0xe033ul << 16;
    EXPECT(read_only(pool(0)), 0);
    conform_note("call gate: %ld", set_gdt(pool(0), 512));
    set_gdt(0, 0);
    EXPECT(writable(pool(0)), 0);
    ((uint64_t *)pool(0))[3] = TSS;
    EXPECT(read_only(pool(0)), 0);
    EXPECT(set_gdt(pool(0), 512), -XEN_EINVAL);
    set_gdt(0, 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(segments, gdt_selector_is_loaded, GDT, PV)
{
    uint16_t selector = 0;

    ((uint64_t *)pool(0))[3] = DATA;
    EXPECT(read_only(pool(0)), 0);
    EXPECT(set_gdt(pool(0), 512), 0);
    PROBE("mov %w0, %%fs", : : "r"(0x1b) :);
    EXPECT(fault.vector, NO_FAULT);
    __asm__ volatile("mov %%fs, %0" : "=r"(selector));
    EXPECT(selector, 0x1b);
    PROBE("mov %w0, %%fs", : : "r"(0x23) :);
    EXPECT(fault.vector, 13);
    EXPECT(fault.error, 0x20);
    __asm__ volatile("mov %w0, %%fs" : : "r"(0));
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(segments, update_of_a_gdt_in_use, DESC, PV)
{
    uint64_t *gdt = pool(0);

    EXPECT(read_only(gdt), 0);
    EXPECT(set_gdt(gdt, 512), 0);
    EXPECT(set_descriptor(gdt, 4, DATA), 0);
    EXPECT(gdt[4], DATA);
    EXPECT(set_descriptor(gdt, 5, CODE64), 0);
    EXPECT(set_descriptor(gdt, 6, 0), 0);
    EXPECT(set_descriptor(gdt, 7, TSS), -XEN_EINVAL);
    EXPECT(set_descriptor(gdt, 7, LDT), -XEN_EINVAL);
    EXPECT(gdt[7], 0);
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(writable(gdt), 0);
}

CASE(segments, descriptor_of_ring_0, DESC, PV)
{
    uint64_t *gdt = pool(0);
    long result;

    EXPECT(read_only(gdt), 0);
    EXPECT(set_gdt(gdt, 512), 0);
    result = set_descriptor(gdt, 4, CODE64_RING0);
    conform_note("result %ld, entry %lx", result, gdt[4]);
    if (result == 0)
        EXPECT(gdt[4] >> 45 & 3, 3); /* never ring 0 */
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(writable(gdt), 0);
}

CASE(segments, descriptor_without_accessed_bit, DESC, PV)
{
    uint64_t *gdt = pool(0);

    EXPECT(read_only(gdt), 0);
    EXPECT(set_gdt(gdt, 512), 0);
    EXPECT(set_descriptor(gdt, 4, DATA & ~(1ul << 40)), 0);
    conform_note("entry %lx", gdt[4]);
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(writable(gdt), 0);
}

CASE(segments, descriptor_of_a_writable_page, DESC, PV)
{
    /* Any page of the guest's own takes a descriptor that is harmless. */
    EXPECT(set_descriptor(pool(0), 1, DATA), 0);
    EXPECT(((uint64_t *)pool(0))[1], DATA);
}

CASE(segments, descriptor_into_a_page_table, DESC, PV)
{
    if (!table_pin(pool(0), 1))
        return;
    EXPECT(set_descriptor(pool(0), 1, DATA), -XEN_EINVAL);
    EXPECT(((uint64_t *)pool(0))[1], 0);
    table_unpin(pool(0));
}

CASE(segments, gdt_page_as_page_table, GDT, PV)
{
    EXPECT(read_only(pool(0)), 0);
    EXPECT(set_gdt(pool(0), 512), 0);
    EXPECT(pin(1, pool(0)), -XEN_EINVAL);
    EXPECT(set_gdt(0, 0), 0);
    EXPECT(pin(1, pool(0)), 0);
    table_unpin(pool(0));
}

CASE(segments, ldt_selector_is_loaded, "xen.h, MMUEXT_SET_LDT", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_SET_LDT,
                            .arg1.linear_addr = (uint64_t)pool(0),
                            .arg2.nr_ents = 512 };

    ((uint64_t *)pool(0))[2] = DATA;
    EXPECT(read_only(pool(0)), 0);
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
    PROBE("mov %w0, %%fs", : : "r"(0x17) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("mov %w0, %%fs", : : "r"(0x1f) :); /* an empty entry */
    EXPECT(fault.vector, 13);
    EXPECT(fault.error, 0x1c);
    __asm__ volatile("mov %w0, %%fs" : : "r"(0));
    op.arg2.nr_ents = 0;
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
    EXPECT(writable(pool(0)), 0);
}

CASE(segments, ldt_of_a_writable_page, "xen.h, MMUEXT_SET_LDT", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_SET_LDT,
                            .arg1.linear_addr = (uint64_t)pool(0),
                            .arg2.nr_ents = 512 };

    ((uint64_t *)pool(0))[2] = DATA;
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
    PROBE("mov %w0, %%fs", : : "r"(0x17) :); /* looked at now, and refused */
    EXPECT(fault.vector, 14);
    EXPECT(fault.address, (uint64_t)pool(0) + 0x10);
    op.arg2.nr_ents = 0;
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
}

CASE(segments, ldt_page_is_looked_at_when_used, "xen.h, MMUEXT_SET_LDT", PV)
{
    struct mmuext_op op = { .cmd = MMUEXT_SET_LDT,
                            .arg1.linear_addr = (uint64_t)pool(0),
                            .arg2.nr_ents = 1024 };
    uint64_t code = (512 + 4) * 8 + 4; /* level 0, to stay in the kernel */
    uint16_t cs;

    ((uint64_t *)pool(1))[3] = DATA;
    ((uint64_t *)pool(1))[4] = 0x00affb000000fffful;
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
    PROBE("mov %w0, %%fs", : : "r"((512 + 3) * 8 + 7) :);
    EXPECT(fault.vector, 14);
    EXPECT(fault.error, 0);
    EXPECT(fault.address, (uint64_t)pool(1) + 0x18);
    EXPECT(read_only(pool(1)), 0); /* now it can be one */
    /* The first to use it is the hypervisor, on its way to the guest; and back by an instruction. */
    __asm__ volatile("mov %%rsp, %%rdx\n"
                     "   push %[ss]\n"
                     "   push %%rdx\n"
                     "   push $2\n"
                     "   push %[code]\n"
                     "   lea 1f(%%rip), %%rcx\n"
                     "   push %%rcx\n"
                     "   push $0\n" /* flags, and three registers */
                     "   push $0\n   push $0\n   push $0\n"
                     "   mov %[number], %%eax\n"
                     "   syscall\n"
                     "1: mov %%cs, %w[cs]\n"
                     "   push %[back]\n"
                     "   lea 2f(%%rip), %%rcx\n"
                     "   push %%rcx\n"
                     "   lretq\n"
                     "2:"
                     : [cs] "=&r"(cs)
                     : [code] "r"(code), [ss] "r"((uint64_t)FLAT_KERNEL_SS),
                       [back] "r"((uint64_t)FLAT_KERNEL_CS), [number] "i"(__HYPERVISOR_iret)
                     : "rax", "rcx", "rdx", "r11", "memory");
    EXPECT(cs, code | 3);
    PROBE("mov %w0, %%fs", : : "r"((512 + 3) * 8 + 7) :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(writable(pool(1)), -XEN_EBUSY);
    __asm__ volatile("mov %w0, %%fs" : : "r"(0));
    op.arg2.nr_ents = 0;
    EXPECT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
    EXPECT(writable(pool(1)), 0);
}

CASE(segments, base_fs_is_used, BASE, PV)
{
    uint64_t value;

    *(uint64_t *)pool(0) = 0x4711;
    EXPECT(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, pool(0)), 0);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(value));
    EXPECT(value, 0x4711);
    EXPECT(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0), 0);
}

CASE(segments, base_gs_kernel_is_used, BASE, PV)
{
    uint64_t value;

    __builtin_memcpy(pool(0), pv_this_cpu(), 1024);
    *(uint64_t *)pool(0) = 0x4712;
    EXPECT(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, pool(0)), 0);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    EXPECT(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, &pv_cpus[0]), 0);
    EXPECT(value, 0x4712);
}

CASE(segments, base_by_wrfsbase, "arch-x86/xen.h", PV)
{
    PROBE("wrfsbase %0", : : "r"(0x1000ul) :);
    conform_note("vector %lx", fault.vector);
}

CASE(segments, null_selectors, "arch-x86/xen-x86_64.h, FLAT_KERNEL_DS64", PV)
{
    for (unsigned int selector = 0; selector < 4; selector++) {
        PROBE("mov %w0, %%ds", : : "r"(selector) :);
        EXPECT(fault.vector, NO_FAULT);
    }
    __asm__ volatile("mov %w0, %%ds" : : "r"(0));
}

CASE(segments, flat_selectors, "arch-x86/xen-x86_64.h, FLAT_RING3_*", PV)
{
    uint32_t rights;
    uint8_t found;

    __asm__ volatile("lar %2, %0\n setz %1"
                     : "=r"(rights), "=q"(found)
                     : "r"(FLAT_RING3_CS64)
                     : "cc");
    EXPECT(found, 1);
    EXPECT(rights & 0xff00, 0xfb00);
    __asm__ volatile("lar %2, %0\n setz %1"
                     : "=r"(rights), "=q"(found)
                     : "r"(FLAT_RING3_SS64)
                     : "cc");
    EXPECT(found, 1);
    EXPECT(rights & 0xff00, 0xf300);
}
