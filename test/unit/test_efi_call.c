/* SPDX-License-Identifier: Apache-2.0 */
/* XENPF_efi_runtime_call against a firmware of the test's: what reaches it, and what comes back. */
#include "cmocka_all.h"

#include "abi/copy.h"
#include "abi/efi.h"
#include "core/machine.h"
#include "core/memory/heap.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

#define BAD     8ul /* an address that cannot be reached */
#define TOO_FEW (1ul << 63 | 5)
#define NO_SUCH (1ul << 63 | 14)
#define WRITTEN 20u /* bytes of the one variable there is */

static bool there = true;
static unsigned int called;                            /* the last service */
static uint64_t passed[EFI_ARGUMENTS], answer, claims; /* claims: a size that the firmware says */
static unsigned int live;                              /* objects of the heap */

void *heap_alloc(size_t size)
{
    live++;
    return calloc(1, size);
}

void heap_free(void *object)
{
    live -= object != NULL;
    free(object);
}

bool copy_from_guest(void *to, uint64_t at, size_t size)
{
    return at > BAD && memcpy(to, (void *)at, size);
}

bool copy_to_guest(uint64_t at, const void *from, size_t size)
{
    return size == 0 || (at > BAD && memcpy((void *)at, from, size));
}

static uint64_t variable(const uint64_t a[])
{
    uint64_t *size = (uint64_t *)a[3], room = *size;

    *size = claims ? claims : WRITTEN;
    *(uint32_t *)a[2] = 6;
    if (room < WRITTEN)
        return TOO_FEW;
    memset((void *)a[4], 0x5a, WRITTEN);
    return 0;
}

static uint64_t next_name(const uint64_t a[])
{
    uint64_t *size = (uint64_t *)a[0], room = *size;

    *size = claims ? claims : 6;
    if (room < 6)
        return TOO_FEW;
    memcpy((void *)a[1], u"ab", 6);
    ((struct xenpf_efi_guid *)a[2])->data1 = 77;
    return 0;
}

bool arch_efi_call(unsigned int service, const uint64_t arguments[], uint64_t *status)
{
    called = service;
    memcpy(passed, arguments, sizeof(passed));
    *status = answer                                  ? answer
              : service == EFI_GET_VARIABLE           ? variable(arguments)
              : service == EFI_GET_NEXT_VARIABLE_NAME ? next_name(arguments)
                                                      : 0;
    if (service == EFI_QUERY_VARIABLE_INFO)
        *(uint64_t *)arguments[1] = 4096;
    return there;
}

static struct xenpf_efi_runtime_call a;
static uint16_t *name; /* these two: pages with nothing behind them, for the sanitizer */
static char *data;

static int set_up(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a));
    name = aligned_alloc(4096, 4096);
    data = aligned_alloc(4096, 4096);
    memset(name, 0, 4096);
    memset(data, 0, 4096);
    name[0] = 'N';
    there = true;
    answer = claims = 0;
    live = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(name);
    free(data);
    return live != 0;
}

static long run(uint32_t function, uint32_t misc)
{
    a.function = function;
    a.misc = misc;
    called = ~0u;
    return efi_runtime_call(&a);
}

static void unknown_and_malformed(void **state)
{
    (void)state;
    assert_int_equal(run(0, 0), -XEN_ENOSYS);
    assert_int_equal(run(12, 0), -XEN_ENOSYS);
    assert_int_equal(run(~0u, 0), -XEN_ENOSYS);
    for (uint32_t function = 1; function <= 11; function++)
        if (function != XEN_EFI_set_variable)
            assert_int_equal(run(function, 0x80000000), -XEN_EINVAL);
    assert_int_equal(run(XEN_EFI_query_capsule_capabilities, 0), -XEN_ENOSYS);
    assert_int_equal(run(XEN_EFI_update_capsule, 0), -XEN_ENOSYS);
    assert_int_equal(called, ~0u);
}

static void no_services(void **state)
{
    (void)state;
    there = false;
    a.u.get_variable.name.p = name;
    for (uint32_t function = 1; function <= 6; function++)
        assert_int_equal(run(function, 0), -XEN_ENOSYS);
}

static long get(void *at, uint64_t size, void *to)
{
    a.u.get_variable.name.p = at;
    a.u.get_variable.size = size;
    a.u.get_variable.data.p = to;
    return run(XEN_EFI_get_variable, 0);
}

static void get_variable(void **state)
{
    (void)state;
    assert_int_equal(get(name, 4096, data), 0);
    assert_int_equal(a.u.get_variable.size, WRITTEN);
    assert_int_equal(a.misc, 6);
    assert_int_equal(data[WRITTEN - 1], 0x5a);
    assert_int_equal(data[WRITTEN], 0);
    assert_int_equal(get(name, 0, NULL), 0);
    assert_int_equal(a.status, TOO_FEW);
    assert_int_equal(a.u.get_variable.size, WRITTEN);
    assert_int_equal(passed[4], 0);
}

