/* SPDX-License-Identifier: Apache-2.0 */
/* The workbench has no sub-operations of sysctl of its own. */
#ifndef MACHINE_SYSCTLS_H
#define MACHINE_SYSCTLS_H

#define MACHINE_SYSCTLS(ROW)

#endif
