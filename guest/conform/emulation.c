/* SPDX-License-Identifier: Apache-2.0 */
/* What a PV kernel's privileged instructions do: ports, MSRs, CPUID, control registers. */
#include "mmu.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/physdev.h>

#define IO    "physdev.h, PHYSDEVOP_set_iopl"
#define MSR   "arch-x86/xen.h: MSRs of a PV guest"
#define CPUID "arch-x86/cpuid.h"
#define CR    "arch-x86/xen.h: control registers of a PV guest"

static long set_iopl(uint32_t iopl)
{
    struct physdev_set_iopl arg = { .iopl = iopl };

    return hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &arg);
}

static uint64_t in8(uint16_t port, uint8_t *value)
{
    uint8_t read = 0;

    PROBE("inb %w1, %b0", : "+a"(read) : "d"(port) :);
    *value = read;
    return fault.vector;
}

static uint64_t out8(uint16_t port, uint8_t value)
{
    PROBE("outb %b0, %w1", : : "a"(value), "d"(port) :);
    return fault.vector;
}

CASE(emulation, ports_of_dom0_without_iopl, IO, PV)
{
    uint8_t value;

    EXPECT(set_iopl(0), 0);
    EXPECT(in8(0x80, &value), 13);
    EXPECT(fault.error, 0);
}

CASE(emulation, ports_of_dom0_with_iopl, IO, PV)
{
    uint8_t value;

    EXPECT(set_iopl(1), 0);
    EXPECT(in8(0x80, &value), NO_FAULT);
    EXPECT(out8(0x80, 0), NO_FAULT);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, iopl_range, IO, PV)
{
    EXPECT(set_iopl(4), -XEN_EINVAL);
    EXPECT(set_iopl(~0u), -XEN_EINVAL);
    EXPECT(set_iopl(3), 0);
    EXPECT(set_iopl(0), 0);
}

/* Ports that Xen keeps: they read as ones, and writes go nowhere. */
CASE(emulation, ports_that_are_not_dom0_s, IO, PV)
{
    static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0x40, 0x43, 0x3f8 };
    uint8_t value;

    EXPECT(set_iopl(1), 0);
    for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        EXPECT(in8(ports[i], &value), NO_FAULT);
        if (ports[i] != 0x40 && ports[i] != 0x43)
            EXPECT(value, 0xff);
        EXPECT(out8(ports[i], 0xff), NO_FAULT);
    }
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, pic_ports_alone, IO, PV)
{
    uint8_t value;

    EXPECT(set_iopl(1), 0);
    EXPECT(in8(0x21, &value), NO_FAULT);
    EXPECT(value, 0xff);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, widths_of_in, IO, PV)
{
    uint32_t value = 0x12345678;

    EXPECT(set_iopl(1), 0);
    PROBE("inw %w1, %w0", : "+a"(value) : "d"(0x20) :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(value, 0x1234ffff);
    PROBE("inl %w1, %0", : "+a"(value) : "d"(0x20) :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(value, 0xffffffff);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, string_io, IO, PV)
{
    uint8_t *buffer = pool(0);
    void *to = buffer;
    uint64_t count = 4;

    EXPECT(set_iopl(1), 0);
    PROBE("rep insb", : "+D"(to), "+c"(count) : "d"(0x21) : "memory");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(count, 0);
    EXPECT(buffer[0] & buffer[3], 0xff);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, string_io_to_a_bad_address, IO, PV)
{
    void *to = (void *)BAD_UNMAPPED;

    EXPECT(set_iopl(1), 0);
    PROBE("insb", : "+D"(to) : "d"(0x21) : "memory");
    EXPECT(fault.vector, 14);
    EXPECT(fault.address, BAD_UNMAPPED);
    EXPECT(fault.error, 2);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, pci_configuration_ports, IO, PV)
{
    uint32_t value = 0;

    EXPECT(set_iopl(1), 0);
    PROBE("outl %0, %w1", : : "a"(0x80000000u), "d"(0xcf8) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("inl %w1, %0", : "=a"(value) : "d"(0xcfc) :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(value & 0xffff, 0x8086); /* the host bridge of q35 */
    PROBE("inl %w1, %0", : "=a"(value) : "d"(0xcf8) :);
    EXPECT(value, 0x80000000u);
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, cmos_read, IO, PV)
{
    uint8_t value = 0xff;

    EXPECT(set_iopl(1), 0);
    EXPECT(out8(0x70, 0x0d), NO_FAULT);
    EXPECT(in8(0x71, &value), NO_FAULT);
    EXPECT(value & 0x80, 0x80); /* RAM and time are valid */
    EXPECT(set_iopl(0), 0);
}

CASE(emulation, iobitmap_pointer, "physdev.h, PHYSDEVOP_set_iobitmap", PV)
{
    struct physdev_set_iobitmap map = { .nr_ports = 65537 };

    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &map), -XEN_EINVAL);
    map.nr_ports = 0;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &map), 0);
}

