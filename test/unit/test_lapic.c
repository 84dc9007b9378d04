/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC of a hardware guest: priorities, timer, commands between vCPUs, both ways in. */
#include "cmocka_all.h"

#include "machine.h"
#include "core/domain.h"
#include "core/machine.h"
#include "x86/guest.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/startup.h"

#include <stdlib.h>
#include <string.h>

#define VCPUS 4
#define BUS   10 /* ns */

#define ID       0x020u
#define VERSION  0x030u
#define TPR      0x080u
#define PPR      0x0a0u
#define EOI      0x0b0u
#define LDR      0x0d0u
#define DFR      0x0e0u
#define SPURIOUS 0x0f0u
#define SERVED   0x100u
#define REQUEST  0x200u
#define ERROR    0x280u
#define ICR      0x300u
#define ICR_HIGH 0x310u
#define TIMER    0x320u
#define LINT0    0x350u
#define COUNT    0x380u
#define NOW      0x390u
#define DIVIDE   0x3e0u
#define SELF     0x3f0u

static struct x86_domain domain;
static struct x86_vcpu vcpus[VCPUS];
static struct hvm_vcpu hvms[VCPUS];
static struct vcpu *table[VCPUS];
static struct x86_vcpu *const v = &vcpus[0];
static ns_t now;
static struct {
    unsigned int kicks, nmis, inits;
    int page; /* of the start-up interrupt, or -1 */
} seen[VCPUS];

/* ---- the machine: one clock, and timers that the tests let come ---- */

ns_t arch_now(void)
{
    return now;
}

ns_t arch_tsc_to_time(uint64_t tsc)
{
    return (ns_t)tsc;
}

uint64_t arch_tsc(void)
{
    return (uint64_t)now;
}

/* The clock moves; how often the timer came. */
static unsigned int pass(ns_t time)
{
    struct timer *t = &hvms[0].lapic.timer;
    ns_t until = now + time;
    unsigned int came = 0;

    while (t->place.in_set && t->expires <= until) {
        now = t->expires > now ? t->expires : now;
        t->place.in_set = false;
        t->handler(t->argument);
        came++;
    }
    now = until;
    return came;
}

void vcpu_kick(struct vcpu *of)
{
    seen[of->id].kicks++;
}

void vcpu_send_nmi(struct vcpu *of)
{
    seen[of->id].nmis++;
}

void hvm_startup_init(struct x86_vcpu *of)
{
    seen[of->core.id].inits++;
}

void hvm_startup_begin(struct x86_vcpu *of, uint8_t page)
{
    seen[of->core.id].page = page;
}

/* ---- shorthands ---- */

static uint64_t get(unsigned int offset)
{
    uint64_t value = ~0ul;

    assert_true(hvm_lapic_read(v, offset, false, &value));
    return value;
}

static void put(unsigned int offset, uint32_t value)
{
    assert_true(hvm_lapic_write(v, offset, false, value));
}

static bool get2(unsigned int offset, uint64_t *value)
{
    return hvm_lapic_read(v, offset, true, value);
}

static bool put2(unsigned int offset, uint64_t value)
{
    return hvm_lapic_write(v, offset, true, value);
}

static void go_x2(unsigned int id)
{
    assert_true(hvm_lapic_set_base(&vcpus[id], hvms[id].lapic.base | LAPIC_BASE_X2APIC));
}

static int begin(void **state)
{
    (void)state;
    memset(hvms, 0, sizeof(hvms));
    memset(vcpus, 0, sizeof(vcpus));
    memset(seen, 0, sizeof(seen));
    now = 1000000;
    domain.core.vcpus = table;
    domain.core.max_vcpus = VCPUS;
    for (unsigned int i = 0; i < VCPUS; i++) {
        seen[i].page = -1;
        vcpus[i].hvm = &hvms[i];
        vcpus[i].core.id = i;
        vcpus[i].core.domain = &domain.core;
        table[i] = &vcpus[i].core;
        hvm_lapic_create(&vcpus[i]);
        assert_true(hvm_lapic_write(&vcpus[i], SPURIOUS, false, 0x1ff));
    }
    return 0;
}

