/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUID policy of PV guests, made from what three of QEMU's CPUs say; expected is what a PV
 * Dom0 reads of them on Xen 4.17.
 */
#include "cmocka_all.h"

#include "abi/version.h"
#include "core/memory/page_alloc.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/msr_index.h"
#include "x86/time.h"

#include <stdlib.h>
#include <string.h>
#include <xen/arch-x86/cpufeatureset.h>

struct cpu_features cpu;
uint32_t version_number = 4 << 16 | 17;
static uint64_t arch_capabilities, de_cfg;

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    if (msr != MSR_ARCH_CAPABILITIES && msr != MSR_DE_CFG)
        return false;
    *value = msr == MSR_DE_CFG ? de_cfg : arch_capabilities;
    return true;
}

uint64_t time_tsc_khz(void)
{
    return 2600000;
}

mfn_t page_alloc_highest(void)
{
    return 0x1ffdf; /* 512 MiB */
}

void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void heap_free(void *at)
{
    free(at);
}

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}

struct answer {
    uint32_t leaf, sub, a, b, c, d;
};

/* -cpu max */
static const struct answer amd_max[] = {
    { 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
    { 1, 0, 0x60fb1, 0x03000800, 0xfed8320b, 0xfcbfbfd },
    { 5, 0, 0, 0, 3, 0 },
    { 6, 0, 4, 0, 0, 0 },
    { 7, 0, 0, 0x1c843a9, 0x8001020c, 0 },
    { 0xb, 0, 0, 1, 0x100, 0 },
    { 0xb, 1, 0, 1, 0x201, 0 },
    { 0xd, 0, 0x21f, 0x240, 0xa88, 0 },
    { 0xd, 1, 5, 0x3c8, 0, 0 },
    { 0xd, 2, 0x100, 0x240, 0, 0 },
    { 0xd, 3, 0x40, 0x3c0, 0, 0 },
    { 0xd, 4, 0x40, 0x400, 0, 0 },
    { 0xd, 9, 8, 0xa80, 0, 0 },
    { 0x80000000, 0, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65 },
    { 0x80000001, 0, 0x60fb1, 0, 0x75, 0xedd3fbfd },
    { 0x80000002, 0, 0x554d4551, 0x47435420, 0x55504320, 0x72657620 },
    { 0x80000005, 0, 0x1ff01ff, 0x1ff01ff, 0x40020140, 0x40020140 },
    { 0x80000006, 0, 0, 0x42004200, 0x2008140, 0x808140 },
    { 0x80000008, 0, 0x3928, 0, 0x2003, 0 },
    { 0x8000000a, 0, 1, 0x10, 0, 0x10010001 },
    { 0, 0, 0, 0, 0, 0 },
};

static const struct answer amd_max_on_xen[] = {
    { 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
    { 1, 0, 0x60fb1, 0x800, 0xfed83203, 0xfc9d3f5 },
    { 4, 0, 0, 0, 0, 0 },
    { 5, 0, 0, 0, 0, 0 },
    { 6, 0, 0, 0, 0, 0 },
    { 7, 0, 0, 0x1880329, 0x200, 0 },
    { 0xa, 0, 0, 0, 0, 0 },
    { 0xb, 0, 0, 0, 0, 0 },
    { 0xb, 1, 0, 0, 0, 0 },
    { 0xd, 0, 7, 0x240, 0x340, 0 },
    { 0xd, 1, 5, 0, 0, 0 },
    { 0xd, 2, 0x100, 0x240, 0, 0 },
    { 0xd, 3, 0, 0, 0, 0 },
    { 0xd, 9, 0, 0, 0, 0 },
    { 0x40000000, 0, 0x40000005, 0x566e6558, 0x65584d4d, 0x4d4d566e },
    { 0x40000001, 0, 0x40011, 0, 0, 0 },
    { 0x40000002, 0, 1, 0x40000000, 1, 0 },
    { 0x40000003, 0, 4, 0, 0, 0 },
    { 0x40000003, 2, 2600000, 0, 0, 0 },
    { 0x40000004, 0, 0, 0, 0, 0 },
    { 0x40000005, 0, 0, 0x1d, 0, 0 },
    { 0x40000006, 0, 0, 0, 0, 0 },
    { 0x80000000, 0, 0x80000021, 0x68747541, 0x444d4163, 0x69746e65 },
    { 0x80000001, 0, 0x60fb1, 0, 0x61, 0xe9d1dbf5 },
    { 0x80000002, 0, 0x554d4551, 0x47435420, 0x55504320, 0x72657620 },
    { 0x80000005, 0, 0x1ff01ff, 0x1ff01ff, 0x40020140, 0x40020140 },
    { 0x80000006, 0, 0, 0x42004200, 0x2008140, 0x808140 },
    { 0x80000007, 0, 0, 0, 0, 0 },
    { 0x80000008, 0, 0x3028, 0, 0x2003, 0 },
    { 0x8000000a, 0, 0, 0, 0, 0 },
    { 0x80000021, 0, 4, 0, 0, 0 },
    { 0x80000022, 0, 0, 0, 0, 0 },
    { 0x18, 0, 0, 0, 0, 0 },
    { ~0u, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0 },
};

/* -cpu max,vendor=GenuineIntel,-svm */
static const struct answer intel_max[] = {
    { 0, 0, 0xd, 0x756e6547, 0x6c65746e, 0x49656e69 },
    { 1, 0, 0x60fb1, 0x40800, 0xfed8320b, 0x1fcbfbfd },
    { 2, 0, 1, 0, 0x4d, 0x2c307d },
    { 4, 0, 0x4000121, 0x1c0003f, 0x3f, 1 },
    { 4, 3, 0x400c163, 0x3c0003f, 0x3fff, 6 },
    { 7, 0, 0, 0x1c843a9, 0x8001020c, 0 },
    { 0xd, 0, 0x21f, 0x240, 0xa88, 0 },
    { 0xd, 1, 5, 0x3c8, 0, 0 },
    { 0xd, 2, 0x100, 0x240, 0, 0 },
    { 0x80000000, 0, 0x80000001, 0x756e6547, 0x6c65746e, 0x49656e69 },
    { 0x80000001, 0, 0x60fb1, 0, 0x71, 0xec500800 },
    { 0, 0, 0, 0, 0, 0 },
};

static const struct answer intel_max_on_xen[] = {
    { 1, 0, 0x60fb1, 0x40800, 0xfed83203, 0x1fc9dbf5 },
    { 2, 0, 1, 0, 0x4d, 0x2c307d },
    { 4, 0, 0x4000121, 0x1c0003f, 0x3f, 1 },
    { 4, 3, 0x400c163, 0x3c0003f, 0x3fff, 6 },
    { 4, 9, 0, 0, 0, 0 },
    { 7, 0, 0, 0x1880329, 0x200, 0x20000000 },
    { 0x80000000, 0, 0x80000001, 0, 0, 0 },
    { 0x80000001, 0, 0, 0, 0x61, 0xe8501800 },
    { 0x80000008, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0 },
};

/* -cpu qemu64: no XSAVE */
static const struct answer old[] = {
    { 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
    { 1, 0, 0x60fb1, 0x800, 0x80002001, 0x78bfbfd },
    { 0x80000000, 0, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65 },
    { 0x80000001, 0, 0x60fb1, 0, 5, 0x2193fbfd },
    { 0x80000008, 0, 0x3028, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0 },
};

static const struct answer old_on_xen[] = {
    { 1, 0, 0x60fb1, 0x800, 0x80002001, 0x789d3f5 },
    { 0xd, 0, 0, 0, 0, 0 },
    { 0xd, 1, 0, 0, 0, 0 },
    { 0x40000003, 0, 0, 0, 0, 0 },
    { 0x80000001, 0, 0x60fb1, 0, 1, 0x2191dbf5 },
    { 0, 0, 0, 0, 0, 0 },
};

static const struct answer *host_answers;

/* Behind the last leaf a CPU answers with something, which must not be taken. */
static void host(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    memset(out, leaf & 0x80000000 && leaf > host_answers[0].a ? 0x5a : 0, 4 * sizeof(*out));
    for (const struct answer *h = host_answers; h->leaf || h->a; h++)
        if (h->leaf == leaf && h->sub == sub)
            memcpy(out, &h->a, 4 * sizeof(*out));
}

static struct cpuid_policy policy;
static struct x86_domain domain = { .hardware = true, .cpuid = &policy };
static struct x86_vcpu vcpu = { .core.domain = &domain.core, .xcr0 = 3 };

static void make(const struct answer *answers, bool hardware)
{
    host_answers = answers;
    cpu.amd = answers[0].b == 0x68747541;
    cpu.intel = !cpu.amd;
    cpu.family = 15;
    de_cfg = 0;
    cpuid_policy_make(&policy, host, hardware);
}

static void expect(const struct answer *answers)
{
    cpuid_leaf out;

    for (const struct answer *x = answers; x == answers || x->leaf || x->a; x++) {
        cpuid_read(&vcpu, x->leaf, x->sub, out);
        assert_int_equal(out[CPUID_EAX], x->a);
        assert_int_equal(out[CPUID_EBX], x->b);
        assert_int_equal(out[CPUID_ECX], x->c);
        assert_int_equal(out[CPUID_EDX], x->d);
    }
}

static void test_as_xen(void **state)
{
    (void)state;
    make(amd_max, true);
    expect(amd_max_on_xen);
    assert_int_equal(policy.xcr0_mask, 7);
    make(intel_max, true);
    expect(intel_max_on_xen);
    make(old, true);
    expect(old_on_xen);
    assert_int_equal(policy.xcr0_mask, 0);
}

static void test_not_hardware(void **state)
{
    (void)state;
    make(intel_max, false);
    assert_false(cpuid_has(&policy, XEN_X86_FEATURE_MTRR));
    /* The topology stays, as a domain of Xen's has it: its user code may see it anyway. */
    assert_true(cpuid_has(&policy, XEN_X86_FEATURE_HTT));
    assert_int_equal(policy.basic[1][CPUID_EBX], 0x40800);
    assert_int_equal(policy.cache[3][CPUID_EAX], 0x400c163);
}

static void test_xsave_sizes(void **state)
{
    cpuid_leaf out;

    (void)state;
    make(amd_max, true);
    vcpu.xcr0 = 7;
    cpuid_read(&vcpu, 0xd, 0, out);
    assert_int_equal(out[CPUID_EBX], 0x340);
    vcpu.xcr0 = 3;
}

/* Each bit that the CPU may have: none is shown that the ABI's header does not mark for PV. */
static void test_never_shown(void **state)
{
    static const unsigned int hidden[] = {
        XEN_X86_FEATURE_VME,        XEN_X86_FEATURE_PSE,          XEN_X86_FEATURE_PGE,
        XEN_X86_FEATURE_PSE36,      XEN_X86_FEATURE_DS,           XEN_X86_FEATURE_MONITOR,
        XEN_X86_FEATURE_VMX,        XEN_X86_FEATURE_SMX,          XEN_X86_FEATURE_PCID,
        XEN_X86_FEATURE_X2APIC,     XEN_X86_FEATURE_TSC_DEADLINE, XEN_X86_FEATURE_PAGE1GB,
        XEN_X86_FEATURE_SVM,        XEN_X86_FEATURE_XSAVES,       XEN_X86_FEATURE_SMEP,
        XEN_X86_FEATURE_SMAP,       XEN_X86_FEATURE_INVPCID,      XEN_X86_FEATURE_MPX,
        XEN_X86_FEATURE_UMIP,       XEN_X86_FEATURE_PKU,          XEN_X86_FEATURE_CET_SS,
        XEN_X86_FEATURE_IBRSB,      XEN_X86_FEATURE_STIBP,        XEN_X86_FEATURE_SSBD,
        XEN_X86_FEATURE_TSC_ADJUST,
    };
    struct answer all[] = {
        { 0, 0, 0x20, 0x68747541, 0x444d4163, 0x69746e65 },
        { 1, 0, ~0u, ~0u, ~0u, ~0u },
        { 7, 0, 2, ~0u, ~0u, ~0u },
        { 7, 1, ~0u, ~0u, ~0u, ~0u },
        { 7, 2, ~0u, ~0u, ~0u, ~0u },
        { 0xd, 0, ~0u, 0x240, 0xa88, ~0u },
        { 0xd, 1, ~0u, 0x240, ~0u, ~0u },
        { 0xd, 2, 0x100, 0x240, 0, 0 },
        { 0x80000000, 0, 0x80000028, 0, 0, 0 },
        { 0x80000001, 0, ~0u, ~0u, ~0u, ~0u },
        { 0x80000007, 0, ~0u, ~0u, ~0u, ~0u },
        { 0x80000008, 0, ~0u, ~0u, ~0u, ~0u },
        { 0x80000021, 0, ~0u, ~0u, ~0u, ~0u },
        { 0, 0, 0, 0, 0, 0 },
    };

    (void)state;
    for (unsigned int vendor = 0; vendor < 2; vendor++) {
        all[0].b = vendor ? 0x756e6547 : 0x68747541;
        arch_capabilities = ~0ul;
        make(all, true);
        for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
            assert_false(cpuid_has(&policy, hidden[i]));
        assert_int_equal(policy.basic[0][CPUID_EAX], 0xd);
        assert_int_equal(policy.extended[0][CPUID_EAX], 0x80000021);
        assert_int_equal(policy.features[0][CPUID_EAX], 2);
        assert_true(cpuid_has(&policy, XEN_X86_FEATURE_IBPB));
        assert_true(cpuid_has(&policy, XEN_X86_FEATURE_ITSC));
        assert_int_equal(policy.xcr0_mask, 0xe7);
        assert_int_equal(cpuid_has(&policy, XEN_X86_FEATURE_RDCL_NO), vendor);
        assert_false(cpuid_has(&policy, XEN_X86_FEATURE_TSX_CTRL));
    }
    arch_capabilities = 0;
}

static void test_lfence(void **state)
{
    (void)state;
    make(amd_max, true);
    assert_true(cpuid_has(&policy, XEN_X86_FEATURE_LFENCE_DISPATCH)); /* family 15 always did */
    cpu.family = 0x17;
    cpuid_policy_make(&policy, host, true);
    assert_false(cpuid_has(&policy, XEN_X86_FEATURE_LFENCE_DISPATCH));
    assert_int_equal(policy.extended[0][CPUID_EAX], 0x8000000a);
    de_cfg = 2;
    cpuid_policy_make(&policy, host, true);
    assert_true(cpuid_has(&policy, XEN_X86_FEATURE_LFENCE_DISPATCH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_xen),      cmocka_unit_test(test_not_hardware),
        cmocka_unit_test(test_xsave_sizes), cmocka_unit_test(test_never_shown),
        cmocka_unit_test(test_lfence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
