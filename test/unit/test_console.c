/* SPDX-License-Identifier: Apache-2.0 */
/* The console room and console_io, on a device that remembers; lines of several CPUs at once. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/console_io.h"
#include "core/console/console.h"
#include "core/console/queue.h"
#include "core/domain.h"
#include "core/event/event.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/calendar.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#define THREADS 4
#define LINES   1000

static uint64_t arguments[6];

static void set_argument(struct vcpu *v, unsigned int n, uint64_t value)
{
    (void)v;
    arguments[n] = value;
}

static const struct guest_kind kind = { .bit = KIND_PV, .set_argument = set_argument };
static struct domain zero = { .kind = &kind, .privileged = true };
static struct domain other = { .id = 3, .kind = &kind };
static struct vcpu v = { .domain = &zero };
struct domain *dom0;

const struct door_call door_calls[DOOR_CALLS] = {
    [__HYPERVISOR_console_io] = { "console_io", KIND_ALL, console_io_ops, &console_io_op_count,
                                  -XEN_ENOSYS, console_io },
};

static char out[4 << 20];
static size_t out_length;
static void (*during_put)(void); /* what interrupts the device's next put */
static ns_t now;
static unsigned int virqs[NR_VIRQS];
static void (*softirq_handler)(void);
static bool softirq_waits;
static jmp_buf machine_ended;

static void remember(void *state, const char *text, size_t length)
{
    void (*interrupt)(void) = during_put;

    (void)state;
    during_put = NULL;
    memcpy(out + out_length, text, length);
    out_length += length;
    if (interrupt)
        interrupt();
}

static struct console_device device = { .put = remember };

ns_t arch_now(void)
{
    return now;
}

uint64_t arch_tsc(void)
{
    return 123456;
}

uint64_t arch_wallclock_boot(void)
{
    return 1709210096; /* 2024-02-29 12:34:56 */
}

void arch_crash(void)
{
}

_Noreturn void arch_halt(void)
{
    longjmp(machine_ended, 1);
}

_Noreturn void arch_reset(void)
{
    longjmp(machine_ended, 2);
}

void softirq_bind(enum softirq nr, void (*handler)(void))
{
    assert_int_equal(nr, SOFTIRQ_CONSOLE);
    softirq_handler = handler;
}

void softirq_raise(enum softirq nr)
{
    assert_int_equal(nr, SOFTIRQ_CONSOLE);
    softirq_waits = true;
}

void event_send_global_virq(unsigned int virq)
{
    virqs[virq]++;
}

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return guest && memcpy(to, (void *)guest, size);
}

bool copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return guest && memcpy((void *)guest, from, size);
}

static void run_softirqs(void)
{
    while (softirq_waits) {
        softirq_waits = false;
        softirq_handler();
    }
}

/* What was printed since the last call. */
static void expect(const char *text)
{
    out[out_length] = '\0';
    assert_string_equal(out, text);
    out_length = 0;
}

static int start(void **state)
{
    (void)state;
    workbench_current = &v;
    v.domain = &zero;
    now += 1000 * SECOND; /* no rate limit of an earlier test */
    console_set_levels(LOG_WARNING, LOG_WARNING);
    console_set_timestamps(TIMESTAMPS_NONE);
    out_length = 0;
    return 0;
}

static void test_early_lines_wait(void **state)
{
    (void)state;
    console_log(LOG_ERROR, "before any device");
    expect("");
    console_add(&device);
    expect("(zeroth) before any device\n");
}

static void test_levels(void **state)
{
    (void)state;
    console_log(LOG_INFO, "quiet");
    console_log(LOG_WARNING, "loud %u", 7);
    console_set_levels(LOG_DEBUG, LOG_ERROR);
    console_log(LOG_DEBUG, "all");
    console_guest_log(2, LOG_WARNING, "quiet");
    console_guest_log(2, LOG_ERROR, "loud");
    console_set_guest_quiet(true);
    console_guest_log(2, LOG_ERROR, "never");
    console_set_guest_quiet(false);
    console_set_levels(LOG_ERROR, LOG_ERROR);
    console_say("asked for");
    expect("(zeroth) loud 7\n(zeroth) all\n(d2) loud\n(zeroth) asked for\n");
}

