/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "core/console.h"
#include "lib/text.h"

/* What the command line chose. */
struct options {
    bool console_com1, console_com2;
    uint32_t com1_baud, com2_baud;      /* bits per second; 0: as the firmware left it */
    uint8_t loglvl;                     /* messages up to this LOG_* are printed */
    bool noreboot;                      /* halt, do not reset, when boot fails */
};

/* One row of the option table: everything there is to know of an option. */
struct option {
    const char *name;
    const char *values;                 /* what may follow '=', "" for a flag */
    const char *fallback;               /* the default, for the documents */
    const char *help;
    bool (*read)(struct options *o, struct span value);     /* false: malformed */
};

extern const struct option option_table[];
extern const unsigned int option_count;

/* The options before any command line is read. */
struct options options_default(void);

/*
 * Read a command line: words parted by spaces, name or name=value; the last of two wins.
 * complain(word, why) is called for each unknown or malformed word, which changes nothing.
 */
void options_read(struct options *o, const char *line,
                  void (*complain)(struct span word, const char *why));

#endif
