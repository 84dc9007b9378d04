/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: Zeroth's messages and Dom0's, on the devices that the options name, and kept in a
 * ring for `dmesg` (XEN_SYSCTL_readconsole, CONSOLEIO_read).  Any context.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/types.h"

#include <xen/xen.h>

enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* A device that takes output; registered at boot. */
struct console_device {
    void (*put)(void *state, const char *text, size_t length);
    void *state;
    struct console_device *next;
};
void console_add(struct console_device *device);
void console_remove(struct console_device *device);
void console_set_levels(unsigned int host, unsigned int guest);
void console_set_timestamps(unsigned int mode);         /* enum of boot/options.h */

/* One line, needs no newline, prefixed "(zeroth) "; printed if level is within loglvl. */
void console_log(unsigned int level, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* The same about a guest's doings: within guest_loglvl, rate-limited, prefixed "(d%u) ". */
void console_guest_log(domid_t id, unsigned int level, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
/* Output of a guest as it stands (CONSOLEIO_write). */
void console_guest_write(domid_t id, const char *text, size_t length);
/* Say why in one line, then reset the machine, or halt with the option noreboot. */
_Noreturn void console_fatal(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A byte came in on a console device: three Ctrl-a switch between Dom0 and Zeroth's keys. */
void console_input(char c);
/* CONSOLEIO_read: take what came in for Dom0; returns the count. */
size_t console_take_input(char *to, size_t size);
/* Keys of Zeroth ('h' lists them): bound by any room at boot. */
void console_bind_key(char key, const char *help, void (*handler)(void));

/* After a panic no lock may be waited for. */
void console_force(void);

/* The ring, for readconsole: copy from *index on, advance it; clear forgets what was there. */
size_t console_ring_read(char *to, size_t size, uint32_t *index);
void console_ring_clear(void);

#endif
