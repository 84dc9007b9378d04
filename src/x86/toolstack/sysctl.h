/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_* that are x86's own: the rows of machine/sysctls.h.  As those of abi/sysctl/rows.h. */
#ifndef X86_SYSCTL_H
#define X86_SYSCTL_H

#include "abi/sysctl/rows.h"

SYSCTL(get_cpu_levelling_caps);
SYSCTL(get_cpu_featureset);
SYSCTL(get_cpu_policy);

#endif
