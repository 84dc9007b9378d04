/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hardware guest (PVH) comes out for: CPUID, MSRs, control registers, instructions that are not
 * there.  The rules are the manual's (AMD APM, volumes 2 and 3), as Xen 4.17 has them for PVH.
 */
#include "conform.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/version.h>

#define CPUID "arch-x86/cpuid.h"
#define MSRS  "AMD APM 2, appendix A"
#define CRS   "AMD APM 2, 3.1"
#define CODE  "AMD APM 3"

#define GP          13u
#define UD          6u
#define ANYTHING    0ul
#define SOMEWHERE   0xffff800012345678ul
#define HYPERCALLS  0x40000000u
#define CR4_OSXSAVE (1ul << 18)

/* ---- CPUID ---- */

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

static void all_zero(uint32_t leaf, uint32_t sub)
{
    uint32_t out[4];

    cpuid(leaf, sub, out);
    for (unsigned int i = 0; i < 4; i++)
        EXPECT(out[i], 0);
}

CASE(cpuid, signature, CPUID ", XEN_CPUID_SIGNATURE_EBX", PVH)
{
    uint32_t out[4];

    cpuid(XEN_CPUID_FIRST_LEAF, 0, out);
    EXPECT(out[0], XEN_CPUID_FIRST_LEAF + 5);
    EXPECT(out[1], XEN_CPUID_SIGNATURE_EBX);
    EXPECT(out[2], XEN_CPUID_SIGNATURE_ECX);
    EXPECT(out[3], XEN_CPUID_SIGNATURE_EDX);
}

CASE(cpuid, version, CPUID ", leaf 2 (0x40000x01)", PVH)
{
    uint32_t out[4];

    cpuid(XEN_CPUID_FIRST_LEAF + 1, 0, out);
    EXPECT(out[0], hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0));
    EXPECT(out[1] | out[2] | out[3], 0);
}

CASE(cpuid, hypercall_page, CPUID ", leaf 3 (0x40000x02)", PVH)
{
    uint32_t out[4];

    cpuid(XEN_CPUID_FIRST_LEAF + 2, 0, out);
    EXPECT(out[0], 1);
    EXPECT(out[1], HYPERCALLS);
    EXPECT(out[2], 0);
    EXPECT(out[3], 0);
}

CASE(cpuid, ids_of_the_vcpu, CPUID ", leaf 5 (0x40000x04)", PVH)
{
    uint32_t out[4];

    cpuid(XEN_CPUID_FIRST_LEAF + 4, 0, out);
    EXPECT(out[0] & (XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
                     XEN_HVM_CPUID_UPCALL_VECTOR),
           XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
               XEN_HVM_CPUID_UPCALL_VECTOR);
    EXPECT(out[1], 0);
    EXPECT(out[2], 0);
}

static void read_ids(void *argument)
{
    cpuid(XEN_CPUID_FIRST_LEAF + 4, 0, argument);
    cpuid(1, 0, (uint32_t *)argument + 4);
}

CASE_CPUS(cpuid, ids_of_another_vcpu, CPUID ", leaf 5 (0x40000x04)", PVH, 4)
{
    static uint32_t out[8];

    for (unsigned int cpu = 1; cpu < 4; cpu++) {
        conform_on_cpu(cpu, read_ids, out);
        EXPECT(out[1], cpu);
        EXPECT(out[5] >> 24, 2 * cpu); /* the APIC's number */
    }
}

CASE(cpuid, leaf_of_pv_guests_is_empty, CPUID ", leaf 6 (0x40000x05)", PVH)
{
    all_zero(XEN_CPUID_FIRST_LEAF + 5, 0);
}

CASE(cpuid, behind_the_last_leaf_of_xen, CPUID, PVH)
{
    all_zero(XEN_CPUID_FIRST_LEAF + 6, 0);
    all_zero(XEN_CPUID_FIRST_LEAF + 0xff, 0);
    all_zero(XEN_CPUID_FIRST_LEAF + 0x100, 0);
}

