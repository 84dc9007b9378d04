/* SPDX-License-Identifier: Apache-2.0 */
/* Multicalls against a list in an array that stands for the guest's memory. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/multicall.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

#include <string.h>

#define ENTRIES 40
#define OLD     0x77

static const struct guest_kind kind = { .name = "test", .bit = KIND_PV };
static struct domain d = { .id = 0, .kind = &kind };
static struct vcpu v = { .domain = &d };
static struct multicall_entry list[ENTRIES]; /* reachable: the first `reachable` */
static unsigned int reachable, writable, calls;
static uint64_t arguments[6]; /* of the multicall itself */
static bool preempt;

static bool inside(uint64_t guest, size_t size, unsigned int entries)
{
    return guest >= (uint64_t)list && guest + size >= guest &&
           guest + size <= (uint64_t)&list[entries];
}

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return inside(guest, size, reachable) && memcpy(to, (void *)guest, size);
}

bool copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return inside(guest, size, writable) && memcpy((void *)guest, from, size);
}

bool copy_number_to_guest(uint64_t guest, uint64_t index, uint64_t value)
{
    size_t size = v.narrow ? 4 : 8;

    return copy_to_guest(guest + index * size, &value, size);
}

bool write_to_guest64(uint64_t guest, uint64_t value)
{
    return copy_to_guest(guest, &value, sizeof(value));
}

bool arch_guest_range_ok(uint64_t guest, size_t size)
{
    return guest + size <= 1ul << 47;
}

void hypercall_set_argument(unsigned int n, uint64_t value)
{
    assert_in_range(n, 0, 5);
    if (v.multicall)
        v.multicall->args[n] = value;
    else
        arguments[n] = value;
}

bool preempt_wanted(void)
{
    return preempt;
}

static long sum(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    assert_non_null(v.multicall);
    calls++;
    return (long)(a0 + 10 * a1 + 100 * a2 + 1000 * a3 + 10000 * a4 + 100000 * a5);
}

/* Counts its first argument down, one a call. */
static long slow(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    calls++;
    if (a0 == 0)
        return 5;
    hypercall_set_argument(0, a0 - 1);
    return DOOR_RESTART;
}

static long iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    calls++;
    return (long)a0;
}

enum { SUM = __HYPERVISOR_xen_version, SLOW = __HYPERVISOR_mmu_update };

hypercall_fn *const hypercall_pv[DOOR_CALLS] = {
    [SUM] = sum,
    [SLOW] = slow,
    [__HYPERVISOR_iret] = iret,
    [__HYPERVISOR_multicall] = multicall,
};

hypercall_fn *const hypercall_hvm[DOOR_CALLS] = { [SUM] = sum };
hypercall_fn *const hypercall_hvm32[DOOR_CALLS] = { [SUM] = sum, [SLOW] = slow };
const struct door_call door_calls[DOOR_CALLS];

static int start(void **state)
{
    (void)state;
    workbench_current = &v;
    reachable = writable = ENTRIES;
    calls = 0;
    preempt = false;
    for (unsigned int i = 0; i < ENTRIES; i++)
        list[i] = (struct multicall_entry){ SUM, OLD, { i, 1, 2, 3, 4, 5 } };
    return 0;
}

static long call(uint64_t count)
{
    long result = multicall((uint64_t)list, count, 0, 0, 0, 0);

    assert_null(v.multicall);
    return result;
}

/* As a guest does that is sent back to its instruction. */
static long call_until_done(uint64_t count, unsigned int *restarts)
{
    long result;

    arguments[0] = (uint64_t)list;
    arguments[1] = count;
    for (*restarts = 0;; ++*restarts) {
        result = multicall(arguments[0], arguments[1], 0, 0, 0, 0);
        assert_null(v.multicall);
        if (result != DOOR_RESTART)
            return result;
    }
}

static void check_results(unsigned int from, unsigned int to)
{
    for (unsigned int i = 0; i < ENTRIES; i++)
        assert_int_equal(list[i].result, i >= from && i < to ? 543210 + i : OLD);
}

static void test_counts(void **state)
{
    (void)state;
    for (unsigned int count = 0; count <= ENTRIES; count++) {
        start(NULL);
        assert_int_equal(call(count), 0);
        assert_int_equal(calls, count);
        check_results(0, count);
    }
    assert_int_equal(multicall(0, 0, 0, 0, 0, 0), 0);
    assert_int_equal(multicall(1ul << 48, 0, 0, 0, 0, 0), -XEN_EFAULT);
    assert_int_equal(call(1ul << 32), 0); /* a 32-bit count */
}

