/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event channels: 2-level and FIFO (xen/event_channel.h).  Errors are the ABI's, negative.
 *
 * The life of a port: event.c (bindings), port.c (memory, locks); the way of an event:
 * send.c, with two_level.c or fifo.c for how the guest is told.  Bindings change under
 * the domain's lock; sending takes none: a struct event is never freed before its domain is, and
 * what a sender may find in a peer is freed only when no CPU sends any more (port.h).
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/lock.h"
#include "core/types.h"

#include <xen/event_channel.h>
#include <xen/xen.h>

struct domain;
struct vcpu;
struct frame;
struct event_table;
struct event_fifo;

/* In struct domain; fields are core/event*.c's. */
struct event_domain {
    struct lock lock; /* RANK_EVENT; guards: this and the ports.  Two: lower id first */
    struct event_table *table;
    unsigned int valid_ports; /* below it they have a struct event; grows until the end */
    unsigned int port_limit;  /* first port that may not be opened: the ABI's and the quota's */
    unsigned int quota;       /* ports that the domain may have */
    unsigned int room;        /* buckets below it are full */
    bool closed;              /* the domain ends: no port may be opened */
    bool leaving;             /* FIFO's parts are being given back */
    struct event_fifo *fifo;  /* NULL: 2-level */
};

/* In struct vcpu. */
struct event_vcpu {
    port_t virq_port[NR_VIRQS]; /* 0: not bound; global ones are vCPU 0's */
    /* FIFO, all zero until EVTCHNOP_init_control. */
    struct lock lock; /* RANK_EVENT_QUEUE; guards: tail, head, ready */
    port_t tail[EVTCHN_FIFO_MAX_QUEUES];
    struct evtchn_fifo_control_block *block;
    struct frame *frame;
};

/* ---- life ---- */

/* 0, -ENOMEM.  Port 0 exists and is nobody's. */
int event_domain_create(struct domain *d);
/* End of a domain, none of its vCPUs runs again: close all, give the guest's frames and the
 * ports' memory back.  -ERESTART: call again.  Before vcpu_destroy, pirq_domain_destroy and
 * frame_release_all.  Interrupts on, no lock. */
int event_domain_close(struct domain *d);
/* Free the rest, any context; where event_domain_close was not done to its end, it is done in one
 * go, as there. */
void event_domain_destroy(struct domain *d);
/* XEN_DOMCTL_createdomain, set_max_evtchn: highest port that may be opened from now on. */
void event_set_max_port(struct domain *d, port_t highest);

/* ---- bindings: EVTCHNOP_* for domain d.  Interrupts on, no lock ---- */

/* -ENOSPC no port is left, -ENOMEM, -EINVAL d ends: of all that open a port. */
int event_alloc_unbound(struct domain *d, domid_t remote, port_t *port);
/* -EINVAL: peer's port does not wait for d.  The new port is pending. */
int event_bind_interdomain(struct domain *d, struct domain *peer, port_t theirs, port_t *ours);
/* -EINVAL no such virq, or a global one not on vCPU 0; -ENOENT vCPU; -EEXIST bound. */
int event_bind_virq(struct domain *d, unsigned int virq, unsigned int vcpu, port_t *port);
/* -ENOENT vCPU. */
int event_bind_ipi(struct domain *d, unsigned int vcpu, port_t *port);
/* Errors of pirq_bind. */
int event_bind_pirq(struct domain *d, unsigned int pirq, bool share, port_t *port);
/* -EINVAL no such port or not open; -ERESTART: call again. */
int event_close(struct domain *d, port_t port);
/* status: all but dom and port are filled.  -EINVAL no such port. */
int event_status(struct domain *d, struct evtchn_status *status);
/* -ENOENT vCPU; -EINVAL no such port, not open, or bound to its vCPU for good. */
int event_bind_vcpu(struct domain *d, port_t port, unsigned int vcpu);
/* Close all; FIFO's parts are given back, it is 2-level again.  -ERESTART: call again. */
int event_reset(struct domain *d);

/* ---- sending ---- */

/* Hypercall, EVTCHNOP_send of the current vCPU: 0, -EINVAL no such port or not sendable. */
long event_send(struct vcpu *v, port_t port);
/* The same on behalf of a domain.  Any context. */
long event_send_for(struct domain *d, port_t port);
/* -EINVAL no such port; no effect when it is not open. */
int event_unmask(struct domain *d, port_t port);

/* Raise a virtual interrupt of one vCPU (local ones) or of a domain's bound one.  Any context. */
void event_send_virq(struct vcpu *v, unsigned int virq);
void event_send_domain_virq(struct domain *d, unsigned int virq);
/* Virtual interrupts that go to the domain that handles them for the machine (Dom0 unless set). */
void event_send_global_virq(unsigned int virq);
/* XEN_DOMCTL_set_virq_handler: d handles a global virq from now on; NULL: Dom0.  -EINVAL: not a
 * global one, or d ends.  Ends with the domain. */
int event_set_virq_owner(unsigned int virq, struct domain *d);
/* Is it one of a domain, not of a vCPU? */
bool event_virq_is_global(unsigned int virq);

/* A physical interrupt came for a port of d.  The CPU that the port's vCPU is on; this one: it has none.
 * Any context. */
unsigned int event_send_pirq(struct domain *d, port_t port);

/* Is any event pending for the vCPU (not regarding its mask)? */
bool event_pending(const struct vcpu *v);

/* A vCPU moved its vcpu_info or came up: events pending in its words are signalled again.  After
 * v->info points to the new place.  Any context. */
void event_vcpu_moved(struct vcpu *v);

/*
 * SCHEDOP_poll of the current vCPU v, for each port it polls, after v->poll_port is set (the one
 * port, or ~0 for several) and after WAIT_POLL is: 1: the port is pending already, wake v again;
 * 0: when it becomes pending, vcpu_wake(v, WAIT_POLL) is called; -EINVAL: it is not open.
 * Set v->poll_port to 0 after the poll; nothing else has to be undone.  Before all that it may be asked
 * once for a first look: then 0 says only that the port was not pending.
 */
int event_poll(struct vcpu *v, port_t port);

/* ---- FIFO ---- */

/* link_bits; -ENOENT vCPU; -EINVAL offset, gfn, or it has a block; -ENOMEM; -ERESTART. */
int event_init_control(struct domain *d, unsigned int vcpu, gfn_t gfn, uint32_t offset);
/* -EOPNOTSUPP: 2-level; -ENOSPC: all ports have a word; -EINVAL gfn. */
int event_expand_array(struct domain *d, gfn_t gfn);
/* From the next time on that it is queued.  -EINVAL no such port, or priority; -ENOSYS: 2-level;
 * -EACCES: not open. */
int event_set_priority(struct domain *d, port_t port, unsigned int priority);

#endif