static int finish(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < VCPUS; i++) {
        hvm_lapic_destroy(&vcpus[i]);
        assert_false(timer_is_armed(&hvms[i].lapic.timer));
    }
    return 0;
}

/* ---- what interrupts, and when ---- */

static void the_highest_goes_first(void **state)
{
    (void)state;
    assert_int_equal(hvm_lapic_next(v), 0);
    hvm_lapic_raise(v, 0x41);
    hvm_lapic_raise(v, 0xd3);
    hvm_lapic_raise(v, 0x45);
    assert_int_equal(seen[0].kicks, 3);
    assert_int_equal(hvm_lapic_next(v), 0xd3);
    assert_int_equal(hvm_lapic_next(v), 0xd3); /* until it is accepted */
    hvm_lapic_accept(v, 0xd3);
    assert_int_equal(get(SERVED + 0x60), 1u << 19);
    assert_int_equal(get(PPR), 0xd0);
    assert_int_equal(hvm_lapic_next(v), 0); /* of a lower class than what is served */
    assert_int_equal(hvm_lapic_requested(v), 0x45);
    assert_int_equal(hvm_lapic_waiting(v), 0);
    put(EOI, 0);
    assert_int_equal(get(PPR), 0);
    assert_int_equal(hvm_lapic_next(v), 0x45);
    hvm_lapic_accept(v, 0x45);
    assert_int_equal(hvm_lapic_next(v), 0);    /* 0x41 is of the same class */
    assert_int_equal(hvm_lapic_waiting(v), 0); /* for the end of the other, not for the CPU */
    put(EOI, 0);
    hvm_lapic_accept(v, hvm_lapic_next(v));
    put(EOI, 0);
    put(EOI, 0); /* once too often */
    assert_int_equal(hvm_lapic_requested(v), 0);
}

static void task_priority_holds_back(void **state)
{
    (void)state;
    hvm_lapic_raise(v, 0x55);
    for (unsigned int tpr = 0; tpr < 0x100; tpr++) {
        put(TPR, tpr);
        assert_int_equal(hvm_lapic_tpr(v), tpr);
        assert_int_equal(get(PPR), tpr);
        assert_int_equal(hvm_lapic_next(v), tpr >> 4 < 5 ? 0x55 : 0);
        assert_int_equal(hvm_lapic_waiting(v), 0x55);
    }
    hvm_lapic_set_tpr(v, 0x4f);
    assert_int_equal(get(TPR), 0x4f);
    assert_int_equal(hvm_lapic_next(v), 0x55);
}

static void nobody_interrupts_one_that_is_off(void **state)
{
    (void)state;
    put(SPURIOUS, 0xff);
    hvm_lapic_raise(v, 0x55);
    assert_int_equal(hvm_lapic_requested(v), 0);
    assert_int_equal(get(LINT0) & 0x10000, 0x10000);
    put(LINT0, 0x31); /* stays masked while it is off */
    assert_int_equal(get(LINT0), 0x10031);
    put(SPURIOUS, 0x1ff);
    hvm_lapic_raise(v, 0x05); /* no vector of an interrupt */
    assert_int_equal(hvm_lapic_requested(v), 0);
    put(ERROR, 0);
    assert_int_equal(get(ERROR), 0x40);
    put(ERROR, 0);
    assert_int_equal(get(ERROR), 0);
}

/* ---- the timer ---- */

static void one_shot(void **state)
{
    (void)state;
    put(TIMER, 0x60);
    put(DIVIDE, 0xb); /* by 1 */
    put(COUNT, 100000);
    assert_int_equal(get(NOW), 100000);
    assert_int_equal(pass(400 * BUS), 0);
    assert_int_equal(get(NOW), 100000 - 400);
    assert_int_equal(pass(100000 * BUS), 1);
    assert_int_equal(get(NOW), 0);
    assert_int_equal(hvm_lapic_requested(v), 0x60);
    assert_int_equal(pass(1000000 * BUS), 0);
    put(COUNT, 100);
    put(COUNT, 0); /* off */
    assert_int_equal(pass(1000000 * BUS), 0);
    put(TIMER, 0x10060); /* masked: it comes, and nobody hears */
    hvm_lapic_accept(v, 0x60);
    put(COUNT, 100);
    assert_int_equal(pass(100 * BUS), 1);
    assert_int_equal(hvm_lapic_requested(v), 0);
}

