/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-operations of HYPERVISOR_sysctl that are x86's own: their part of abi/sysctl/sysctl.c; as
 * machine/domctls.h. */
#ifndef MACHINE_SYSCTLS_H
#define MACHINE_SYSCTLS_H

#include "x86/toolstack/sysctl.h"

#define MACHINE_SYSCTLS(ROW) \
    ROW(get_cpu_levelling_caps, DIR_INOUT), ROW(get_cpu_featureset, DIR_INOUT), \
        ROW(get_cpu_policy, DIR_INOUT),

#endif
