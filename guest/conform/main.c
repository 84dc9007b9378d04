/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner: every case of this kind of guest, one line each; the options on the command line are
 * only=SUBJECT[/NAME],..., after=SUBJECT/NAME (go on behind that one) and fatal (only those).
 */
#include "conform.h"

#include <pv/trap.h>
#include <pv-xen/domain.h>

#define SEPARATOR " | "
#define FLAG_TF   0x100ul

/* An instruction that may fault, and where to go on then. */
struct fixup {
    uint64_t from, to;
};

extern const struct conform_case pv_table_a_start[], pv_table_a_end[];
extern const struct fixup pv_table_b_start[], pv_table_b_end[];

bool conform_call(void (*function)(void));
extern const char conform_abort[];

uint8_t conform_pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
volatile struct fault fault;

static char only[512], after[64], detail[200];
static bool want_fatal, failed, skipped, started;
static unsigned int counts[3]; /* passed, failed, skipped */

void conform_note(const char *format, ...)
{
    va_list args;

    if (detail[0])
        return;
    va_start(args, format);
    pv_vformat(detail, sizeof(detail), format, args);
    va_end(args);
}

bool conform_expect(long value, long wanted, const char *what, unsigned int line)
{
    if (value == wanted)
        return true;
    if (!failed)
        detail[0] = '\0';
    conform_note("line %u: %s: %ld (%lx), not %ld (%lx)", line, what, value, (uint64_t)value,
                 wanted, (uint64_t)wanted);
    failed = true;
    return false;
}

void conform_skip(const char *why)
{
    conform_note("%s", why);
    skipped = true;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The value of an option of the command line; false when it is not given. */
static bool option(const char *line, const char *name, char *value, unsigned int size)
{
    for (; *line; line++) {
        unsigned int n = 0, i = 0;

        while (name[n] && line[n] == name[n])
            n++;
        if (name[n])
            continue;
        for (line += n; line[i] && line[i] != ' ' && i + 1 < size; i++)
            value[i] = line[i];
        value[i] = '\0';
        return true;
    }
    return false;
}

/* Whether a list with commas has a text. */
static bool listed(const char *list, const char *item)
{
    while (*list) {
        unsigned int i = 0;

        while (item[i] && list[i] == item[i])
            i++;
        if (!item[i] && (!list[i] || list[i] == ','))
            return true;
        while (*list && *list++ != ',')
            ;
    }
    return false;
}

/* Whether the options choose a case of this name. */
static bool chosen(const struct conform_case *test, const char *name)
{
    char full[64];

    pv_format(full, sizeof(full), "%s/%s", test->subject, name);
    if (!started) {
        started = same(full, after);
        return false;
    }
    return !only[0] || listed(only, full) || listed(only, test->subject);
}

static void begin(const struct conform_case *test, const char *name)
{
    failed = skipped = false;
    detail[0] = '\0';
    /* The name first: a machine that dies has said in which case. */
    pv_print("CONFORM %s/%s" SEPARATOR "%s" SEPARATOR, test->subject, name, test->section);
}

static void end(void)
{
    const char *result = skipped ? "SKIP" : failed ? "FAIL" : "PASS";

    counts[skipped ? 2 : failed]++;
    pv_print("%s" SEPARATOR "%s\n", result, detail);
}

static void clear_pool(void)
{
    __builtin_memset(conform_pool, 0, sizeof(conform_pool));
}

const struct conform_case *conform_case_at(unsigned int number)
{
    return pv_table_a_start + number;
}

uint64_t conform_case_number(const struct conform_case *test)
{
    return (uint64_t)(test - pv_table_a_start);
}

static void run_rows(const struct conform_case *test)
{
    for (unsigned int i = 0; i < test->count; i++) {
        const struct row *row = &test->rows[i];
        long result;

        if (!chosen(test, row->name))
            continue;
        begin(test, row->name);
        result = test->by ? test->by(test, row) : hypercall_any(test->number, row->args);
        if (!row->also || result != row->also)
            conform_expect(result, row->wanted, "result", i);
        end();
    }
}

static void run_case(const struct conform_case *test, unsigned int kind, unsigned int last)
{
    bool fatal = test->kinds & FATAL;

    if (!(test->kinds & kind) || (test->kinds & LAST) != last || fatal != want_fatal)
        return;
    if (!test->run) {
        run_rows(test);
        return;
    }
    if (!chosen(test, test->name))
        return;
    begin(test, test->name);
    if (pv_boot.cpus < test->cpus)
        conform_skip("not enough CPUs");
    else if (!conform_call(test->run))
        failed = true;
    end();
    clear_pool();
}

static uint8_t upcall_mask(void)
{
    return xen_start_info ? xen_vcpu_info()->evtchn_upcall_mask : 0;
}

/* An exception: a probe's, or the end of the case. */
void pv_trap(struct pv_regs *regs)
{
    fault = (struct fault){ regs->vector, regs->error, pv_read_cr2(), regs->rip,    regs->cs,
                            regs->rflags, regs->rsp,   regs->ss,      upcall_mask() };
    if (conform_from_user(regs))
        return;
    regs->rflags &= ~FLAG_TF;
    if (xen_start_info && !regs->ss)
        regs->ss = FLAT_KERNEL_SS; /* else the way back fails like the one that brought us */
    for (const struct fixup *fix = pv_table_b_start; fix < pv_table_b_end; fix++)
        if (fix->from == regs->rip) {
            regs->rip = fix->to;
            return;
        }
    if (!failed)
        detail[0] = '\0';
    conform_note("exception %lu, error %lx, at %lx, address %lx", regs->vector, regs->error,
                 regs->rip, fault.address);
    failed = true;
    if (pv_this_cpu()->number != 0)
        conform_restart_cpu(regs);
    else
        regs->rip = (uint64_t)conform_abort;
}

void pv_main(const struct pv_boot *boot)
{
    unsigned int kind = xen_start_info ? PV : PVH;
    char ignored[4];

    if (xen_is_child(boot))
        xen_child_main();
    pv_print("\nCONFORM START %s %s, %u CPUs\n", boot->platform, boot->version, boot->cpus);
    if (!xen_here()) {
        pv_print("CONFORM END: no Xen ABI here\n");
        return;
    }
    for (unsigned int cpu = 1; cpu < boot->cpus; cpu++)
        if (!pv_cpu_start(cpu))
            pv_print("CONFORM: CPU %u does not start\n", cpu);
    option(boot->command_line, "only=", only, sizeof(only));
    started = !option(boot->command_line, "after=", after, sizeof(after));
    want_fatal = option(boot->command_line, "fatal", ignored, sizeof(ignored));
    for (unsigned int last = 0; last <= LAST; last += LAST)
        for (const struct conform_case *test = pv_table_a_start; test < pv_table_a_end; test++)
            run_case(test, kind, last);
    pv_print("CONFORM END: %u passed, %u failed, %u skipped\n", counts[0], counts[1], counts[2]);
}
