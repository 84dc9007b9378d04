/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: Zeroth's messages and Dom0's, on the devices that the options name, and Zeroth's
 * kept in a ring for `dmesg` (XEN_SYSCTL_readconsole).  Lines are put into a queue under a lock,
 * whole; one CPU at a time takes them from there to the devices, which are slow, without the lock.
 * Once console_start has been called that is done by SOFTIRQ_CONSOLE, but for LOG_ERROR, so that
 * nobody waits for a device with interrupts off or a lock held.
 * Any context, but NMI and #MC handlers call console_force first.  Needs cpu_id() and nothing else;
 * what is said before the first device is there waits for it.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/types.h"

#include <xen/xen.h>

enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum { TIMESTAMPS_NONE, TIMESTAMPS_DATE, TIMESTAMPS_DATE_MS, TIMESTAMPS_BOOT, TIMESTAMPS_RAW };

/* A device that takes output; registered at boot.  put: one call at a time, interrupts on or off;
 * after console_force in any state whatever. */
struct console_device {
    void (*put)(void *state, const char *text, size_t length);
    void *state;
    struct console_device *next;
};
void console_add(struct console_device *device);
void console_remove(struct console_device *device); /* what is queued is put out first */
void console_lend(struct console_device *device);   /* the same, but console_force takes it back */

/* The options. */
void console_set_levels(unsigned int host, unsigned int guest);
void console_set_guest_quiet(bool quiet);       /* guest_loglvl=none */
void console_set_timestamps(unsigned int mode); /* date: reads the battery clock */
void console_set_noreboot(bool noreboot);       /* console_fatal halts */

/* Boot, once, when softirqs begin to run: from now on devices are written to in SOFTIRQ_CONSOLE. */
void console_start(void);

/* One line, needs no newline, prefixed "(zeroth) "; printed if level is within loglvl. */
void console_log(unsigned int level, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* The same whatever loglvl says: what the user at the console has asked for. */
void console_say(const char *text, ...) __attribute__((format(printf, 1, 2)));
/* The same about a guest's doings: within guest_loglvl, rate-limited, prefixed "(d%u) ". */
void console_guest_log(domid_t id, unsigned int level, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
/* Output of a guest (CONSOLEIO_write): Dom0's as it stands, not in the ring; of others whole lines,
 * prefixed "(d%u) ", without control characters.  No lock held, interrupts on. */
void console_guest_write(domid_t id, const char *text, size_t length);
/* So much waits for the devices that a guest should try again later. */
bool console_busy(void);
/* Say why in one line, then reset the machine, or halt with the option noreboot. */
_Noreturn void console_fatal(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A byte came in on a console device: three Ctrl-a switch between Dom0 and Zeroth's keys.
 * Interrupts off, no lock held. */
void console_input(char c);
/* Say where the input goes. */
void console_input_announce(void);
/* CONSOLEIO_read: take what came in for Dom0; returns the count. */
size_t console_take_input(char *to, size_t size);
/* Keys of Zeroth ('h' lists them): bound by any room at boot.  The handler runs in SOFTIRQ_CONSOLE
 * or in a hypercall, interrupts on, no lock held, and prints by console_say. */
void console_bind_key(char key, const char *help, void (*handler)(void));
/* As if it came in for Zeroth, at once.  Interrupts on, no lock held. */
void console_press(char key);
/* Run the handlers of keys that came in (SOFTIRQ_CONSOLE). */
void console_run_keys(void);

/* What is queued reaches the devices now, before the machine stops or restarts.  Any context. */
void console_flush(void);

/* After a panic no lock may be waited for: the caller alone prints from now on. */
void console_force(void);

/* The ring, for readconsole: copy from *index on, advance it; clear forgets what was there. */
size_t console_ring_read(char *to, size_t size, uint32_t *index);
void console_ring_clear(void);

#endif
