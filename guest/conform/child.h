/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of two domains: Dom0 makes children out of this kernel, which run functions of it. */
#ifndef CONFORM_CHILD_H
#define CONFORM_CHILD_H

#include "mmu.h"

#include <pv-xen/domain.h>

/* A child that runs, made when it is first asked for; null, and the case failed, when it cannot be. */
struct xen_child *conform_child(unsigned int n);
/* It ends; the next conform_child() of the number is a new domain. */
void conform_end_child(unsigned int n);
/*
 * A function of this kernel runs in the child; what it returned.  Its address is the same there, its
 * memory is the child's own; EXPECT and EXPECT_TRUE in it count for this case.
 */
long conform_in_child(unsigned int n, long (*function)(uint64_t), uint64_t argument);
/* The same without waiting, and the wait; false: the child died. */
void conform_start_in_child(unsigned int n, long (*function)(uint64_t), uint64_t argument);
bool conform_wait_child(unsigned int n, long *result);

#endif
