/* SPDX-License-Identifier: Apache-2.0 */
/* INIT and start-up interrupts, and what else begins a hardware guest's vCPU. */
#include "cmocka_all.h"
#include "vendor.h"

#include "core/machine.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/startup.h"

#include <string.h>

#define PAGE 0x9a

static struct x86_vcpu vcpu, *const v = &vcpu;
static struct hvm_vcpu hardware;
static struct hvm_vendor vendor;
static bool startup_comes; /* while it is being reset */

/* ---- what the code under test calls ---- */

static void set_control(struct x86_vcpu *of, const struct hvm_control *from)
{
    kept_vendor.set_control(of, from);
    if (startup_comes)
        hvm_startup_begin(of, PAGE);
    startup_comes = false;
}

void hvm_lapic_reset(struct x86_vcpu *of)
{
    (void)of;
}

void vcpu_kick(struct vcpu *of)
{
    (void)of;
}

void vcpu_sleep(struct vcpu *of, uint32_t why)
{
    of->waits |= why;
}

void vcpu_wake(struct vcpu *of, uint32_t why)
{
    of->waits &= ~why;
}

/* ---- tests ---- */

static int begin(void **state)
{
    (void)state;
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&hardware, 0, sizeof(hardware));
    v->hvm = &hardware;
    startup_comes = false;
    workbench_irq = false;
    return 0;
}

static bool is_down(void)
{
    return v->core.waits & WAIT_DOWN;
}

static void assert_started(void)
{
    assert_false(is_down());
    assert_true(hvm_startup_due(v));
    assert_int_equal(kept[0].segments[SEGMENT_CS].base, PAGE << 12);
    assert_int_equal(v->regs.rip, 0);
    assert_false(hvm_startup_due(v));
}

static void one_after_the_other(void **state)
{
    (void)state;
    assert_false(hvm_startup_due(v));
    hvm_startup_init(v);
    assert_true(hvm_startup_due(v));
    assert_true(is_down());
    hvm_startup_begin(v, PAGE);
    assert_started();
}

static void both_before_it_looks(void **state)
{
    (void)state;
    hvm_startup_init(v);
    hvm_startup_begin(v, PAGE);
    assert_true(hvm_startup_due(v));
    assert_started();
}

static void a_startup_comes_during_the_reset(void **state)
{
    (void)state;
    hvm_startup_init(v);
    startup_comes = true;
    assert_true(hvm_startup_due(v));
    assert_started();
}

static void nobody_waits_for_a_startup(void **state)
{
    (void)state;
    hvm_startup_begin(v, PAGE);
    assert_false(hvm_startup_due(v));
}

/* Without paging the CPU would find what it had of the tables before. */
static void a_reset_drops_translations(void **state)
{
    (void)state;
    hardware.flushed = 5;
    hvm_reset(v);
    assert_int_not_equal(hardware.flushed, 5);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_after_the_other),
        TEST(both_before_it_looks),
        TEST(a_startup_comes_during_the_reset),
        TEST(nobody_waits_for_a_startup),
        TEST(a_reset_drops_translations),
    };

    vendor = kept_vendor;
    vendor.set_control = set_control;
    hvm_vendor = &vendor;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
