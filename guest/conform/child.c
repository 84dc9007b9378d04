/* SPDX-License-Identifier: Apache-2.0 */
/* Children for cases of two domains: they are made when a case first wants one. */
#include "child.h"

struct xen_child *conform_child(unsigned int n)
{
    struct xen_child *c = &xen_children[n];
    long error = c->there ? 0 : xen_child_start(c);

    return EXPECT(error, 0) ? c : 0;
}

void conform_end_child(unsigned int n)
{
    xen_child_destroy(&xen_children[n]);
}

void conform_start_in_child(unsigned int n, long (*function)(uint64_t), uint64_t argument)
{
    xen_child_ask(&xen_children[n], (uint64_t)function, argument);
}

bool conform_wait_child(unsigned int n, long *result)
{
    return xen_child_answer(&xen_children[n], result);
}

long conform_in_child(unsigned int n, long (*function)(uint64_t), uint64_t argument)
{
    long result = 0;

    if (!conform_child(n))
        return 0;
    conform_start_in_child(n, function, argument);
    EXPECT_TRUE(conform_wait_child(n, &result));
    return result;
}

long xen_child_work(uint64_t what, uint64_t argument)
{
    return what ? ((long (*)(uint64_t))what)(argument) : 0;
}

/* ---- the domains themselves ---- */

static long twice(uint64_t argument)
{
    return (long)argument * 2;
}

CASE(domains, child_runs_and_ends, "domctl.h, XEN_DOMCTL_createdomain", PV)
{
    EXPECT(conform_in_child(0, twice, 21), 42);
    conform_note("domain %u", xen_children[0].domain.id);
    conform_end_child(0);
}
