/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_event_channel_op (xen/event_channel.h).  An unknown sub-operation is -ENOSYS. */
#ifndef ABI_EVENT_CHANNEL_H
#define ABI_EVENT_CHANNEL_H

#include "abi/door.h"

extern const struct door_op event_channel_ops[];
extern const uint16_t event_channel_op_count;

/* The hypercall.  EVTCHNOP_send, by far the most frequent, has a shorter way to its row's function
 * than by door_enter, with the same result: any kind and any domain may send. */
hypercall_fn event_channel_op;

#endif
