/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_* that are x86's own: rows of machine/domctls.h, like those of abi/domctl/rows.h. */
#ifndef X86_DOMCTL_H
#define X86_DOMCTL_H

#include "abi/domctl/rows.h"

/* domctl.c */
DOMCTL(iomem_permission);
DOMCTL(ioport_permission);
DOMCTL(memory_mapping);
DOMCTL(hypercall_init);
DOMCTL(set_address_size);
DOMCTL(get_address_size);

/* policy.c */
DOMCTL(get_cpu_policy);
DOMCTL(set_cpu_policy);

/* tsc.c */
DOMCTL(settscinfo);
DOMCTL(gettscinfo);

/* hvm.c */
DOMCTL(gethvmcontext);
DOMCTL(sethvmcontext);
DOMCTL(gethvmcontext_partial);

/* vcpu.c */
DOMCTL(set_ext_vcpucontext);
DOMCTL(get_ext_vcpucontext);
DOMCTL(setvcpuextstate);
DOMCTL(getvcpuextstate);
DOMCTL(get_vcpu_msrs);
DOMCTL(set_vcpu_msrs);

#endif
