/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H

#include "boot/multiboot.h"
#include "boot/options.h"

/*
 * Build Dom0 from the first module (kernel) and the second (initrd), if any, and leave it paused
 * with its first vCPU ready: domain_unpause(dom0) starts it.  The modules' memory is given back, or
 * to Dom0.  Boot CPU, when all CPUs run (as many vCPUs are made), the scheduler and irq_init are
 * ready, and pv_ports_deny and pv_iomem_deny have been called for what is Zeroth's own.  Does not
 * return on failure: console_fatal says why.
 */
void dom0_build(const struct boot_info *info, const struct options *o);

#endif