static void test_one_line_each(void **state)
{
    char longest[2000];

    (void)state;
    console_log(LOG_ERROR, "one\n(d1) two\x1b[2J\r");
    expect("(zeroth) one (d1) two [2J \n");
    memset(longest, 'y', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    console_log(LOG_ERROR, "%s", longest);
    assert_int_equal(out_length, 512);
    assert_int_equal(out[511], '\n');
}

static void test_timestamps(void **state)
{
    (void)state;
    now = 90061 * SECOND + 7004005;
    console_set_timestamps(TIMESTAMPS_BOOT);
    console_log(LOG_ERROR, "a");
    console_set_timestamps(TIMESTAMPS_DATE);
    console_log(LOG_ERROR, "b");
    console_set_timestamps(TIMESTAMPS_DATE_MS);
    console_log(LOG_ERROR, "c");
    console_set_timestamps(TIMESTAMPS_RAW);
    console_log(LOG_ERROR, "d");
    expect("(zeroth) [90061.007004] a\n(zeroth) [2024-03-01 13:35:57] b\n"
           "(zeroth) [2024-03-01 13:35:57.007] c\n(zeroth) [00000000000000123456] d\n");
}

static void test_calendar(void **state)
{
    static const struct {
        uint64_t seconds;
        unsigned int year, month, day;
    } days[] = {
        { 0, 1970, 1, 1 },           { 68169599, 1972, 2, 28 },      { 68169600, 1972, 2, 29 },
        { 951782400, 2000, 2, 29 },  { 978220800, 2000, 12, 31 },    { 4107542400, 2100, 3, 1 },
        { 4107542399, 2100, 2, 28 }, { 253402300799, 9999, 12, 31 },
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(days); i++) {
        struct calendar c = calendar_of(days[i].seconds);

        assert_int_equal(c.year, days[i].year);
        assert_int_equal(c.month, days[i].month);
        assert_int_equal(c.day, days[i].day);
    }
}

static void test_rate(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 500; i++)
        console_guest_log(4, LOG_ERROR, "again");
    out[out_length] = '\0';
    assert_int_equal(out_length, 20 * strlen("(d4) again\n"));
    out_length = 0;
    console_guest_log(5, LOG_ERROR, "another");
    now += SECOND / 4;
    console_guest_log(4, LOG_ERROR, "later");
    console_guest_log(4, LOG_ERROR, "too early");
    expect("(d5) another\n(d4) (480 lines left out) later\n");
}

static void test_guests(void **state)
{
    char wide[121];

    (void)state;
    dom0 = &zero;
    console_guest_write(0, "login\x1b[1m: ", 11);
    console_log(LOG_ERROR, "in between");
    console_guest_write(0, "x\n", 2);
    expect("login\x1b[1m: \n(zeroth) in between\nx\n");
    console_guest_write(1, "half", 4);
    console_guest_write(2, "other \x1b[31mred\x7f\n", 16);
    console_guest_write(1, "\tdone\r\nnext", 11);
    expect("(d2) other [31mred\n(d1) half\tdone\n");
    console_guest_write(1, "\n\n", 2);
    expect("(d1) next\n(d1) \n");
    for (domid_t id = 10; id < 15; id++)
        console_guest_write(id, "open", 4); /* one more than there are slots */
    expect("(d10) open\n");
    for (domid_t id = 11; id < 15; id++)
        console_guest_write(id, "\n", 1);
    expect("(d11) open\n(d12) open\n(d13) open\n(d14) open\n");
    memset(wide, 'z', sizeof(wide));
    console_guest_write(1, wide, sizeof(wide));
    assert_int_equal(out_length, 5 + 120 + 1);
    console_guest_write(1, "\n", 1);
}

static void log_inside(void)
{
    console_log(LOG_ERROR, "interrupt");
}

static void test_interrupted(void **state)
{
    (void)state;
    during_put = log_inside;
    console_log(LOG_ERROR, "a line that the device takes in several pieces, because it is longer "
                           "than one of them");
    expect("(zeroth) a line that the device takes in several pieces, because it is longer "
           "than one of them\n(zeroth) interrupt\n");
}

static int talk(void *argument)
{
    workbench_cpu = (unsigned int)(uintptr_t)argument;
    for (unsigned int i = 0; i < LINES; i++) {
        while (console_busy())
            console_put_out_some(); /* who left the rest has raised a softirq, that nobody runs here */
        if (i % 3)
            console_log(LOG_ERROR, "cpu %u line %u %s", workbench_cpu, i,
                        "................................................................");
        else
            console_guest_log((domid_t)(100 + workbench_cpu), LOG_DEBUG, "never printed");
    }
    return 0;
}

static void test_many_cpus(void **state)
{
    thrd_t threads[THREADS];
    unsigned int next[THREADS + 1] = { 0 }, lines = 0;

    (void)state;
    for (uintptr_t i = 1; i <= THREADS; i++)
        thrd_create(&threads[i - 1], talk, (void *)i);
    for (unsigned int i = 0; i < THREADS; i++)
        thrd_join(threads[i], NULL);
    console_put_out(false);
    out[out_length] = '\0';
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        unsigned int cpu, number;
        char dots[80];

        assert_int_equal(sscanf(line, "(zeroth) cpu %u line %u %79s", &cpu, &number, dots), 3);
        assert_int_equal(strlen(dots), 64);
        assert_in_range(cpu, 1, THREADS);
        assert_true(number >= next[cpu]);
        next[cpu] = number + 1;
    }
    assert_int_equal(lines, THREADS * (LINES - (LINES + 2) / 3));
}

