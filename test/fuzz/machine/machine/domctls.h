/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-operations of domctl that are x86's own, which the workbench leaves out otherwise. */
#include "x86/inline/machine/domctls.h"
