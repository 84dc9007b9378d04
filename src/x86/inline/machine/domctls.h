/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sub-operations of HYPERVISOR_domctl that are x86's own: their part of abi/domctl/domctl.c, which
 * includes this by the include path, so that the workbench on the host puts its own in its place.
 */
#ifndef MACHINE_DOMCTLS_H
#define MACHINE_DOMCTLS_H

#include "x86/toolstack/domctl.h"

/* ALWAYS: the struct is given back even with an error. */
#define MACHINE_DOMCTLS(ROW, ALWAYS) \
    ROW(iomem_permission, DIR_IN, BOUNDED), ROW(ioport_permission, DIR_IN, BOUNDED), \
        ROW(memory_mapping, DIR_IN, BOUNDED), ROW(hypercall_init, DIR_IN, BOUNDED), \
        ROW(set_address_size, DIR_IN, BOUNDED), ROW(get_address_size, DIR_INOUT, BOUNDED), \
        ROW(get_cpu_policy, DIR_INOUT, BOUNDED), ALWAYS(set_cpu_policy, BOUNDED), \
        ROW(settscinfo, DIR_IN, BOUNDED), ROW(gettscinfo, DIR_INOUT, BOUNDED), \
        ROW(set_ext_vcpucontext, DIR_IN, BOUNDED), ROW(get_ext_vcpucontext, DIR_INOUT, BOUNDED), \
        ROW(setvcpuextstate, DIR_IN, BOUNDED), ROW(getvcpuextstate, DIR_INOUT, BOUNDED), \
        ALWAYS(get_vcpu_msrs, BOUNDED), ALWAYS(set_vcpu_msrs, BOUNDED), \
        ROW(gethvmcontext, DIR_INOUT, BOUNDED), ROW(sethvmcontext, DIR_IN, BOUNDED), \
        ROW(gethvmcontext_partial, DIR_INOUT, BOUNDED),

#endif
