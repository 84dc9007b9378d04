/* SPDX-License-Identifier: Apache-2.0 */
/* What a hardware guest comes out for: XSETBV, a write to CR4, a step. */
#include "cmocka_all.h"
#include "vendor.h"

#include "core/domain.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/memory.h"
#include "x86/msr_index.h"
#include "x86/policy/cpuid.h"

#include <string.h>

#define CODE      0x401000ul
#define VECTOR_DB 1
#define VECTOR_GP 13

static struct x86_domain domain;
static struct x86_vcpu vcpu, *const v = &vcpu;
static struct hvm_vcpu hardware;
static struct cpuid_policy policy;
static struct hvm_control *const control = &kept[0].control;
static struct hvm_segment *const segments = kept[0].segments;
static struct hvm_vendor vendor;
static uint8_t code[INSTRUCTION_MAX];

/* ---- what the code under test calls ---- */

static unsigned int length(const struct x86_vcpu *of)
{
    (void)of;
    return 3;
}

unsigned int hvm_fetch(struct x86_vcpu *of, uint64_t linear, uint8_t *to, unsigned int size)
{
    (void)of;
    assert_int_equal(linear, CODE);
    memcpy(to, code, size < sizeof(code) ? size : sizeof(code));
    return size;
}

void hvm_cpuid(const struct x86_vcpu *of, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    (void)of, (void)leaf, (void)sub;
    memset(out, 0, 4 * sizeof(out[0]));
}

uint64_t hvm_cr4_allowed(const struct x86_vcpu *of)
{
    (void)of;
    return CR4_PAE | CR4_PGE | CR4_PCIDE;
}

bool hvm_read_msr(struct x86_vcpu *of, uint32_t msr, uint64_t *value)
{
    (void)of, (void)msr, (void)value;
    return false;
}

bool hvm_write_msr(struct x86_vcpu *of, uint32_t msr, uint64_t value)
{
    (void)of, (void)msr, (void)value;
    return false;
}

bool hvm_pending(struct x86_vcpu *of)
{
    (void)of;
    return false;
}

/* All that this CPU has. */
bool fpu_set_xcr0(struct x86_vcpu *of, uint64_t value)
{
    of->xcr0 = value;
    return !(value & ~7ul);
}

void vcpu_down(struct vcpu *of)
{
    (void)of;
}

void vcpu_sleep(struct vcpu *of, uint32_t why)
{
    (void)of, (void)why;
}

void vcpu_wake(struct vcpu *of, uint32_t why)
{
    (void)of, (void)why;
}

void domain_crash(struct domain *of, const char *why)
{
    (void)of;
    fail_msg("%s", why);
}

/* ---- tests ---- */

static int begin(void **state)
{
    (void)state;
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&hardware, 0, sizeof(hardware));
    memset(&policy, 0, sizeof(policy));
    v->hvm = &hardware;
    v->core.domain = &domain.core;
    domain.cpuid = &policy;
    policy.xcr0_mask = 3;
    workbench_current = &v->core;
    workbench_irq = false;
    v->regs.rip = CODE;
    v->xcr0 = 1;
    *control = (struct hvm_control){ .cr4 = CR4_PAE, .efer = EFER_LME | EFER_LMA };
    memset(segments, 0, sizeof(kept[0].segments));
    segments[SEGMENT_CS].attributes = SEGMENT_LONG;
    return 0;
}

/* Did it do that, or is #GP due? */
static bool done(void)
{
    if (hardware.event.type == EVENT_NONE)
        return v->regs.rip == CODE + 3;
    assert_int_equal(hardware.event.type, EVENT_EXCEPTION);
    assert_int_equal(hardware.event.vector, VECTOR_GP);
    assert_int_equal(v->regs.rip, CODE);
    hardware.event.type = EVENT_NONE;
    return false;
}

static bool xsetbv(uint64_t index, uint64_t value)
{
    v->regs.rcx = index;
    v->regs.rax = (uint32_t)value;
    v->regs.rdx = value >> 32;
    v->regs.rip = CODE;
    hvm_exit_xsetbv(v);
    return done();
}

/* What the CPU has is not all that the domain was told of: elsewhere there may be less. */
static void xcr0_by_the_policy(void **state)
{
    (void)state;
    assert_true(xsetbv(0, 3));
    assert_int_equal(v->xcr0, 3);
    assert_false(xsetbv(0, 7));
    assert_false(xsetbv(0, 1ul << 62 | 3));
    assert_int_equal(v->xcr0, 3);
    assert_false(xsetbv(1, 3));
    segments[SEGMENT_SS].attributes = 3 << 5;
    assert_false(xsetbv(0, 3));
}

static bool write_cr4(uint64_t value)
{
    static const uint8_t mov[] = { 0x0f, 0x22, 0xe0 };

    memcpy(code, mov, sizeof(mov));
    v->regs.rax = value;
    v->regs.rip = CODE;
    hvm_exit_cr4(v);
    return done();
}

static void bits_of_cr4(void **state)
{
    (void)state;
    assert_true(write_cr4(CR4_PAE | CR4_PGE));
    assert_int_equal(control->cr4, CR4_PAE | CR4_PGE);
    assert_int_not_equal(hardware.flushed, 0);
    assert_false(write_cr4(CR4_PGE));            /* long mode needs PAE */
    assert_false(write_cr4(CR4_PAE | CR4_SMEP)); /* which is not told of */
    assert_false(write_cr4(1ul << 32 | CR4_PAE));
    control->cr3 = 5;
    assert_false(write_cr4(CR4_PAE | CR4_PCIDE));
}

/* There the register has 32 bits, in long mode too. */
static void cr4_by_32_bit_code(void **state)
{
    (void)state;
    segments[SEGMENT_CS].attributes = 0;
    assert_true(write_cr4(1ul << 32 | CR4_PAE | CR4_PGE));
    assert_int_equal(control->cr4, CR4_PAE | CR4_PGE);
}

static void a_step_traps_after_it(void **state)
{
    (void)state;
    v->regs.rflags = FLAGS_TF;
    hvm_exit_nothing(v);
    assert_int_equal(v->regs.rip, CODE + 3);
    assert_int_equal(hardware.event.vector, VECTOR_DB);
    assert_true(control->debug6 & 0x4000);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(xcr0_by_the_policy),
        TEST(bits_of_cr4),
        TEST(cr4_by_32_bit_code),
        TEST(a_step_traps_after_it),
    };

    vendor = kept_vendor;
    vendor.length = length;
    hvm_vendor = &vendor;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
