/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels: 2-level and FIFO (xen/event_channel.h). */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/lock.h"
#include "core/types.h"

#include <xen/xen.h>

struct domain;
struct vcpu;
struct event;

/* In struct domain; fields are core/event*.c's. */
struct event_domain {
    struct lock lock;           /* RANK_EVENT; guards: all of this and the ports */
    struct event **buckets;
    unsigned int port_limit;    /* first port that can never be valid */
    unsigned int valid_ports;   /* ports below it have a struct event */
    void *fifo;                 /* NULL: 2-level */
};

/* In struct vcpu. */
struct event_vcpu {
    port_t virq_port[24];       /* NR_VIRQS; 0: not bound */
    void *fifo;
};

int event_domain_create(struct domain *d);
void event_domain_destroy(struct domain *d);

/* Raise a virtual interrupt of one vCPU (local ones) or of a domain's bound one.  Any context. */
void event_send_virq(struct vcpu *v, unsigned int virq);
void event_send_domain_virq(struct domain *d, unsigned int virq);
/* Virtual interrupts that go to the domain that handles them for the machine (Dom0 unless set). */
void event_send_global_virq(unsigned int virq);

/* A physical interrupt came for a port of d.  Any context. */
void event_send_pirq(struct domain *d, port_t port);

/* Hypercall, EVTCHNOP_send of the current vCPU: 0, -EINVAL no such port or not sendable. */
long event_send(struct vcpu *v, port_t port);

/* Is any event pending for the vCPU (not regarding its mask)? */
bool event_pending(const struct vcpu *v);

/* A vCPU moved its vcpu_info or came up: events pending in its words are signalled again. */
void event_vcpu_moved(struct vcpu *v);

#endif
