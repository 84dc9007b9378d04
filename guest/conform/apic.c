/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of a hardware guest (AMD APM 2, chapter 16), on its page, and events that come by a
 * vector (xen/hvm/params.h, xen/hvm/hvm_op.h).
 */
#include "conform.h"

#include <pv/trap.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define APIC   "AMD APM 2, chapter 16"
#define VECTOR "hvm/hvm_op.h, HVMOP_set_evtchn_upcall_vector"
#define EVENT  __HYPERVISOR_event_channel_op
#define MS     1000000ul

/* Registers, and what is in them. */
#define ID       0x20
#define VERSION  0x30
#define TPR      0x80
#define PPR      0xa0
#define EOI      0xb0
#define LDR      0xd0
#define DFR      0xe0
#define SPURIOUS 0xf0
#define ISR      0x100
#define IRR      0x200
#define ERRORS   0x280
#define ICR      0x300
#define ICR_HIGH 0x310
#define TIMER    0x320
#define LINT0    0x350
#define COUNT    0x380
#define NOW      0x390
#define DIVIDE   0x3e0

#define SELF     0x44000u /* shorthand, level asserted */
#define MASKED   0x10000u
#define PERIODIC 0x20000u
#define DIVIDE_1 0xbu

static volatile unsigned int came[256], order[8], arrived;
static volatile bool no_eoi, is_event;

/* What the library's handler would have done. */
static void take(void)
{
    evtchn_port_t port = xen_ipi_port(0);

    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
    xen_vcpu_info()->evtchn_pending_sel = 0;
    xen_vcpu_info()->evtchn_upcall_pending = 0;
}

static uint32_t get(unsigned int reg)
{
    return *(volatile uint32_t *)(0xfee00000ul + reg);
}

static void set(unsigned int reg, uint32_t value)
{
    *(volatile uint32_t *)(0xfee00000ul + reg) = value;
}

void conform_vector(uint8_t vector)
{
    came[vector]++;
    if (arrived < 8)
        order[arrived] = vector;
    arrived++;
    if (is_event)
        take(); /* until then it comes again and again */
    if (!no_eoi)
        set(EOI, 0);
}

static void fresh(void)
{
    for (unsigned int i = 0; i < 256; i++)
        came[i] = 0;
    arrived = 0;
    no_eoi = is_event = false;
}

/* Interrupts on for a moment. */
static void open(void)
{
    pv_irq_enable();
    for (unsigned int i = 0; i < 16; i++)
        __asm__ volatile("pause");
    pv_irq_disable();
}

/* Until a vector came, or for long. */
static void wait_for(uint8_t vector, unsigned int times)
{
    uint64_t end = pv_time_ns() + 10000 * MS;

    while (came[vector] < times && pv_time_ns() < end)
        open();
    EXPECT_TRUE(came[vector] >= times);
}

static bool bit_of(unsigned int reg, uint8_t vector)
{
    return get(reg + vector / 32 * 16) >> vector % 32 & 1;
}

CASE(apic, version, APIC, PVH)
{
    EXPECT(get(VERSION), 0x50014);
    set(VERSION, 0);
    EXPECT(get(VERSION), 0x50014);
}

CASE(apic, id_of_the_first, APIC, PVH)
{
    EXPECT(get(ID), 0);
}

static void read_id(void *argument)
{
    *(uint32_t *)argument = get(ID);
}

CASE_CPUS(apic, id_of_the_others, APIC, PVH, 4)
{
    static uint32_t id;

    for (unsigned int cpu = 1; cpu < 4; cpu++) {
        conform_on_cpu(cpu, read_id, &id);
        EXPECT(id, (uint64_t)cpu * 2 << 24);
    }
}

CASE(apic, priority_register, APIC, PVH)
{
    EXPECT(get(TPR), 0);
    set(TPR, 0x5f);
    EXPECT(get(TPR), 0x5f);
    EXPECT(get(PPR), 0x5f);
    set(TPR, 0xffffff10);
    EXPECT(get(TPR), 0x10);
    set(TPR, 0);
    EXPECT(get(PPR), 0);
}

CASE(apic, logical_destination, APIC, PVH)
{
    uint32_t ldr = get(LDR), dfr = get(DFR);

    set(LDR, 0xffffffff);
    EXPECT(get(LDR), 0xff000000);
    set(DFR, 0);
    EXPECT(get(DFR), 0x0fffffff);
    set(DFR, dfr);
    set(LDR, ldr);
}

CASE(apic, vector_to_oneself, APIC, PVH)
{
    fresh();
    set(ICR, SELF | 0x40);
    EXPECT_TRUE(bit_of(IRR, 0x40));
    EXPECT(came[0x40], 0);
    wait_for(0x40, 1);
    EXPECT(came[0x40], 1);
    EXPECT_TRUE(!bit_of(IRR, 0x40));
    EXPECT_TRUE(!bit_of(ISR, 0x40));
}

