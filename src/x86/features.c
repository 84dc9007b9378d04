/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID: Intel SDM 2A, chapter 3.2; AMD APM 3, appendix E. */
#include "x86/features.h"

#include "core/assert.h"
#include "lib/memory.h"
#include "x86/trap/fault.h"

enum { EAX, EBX, ECX, EDX };

#define PLATFORM_INFO         0xce /* MSR of Intel's: bit 31, CPUID can be made to fault */
#define PLATFORM_CPUID_FAULTS (1ul << 31)
#define HYPERVISOR_PRESENT    31 /* of leaf 1 ECX */

struct cpu_features cpu;

static uint32_t leaves_basic, leaves_extended;

/* A leaf, or zeros when the CPU does not have it. */
static void leaf(uint32_t nr, uint32_t sub, uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(*out));
    if (nr <= (nr & 0x80000000 ? leaves_extended : leaves_basic))
        cpuid(nr, sub, out);
}

static bool bit(uint32_t word, unsigned int nr)
{
    return word >> nr & 1;
}

static bool vendor_is(const char *name)
{
    for (unsigned int i = 0; i < 12; i++) {
        if (cpu.vendor[i] != name[i])
            return false;
    }
    return true;
}

static void read_vendor(void)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    leaves_basic = r[EAX];
    memcpy(cpu.vendor, &r[EBX], 4);
    memcpy(cpu.vendor + 4, &r[EDX], 4);
    memcpy(cpu.vendor + 8, &r[ECX], 4);
    cpu.amd = vendor_is("AuthenticAMD") || vendor_is("HygonGenuine");
    cpu.intel = vendor_is("GenuineIntel");
    cpuid(0x80000000, 0, r);
    leaves_extended = r[EAX] >= 0x80000000 ? r[EAX] : 0;
}

/* Intel SDM 2A, CPUID leaf 1: extended family and model. */
static void read_model(uint32_t eax)
{
    cpu.stepping = eax & 15;
    cpu.model = eax >> 4 & 15;
    cpu.family = eax >> 8 & 15;
    if (cpu.family == 6 || cpu.family == 15)
        cpu.model |= eax >> 12 & 0xf0;
    if (cpu.family == 15)
        cpu.family += eax >> 20 & 0xff;
}

static void read_basic(void)
{
    uint32_t r[4];

    leaf(1, 0, r);
    read_model(r[EAX]);
    cpu.pge = bit(r[EDX], 13);
    cpu.monitor = bit(r[ECX], 3);
    cpu.pcid = bit(r[ECX], 17);
    cpu.x2apic = bit(r[ECX], 21);
    cpu.tsc_deadline = bit(r[ECX], 24);
    cpu.xsave = bit(r[ECX], 26);
    cpu.avx = bit(r[ECX], 28);
    cpu.virtualised = bit(r[ECX], HYPERVISOR_PRESENT);
    leaf(7, 0, r);
    cpu.fsgsbase = bit(r[EBX], 0);
    cpu.smep = bit(r[EBX], 7);
    cpu.smap = bit(r[EBX], 20);
}

static void read_extended(void)
{
    uint32_t r[4];

    leaf(0x80000001, 0, r);
    cpu.nx = bit(r[EDX], 20);
    cpu.pages_1g = bit(r[EDX], 26);
    cpu.rdtscp = bit(r[EDX], 27);
    leaf(0x80000007, 0, r);
    cpu.invariant_tsc = bit(r[EDX], 8);
    leaf(0x80000008, 0, r);
    cpu.address_bits = r[EAX] & 0xff ? r[EAX] & 0xff : 36;
    cpu.fpu_keeps_pointers = cpu.amd && !bit(r[EBX], 2); /* RstrFpErrPtrs */
    leaf(0x80000021, 0, r);
    cpu.cpuid_faulting = cpu.amd && bit(r[EAX], 17); /* CpuidUserDis */
}

/* CPUID leaf 13: the components there are, and an area that holds them in the standard form. */
static void read_xsave(void)
{
    uint32_t r[4];

    if (!cpu.xsave)
        return;
    leaf(13, 0, r);
    cpu.xcr0_mask = (uint64_t)r[EDX] << 32 | r[EAX];
    cpu.xsave_size = r[ECX];
    leaf(13, 1, r);
    cpu.xsaveopt = bit(r[EAX], 0);
    ASSERT((cpu.xcr0_mask & 3) == 3);
    ASSERT(cpu.xsave_size >= 576);
}

/* Intel's MSR needs no probe under real CPUs; elsewhere it may be missing. */
static void read_cpuid_faulting(void)
{
    uint64_t value;

    if (cpu.intel && rdmsr_safe(PLATFORM_INFO, &value) && (value & PLATFORM_CPUID_FAULTS))
        cpu.cpuid_faulting = true;
}

void features_init(void)
{
    read_vendor();
    read_basic();
    read_extended();
    read_xsave();
    read_cpuid_faulting();
}