static void test_ring(void **state)
{
    char text[64], big[400];
    uint32_t index = 0, wrong = 0x80000000;

    (void)state;
    console_ring_clear();
    while (console_ring_read(big, sizeof(big), &index))
        ;
    console_log(LOG_ERROR, "first");
    console_guest_write(0, "Dom0's is not kept\n", 19);
    console_log(LOG_ERROR, "second");
    assert_int_equal(console_ring_read(text, 10, &index), 10);
    assert_memory_equal(text, "(zeroth) f", 10);
    assert_int_equal(console_ring_read(text, sizeof(text), &index), 21);
    assert_memory_equal(text, "irst\n(zeroth) second\n", 21);
    assert_int_equal(console_ring_read(text, sizeof(text), &index), 0);
    assert_int_equal(console_ring_read(text, sizeof(text), &wrong), 31); /* all of it */
    assert_int_equal(wrong, index);
    console_ring_clear();
    wrong = 0;
    assert_int_equal(console_ring_read(text, sizeof(text), &wrong), 0);

    for (unsigned int i = 0; i < 1000; i++)
        console_log(LOG_ERROR, "%080u", i);
    assert_int_equal(console_ring_read(big, 1, &index), 1); /* much was overwritten since */
    for (unsigned int total = 1;; total += 400) {
        size_t got = console_ring_read(big, sizeof(big), &index);

        if (got < sizeof(big)) {
            assert_int_equal(total + got, 32768);
            assert_memory_equal(big + got - 4, "999\n", 4);
            break;
        }
    }
}

static long io(uint64_t command, uint64_t count, const void *at)
{
    return console_io(command, count, (uint64_t)at, 0, 0, 0);
}

static void test_io_errors(void **state)
{
    char byte;

    (void)state;
    assert_int_equal(io(CONSOLEIO_write, 0, NULL), 0);
    assert_int_equal(io(CONSOLEIO_write, 4, NULL), -XEN_EFAULT);
    assert_int_equal(io(CONSOLEIO_write, ~0ul, NULL), -XEN_EFAULT);
    assert_int_equal(io(CONSOLEIO_write, 1ul << 32, &byte), 0);
    assert_int_equal(io(CONSOLEIO_read, 10, NULL), 0);
    assert_int_equal(io(CONSOLEIO_read, 0x80000000, &byte), -XEN_E2BIG);
    assert_int_equal(io(CONSOLEIO_read, ~0ul, &byte), -XEN_E2BIG);
    assert_int_equal(io(1ul << 32 | CONSOLEIO_read, 0, &byte), 0);
    assert_int_equal(io(2, 1, &byte), -XEN_ENOSYS);
    assert_int_equal(io(0xffffffff, 1, &byte), -XEN_ENOSYS);
    v.domain = &other;
    assert_int_equal(io(CONSOLEIO_write, 1, &byte), -XEN_EPERM);
    assert_int_equal(io(CONSOLEIO_read, 1, &byte), -XEN_EPERM);
    expect("");
}

static void test_io_write(void **state)
{
    static char text[5000];
    unsigned int restarts = 0;
    long result;

    (void)state;
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = i % 100 == 99 ? '\n' : 'a' + i % 26;
    workbench_preempt = 3; /* each third time that it is asked */
    arguments[1] = sizeof(text);
    arguments[2] = (uint64_t)text;
    while ((result = io(CONSOLEIO_write, arguments[1], (void *)arguments[2])) == DOOR_RESTART)
        restarts++;
    workbench_preempt = 0;
    assert_int_equal(result, 0);
    assert_true(restarts > 5);
    assert_int_equal(out_length, sizeof(text));
    assert_memory_equal(out, text, sizeof(text));
}

static void type(const char *text)
{
    while (*text) {
        workbench_irq = false;
        console_input(*text++);
        workbench_irq = true;
    }
}

static char pressed;

static void press_x(void)
{
    assert_true(workbench_irq);
    pressed = 'x';
    console_say("x was pressed");
}

static void test_deferred(void **state)
{
    (void)state;
    console_start();
    virqs[VIRQ_CON_RING] = 0;
    console_log(LOG_WARNING, "later");
    expect("");
    run_softirqs();
    expect("(zeroth) later\n");
    assert_int_equal(virqs[VIRQ_CON_RING], 1);
    run_softirqs();
    assert_int_equal(virqs[VIRQ_CON_RING], 1);
    console_log(LOG_ERROR, "at once");
    expect("(zeroth) at once\n");
    for (unsigned int i = 0; i < 100; i++)
        console_log(LOG_WARNING, "%090u", i);
    softirq_waits = false;
    softirq_handler(); /* one turn puts out a part only, and asks for another */
    assert_in_range(out_length, 2000, 2200);
    assert_true(softirq_waits);
    run_softirqs();
    assert_int_equal(out_length, 100 * 100);
    out_length = 0;
}