static void test_faults(void **state)
{
    (void)state;
    for (unsigned int last = 0; last < ENTRIES; last++) {
        start(NULL);
        reachable = writable = last;
        assert_int_equal(call(~0u), -XEN_EFAULT);
        assert_int_equal(calls, last);
        check_results(0, last);
    }
    start(NULL);
    writable = 3; /* the fourth is run, but its result has no place */
    assert_int_equal(call(ENTRIES), -XEN_EFAULT);
    assert_int_equal(calls, 4);
    check_results(0, 3);
    assert_int_equal(multicall(~0ul - 8, 2, 0, 0, 0, 0), -XEN_EFAULT);
    assert_int_equal(multicall(0, ~0ul, 0, 0, 0, 0), -XEN_EFAULT);
}

static void test_no_such_call(void **state)
{
    const uint64_t numbers[] = { DOOR_CALLS, ~0ul, 1ul << 32 | SUM };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
        list[i].op = numbers[i];
    assert_int_equal(call(4), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
        assert_int_equal(list[i].result, -XEN_ENOSYS);
    assert_int_equal(list[3].result, 543213);
}

static void test_multicall_inside(void **state)
{
    (void)state;
    list[0] = (struct multicall_entry){ __HYPERVISOR_multicall, OLD, { (uint64_t)&list[10], 2 } };
    assert_int_equal(call(2), 0);
    assert_int_equal(list[0].result, -XEN_EINVAL);
    assert_int_equal(list[1].result, 543211);
    assert_int_equal(list[10].result, OLD);
}

static void test_iret_ends(void **state)
{
    (void)state;
    list[1] = (struct multicall_entry){ __HYPERVISOR_iret, OLD, { 0x1234 } };
    assert_int_equal(call(3), 0x1234);
    assert_int_equal(list[1].result, 0x1234);
    assert_int_equal(list[2].result, OLD);
    list[1].args[0] = (uint64_t)DOOR_RESTART; /* a number like others there */
    assert_int_equal(call(3), DOOR_RESTART);
    assert_int_equal(list[1].result, DOOR_RESTART);
}

static void test_preempted_between(void **state)
{
    unsigned int restarts;

    (void)state;
    preempt = true;
    assert_int_equal(call_until_done(20, &restarts), 0);
    assert_int_equal(restarts, 19);
    assert_int_equal(calls, 20);
    check_results(0, 20);
}

static void test_preempted_inside(void **state)
{
    unsigned int restarts;

    (void)state;
    list[2] = (struct multicall_entry){ SLOW, OLD, { 4, 8, 9 } };
    assert_int_equal(call_until_done(5, &restarts), 0);
    assert_int_equal(restarts, 4);
    assert_int_equal(calls, 5 + 4);
    assert_int_equal(list[2].result, 5);
    assert_int_equal(list[2].args[0], 0);
    assert_int_equal(list[2].args[2], 9);
    assert_int_equal(list[4].result, 543214);

    start(NULL);
    list[2] = (struct multicall_entry){ SLOW, OLD, { 4 } };
    writable = 2; /* its progress cannot be kept */
    assert_int_equal(call(5), -XEN_EFAULT);
    assert_int_equal(calls, 3);
}

/* Entries of 32-bit code, all numbers of 4 bytes. */
static void test_narrow(void **state)
{
    uint32_t *entry = (uint32_t *)list;
    unsigned int restarts;

    (void)state;
    v.narrow = true;
    for (unsigned int i = 0; i < 3; i++)
        memcpy(&entry[i * 8], (uint32_t[]){ SUM, OLD, i, 1, 2, 3, 4, 5 }, 32);
    memcpy(&entry[8], (uint32_t[]){ SLOW, OLD, 2, 8, 9, 9, 9, 9 }, 32);
    entry[24] = __HYPERVISOR_domctl; /* not for it */
    assert_int_equal(call_until_done(4, &restarts), 0);
    v.narrow = false;
    assert_int_equal(restarts, 2);
    assert_int_equal(entry[1], 543210);
    assert_int_equal(entry[8 + 1], 5);
    assert_int_equal(entry[8 + 2], 0);
    assert_int_equal(entry[8 + 3], 8);
    assert_int_equal(entry[16 + 1], 543212);
    assert_int_equal(entry[24 + 1], (uint32_t)-XEN_ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_counts, start),
        cmocka_unit_test_setup(test_faults, start),
        cmocka_unit_test_setup(test_no_such_call, start),
        cmocka_unit_test_setup(test_multicall_inside, start),
        cmocka_unit_test_setup(test_iret_ends, start),
        cmocka_unit_test_setup(test_preempted_between, start),
        cmocka_unit_test_setup(test_preempted_inside, start),
        cmocka_unit_test_setup(test_narrow, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
