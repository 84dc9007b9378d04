/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large Dom0 is: the rules of the options dom0_mem and dom0_max_vcpus, as Xen's command line
 * has them and as measured on Xen 4.17.
 */
#ifndef BOOT_DOM0_SIZE_H
#define BOOT_DOM0_SIZE_H

#include "boot/options.h"

#define DOM0_VCPUS_MAX 256u        /* CPUS_MAX */
#define DOM0_UNLIMITED 0xffffffffu /* frames: what Xen says of a Dom0 without a bound */

/*
 * Frames that Dom0 gets of so many free ones.  Without dom0_mem: all but a reserve of 1/16, at most
 * 128 MiB.  It is raised to min: and then lowered to max:.  The result may be more than there are:
 * that was asked for, and cannot be.
 */
uint64_t dom0_size_pages(const struct options *o, uint64_t free);

/* Frames that it may have at most, ever: max:, or DOM0_UNLIMITED; never less than pages. */
uint64_t dom0_size_limit(const struct options *o, uint64_t free, uint64_t pages);

/* vCPUs on so many CPUs: one each, but in the bounds of dom0_max_vcpus and of DOM0_VCPUS_MAX. */
unsigned int dom0_size_vcpus(const struct options *o, unsigned int cpus);

#endif
