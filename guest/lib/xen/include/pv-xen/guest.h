/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel can use of Xen beyond the operations: its start info, frames, event channels. */
#ifndef PV_XEN_GUEST_H
#define PV_XEN_GUEST_H

/* What the ABI's headers are asked for, unless the kernel asks by itself. */
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

#include <pv/cpu.h>

/* PV's start info; null in a PVH guest, and where there is no Xen. */
extern const struct start_info *xen_start_info;
/* Mapped for good; null where there is no Xen. */
extern struct shared_info *xen_shared_info;

/* Whether the kernel runs as a Xen guest, of either kind. */
static inline bool xen_here(void)
{
    return xen_shared_info != 0;
}

/* This CPU's vcpu_info, registered at its place in struct pv_cpu. */
static inline struct vcpu_info *xen_vcpu_info(void)
{
    return (struct vcpu_info *)pv_this_cpu()->shared;
}

/* The machine frame of a page in the image (its guest frame, in a PVH guest). */
uint64_t xen_frame_of(const void *page);

/* The event channels of this CPU that the library has bound. */
evtchn_port_t xen_timer_port(unsigned int cpu);
evtchn_port_t xen_ipi_port(unsigned int cpu);

/* An event on a port of the kernel's own; pending is cleared already. The library's own: nothing. */
void xen_event(evtchn_port_t port);

/* Another CPU takes a port's events from now on (EVTCHNOP_bind_vcpu); false when that is refused. */
bool xen_bind_port(evtchn_port_t port, unsigned int cpu);

/*
 * Mask or unmask a port (EVTCHNOP_unmask); an event that waits comes at once.  port is below 4096: the
 * library uses 2-level events (xen/event_channel.h).
 */
void xen_mask_port(evtchn_port_t port);
void xen_unmask_port(evtchn_port_t port);

#endif
