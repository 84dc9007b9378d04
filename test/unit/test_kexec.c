/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_kexec_op: what of an image is taken, where it goes, and a load that is restarted. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/copy.h"
#include "abi/kexec.h"
#include "core/machine.h"
#include "core/memory/frame.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/kexec.h>

#define FIRST   256
#define AREA    ((FIRST + 16ul) << PAGE_SHIFT)
#define SIZE    (64 * PAGE_SIZE)
#define BAD     8ul /* an address that cannot be reached */
#define MACHINE 62

const struct door_call door_calls[DOOR_CALLS];
unsigned int cpu_count = 2;
static unsigned int questions, yes_at;
static uint64_t entry;

long door_enter(const struct door_call *call, uint64_t op, uint64_t guest, uint64_t extra)
{
    (void)call, (void)op, (void)guest, (void)extra;
    return -XEN_ENOSYS;
}

bool copy_from_guest(void *to, uint64_t at, size_t size)
{
    return at > BAD && memcpy(to, (void *)at, size);
}

bool preempt_wanted(void)
{
    return ++questions == yes_at;
}

void arch_crash_image(paddr_t *start, uint64_t *size)
{
    *start = *size = PAGE_SIZE;
}

int arch_crash_notes(unsigned int nr, paddr_t *start, uint64_t *size)
{
    *start = nr;
    *size = 404;
    return 0;
}

int arch_crash_info(paddr_t *start, uint64_t *size)
{
    (void)start, (void)size;
    return -XEN_ENOMEM;
}

bool arch_crash_load(uint64_t at)
{
    entry = at;
    return true;
}

void arch_crash_unload(void)
{
    entry = 0;
}

void arch_crash(void)
{
}

static long call(uint32_t op, void *argument)
{
    for (unsigned int i = 0; i < kexec_op_count; i++)
        if (kexec_ops[i].nr == op)
            return kexec_ops[i].fn(NULL, argument, (uint64_t)argument);
    return 1;
}

static char source[SIZE];
static struct xen_kexec_segment segments[16];
static struct xen_kexec_load load;

static int begin(void **state)
{
    static bool booted;

    (void)state;
    if (!booted)
        workbench_memory(FIRST, 1024);
    booted = true;
    for (unsigned int i = 0; i < sizeof(source); i++)
        source[i] = (char)(i / PAGE_SIZE + 1);
    memset(frame_map(AREA >> PAGE_SHIFT), 0xee, SIZE);
    memset(segments, 0, sizeof(segments));
    segments[0] = (struct xen_kexec_segment){ .buf._pad = (uint64_t)source,
                                              .buf_size = 100,
                                              .dest_maddr = AREA,
                                              .dest_size = 2 * PAGE_SIZE };
    load = (struct xen_kexec_load){ .type = KEXEC_TYPE_CRASH,
                                    .arch = MACHINE,
                                    .nr_segments = 1,
                                    .segments._pad = (uint64_t)segments,
                                    .entry_maddr = AREA };
    entry = questions = yes_at = 0;
    kexec_set_area(AREA, SIZE);
    return 0;
}

static long status(uint8_t type)
{
    struct xen_kexec_status arg = { .type = type };

    return call(KEXEC_CMD_kexec_status, &arg);
}

static void loads_and_unloads(void **state)
{
    struct xen_kexec_unload unload = { .type = KEXEC_TYPE_CRASH };
    const char *to = frame_map(AREA >> PAGE_SHIFT);

    (void)state;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), 0);
    assert_int_equal(entry, AREA);
    assert_int_equal(status(KEXEC_TYPE_CRASH), 1);
    assert_int_equal(status(KEXEC_TYPE_DEFAULT), 0);
    assert_int_equal(to[99], 1);
    assert_int_equal(to[100], 0); /* zeros to the end, and no further */
    assert_int_equal(to[2 * PAGE_SIZE - 1], 0);
    assert_int_equal(to[2 * PAGE_SIZE], (char)0xee);
    assert_int_equal(call(KEXEC_CMD_kexec_unload, &unload), 0);
    assert_int_equal(entry, 0);
    assert_int_equal(status(KEXEC_TYPE_CRASH), 0);
}