static void dividers(void **state)
{
    static const struct {
        uint32_t code, by;
    } of[] = { { 0, 2 },  { 1, 4 },  { 2, 8 },     { 3, 16 },
               { 8, 32 }, { 9, 64 }, { 0xa, 128 }, { 0xb, 1 } };

    (void)state;
    put(TIMER, 0x60);
    for (unsigned int i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        put(DIVIDE, of[i].code | 4); /* a bit that is reserved */
        assert_int_equal(get(DIVIDE), of[i].code);
        put(COUNT, 1000);
        assert_int_equal(pass(1000 * BUS * of[i].by - 1), 0);
        assert_int_equal(pass(1), 1);
    }
}

static void periodic(void **state)
{
    (void)state;
    put(TIMER, 0x20060);
    put(DIVIDE, 0xb);
    put(COUNT, 100000); /* 1 ms */
    assert_int_equal(pass(10 * 100000 * BUS), 10);
    assert_int_equal(get(NOW), 100000);
    /* A guest cannot have the CPU do nothing but ticks. */
    put(COUNT, 1);
    assert_true(pass(10 * 100000 * BUS) < 200);
    put(COUNT, 0);
    assert_int_equal(pass(10 * 100000 * BUS), 0);
}

static void deadline(void **state)
{
    (void)state;
    hvm_lapic_set_deadline(v, (uint64_t)now + 50); /* not in that mode: no effect */
    assert_int_equal(pass(100), 0);
    put(TIMER, 0x40060);
    put(COUNT, 1000); /* no effect in this one */
    assert_int_equal(get(NOW), 0);
    assert_int_equal(pass(1000000), 0);
    v->core.tsc_offset = 7;
    hvm_lapic_set_deadline(v, (uint64_t)now + 7 + 50);
    assert_int_equal(pass(49), 0);
    assert_int_equal(pass(1), 1);
    assert_int_equal(hvms[0].lapic.deadline, 0);
    assert_int_equal(hvm_lapic_requested(v), 0x60);
    hvm_lapic_set_deadline(v, (uint64_t)now + 50);
    hvm_lapic_set_deadline(v, 0);
    assert_int_equal(pass(100), 0);
    hvm_lapic_set_deadline(v, (uint64_t)now + 50);
    put(TIMER, 0x60); /* leaving the mode takes it away */
    assert_int_equal(pass(100), 0);
}

/* Of a TSC that counts half as fast, and three times. */
static void deadline_at_a_rate(void **state)
{
    (void)state;
    put(TIMER, 0x40060);
    v->core.tsc_offset = 7;
    v->core.tsc_rate = 1ul << 31;
    hvm_lapic_set_deadline(v, (uint64_t)now / 2 + 7 + 50);
    assert_int_equal(pass(98), 0);
    assert_int_equal(pass(2), 1);
    v->core.tsc_rate = 3ul << 32;
    hvm_lapic_set_deadline(v, (uint64_t)now * 3 + 7 + 300);
    assert_int_equal(pass(98), 0);
    assert_int_equal(pass(2), 1);
    hvm_lapic_set_deadline(v, 1); /* long ago */
    assert_int_equal(pass(1), 1);
}

/* ---- commands ---- */

static unsigned int requested(void)
{
    unsigned int who = 0;

    for (unsigned int i = 0; i < VCPUS; i++) {
        uint8_t vector = hvm_lapic_requested(&vcpus[i]);

        if (vector) {
            who |= 1u << i;
            hvm_lapic_accept(&vcpus[i], vector);
            assert_true(hvm_lapic_write(&vcpus[i], EOI, false, 0));
        }
    }
    return who;
}

static unsigned int sent(uint32_t high, uint32_t low)
{
    put(ICR_HIGH, high << 24);
    put(ICR, low);
    return requested();
}

