/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware domain's TSC at another rate than the machine's, which counts a million kHz here. */
#include "cmocka_all.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/time.h"
#include "core/tsc.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/tsc.h"
#include "x86/hvm/vendor.h"

#include <string.h>

#define KHZ            1000000u
#define SECOND_OF(khz) ((uint64_t)(khz)*1000)

static uint64_t now;
static bool scales, exits_now;
static uint64_t rate_now;
static unsigned int skipped, moved;

uint64_t arch_tsc(void)
{
    return now;
}

void arch_tsc_scale(uint32_t *multiplier, int8_t *shift)
{
    *multiplier = 0x80000000;
    *shift = 1;
}

uint64_t time_tsc_khz(void)
{
    return KHZ;
}

void time_info_moved(struct vcpu *v)
{
    (void)v;
    moved++;
}

void hvm_skip_likely(struct x86_vcpu *v, uint32_t bytes, unsigned int count)
{
    (void)v, (void)bytes;
    skipped += count;
}

static bool scales_tsc(void)
{
    return scales;
}

static void set_tsc_rate(struct x86_vcpu *v, uint64_t rate, bool exits)
{
    (void)v;
    rate_now = rate;
    exits_now = exits;
}

static const struct hvm_vendor vendor = { .scales_tsc = scales_tsc, .set_tsc_rate = set_tsc_rate };
const struct hvm_vendor *hvm_vendor = &vendor;

static struct x86_domain domain;
static struct hvm_domain hvm;
static struct x86_vcpu vcpu;
static struct vcpu *table[1] = { &vcpu.core };

static int begin(void **state)
{
    (void)state;
    memset(&domain, 0, sizeof(domain));
    memset(&hvm, 0, sizeof(hvm));
    memset(&vcpu, 0, sizeof(vcpu));
    domain.hvm = &hvm;
    domain.core.vcpus = table;
    domain.core.max_vcpus = 1;
    vcpu.core.domain = &domain.core;
    now = 123456789;
    scales = exits_now = false;
    rate_now = skipped = moved = 0;
    return 0;
}

/* Ticks that the vCPU counts while the machine counts those of a second, read by an instruction. */
static uint64_t second(void)
{
    uint64_t before;

    hvm_exit_rdtsc(&vcpu);
    before = vcpu.regs.rdx << 32 | vcpu.regs.rax;
    now += SECOND_OF(KHZ);
    hvm_exit_rdtsc(&vcpu);
    assert_int_equal(skipped, 4);
    skipped = 0;
    return (vcpu.regs.rdx << 32 | vcpu.regs.rax) - before;
}

static void the_machines_own(void **state)
{
    (void)state;
    assert_true(hvm_tsc_set_rate(&domain.core, 0, false));
    assert_false(exits_now);
    assert_int_equal(rate_now, 0);
    assert_int_equal(hvm_tsc_khz(&domain), KHZ);
    assert_int_equal(second(), SECOND_OF(KHZ));
    assert_true(hvm_tsc_set_rate(&domain.core, 0, true));
    assert_true(exits_now);
    vcpu.core.tsc_offset = 5;
    vcpu.tsc_aux = 77;
    hvm_exit_rdtscp(&vcpu);
    assert_int_equal(vcpu.regs.rax | vcpu.regs.rdx << 32, now + 5);
    assert_int_equal(vcpu.regs.rcx, 77);
    assert_int_equal(skipped, 3);
}

static void another_rate(void **state)
{
    static const uint32_t rates[] = { 1, 999, 500000, 1500000, 2600486, 200000000 };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
        uint64_t counted;

        assert_true(hvm_tsc_set_rate(&domain.core, rates[i], false));
        domain.tsc_khz = rates[i];
        assert_true(exits_now);
        assert_int_equal(hvm_tsc_khz(&domain), rates[i]);
        counted = second();
        /* 32 bits of fraction, of a second's ticks. */
        assert_in_range(counted, SECOND_OF(rates[i]) - 2, SECOND_OF(rates[i]) + 1);
    }
    assert_false(hvm_tsc_set_rate(&domain.core, 0xffffffff, false));
    assert_int_equal(moved, ARRAY_SIZE(rates));
    scales = true;
    assert_true(hvm_tsc_set_rate(&domain.core, 500000, false));
    assert_false(exits_now);
    assert_int_equal(rate_now, 1ul << 31);
}

/* (ticks << shift) * multiplier / 2^32 nanoseconds. */
static void ticks_become_time(void **state)
{
    static const uint32_t rates[] = { 1000, 333333, 1000001, 2600486, 200000000 };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
        uint64_t ticks = SECOND_OF(rates[i]), ns;
        uint32_t multiplier;
        int8_t shift;

        assert_true(hvm_tsc_set_rate(&domain.core, rates[i], false));
        vcpu_tsc_scale(&vcpu.core, &multiplier, &shift);
        assert_true(multiplier >> 31);
        ticks = shift < 0 ? ticks >> -shift : ticks << shift;
        ns = (uint64_t)((unsigned __int128)ticks * multiplier >> 32);
        assert_in_range(ns, 999999000, 1000001000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_machines_own, begin),
        cmocka_unit_test_setup(another_rate, begin),
        cmocka_unit_test_setup(ticks_become_time, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