/* What makes a good one bad, with Xen's answer. */
static void refused(void **state)
{
    const struct {
        uint64_t to, room, size;
        long rc;
    } rows[] = {
        { AREA - PAGE_SIZE, PAGE_SIZE, 1, -XEN_EADDRNOTAVAIL },
        { AREA + SIZE, PAGE_SIZE, 1, -XEN_EADDRNOTAVAIL },
        { AREA + SIZE - PAGE_SIZE, 2 * PAGE_SIZE, 1, -XEN_EADDRNOTAVAIL },
        { AREA + 8, PAGE_SIZE, 1, -XEN_EADDRNOTAVAIL },
        { AREA, 100, 100, -XEN_EADDRNOTAVAIL },
        { ~0xffful, 2 * PAGE_SIZE, 1, -XEN_EADDRNOTAVAIL },
        { AREA, ~0xffful, 1, -XEN_EADDRNOTAVAIL },
        { AREA, 0, 1, -XEN_EINVAL },
        { AREA, PAGE_SIZE, 2 * PAGE_SIZE, -XEN_EINVAL },
        { 0, 256 * PAGE_SIZE, 0, 0 }, /* nothing is written: it may be anywhere */
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        segments[0].dest_maddr = rows[i].to;
        segments[0].dest_size = rows[i].room;
        segments[0].buf_size = rows[i].size;
        assert_int_equal(call(KEXEC_CMD_kexec_load, &load), rows[i].rc);
        assert_int_equal(status(KEXEC_TYPE_CRASH), rows[i].rc == 0);
    }
}

static void refused_whole(void **state)
{
    (void)state;
    segments[1] = segments[0];
    load.nr_segments = 2;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EINVAL); /* they overlap */
    load.nr_segments = 17;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EINVAL);
    load.nr_segments = 1;
    load.entry_maddr = AREA + SIZE;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EADDRNOTAVAIL);
    load.entry_maddr = AREA;
    load.type = KEXEC_TYPE_DEFAULT;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EOPNOTSUPP);
    load.type = KEXEC_TYPE_CRASH;
    load.segments._pad = BAD;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EFAULT);
    load.segments._pad = (uint64_t)segments;
    segments[0].buf._pad = BAD;
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EFAULT);
    assert_int_equal(status(KEXEC_TYPE_CRASH), 0);
    kexec_set_area(0, 0);
    assert_int_equal(call(KEXEC_CMD_kexec_load, &load), -XEN_EADDRNOTAVAIL);
}

/* Each question whether to stop is answered with yes once: nothing of the image is missing. */
static void goes_on_where_it_stopped(void **state)
{
    const char *to = frame_map(AREA >> PAGE_SHIFT);
    unsigned int restarts = 0;
    long rc;

    (void)state;
    segments[0].buf_size = segments[0].dest_size = 40 * PAGE_SIZE;
    segments[1] = (struct xen_kexec_segment){ .buf._pad = (uint64_t)source,
                                              .buf_size = 20 * PAGE_SIZE,
                                              .dest_maddr = AREA + 40 * PAGE_SIZE,
                                              .dest_size = 20 * PAGE_SIZE };
    load.nr_segments = 2;
    for (yes_at = 1; (rc = call(KEXEC_CMD_kexec_load, &load)) == DOOR_RESTART; restarts++) {
        assert_int_equal(status(KEXEC_TYPE_CRASH), 0);
        yes_at = questions + 1;
    }
    assert_int_equal(rc, 0);
    assert_true(restarts >= 3);
    for (unsigned int i = 0; i < 60; i++)
        assert_int_equal(to[i * PAGE_SIZE], (char)(i % 40 + 1));
}

static void ranges(void **state)
{
    struct xen_kexec_range r = { .range = KEXEC_RANGE_MA_CRASH };

    (void)state;
    assert_int_equal(call(KEXEC_CMD_kexec_get_range, &r), 0);
    assert_int_equal(r.start, AREA);
    assert_int_equal(r.size, SIZE);
    r = (struct xen_kexec_range){ .range = KEXEC_RANGE_MA_CPU, .nr = (int)cpu_count };
    assert_int_equal(call(KEXEC_CMD_kexec_get_range, &r), -XEN_ERANGE);
    r.nr = 0;
    assert_int_equal(call(KEXEC_CMD_kexec_get_range, &r), 0);
    assert_int_equal(r.size, 404);
    r.range = 7;
    assert_int_equal(call(KEXEC_CMD_kexec_get_range, &r), -XEN_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loads_and_unloads),        TEST(refused), TEST(refused_whole),
        TEST(goes_on_where_it_stopped), TEST(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