CASE(apic, twice_is_once, APIC, PVH)
{
    fresh();
    set(ICR, SELF | 0x40);
    set(ICR, SELF | 0x40);
    wait_for(0x40, 1);
    open();
    EXPECT(came[0x40], 1);
}

CASE(apic, the_higher_comes_first, APIC, PVH)
{
    fresh();
    set(ICR, SELF | 0x41);
    set(ICR, SELF | 0x93);
    set(ICR, SELF | 0x62);
    wait_for(0x41, 1);
    EXPECT(arrived, 3);
    EXPECT(order[0], 0x93);
    EXPECT(order[1], 0x62);
    EXPECT(order[2], 0x41);
}

/* Not here: a priority that holds a request back.  The emulator ends neither hypervisor's wait then. */

CASE(apic, service_holds_back, APIC ", EOI", PVH)
{
    fresh();
    no_eoi = true;
    set(ICR, SELF | 0x50);
    wait_for(0x50, 1);
    EXPECT_TRUE(bit_of(ISR, 0x50));
    EXPECT(get(PPR), 0x50);
    set(ICR, SELF | 0x5f);
    open();
    EXPECT(came[0x5f], 0);
    no_eoi = false;
    set(EOI, 0);
    wait_for(0x5f, 1);
    EXPECT(get(PPR), 0);
}

CASE(apic, command_keeps_no_busy_bit, APIC, PVH)
{
    fresh();
    set(ICR_HIGH, 0x12345678);
    EXPECT(get(ICR_HIGH), 0x12000000);
    set(ICR, SELF | 0x40);
    EXPECT(get(ICR), SELF | 0x40);
    wait_for(0x40, 1);
}

static void count_there(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 1000000 && !came[0x44]; i++) {
        pv_irq_enable();
        __asm__ volatile("pause");
        pv_irq_disable();
    }
}

CASE_CPUS(apic, vector_to_another, APIC, PVH, 2)
{
    fresh();
    set(ICR_HIGH, 2u << 24);
    set(ICR, 0x4000 | 0x44);
    EXPECT(came[0x44], 0);
    conform_on_cpu(1, count_there, 0);
    EXPECT(came[0x44], 1);
}

CASE(apic, illegal_vector_is_an_error, APIC ", error status", PVH)
{
    fresh();
    set(ERRORS, 0);
    set(ERRORS, 0);
    EXPECT(get(ERRORS), 0);
    set(ICR, SELF | 0x0f);
    set(ERRORS, 0);
    EXPECT(get(ERRORS), 0x20);
    open();
    EXPECT(arrived, 0);
}

CASE(apic, switched_off_by_software, APIC ", spurious interrupt vector", PVH)
{
    uint32_t spurious = get(SPURIOUS), timer = get(TIMER), lint = get(LINT0);

    fresh();
    set(TIMER, 0x40);
    set(SPURIOUS, spurious & ~0x100u);
    EXPECT(get(TIMER), MASKED | 0x40); /* all are masked */
    set(TIMER, 0x41);
    EXPECT(get(TIMER), MASKED | 0x41); /* and stay so */
    set(SPURIOUS, spurious);
    EXPECT(get(TIMER), MASKED | 0x41);
    set(TIMER, timer);
    set(LINT0, lint);
    open();
    EXPECT(arrived, 0);
}

/* Bits that local vectors keep, one after the other: timer, thermal, performance, LINT0, LINT1, error. */
CASE(apic, bits_of_local_vectors, APIC ", local vector table", PVH)
{
    static const uint32_t kept[] = { 0x710ff, 0x117ff, 0x117ff, 0x1f7ff, 0x1f7ff, 0x110ff };

    for (unsigned int i = 0; i < 6; i++) {
        uint32_t before = get(TIMER + i * 0x10);

        set(TIMER + i * 0x10, 0xffffffff);
        EXPECT(get(TIMER + i * 0x10), kept[i]);
        set(TIMER + i * 0x10, before);
        EXPECT(get(TIMER + i * 0x10), before);
    }
}

CASE(apic, timer_once, APIC ", timer", PVH)
{
    uint32_t timer = get(TIMER), divide = get(DIVIDE);

    fresh();
    set(DIVIDE, DIVIDE_1);
    set(TIMER, 0x48);
    set(COUNT, 100000); /* 1 ms, at 100 MHz */
    EXPECT_TRUE(get(NOW) <= 100000);
    EXPECT_TRUE(get(NOW) > 0);
    EXPECT(get(COUNT), 100000);
    wait_for(0x48, 1);
    conform_delay(5 * MS);
    open();
    EXPECT(came[0x48], 1);
    EXPECT(get(NOW), 0);
    set(COUNT, 0);
    set(TIMER, timer);
    set(DIVIDE, divide);
}