static void get_variable_refused(void **state)
{
    uint64_t sizes[] = { (1ul << 20) + 1, 1ul << 40, ~0ul };

    (void)state;
    assert_int_equal(get((void *)BAD, 16, data), -XEN_EFAULT);
    assert_int_equal(get(NULL, 16, data), -XEN_EFAULT);
    assert_int_equal(get(name, 64, (void *)BAD), -XEN_EFAULT);
    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_int_equal(get(name, sizes[i], data), -XEN_ENOMEM);
    claims = ~0ul; /* a firmware that lies: no more is copied than there was room for */
    assert_int_equal(get(name, 64, data), 0);
}

/* The zero is the last character of the page, at each distance from its begin. */
static void names_to_the_page_s_end(void **state)
{
    (void)state;
    for (unsigned int from = 0; from < 2047; from++) {
        for (unsigned int i = from; i < 2047; i++)
            name[i] = 'x';
        name[2047] = 0;
        assert_int_equal(get(name + from, 4096, data), 0);
    }
}

static void name_without_end(void **state)
{
    uint16_t *large = malloc(1u << 17);

    (void)state;
    memset(large, 'x', 1u << 17);
    assert_int_equal(get(large, 16, data), -XEN_ENOMEM);
    assert_int_equal(called, ~0u);
    free(large);
}

static void set_variable(void **state)
{
    (void)state;
    a.u.set_variable.name.p = name;
    a.u.set_variable.data.p = data;
    a.u.set_variable.size = 3;
    assert_int_equal(run(XEN_EFI_set_variable, 0x47), 0);
    assert_int_equal(passed[2], 0x47);
    assert_int_equal(passed[3], 3);
    assert_int_equal(a.misc, 0x47);
    a.u.set_variable.size = 0;
    a.u.set_variable.data.p = NULL;
    assert_int_equal(run(XEN_EFI_set_variable, 7), 0);
    a.u.set_variable.size = 1;
    assert_int_equal(run(XEN_EFI_set_variable, 7), -XEN_EFAULT);
    a.u.set_variable.size = 1ul << 40;
    assert_int_equal(run(XEN_EFI_set_variable, 7), -XEN_ENOMEM);
}

static long next(void *at, uint64_t size)
{
    a.u.get_next_variable_name.name.p = at;
    a.u.get_next_variable_name.size = size;
    return run(XEN_EFI_get_next_variable_name, 0);
}

static void next_variable_name(void **state)
{
    (void)state;
    assert_int_equal(next(name, 4096), 0);
    assert_int_equal(a.u.get_next_variable_name.size, 6);
    assert_int_equal(a.u.get_next_variable_name.vendor_guid.data1, 77);
    assert_memory_equal(name, u"ab", 6);
    assert_int_equal(next(name, 4), 0);
    assert_int_equal(a.status, TOO_FEW);
    assert_int_equal(a.u.get_next_variable_name.size, 6);
    assert_int_equal(next(NULL, 0), 0);
    assert_int_equal(next((void *)BAD, 6), -XEN_EFAULT);
    assert_int_equal(next(name, 1ul << 40), -XEN_ENOMEM);
    claims = 1ul << 50;
    assert_int_equal(next(name, 4096), 0);
}

static void wakeup(void **state)
{
    (void)state;
    assert_int_equal(run(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE), 0);
    assert_int_equal(passed[0], 1);
    assert_ptr_equal(passed[1], &a.u.set_wakeup_time);
    assert_int_equal(a.misc, 0);
    assert_int_equal(run(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY), 0);
    assert_int_equal(passed[0], 0);
    assert_int_equal(passed[1], 0);
    assert_int_equal(run(XEN_EFI_set_wakeup_time, 4), -XEN_EINVAL);
}

static void store(void **state)
{
    (void)state;
    a.u.query_variable_info.attr = 7;
    assert_int_equal(run(XEN_EFI_query_variable_info, 1), -XEN_ENOSYS); /* none was taken */
    efi_take_snapshot();
    assert_int_equal(run(XEN_EFI_query_variable_info, 1), 0);
    assert_int_equal(a.u.query_variable_info.max_store_size, 4096);
    assert_int_equal(called, ~0u);
    a.u.query_variable_info.attr = 6;
    assert_int_equal(run(XEN_EFI_query_variable_info, 1), -XEN_EINVAL);
    assert_int_equal(run(XEN_EFI_query_variable_info, 0), 0);
    answer = NO_SUCH;
    assert_int_equal(run(XEN_EFI_query_variable_info, 0), 0);
    assert_int_equal(a.status, NO_SUCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_and_malformed),
        TEST(no_services),
        TEST(get_variable),
        TEST(get_variable_refused),
        TEST(names_to_the_page_s_end),
        TEST(name_without_end),
        TEST(set_variable),
        TEST(next_variable_name),
        TEST(wakeup),
        TEST(store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
