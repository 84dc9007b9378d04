/* SPDX-License-Identifier: Apache-2.0 */
/* core/timer.h for a test that has no clock: a timer is armed or not, and comes when the test says so. */
#include "core/timer.h"

void timer_init(struct timer *t, unsigned int cpu, void (*handler)(void *), void *argument)
{
    (void)cpu;
    *t = (struct timer){ .handler = handler, .argument = argument };
}

void timer_set(struct timer *t, ns_t when)
{
    t->expires = when;
    t->place.in_set = true;
}

void timer_set_here(struct timer *t, ns_t when)
{
    timer_set(t, when);
}

bool timer_disarm(struct timer *t)
{
    bool was = t->place.in_set;

    t->place.in_set = false;
    return was;
}

void timer_stop(struct timer *t)
{
    timer_disarm(t);
}
