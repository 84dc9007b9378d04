/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the door's table: how often each was called, and how often with success. */
#include "fuzz.h"

#include "abi/door.h"

#define ROWS 512u

static KEPT struct {
    uint64_t calls, successes;
} rows[ROWS];

/* A number for each row, and for each call without rows. */
int coverage_row(unsigned int nr, unsigned int row)
{
    int number = 0;

    for (unsigned int i = 0; i < nr; i++)
        number += door_calls[i].ops ? *door_calls[i].op_count : 1;
    REQUIRE((unsigned int)number + row < ROWS, "more rows than ROWS");
    return number + (int)row;
}

void coverage_result(int row, long result)
{
    if (row < 0)
        return;
    rows[row].calls++;
    rows[row].successes += result >= 0;
}

static KEPT uint64_t inputs, steps, ended;

void coverage_input(unsigned int count, bool whole)
{
    inputs++;
    steps += count;
    ended += !whole;
}

static void print(unsigned int nr, const char *op, int row)
{
    printf("%12lu %12lu  %s %s%s\n", rows[row].calls, rows[row].successes, door_calls[nr].name, op,
           rows[row].successes ? "" : "  (never with success)");
}

/* With FUZZ_ROWS in the environment, at the end of the run. */
static __attribute__((destructor)) void print_all(void)
{
    if (!getenv("FUZZ_ROWS"))
        return;
    printf("%lu inputs, %lu steps, %lu machines ended\n", inputs, steps, ended);
    printf("%12s %12s  row\n", "calls", "successes");
    for (unsigned int nr = 0; nr < DOOR_CALLS; nr++) {
        const struct door_call *c = &door_calls[nr];

        if (!c->name)
            continue;
        for (unsigned int i = 0; c->ops && i < *c->op_count; i++)
            print(nr, c->ops[i].name, coverage_row(nr, i));
        if (!c->ops)
            print(nr, "", coverage_row(nr, 0));
    }
}