CASE(emulation, iobitmap_for_the_kernel, "physdev.h, PHYSDEVOP_set_iobitmap", PV)
{
    struct physdev_set_iobitmap map = { .nr_ports = 1024 };
    uint8_t *bits = pool(0), value;

    __builtin_memset(bits, 0xff, 128);
    bits[0x80 / 8] = 0xfe; /* port 0x80 alone */
    set_xen_guest_handle(map.bitmap, bits);
    EXPECT(set_iopl(0), 0);
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &map), 0);
    EXPECT(in8(0x80, &value), NO_FAULT);
    EXPECT(in8(0x81, &value), 13);
    map.nr_ports = 0;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &map), 0);
}

/* ---- MSRs ---- */

static uint64_t rdmsr(uint32_t index, uint64_t *value)
{
    uint32_t low = 0, high = 0;

    PROBE("rdmsr", : "+a"(low), "+d"(high) : "c"(index) :);
    *value = (uint64_t)high << 32 | low;
    return fault.vector;
}

static uint64_t wrmsr(uint32_t index, uint64_t value)
{
    PROBE("wrmsr", : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
    return fault.vector;
}

CASE(emulation, msr_efer, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0xc0000080, &value), NO_FAULT);
    conform_note("%lx", value);
    EXPECT(value & 0xd01, 0xd01); /* SCE, LME, LMA, NXE */
}

CASE(emulation, msr_efer_write, MSR, PV)
{
    uint64_t value, again;

    rdmsr(0xc0000080, &value);
    EXPECT(wrmsr(0xc0000080, value), NO_FAULT);
    EXPECT(wrmsr(0xc0000080, value & ~0x800ul), 13);
    rdmsr(0xc0000080, &again);
    EXPECT(again, value);
}

CASE(emulation, msr_bases, MSR, PV)
{
    uint64_t value;

    EXPECT(wrmsr(0xc0000100, 0x1234000), NO_FAULT);
    EXPECT(rdmsr(0xc0000100, &value), NO_FAULT);
    EXPECT(value, 0x1234000);
    EXPECT(wrmsr(0xc0000100, 0), NO_FAULT);
    EXPECT(rdmsr(0xc0000101, &value), NO_FAULT);
    EXPECT(value, pv_this_cpu());
    EXPECT(wrmsr(0xc0000102, 0x5678000), NO_FAULT);
    EXPECT(rdmsr(0xc0000102, &value), NO_FAULT);
    EXPECT(value, 0x5678000);
    EXPECT(wrmsr(0xc0000102, 0), NO_FAULT);
}

CASE(emulation, msr_bases_noncanonical, MSR, PV)
{
    EXPECT(wrmsr(0xc0000100, BAD_HOLE), 13);
    EXPECT(wrmsr(0xc0000102, BAD_HOLE), 13);
}

CASE(emulation, msr_that_does_not_exist, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0x12345678, &value), 13);
    EXPECT(wrmsr(0x12345678, 0), 13);
}

CASE(emulation, msrs_of_system_calls, MSR, PV)
{
    uint64_t value;

    /* STAR, LSTAR, CSTAR, SFMASK are the hypervisor's. */
    for (uint32_t index = 0xc0000081; index <= 0xc0000084; index++) {
        EXPECT(rdmsr(index, &value), 13);
        EXPECT(wrmsr(index, 0), 13);
    }
}

CASE(emulation, msr_tsc, MSR, PV)
{
    uint64_t value, now = pv_ticks();

    EXPECT(rdmsr(0x10, &value), NO_FAULT);
    EXPECT_TRUE(value >= now && value < now + 1000000000);
}

CASE(emulation, msr_apic_base, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0x1b, &value), NO_FAULT);
    conform_note("%lx", value);
    EXPECT(value & 0xfffff800, 0xfee00800);
}

CASE(emulation, msr_misc_enable, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0x1a0, &value), NO_FAULT);
}

