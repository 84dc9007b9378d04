/* SPDX-License-Identifier: Apache-2.0 */
/* The workbench has no sub-operations of domctl of its own. */
#ifndef MACHINE_DOMCTLS_H
#define MACHINE_DOMCTLS_H

#define MACHINE_DOMCTLS(ROW, ALWAYS)

#endif
