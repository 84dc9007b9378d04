/* SPDX-License-Identifier: Apache-2.0 */
/* A guest comes out on AMD's hardware: what was on its way in is put in again, or comes by itself. */
#include "cmocka_all.h"

#include "core/domain.h"
#include "core/machine.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/svm/svm.h"

#include <string.h>

#define INTERRUPT 0ul /* types of exit_event */
#define NMI       (2ul << EVENT_TYPE_SHIFT)
#define EXCEPTION (3ul << EVENT_TYPE_SHIFT)
#define SOFTWARE  (4ul << EVENT_TYPE_SHIFT)

static struct x86_vcpu vcpu;
static struct hvm_vcpu hardware;
static struct svm_vcpu svm;
static struct vmcb vmcb;
static unsigned int maps;

/* ---- what the code under test calls ---- */

#define NOTHING(name) \
    void name(struct x86_vcpu *v) \
    { \
        (void)v; \
    }
NOTHING(hvm_exit_cpuid)
NOTHING(hvm_exit_rdmsr)
NOTHING(hvm_exit_wrmsr)
NOTHING(hvm_exit_hlt)
NOTHING(hvm_exit_rdtsc)
NOTHING(hvm_exit_rdtscp)
NOTHING(hvm_exit_xsetbv)
NOTHING(hvm_exit_hypercall)
NOTHING(hvm_exit_nothing)
NOTHING(hvm_exit_cr4)
NOTHING(hvm_exit_shutdown)
NOTHING(hvm_fault_gp)
NOTHING(hvm_fault_ud)

const struct hvm_vendor *hvm_vendor;

void hvm_fault(struct x86_vcpu *v, uint8_t vector, uint32_t error)
{
    v->hvm->event = (struct hvm_event){ .type = EVENT_EXCEPTION, .vector = vector, .error = error };
}

void hvm_exit_io(struct x86_vcpu *v, const struct hvm_io *io)
{
    (void)v, (void)io;
}

void hvm_exit_map(struct x86_vcpu *v, uint64_t physical, uint32_t error)
{
    (void)v, (void)physical, (void)error;
    maps++;
}

uint8_t hvm_lapic_tpr(const struct x86_vcpu *v)
{
    (void)v;
    return 0;
}

void hvm_lapic_set_tpr(struct x86_vcpu *v, uint8_t tpr)
{
    (void)v, (void)tpr;
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
    memset(&svm, 0, sizeof(svm));
    memset(&vmcb, 0, sizeof(vmcb));
    vcpu.hvm = &hardware;
    hardware.vendor = &svm;
    svm.vmcb = &vmcb;
    workbench_current = &vcpu.core;
    workbench_irq = false;
    maps = 0;
    return 0;
}

/* The frame under its stack, say, is not to be written to: what comes again? */
static const struct hvm_event *come_out(uint64_t on_its_way)
{
    vmcb.exit_code = EXIT_NESTED;
    vmcb.exit_event = on_its_way | EVENT_VALID;
    svm_exit();
    assert_int_equal(maps, 1);
    return &hardware.event;
}

static void an_interrupt_comes_again(void **state)
{
    const struct hvm_event *e = come_out(INTERRUPT | 0x41);

    (void)state;
    assert_int_equal(e->type, EVENT_INTERRUPT);
    assert_int_equal(e->vector, 0x41);
}

static void an_exception_comes_again(void **state)
{
    const struct hvm_event *e = come_out(EXCEPTION | 14 | EVENT_HAS_ERROR | 7ul << 32);

    (void)state;
    assert_int_equal(e->type, EVENT_EXCEPTION);
    assert_int_equal(e->vector, 14);
    assert_true(e->has_error);
    assert_int_equal(e->error, 7);
}

static void an_nmi_comes_again(void **state)
{
    (void)state;
    svm.in_nmi = true;
    assert_int_equal(come_out(NMI | 2)->type, EVENT_NMI);
    assert_false(svm.in_nmi);
}

static void an_instruction_is_run_again(void **state)
{
    (void)state;
    assert_int_equal(come_out(SOFTWARE | 0x80)->type, EVENT_NONE);
}

/* The CPU says that they were exceptions, and stands at them. */
static void so_are_int3_and_into(void **state)
{
    (void)state;
    assert_int_equal(come_out(EXCEPTION | 3)->type, EVENT_NONE);
    maps = 0;
    assert_int_equal(come_out(EXCEPTION | 4)->type, EVENT_NONE);
}

static void a_virtual_interrupt_that_was_not_taken_waits(void **state)
{
    (void)state;
    svm.virtual = 0x52;
    vmcb.interrupt = VINTR_IRQ | 0x52ull << VINTR_VECTOR_SHIFT;
    vmcb.exit_code = EXIT_INTR;
    svm_exit();
    assert_int_equal(hardware.event.type, EVENT_INTERRUPT);
    assert_int_equal(hardware.event.vector, 0x52);
    assert_int_equal(vmcb.interrupt & VINTR_ALL_OF_IRQ, 0);
    assert_int_equal(svm.virtual, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_interrupt_comes_again), TEST(an_exception_comes_again),
        TEST(an_nmi_comes_again),       TEST(an_instruction_is_run_again),
        TEST(so_are_int3_and_into),     TEST(a_virtual_interrupt_that_was_not_taken_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