CASE(cpuid, behind_the_last_leaf, CPUID, PVH)
{
    uint32_t out[4];

    cpuid(0, 0, out);
    conform_note("last %x", out[0]);
    all_zero(out[0] + 1, 0);
    cpuid(0x80000000, 0, out);
    all_zero(out[0] + 1, 0);
}

CASE(cpuid, a_hypervisor_is_there, CPUID, PVH)
{
    uint32_t out[4];

    cpuid(1, 0, out);
    EXPECT(out[2] >> 31, 1);
}

CASE(cpuid, no_nested_hypervisor, CODE ", CPUID Fn8000_0001, SVM", PVH)
{
    uint32_t out[4];

    cpuid(0x80000001, 0, out);
    EXPECT(out[2] >> 2 & 1, 0);
    all_zero(0x8000000a, 0);
}

CASE(cpuid, osxsave_follows_cr4, CODE ", CPUID Fn0000_0001, OSXSAVE", PVH)
{
    uint64_t cr4 = pv_read_cr4();
    uint32_t out[4];

    cpuid(1, 0, out);
    EXPECT(out[2] >> 27 & 1, cr4 >> 18 & 1);
    if (!(out[2] >> 26 & 1)) {
        conform_skip("no XSAVE");
        return;
    }
    pv_write_cr4(cr4 ^ CR4_OSXSAVE);
    cpuid(1, 0, out);
    EXPECT(out[2] >> 27 & 1, ~cr4 >> 18 & 1);
    pv_write_cr4(cr4);
}

/* ---- MSRs ---- */

static uint64_t read_msr(uint32_t index, uint64_t *value)
{
    uint32_t low = 0, high = 0;

    PROBE("rdmsr", : "+a"(low), "+d"(high) : "c"(index) :);
    *value = (uint64_t)high << 32 | low;
    return fault.vector;
}

