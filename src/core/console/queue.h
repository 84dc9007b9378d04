/* SPDX-License-Identifier: Apache-2.0 */
/* The console's queue to its devices and its ring; for core/console*.c only. */
#ifndef CORE_CONSOLE_QUEUE_H
#define CORE_CONSOLE_QUEUE_H

#include "core/types.h"

#include <xen/xen.h>

#define CONSOLE_LINE_MAX 512 /* bytes of a line, its newline included */

/* The console's lock, interrupts off; none after console_force.  Pass on what take returned. */
bool console_take(void);
void console_release(bool on);

/* Lock held: bytes as they stand, at most CONSOLE_LINE_MAX, to the devices only. */
void console_queue_bytes(const char *text, size_t length);
/* Lock held: a whole line, to the ring and to the devices, where it begins on a line of its own. */
void console_queue_line(const char *text, size_t length);

/* The console's lock not held.  After something was queued: write to the devices now,
 * when it is urgent or nobody else would, or have it done on the way out to a guest. */
void console_put_out(bool urgent);
/* Write to the devices, a bounded number of bytes; what is left is done on the way out. */
void console_put_out_some(void);

/* May another line about this domain be printed now?  *left_out: those that were not, before it. */
bool console_rate_allows(domid_t id, uint32_t *left_out);

#endif