CASE(apic, timer_again_and_again, APIC ", timer", PVH)
{
    uint32_t timer = get(TIMER), divide = get(DIVIDE);
    unsigned int seen;

    fresh();
    set(DIVIDE, DIVIDE_1);
    set(TIMER, PERIODIC | 0x48);
    set(COUNT, 100000);
    wait_for(0x48, 5);
    set(COUNT, 0);
    open();
    seen = came[0x48];
    conform_delay(5 * MS);
    open();
    EXPECT(came[0x48], seen);
    set(TIMER, timer);
    set(DIVIDE, divide);
}

CASE(apic, timer_masked, APIC ", timer", PVH)
{
    uint32_t timer = get(TIMER), divide = get(DIVIDE);

    fresh();
    set(DIVIDE, DIVIDE_1);
    set(TIMER, MASKED | 0x48);
    set(COUNT, 10000);
    conform_delay(5 * MS);
    open();
    EXPECT(arrived, 0);
    EXPECT(get(NOW), 0);
    set(TIMER, timer);
    set(DIVIDE, divide);
}

CASE(apic, halt_until_a_vector, "AMD APM 3, HLT", PVH)
{
    uint32_t timer = get(TIMER), divide = get(DIVIDE);

    fresh();
    set(DIVIDE, DIVIDE_1);
    set(TIMER, 0x48);
    set(COUNT, 200000);
    while (!came[0x48]) {
        pv_idle();
        pv_irq_disable();
    }
    EXPECT(came[0x48], 1);
    set(TIMER, timer);
    set(DIVIDE, divide);
}

CASE(apic, halt_with_one_waiting, "AMD APM 3, HLT", PVH)
{
    fresh();
    set(ICR, SELF | 0x40);
    pv_idle();
    pv_irq_disable();
    EXPECT(came[0x40], 1);
}

/* ---- events by a vector ---- */

static long param(unsigned int op, uint64_t *value)
{
    struct xen_hvm_param arg = { .domid = DOMID_SELF,
                                 .index = HVM_PARAM_CALLBACK_IRQ,
                                 .value = *value };
    long result = hypercall2(__HYPERVISOR_hvm_op, op, &arg);

    *value = arg.value;
    return result;
}

static long upcall_vector(uint32_t vcpu, uint8_t vector)
{
    struct xen_hvm_evtchn_upcall_vector arg = { .vcpu = vcpu, .vector = vector };

    return hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &arg);
}

static void send_to_oneself(void)
{
    struct evtchn_send arg = { .port = xen_ipi_port(0) };

    EXPECT(hypercall2(EVENT, EVTCHNOP_send, &arg), 0);
}

CASE(upcall, vector_of_the_domain, "hvm/params.h, HVM_PARAM_CALLBACK_TYPE_VECTOR", PVH)
{
    uint64_t old = 0, value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | 0x77;

    fresh();
    no_eoi = is_event = true; /* it does not come through the APIC */
    REQUIRE(param(HVMOP_get_param, &old), 0);
    EXPECT(param(HVMOP_set_param, &value), 0);
    send_to_oneself();
    EXPECT(came[0x77], 0);
    wait_for(0x77, 1);
    EXPECT(came[0x77], 1);
    EXPECT_TRUE(!bit_of(ISR, 0x77));
    EXPECT(param(HVMOP_set_param, &old), 0);
}

CASE(upcall, none_while_interrupts_are_off, "hvm/params.h, HVM_PARAM_CALLBACK_TYPE_VECTOR", PVH)
{
    send_to_oneself();
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 1);
    take();
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
}

CASE(upcall, vector_below_16, VECTOR, PVH)
{
    EXPECT(upcall_vector(0, 0), -XEN_EINVAL);
    EXPECT(upcall_vector(0, 15), -XEN_EINVAL);
}

CASE(upcall, vector_of_no_vcpu, VECTOR, PVH)
{
    EXPECT(upcall_vector(4, 0x50), -XEN_ENOENT);
    EXPECT(upcall_vector(~0u, 0x50), -XEN_ENOENT);
}

CASE(upcall, vector_pointer, VECTOR, PVH)
{
    EXPECT(hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, BAD_UNMAPPED),
           -XEN_EFAULT);
}

/* A vector of the vCPU's own comes once, through its APIC; for good, so after all others. */
CASE(upcall, vector_of_the_vcpu, VECTOR, PVH | LAST)
{
    fresh();
    REQUIRE(upcall_vector(0, 0x66), 0);
    send_to_oneself();
    EXPECT_TRUE(bit_of(IRR, 0x66));
    wait_for(0x66, 1);
    take();
    open();
    EXPECT(came[0x66], 1);
    EXPECT(upcall_vector(0, PV_VECTOR_UPCALL), 0);
}