static void physical_and_shorthand(void **state)
{
    (void)state;
    assert_int_equal(sent(4, 0x70), 4); /* an ID is twice the vCPU's number */
    assert_int_equal(sent(5, 0x70), 0);
    assert_int_equal(sent(0xff, 0x70), 0xf);
    assert_int_equal(sent(0xff, 0x170), 1); /* lowest priority: one of them */
    assert_int_equal(sent(2, 0x40070), 1);  /* self */
    assert_int_equal(sent(2, 0x80070), 0xf);
    assert_int_equal(sent(2, 0xc0070), 0xe);
    assert_int_equal(sent(2, 0x0f), 0); /* no such vector */
    put(ERROR, 0);
    assert_int_equal(get(ERROR), 0x20);
    put(ICR, 0x1070);
    assert_int_equal(get(ICR), 0x70); /* it is never busy */
}

static void logical(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < VCPUS; i++)
        hvm_lapic_write(&vcpus[i], LDR, false, 0x01000000u << i);
    assert_int_equal(sent(0x5, 0x870), 5);
    assert_int_equal(sent(0xff, 0x870), 0xf);
    for (unsigned int i = 0; i < VCPUS; i++) { /* clusters of two */
        hvm_lapic_write(&vcpus[i], DFR, false, 0);
        hvm_lapic_write(&vcpus[i], LDR, false, (i / 2) << 28 | 0x01000000u << i % 2);
    }
    assert_int_equal(get(DFR), 0x0fffffff);
    assert_int_equal(sent(0x03, 0x870), 3);
    assert_int_equal(sent(0x11, 0x870), 4);
    assert_int_equal(sent(0x23, 0x870), 0);
}

static void other_commands(void **state)
{
    (void)state;
    sent(2, 0x400);
    assert_int_equal(seen[1].nmis, 1);
    sent(2, 0x4500); /* INIT, then its end, which is none */
    sent(2, 0x8500);
    assert_int_equal(seen[1].inits, 1);
    sent(2, 0x4608);
    assert_int_equal(seen[1].page, 8);
    sent(0xff, 0x4500); /* nobody does it to himself */
    assert_int_equal(seen[0].inits, 0);
    assert_int_equal(seen[3].inits, 1);
    sent(0, 0x4609);
    assert_int_equal(seen[0].page, -1);
    sent(2, 0x200); /* SMI, and two that are reserved */
    sent(2, 0x300);
    sent(2, 0x700);
    assert_int_equal(requested(), 0);
}

/* ---- x2APIC ---- */

static void by_msr(void **state)
{
    uint64_t value;

    (void)state;
    for (unsigned int i = 0; i < VCPUS; i++)
        go_x2(i);
    assert_true(get2(ID, &value) && value == 0);
    assert_true(hvm_lapic_read(&vcpus[3], ID, true, &value) && value == 6);
    assert_true(hvm_lapic_read(&vcpus[3], LDR, true, &value) && value == 1u << 6);
    assert_true(put2(ICR, 4ul << 32 | 0x71));
    assert_int_equal(requested(), 4);
    assert_true(get2(ICR, &value) && value == (4ul << 32 | 0x71));
    assert_true(put2(ICR, 0xfffffffful << 32 | 0x71));
    assert_int_equal(requested(), 0xf);
    assert_true(put2(ICR, 0x00000044ul << 32 | 0x871));
    assert_int_equal(requested(), 0xa);
    assert_true(put2(SELF, 0x71));
    assert_int_equal(requested(), 1);
    /* What is #GP. */
    assert_false(put2(SELF, 0x171));
    assert_false(put2(EOI, 1));
    assert_false(put2(ERROR, 1));
    assert_false(put2(TPR, 1ul << 32));
    assert_false(put2(LDR, 1));
    assert_false(put2(ID, 1));
    assert_false(get2(DFR, &value));
    assert_false(get2(ICR_HIGH, &value));
    assert_false(get2(EOI, &value));
    assert_false(get2(SELF, &value));
    assert_false(get2(0x400, &value));
    assert_false(put2(0x400, 0));
}

