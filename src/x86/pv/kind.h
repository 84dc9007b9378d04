/* SPDX-License-Identifier: Apache-2.0 */
/* PV as a kind of domain (core/domain.h); the table itself, pv_kind, is declared in x86/pv/entry.h. */
#ifndef X86_PV_KIND_H
#define X86_PV_KIND_H

#include "x86/guest.h"

#define PORTS_WORDS (65536u / 64) /* of struct x86_domain.io_allowed */

/* Make a fresh domain the one that owns the machine's devices (Dom0): all I/O ports but Zeroth's own,
 * CPUID with the machine's caches and topology.  -XEN_ENOMEM. */
int pv_domain_set_hardware(struct domain *d);

/* Let a domain use the ports [first, last], or do so no more. */
void pv_ports_permit(struct domain *d, uint16_t first, uint16_t last, bool allow);

/* Boot: ports [first, last] are Zeroth's own; no domain is given them by pv_domain_set_hardware. */
void pv_ports_deny(uint16_t first, uint16_t last);

#endif
