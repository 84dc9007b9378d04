/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of KVM: a machine of hardware virtualization, native but for its clock (Linux
 * Documentation/virt/kvm/x86: cpuid, msr).
 */
#include "../native/machine.h"
#include "../pvclock.h"
#include "../start.h"

#include <pv/native.h>

#define LEAF_SIGNATURE  0x40000000
#define LEAF_FEATURES   0x40000001
#define FEATURE_CLOCK2  (1u << 3)
#define MSR_SYSTEM_TIME 0x4b564d01

static void cpuid(uint32_t index, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(index), "c"(0));
}

static bool has_clock(void)
{
    uint32_t out[4];

    cpuid(LEAF_FEATURES, out);
    return out[0] & FEATURE_CLOCK2;
}

static bool here(unsigned int how, uint64_t info)
{
    uint32_t out[4];

    (void)info;
    cpuid(LEAF_SIGNATURE, out);
    return how != PV_ENTRY_DIRECT && out[1] == 0x4b4d564b && out[2] == 0x564b4d56 &&
           out[3] == 0x4d; /* "KVMKVMKVM" */
}

static uint64_t time_ns(void)
{
    return pv_clock_read((const volatile struct pv_clock *)pv_this_cpu()->shared);
}

static void cpu_init(unsigned int number)
{
    uint64_t clock = pv_phys(pv_cpus[number].shared) | 1;

    native_cpu_init(number);
    if (has_clock())
        __asm__ volatile("wrmsr"
                         :
                         : "c"(MSR_SYSTEM_TIME), "a"((uint32_t)clock),
                           "d"((uint32_t)(clock >> 32)));
}

static void describe(unsigned int how, uint64_t info, struct pv_boot *boot)
{
    native_pic_mask();
    native_describe(how, info, boot);
    native_clock_init(); /* the APIC timer's frequency, and the time without a clock */
}

static void bind(struct pv_code codes[PV_OPS])
{
    if (has_clock())
        PV_BIND(codes, time_ns, time_ns);
}

PV_PLATFORM(kvm) = { "KVM", 10, here, cpu_init, bind, describe };