static void base(void **state)
{
    const uint64_t on = LAPIC_PAGE | LAPIC_BASE_BSP | LAPIC_BASE_ENABLE, x2 = LAPIC_BASE_X2APIC;

    (void)state;
    assert_int_equal(hvms[0].lapic.base, on);
    assert_int_equal(hvms[1].lapic.base, on & ~LAPIC_BASE_BSP);
    assert_false(hvm_lapic_set_base(v, on | 0x200));
    assert_false(hvm_lapic_set_base(v, on | 1ul << 52));
    assert_false(hvm_lapic_set_base(v, (on & ~LAPIC_BASE_ENABLE) | x2));
    assert_false(hvm_lapic_set_base(v, on + PAGE_SIZE));
    assert_true(hvm_lapic_set_base(v, on | x2));
    assert_false(hvm_lapic_set_base(v, on)); /* back only by way of off */
    put(TIMER, 0x60);
    assert_true(hvm_lapic_set_base(v, on & ~LAPIC_BASE_ENABLE));
    assert_false(hvm_lapic_set_base(v, on | x2));
    assert_true(hvm_lapic_set_base(v, on));
    assert_int_equal(get(TIMER), 0x10000); /* as after a reset */
    assert_int_equal(get(VERSION), 0x50014);
    /* Which CPU is the first is not a guest's to say: its records would not be taken back. */
    assert_true(hvm_lapic_set_base(v, on & ~LAPIC_BASE_BSP));
    assert_int_equal(hvms[0].lapic.base, on);
    assert_true(hvm_lapic_set_base(&vcpus[1], on));
    assert_int_equal(hvms[1].lapic.base, on & ~LAPIC_BASE_BSP);
}

/* No register and no value does harm; what is reserved reads as 0 and is told. */
static void any_register(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int i = 0; i < 200000; i++) {
        unsigned int offset = (unsigned int)rand() % 0x480, page = (unsigned int)rand() % 2;
        uint64_t value = (uint64_t)rand() << 32 ^ (uint64_t)rand() << 8 ^ (uint64_t)rand();

        if (rand() % 2)
            (void)hvm_lapic_write(&vcpus[rand() % VCPUS], offset, page, value);
        else
            (void)hvm_lapic_read(&vcpus[rand() % VCPUS], offset, page, &value);
        if (rand() % 16 == 0)
            hvm_lapic_raise(v, (uint8_t)rand());
        if (rand() % 16 == 0 && hvm_lapic_next(v))
            hvm_lapic_accept(v, hvm_lapic_next(v));
        if (rand() % 16 == 0)
            (void)hvm_lapic_set_base(v, LAPIC_PAGE | (uint64_t)(rand() & 0xf00));
        if (rand() % 64 == 0)
            pass(rand() % 100000);
        assert_int_equal(hvms[0].lapic.reg[REQUEST / 16] & 0xffff, 0);
        assert_int_equal(hvms[0].lapic.reg[SERVED / 16] & 0xffff, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_highest_goes_first, begin, finish),
        cmocka_unit_test_setup_teardown(task_priority_holds_back, begin, finish),
        cmocka_unit_test_setup_teardown(nobody_interrupts_one_that_is_off, begin, finish),
        cmocka_unit_test_setup_teardown(one_shot, begin, finish),
        cmocka_unit_test_setup_teardown(dividers, begin, finish),
        cmocka_unit_test_setup_teardown(periodic, begin, finish),
        cmocka_unit_test_setup_teardown(deadline, begin, finish),
        cmocka_unit_test_setup_teardown(deadline_at_a_rate, begin, finish),
        cmocka_unit_test_setup_teardown(physical_and_shorthand, begin, finish),
        cmocka_unit_test_setup_teardown(logical, begin, finish),
        cmocka_unit_test_setup_teardown(other_commands, begin, finish),
        cmocka_unit_test_setup_teardown(by_msr, begin, finish),
        cmocka_unit_test_setup_teardown(base, begin, finish),
        cmocka_unit_test_setup_teardown(any_register, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