static uint64_t write_msr(uint32_t index, uint64_t value)
{
    PROBE("wrmsr", : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
    return fault.vector;
}

/* Not there: neither to read nor to write. */
#define MSR_ABSENT(name, index) \
    CASE(msr, name##_is_not_there, MSRS, PVH) \
    { \
        uint64_t value; \
\
        EXPECT(read_msr(index, &value), GP); \
        EXPECT(fault.error, 0); \
        EXPECT(write_msr(index, 0), GP); \
        EXPECT(fault.error, 0); \
    }

MSR_ABSENT(reserved_low, 0x00000fff)
MSR_ABSENT(reserved_high, 0xc0001234)
MSR_ABSENT(reserved_far, 0xdeadbeef)
MSR_ABSENT(spec_ctrl, 0x48)
MSR_ABSENT(smi_count, 0x34)
MSR_ABSENT(xss, 0xda0)
MSR_ABSENT(x2apic_outside_its_mode, 0x802)
MSR_ABSENT(viridian, 0x40000001)
MSR_ABSENT(vmx_basic, 0x480)

/* A constant. */
#define MSR_IS(name, index, expected) \
    CASE(msr, name, MSRS, PVH) \
    { \
        uint64_t value; \
\
        EXPECT(read_msr(index, &value), NO_FAULT); \
        EXPECT(value, expected); \
    }

MSR_IS(apic_base_of_the_first_cpu, 0x1b, 0xfee00900)
MSR_IS(mtrr_cap, 0xfe, 0x508)
MSR_IS(mcg_status, 0x17a, 0)
MSR_IS(debugctl, 0x1d9, 0)
MSR_IS(tsc_adjust, 0x3b, 0)
MSR_IS(machine_check_bank, 0x401, 0)
MSR_IS(tsc_ratio, 0xc0000104, 0)
MSR_IS(k7_event_select, 0xc0010000, 0)
MSR_IS(top_mem, 0xc001001a, 0)
MSR_IS(vm_hsave_pa, 0xc0010117, 0)

/* Takes a value, gives it back; refuses another, and keeps the first. */
static void keeps(uint32_t index, uint64_t good, uint64_t bad)
{
    uint64_t before, value;

    REQUIRE(read_msr(index, &before), NO_FAULT);
    EXPECT(write_msr(index, good), NO_FAULT);
    EXPECT(read_msr(index, &value), NO_FAULT);
    EXPECT(value, good);
    if (bad != ANYTHING) {
        EXPECT(write_msr(index, bad), GP);
        EXPECT(fault.error, 0);
        EXPECT(read_msr(index, &value), NO_FAULT);
        EXPECT(value, good);
    }
    EXPECT(write_msr(index, before), NO_FAULT);
}

#define MSR_KEEPS(name, index, good, bad) \
    CASE(msr, name, MSRS, PVH) \
    { \
        keeps(index, good, bad); \
    }

MSR_KEEPS(star, 0xc0000081, 0x0023001000000000, ANYTHING)
MSR_KEEPS(lstar, 0xc0000082, SOMEWHERE, ANYTHING)
MSR_KEEPS(cstar, 0xc0000083, SOMEWHERE, ANYTHING)
MSR_KEEPS(sfmask, 0xc0000084, 0x47700, ANYTHING)
MSR_KEEPS(fs_base, 0xc0000100, SOMEWHERE, ANYTHING)
MSR_KEEPS(kernel_gs_base, 0xc0000102, SOMEWHERE, ANYTHING)
MSR_KEEPS(sysenter_cs, 0x174, 0x10, ANYTHING)
MSR_KEEPS(sysenter_esp, 0x175, SOMEWHERE, ANYTHING)
MSR_KEEPS(sysenter_eip, 0x176, SOMEWHERE, ANYTHING)
MSR_KEEPS(pat, 0x277, 0x0007040600070405, ANYTHING)
MSR_KEEPS(mtrr_default_type, 0x2ff, 0xc06, 0xc02)
MSR_KEEPS(mtrr_fixed_types, 0x250, 0x0606060606060606, 0x0606060606060602)
MSR_KEEPS(mtrr_variable_base, 0x200, 0x80000006, 0x80000002)
MSR_KEEPS(mtrr_variable_mask, 0x201, 0xf80000800, 0xf80000001)

CASE(msr, read_only_mtrr_cap, MSRS, PVH)
{
    EXPECT(write_msr(0xfe, 0x508), GP);
}

CASE(msr, efer_has_the_mode, MSRS ", EFER", PVH)
{
    uint64_t value;

    EXPECT(read_msr(0xc0000080, &value), NO_FAULT);
    EXPECT(value & 0xd01, 0xd01); /* NXE, LMA, LME, SCE: the library's start */
    EXPECT(value & 0x1000, 0);    /* no SVME */
}

CASE(msr, efer_reserved_bits, MSRS ", EFER", PVH)
{
    uint64_t value, after;

    REQUIRE(read_msr(0xc0000080, &value), NO_FAULT);
    EXPECT(write_msr(0xc0000080, value | 1ul << 40), GP);
    EXPECT(write_msr(0xc0000080, value | 2), GP);
    EXPECT(write_msr(0xc0000080, value | 0x1000), GP);
    EXPECT(read_msr(0xc0000080, &after), NO_FAULT);
    EXPECT(after, value);
}

CASE(msr, efer_lme_stays_while_paging, MSRS ", EFER", PVH)
{
    uint64_t value;

    REQUIRE(read_msr(0xc0000080, &value), NO_FAULT);
    EXPECT(write_msr(0xc0000080, value & ~0x100ul), GP);
}

CASE(msr, efer_sce, MSRS ", EFER", PVH)
{
    uint64_t value, after;

    REQUIRE(read_msr(0xc0000080, &value), NO_FAULT);
    EXPECT(write_msr(0xc0000080, value & ~1ul), NO_FAULT);
    EXPECT(read_msr(0xc0000080, &after), NO_FAULT);
    EXPECT(after, value & ~1ul);
    EXPECT(write_msr(0xc0000080, value), NO_FAULT);
}

CASE(msr, tsc_goes_on, MSRS ", TSC", PVH)
{
    uint64_t one, two;

    EXPECT(read_msr(0x10, &one), NO_FAULT);
    two = pv_ticks();
    EXPECT_TRUE(two >= one);
    EXPECT(read_msr(0x10, &one), NO_FAULT);
    EXPECT_TRUE(one >= two);
}

CASE(msr, hypercall_page_out_of_range, CPUID ", leaf 3 (0x40000x02)", PVH)
{
    EXPECT(write_msr(HYPERCALLS, 0x0000fffffffff000), GP);
    EXPECT(write_msr(HYPERCALLS, pv_phys(pool(0)) | 1), GP); /* one page, not two */
}

CASE(msr, hypercall_page_is_filled, CPUID ", leaf 3 (0x40000x02)", PVH)
{
    const uint8_t *page = pool(0);

    EXPECT(write_msr(HYPERCALLS, pv_phys(page)), NO_FAULT);
    EXPECT(page[32 * __HYPERVISOR_xen_version], 0xb8); /* mov $number, %eax */
    EXPECT(*(const uint32_t *)(const void *)(page + 32 * __HYPERVISOR_xen_version + 1),
           __HYPERVISOR_xen_version);
    EXPECT(page[32 * __HYPERVISOR_iret], 0x0f); /* ud2: there is none here */
}

/* ---- control registers ---- */

static uint64_t write_cr0(uint64_t value)
{
    PROBE("mov %0, %%cr0", : : "r"(value) : "memory");
    return fault.vector;
}

static uint64_t write_cr4(uint64_t value)
{
    PROBE("mov %0, %%cr4", : : "r"(value) : "memory");
    return fault.vector;
}

CASE(control, cr0_ts, CRS ".1", PVH)
{
    uint64_t cr0 = pv_read_cr0();

    EXPECT(write_cr0(cr0 | 8), NO_FAULT);
    EXPECT(pv_read_cr0(), cr0 | 8);
    __asm__ volatile("clts");
    EXPECT(pv_read_cr0(), cr0 & ~8ul);
    pv_write_cr0(cr0);
}

CASE(control, cr0_wp, CRS ".1", PVH)
{
    uint64_t cr0 = pv_read_cr0();

    EXPECT(write_cr0(cr0 ^ 1ul << 16), NO_FAULT);
    EXPECT(pv_read_cr0(), cr0 ^ 1ul << 16);
    pv_write_cr0(cr0);
}

CASE(control, cr4_reserved, CRS ".3", PVH)
{
    uint64_t cr4 = pv_read_cr4();

    EXPECT(write_cr4(cr4 | 1ul << 40), GP);
    EXPECT(write_cr4(cr4 | 1ul << 13), GP); /* VMXE, on AMD */
    EXPECT(write_cr4(cr4 | 1ul << 30), GP);
    EXPECT(pv_read_cr4(), cr4);
}

CASE(control, cr4_pae_stays, CRS ".3", PVH)
{
    uint64_t cr4 = pv_read_cr4();

    EXPECT(write_cr4(cr4 & ~(1ul << 5)), GP);
    EXPECT(pv_read_cr4(), cr4);
}

CASE(control, cr4_pge, CRS ".3", PVH)
{
    uint64_t cr4 = pv_read_cr4();

    EXPECT(write_cr4(cr4 ^ 1ul << 7), NO_FAULT);
    EXPECT(pv_read_cr4(), cr4 ^ 1ul << 7);
    EXPECT(write_cr4(cr4), NO_FAULT);
}

CASE(control, cr3_keeps_its_value, CRS ".2", PVH)
{
    uint64_t cr3 = pv_read_cr3();

    pv_write_cr3(cr3);
    EXPECT(pv_read_cr3(), cr3);
}

/* ---- instructions ---- */

CASE(code, xsetbv, CODE ", XSETBV", PVH)
{
    uint64_t cr4 = pv_read_cr4();
    uint32_t out[4], low, high;

    cpuid(1, 0, out);
    if (!(out[2] >> 26 & 1)) {
        PROBE("xsetbv", : : "c"(0), "a"(1), "d"(0) :);
        EXPECT(fault.vector, UD);
        return;
    }
    pv_write_cr4(cr4 | CR4_OSXSAVE);
    PROBE("xsetbv", : : "c"(0), "a"(2), "d"(0) :); /* without x87 */
    EXPECT(fault.vector, GP);
    PROBE("xsetbv", : : "c"(1), "a"(1), "d"(0) :); /* no such register */
    EXPECT(fault.vector, GP);
    PROBE("xsetbv", : : "c"(0), "a"(1), "d"(0) :);
    EXPECT(fault.vector, NO_FAULT);
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    EXPECT(low, 1);
    EXPECT(high, 0);
    pv_write_cr4(cr4);
}

/* SVM's instructions are not for a guest that was told of none. */
#define UNDEFINED(name, text) \
    CASE(code, name##_is_undefined, CODE, PVH) \
    { \
        PROBE(text, : : "a"(0), "c"(0), "d"(0) : "memory"); \
        EXPECT(fault.vector, UD); \
    }

UNDEFINED(vmrun, ".byte 0x0f, 0x01, 0xd8")
UNDEFINED(vmload, ".byte 0x0f, 0x01, 0xda")
UNDEFINED(vmsave, ".byte 0x0f, 0x01, 0xdb")
UNDEFINED(stgi, ".byte 0x0f, 0x01, 0xdc")
UNDEFINED(clgi, ".byte 0x0f, 0x01, 0xdd")
UNDEFINED(skinit, ".byte 0x0f, 0x01, 0xde")
UNDEFINED(invlpga, ".byte 0x0f, 0x01, 0xdf")
UNDEFINED(monitor, ".byte 0x0f, 0x01, 0xc8")
UNDEFINED(mwait, ".byte 0x0f, 0x01, 0xc9")

CASE(code, vmmcall_unknown_number, "xen.h, __HYPERVISOR_*", PVH)
{
    uint64_t args[5] = { 0 };

    EXPECT(hypercall_any(63, args), -XEN_ENOSYS);
}

CASE(code, cpuid_steps_over_all_of_it, CODE ", CPUID", PVH)
{
    uint64_t after = 0;

    /* A prefix that CPUID ignores is a part of it. */
    __asm__ volatile(".byte 0x66\n cpuid\n mov $1, %%esi"
                     : "=S"(after)
                     : "a"(0), "c"(0)
                     : "rbx", "rdx");
    EXPECT(after, 1);
}

/* A single step over an instruction that comes out is one step, like any other. */
CASE(code, single_step_over_cpuid, "AMD APM 2, 13.1.4", PVH)
{
    extern const char conform_after_cpuid[];

    fault.vector = NO_FAULT;
    __asm__ volatile("pushfq\n orl $0x100, (%%rsp)\n popfq\n"
                     "   cpuid\n"
                     "conform_after_cpuid: nop\n"
                     "772:\n"
                     "   .pushsection .pv_table_b, \"a\"\n"
                     "   .quad conform_after_cpuid, 772b, 772b, 772b\n"
                     "   .popsection\n"
                     :
                     : "a"(0), "c"(0)
                     : "rbx", "rdx", "memory", "cc");
    EXPECT(fault.vector, 1);
    EXPECT(fault.rip, conform_after_cpuid);
}
