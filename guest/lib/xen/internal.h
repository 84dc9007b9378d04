/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of this folder. */
#ifndef XEN_INTERNAL_H
#define XEN_INTERNAL_H

#include "../start.h"

#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>
#include <pv/trap.h>

/* Of struct pv_cpu's private words. */
enum xen_private { XEN_TIMER_PORT, XEN_IPI_PORT, XEN_CR3, XEN_CR0 };

/* Event channels of a CPU, on that CPU or before it starts: the timer's and the IPI's, unmasked. */
void xen_events_init(unsigned int cpu);
/* Take all pending events of this CPU. */
void xen_upcall(void);

/* vcpu_info at its place in struct pv_cpu; from that CPU, or before it is up. */
void xen_register_info(unsigned int cpu);

/* Operations that PV and PVH share. */
uint64_t xen_time_ns(void);
void xen_set_timer(uint64_t when);
void xen_console_write(const char *text, unsigned int length);
void xen_ipi(unsigned int cpu);
void xen_power_off(void);
/* The version as text, and so on. */
void xen_describe(struct pv_boot *boot, const char *kind);

/* PV only. */
void xen_pv_bind_mmu(struct pv_code codes[PV_OPS]);
bool xen_pv_cpu_start(unsigned int cpu);
extern struct trap_info xen_pv_traps[];
/* Every operation that changes a page table must succeed: else a message, and the guest ends. */
void xen_must(long result, const char *what);

#endif