CASE(emulation, msr_pat, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0x277, &value), NO_FAULT);
    EXPECT(value, 0x050100070406ul); /* the layout of xen.h's third row */
}

CASE(emulation, msr_pat_write, MSR, PV)
{
    EXPECT(wrmsr(0x277, 0x0007040600070406ul), 13);
}

CASE(emulation, msr_mtrr, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0xfe, &value), 13);  /* MTRRcap */
    EXPECT(rdmsr(0x2ff, &value), 13); /* MTRRdefType */
}

CASE(emulation, msr_microcode, MSR, PV)
{
    uint64_t value;

    EXPECT(rdmsr(0x8b, &value), NO_FAULT);
}

/* ---- CPUID ---- */

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    /* The forced emulation prefix: ud2 and "xen" before the instruction. */
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

CASE(emulation, cpuid_signature, CPUID ", XEN_CPUID_SIGNATURE_EBX", PV)
{
    uint32_t out[4];

    cpuid(0x40000000, 0, out);
    EXPECT(out[0], 0x40000005);
    EXPECT(out[1], XEN_CPUID_SIGNATURE_EBX);
    EXPECT(out[2], XEN_CPUID_SIGNATURE_ECX);
    EXPECT(out[3], XEN_CPUID_SIGNATURE_EDX);
}

CASE(emulation, cpuid_version, CPUID ", leaf 2", PV)
{
    uint32_t out[4];

    cpuid(0x40000001, 0, out);
    EXPECT(out[0], 4 << 16 | 17);
    EXPECT(out[1] | out[2] | out[3], 0);
}

CASE(emulation, cpuid_hypercall_pages, CPUID ", leaf 3", PV)
{
    uint32_t out[4];

    cpuid(0x40000002, 0, out);
    EXPECT(out[0], 1);
    EXPECT(out[1], 0x40000000);
    EXPECT(out[2] & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD,
           XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD);
    EXPECT(out[3], 0);
}

CASE(emulation, cpuid_time, CPUID ", leaf 4", PV)
{
    uint32_t out[4];

    cpuid(0x40000003, 0, out);
    conform_note("%x %x %x %x", out[0], out[1], out[2], out[3]);
    EXPECT_TRUE(out[2] == 0 || out[2] > 100000); /* kHz */
}

CASE(emulation, cpuid_pv_leaf, CPUID ", leaf 6", PV)
{
    uint32_t out[4];

    cpuid(0x40000005, 0, out);
    conform_note("%x %x %x %x", out[0], out[1], out[2], out[3]);
}

CASE(emulation, cpuid_beyond_the_last, CPUID, PV)
{
    uint32_t out[4];

    cpuid(0x40000006, 0, out);
    EXPECT(out[0] | out[1] | out[2] | out[3], 0);
    cpuid(0x400000ff, 0, out);
    EXPECT(out[0] | out[1] | out[2] | out[3], 0);
}

CASE(emulation, cpuid_features_of_pv, CPUID, PV)
{
    uint32_t out[4];

    cpuid(1, 0, out);
    conform_note("edx %x ecx %x", out[3], out[2]);
    EXPECT(out[3] >> 3 & 1, 0);  /* PSE */
    EXPECT(out[3] >> 13 & 1, 0); /* PGE */
    EXPECT(out[3] >> 17 & 1, 0); /* PSE36 */
    EXPECT(out[2] >> 5 & 1, 0);  /* VMX */
    EXPECT(out[2] >> 31 & 1, 1); /* a hypervisor is here */
    EXPECT(out[3] >> 9 & 1, 1);  /* APIC */
    EXPECT(out[3] >> 6 & 1, 1);  /* PAE */
}

CASE(emulation, cpuid_extended_features_of_pv, CPUID, PV)
{
    uint32_t out[4];

    cpuid(0x80000001, 0, out);
    conform_note("edx %x ecx %x", out[3], out[2]);
    EXPECT(out[3] >> 20 & 1, 1); /* NX */
    EXPECT(out[3] >> 29 & 1, 1); /* long mode */
    EXPECT(out[3] >> 26 & 1, 0); /* 1 GiB pages */
    EXPECT(out[2] >> 2 & 1, 0);  /* SVM */
}

