/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's side of the FIFO ABI: an honest consumer, one for each domain of event_world.h. */
#ifndef WORKBENCH_EVENT_GUEST_H
#define WORKBENCH_EVENT_GUEST_H

#include "event_world.h"

#define GUEST_PAGES 8 /* at most, of its event array */

struct guest {
    event_word_t *array[GUEST_PAGES];
    unsigned int pages, frames_used;
    struct evtchn_fifo_control_block *block[VCPUS]; /* NULL: none */
    port_t head[VCPUS][EVTCHN_FIFO_MAX_QUEUES];     /* where it goes on; 0: the block's head */
    uint32_t ready[VCPUS];
};

extern struct guest guests[DOMAINS];

/* EVTCHNOP_init_control and expand_array with fresh frames. */
void guest_init(domid_t id, unsigned int vcpu);
void guest_expand(domid_t id);
/* Its state after EVTCHNOP_reset. */
void guest_forget(domid_t id);

/* A port's word; NULL: none yet. */
event_word_t *guest_word(domid_t id, port_t port);
/* Take the next event off a vCPU's queues, most important first, and clear it; 0: there is none. */
port_t guest_next(domid_t id, unsigned int vcpu);
void guest_mask(domid_t id, port_t port);
/* As Linux does: true: it is pending, so that EVTCHNOP_unmask has to be called. */
bool guest_unmask(domid_t id, port_t port);

/* All queues are well formed: a chain each from where the guest goes on to the tail, no port in
 * two, and each LINKED port in one.  Single-threaded, while the guest is honest. */
void guest_check(domid_t id);

#endif
