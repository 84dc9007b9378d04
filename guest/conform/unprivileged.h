/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that an unprivileged domain tries, one by one: a child runs them, Dom0 looks at itself. */
#ifndef CONFORM_UNPRIVILEGED_H
#define CONFORM_UNPRIVILEGED_H

#include "child.h"

/* Wanted of a call that ends its domain. */
#define DIES (-1000000l)

long conform_unprivileged(const struct conform_case *test, const struct row *row);

/* Rows of one hypercall: tools/conform-rows holds them against Zeroth's table. */
#define UNPRIVILEGED(id, number_, section_) \
    CONFORM_RECORD(unprivileged_##id) = { \
        .subject = "unprivileged", \
        .section = section_, \
        .kinds = PV, \
        .cpus = 1, \
        .rows = id, \
        .count = sizeof(id) / sizeof((id)[0]), \
        .number = number_, \
        .by = conform_unprivileged, \
    }

#endif