CASE(emulation, cpuid_smep_smap_pcid_are_hidden, CPUID, PV)
{
    uint32_t out[4];

    cpuid(7, 0, out);
    EXPECT(out[1] >> 7 & 1, 0);
    EXPECT(out[1] >> 20 & 1, 0);
    EXPECT(out[1] >> 10 & 1, 0); /* INVPCID */
    cpuid(1, 0, out);
    EXPECT(out[2] >> 17 & 1, 0); /* PCID */
}

CASE(emulation, cpuid_leaf_d, CPUID, PV)
{
    uint32_t out[4];

    cpuid(0xd, 0, out);
    conform_note("%x %x %x %x", out[0], out[1], out[2], out[3]);
    cpuid(0xd, 1, out);
    EXPECT(out[0] >> 3 & 1, 0); /* XSAVES */
}

CASE(emulation, forced_prefix_alone, CPUID, PV)
{
    /* Before anything else the prefix is what it reads: an undefined instruction. */
    PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n nop", :::);
    EXPECT(fault.vector, 6);
}

/* ---- control registers ---- */

CASE(emulation, cr0, CR, PV)
{
    uint64_t value;

    PROBE("mov %%cr0, %0", : "=r"(value) : :);
    EXPECT(fault.vector, NO_FAULT);
    conform_note("%lx", value);
    EXPECT(value & 0x80010001, 0x80010001);
}

CASE(emulation, cr0_write_of_ts, CR, PV)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    PROBE("mov %0, %%cr0", : : "r"(value | 8) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("fninit", :::);
    EXPECT(fault.vector, 7);
}

CASE(emulation, cr0_write_of_others, CR, PV)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    PROBE("mov %0, %%cr0", : : "r"(value & ~0x10000ul) :);
    EXPECT(fault.vector, 13); /* WP */
    PROBE("mov %0, %%cr0", : : "r"(value & ~0x80000000ul) :);
    EXPECT(fault.vector, 13); /* PG */
}

CASE(emulation, cr4, CR, PV)
{
    uint64_t value;

    PROBE("mov %%cr4, %0", : "=r"(value) : :);
    EXPECT(fault.vector, NO_FAULT);
    conform_note("%lx", value);
    EXPECT(value & 0x20, 0x20); /* PAE */
}

CASE(emulation, cr4_write, CR, PV)
{
    uint64_t value, again;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    PROBE("mov %0, %%cr4", : : "r"(value) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("mov %0, %%cr4", : : "r"(value | 1ul << 13) :); /* VMXE */
    EXPECT(fault.vector, NO_FAULT); /* a bit that is not the guest's: nothing happens */
    __asm__ volatile("mov %%cr4, %0" : "=r"(again));
    EXPECT(again, value);
}

CASE(emulation, cr3_write_of_the_same, CR, PV)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    PROBE("mov %0, %%cr3", : : "r"(value) : "memory");
    EXPECT(fault.vector, NO_FAULT);
}

CASE(emulation, cr3_write_of_a_bad_frame, CR, PV)
{
    uint64_t value, after;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    PROBE("mov %0, %%cr3", : : "r"(0x200000ul) : "memory");
    EXPECT(fault.vector, 13);
    __asm__ volatile("mov %%cr3, %0" : "=r"(after));
    EXPECT(after, value);
}

CASE(emulation, cr8, CR, PV)
{
    uint64_t value;

    PROBE("mov %%cr8, %0", : "=r"(value) : :);
    EXPECT(fault.vector, 13);
}

CASE(emulation, xsetbv, CR, PV)
{
    uint32_t low, high;
    uint64_t cr4;

    PROBE("xgetbv", : "=a"(low), "=d"(high) : "c"(0) :);
    if (fault.vector != NO_FAULT) {
        conform_skip("no XSAVE here");
        return;
    }
    PROBE("xsetbv", : : "c"(0), "a"(low), "d"(high) :);
    EXPECT(fault.vector, 6); /* CR4.OSXSAVE is this kernel's to set first */
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    PROBE("mov %0, %%cr4", : : "r"(cr4 | 1ul << 18) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("xsetbv", : : "c"(0), "a"(low), "d"(high) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("xsetbv", : : "c"(0), "a"(low & ~1u), "d"(high) :); /* x87 may not be off */
    EXPECT(fault.vector, 13);
    PROBE("xsetbv", : : "c"(1), "a"(low), "d"(high) :);
    EXPECT(fault.vector, 13);
    PROBE("mov %0, %%cr4", : : "r"(cr4) :);
    EXPECT(fault.vector, NO_FAULT);
}