static void test_overflow(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 200; i++)
        console_log(LOG_WARNING, "%090u", i);
    run_softirqs();
    out[out_length] = '\0';
    assert_non_null(strstr(out, "console: 3616 bytes lost"));
    assert_non_null(strstr(out, "0199\n"));
    out_length = 0;
}

static void test_input(void **state)
{
    char text[300] = { 0 };

    (void)state;
    virqs[VIRQ_CONSOLE] = 0;
    type("ls\x01\x01q\x01");
    assert_int_equal(io(CONSOLEIO_read, 3, text), 3);
    assert_int_equal(io(CONSOLEIO_read, sizeof(text), text + 3), 2);
    assert_string_equal(text, "ls\x01\x01q");
    assert_int_equal(virqs[VIRQ_CONSOLE], 3);
    type("\x01z"); /* the one before was held back */
    assert_int_equal(io(CONSOLEIO_read, sizeof(text), text), 3);
    assert_memory_equal(text, "\x01\x01z", 3);
    for (unsigned int i = 0; i < 400; i++)
        type("o");
    assert_int_equal(io(CONSOLEIO_read, sizeof(text), text), 256);
    type("lost");
    assert_int_equal(io(CONSOLEIO_read, 4, NULL), -XEN_EFAULT);
    run_softirqs();
    out_length = 0;
}

static void test_keys(void **state)
{
    char text[8];

    (void)state;
    console_bind_key('x', "be tested", press_x);
    type("x\x01\x01\x01");
    run_softirqs();
    expect("(zeroth) *** serial input goes to Zeroth, 'h' lists its keys "
           "(Ctrl-a three times: to Dom0)\n");
    assert_int_equal(pressed, 0);
    type("?xh");
    run_softirqs();
    expect("(zeroth) 'x': be tested\n(zeroth) x was pressed\n"
           "(zeroth) keys:\n(zeroth)  h  this list\n(zeroth)  x  be tested\n");
    assert_int_equal(pressed, 'x');
    type("\x01\x01\x01y");
    run_softirqs();
    expect("(zeroth) *** serial input goes to Dom0 (Ctrl-a three times: to Zeroth)\n");
    assert_int_equal(io(CONSOLEIO_read, sizeof(text), text), 2);
    assert_memory_equal(text, "xy", 2);
}

static void test_devices_come_and_go(void **state)
{
    static struct console_device second = { .put = remember };

    (void)state;
    console_add(&second);
    console_log(LOG_ERROR, "twice");
    expect("(zeroth) twice\n(zeroth) twice\n");
    console_log(LOG_WARNING, "both");
    console_remove(&second);
    expect("(zeroth) both\n(zeroth) both\n");
    console_log(LOG_ERROR, "once");
    expect("(zeroth) once\n");
    run_softirqs();
}

static void test_fatal(void **state)
{
    (void)state;
    console_log(LOG_WARNING, "queued");
    if (setjmp(machine_ended) == 0)
        console_fatal("no %s", "luck");
    expect("(zeroth) queued\n(zeroth) no luck\n(zeroth) resetting the machine\n");
    console_set_noreboot(true);
    workbench_irq = false;
    if (setjmp(machine_ended) == 0)
        console_fatal("again");
    expect("(zeroth) again\n(zeroth) halted (noreboot)\n");
    workbench_irq = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* in this order: the room remembers */
        cmocka_unit_test_setup(test_early_lines_wait, start),
        cmocka_unit_test_setup(test_levels, start),
        cmocka_unit_test_setup(test_one_line_each, start),
        cmocka_unit_test_setup(test_timestamps, start),
        cmocka_unit_test_setup(test_calendar, start),
        cmocka_unit_test_setup(test_rate, start),
        cmocka_unit_test_setup(test_guests, start),
        cmocka_unit_test_setup(test_interrupted, start),
        cmocka_unit_test_setup(test_many_cpus, start),
        cmocka_unit_test_setup(test_ring, start),
        cmocka_unit_test_setup(test_io_errors, start),
        cmocka_unit_test_setup(test_io_write, start),
        cmocka_unit_test_setup(test_deferred, start),
        cmocka_unit_test_setup(test_overflow, start),
        cmocka_unit_test_setup(test_input, start),
        cmocka_unit_test_setup(test_keys, start),
        cmocka_unit_test_setup(test_devices_come_and_go, start),
        cmocka_unit_test_setup(test_fatal, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
