/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/options.h"

static bool read_console(struct options *o, struct span value)
{
    bool com1 = false, com2 = false;

    while (value.length) {
        struct span name = text_cut(&value, ',');

        if (text_equal(name, "com1"))
            com1 = true;
        else if (text_equal(name, "com2"))
            com2 = true;
        else if (!text_equal(name, "none"))
            return false;
    }
    o->console_com1 = com1;
    o->console_com2 = com2;
    return true;
}

/* The 16550 divides 115200 by a whole number of 16 bits, and only 8n1 is driven. */
static bool read_com(uint32_t *baud, struct span value)
{
    struct span rate = text_cut(&value, ',');
    uint64_t number = 0;

    if (value.length && !text_equal(value, "8n1"))
        return false;
    if (!text_equal(rate, "auto")) {
        if (!text_number(rate, &number) || number < 2 || number > 115200)
            return false;
        if (115200 % number)
            return false;
    }
    *baud = (uint32_t)number;
    return true;
}

static bool read_com1(struct options *o, struct span value)
{
    return read_com(&o->com1_baud, value);
}

static bool read_com2(struct options *o, struct span value)
{
    return read_com(&o->com2_baud, value);
}

static bool read_loglvl(struct options *o, struct span value)
{
    static const struct { const char *name; uint8_t level; } names[] = {
        { "none", LOG_ERROR }, { "error", LOG_ERROR }, { "warning", LOG_WARNING },
        { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
    };

    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal(value, names[i].name)) {
            o->loglvl = names[i].level;
            return true;
        }
    return false;
}

static bool read_noreboot(struct options *o, struct span value)
{
    bool no = text_equal(value, "no");

    if (value.length && !no && !text_equal(value, "yes"))
        return false;
    o->noreboot = !no;
    return true;
}

const struct option option_table[] = {
    { "console", "com1,com2,none", "com1", "where messages go; several parted by commas",
      read_console },
    { "com1", "BAUD|auto[,8n1]", "auto", "line of the first serial port (port 0x3f8)", read_com1 },
    { "com2", "BAUD|auto[,8n1]", "auto", "line of the second serial port (port 0x2f8)",
      read_com2 },
    { "loglvl", "none|error|warning|info|debug|all", "warning",
      "print messages up to this level; what stops the boot is always printed", read_loglvl },
    { "noreboot", "", "off", "halt, instead of a reset, when the boot cannot go on",
      read_noreboot },
};
const unsigned int option_count = sizeof(option_table) / sizeof(option_table[0]);

struct options options_default(void)
{
    return (struct options){ .console_com1 = true, .loglvl = LOG_WARNING };
}

static const struct option *find(struct span name)
{
    for (unsigned int i = 0; i < option_count; i++)
        if (text_equal(name, option_table[i].name))
            return &option_table[i];
    return NULL;
}

void options_read(struct options *o, const char *line,
                  void (*complain)(struct span word, const char *why))
{
    struct span rest = text_span(line);

    while (rest.length) {
        struct span word = text_cut(&rest, ' ');
        struct span value = word;
        const struct option *option = find(text_cut(&value, '='));

        if (word.length == 0)
            continue;
        if (!option)
            complain(word, "unknown option");
        else if (!option->read(o, value))
            complain(word, "malformed value");
    }
}
