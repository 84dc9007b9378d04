/* SPDX-License-Identifier: Apache-2.0 */
/* Dom0's first page tables and its P2M list, written into frames that it has. */
#ifndef BOOT_DOM0_TABLES_H
#define BOOT_DOM0_TABLES_H

#include "boot/dom0_layout.h"
#include "boot/dom0_memory.h"

/*
 * Map the region, all of it writable but the tables themselves, and the list where it stands
 * outside.  The level-4 table is the first one, at layout->tables; entries are such as a PV guest
 * may have, so that the vCPU's context takes it as any other.
 */
void dom0_tables_build(const struct dom0_memory *m, const struct dom0_layout *l);

/* Write the list: the machine frame of every number, zeros to the end of its last page. */
void dom0_tables_list(const struct dom0_memory *m, const struct dom0_layout *l);

#endif
