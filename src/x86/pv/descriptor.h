/* SPDX-License-Identifier: Apache-2.0 */
/* A segment descriptor of a PV guest's GDT or LDT. */
#ifndef X86_PV_DESCRIPTOR_H
#define X86_PV_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * May a guest have it?  Code and data segments are made of privilege 3, as everything of a guest
 * runs there, and accessed, so that the CPU need not write to the table.  False: a present system
 * descriptor (AMD APM 2, section 4.8): gates, TSS and LDT would be ways into ring 0.
 */
bool pv_descriptor_ok(uint64_t *descriptor);

#endif
