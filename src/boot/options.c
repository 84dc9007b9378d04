/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/options.h"

struct choice {
    const char *name;
    uint8_t value;
};

static const struct choice booleans[] = {
    { "", 1 },   { "yes", 1 }, { "on", 1 },    { "true", 1 },    { "enable", 1 }, { "1", 1 },
    { "no", 0 }, { "off", 0 }, { "false", 0 }, { "disable", 0 }, { "0", 0 },      { NULL, 0 },
};

static bool choose(const struct choice *list, struct span value, uint8_t *to)
{
    for (; list->name; list++)
        if (text_equal(value, list->name)) {
            *to = list->value;
            return true;
        }
    return false;
}

static bool read_flag(struct span value, bool *to)
{
    uint8_t on;

    if (!choose(booleans, value, &on))
        return false;
    *to = on;
    return true;
}

/* A number with B, K, M, G or T behind it; without one KiB, as Xen counts. */
static bool read_size(struct span value, uint64_t *bytes)
{
    static const struct {
        char letter;
        uint8_t shift;
    } units[] = {
        { 'b', 0 }, { 'k', 10 }, { 'm', 20 }, { 'g', 30 }, { 't', 40 },
    };
    unsigned int shift = 10;
    uint64_t number;

    if (value.length == 0)
        return false;
    for (unsigned int i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if ((value.at[value.length - 1] | 0x20) == units[i].letter &&
            !(units[i].letter == 'b' && value.length > 1 && (value.at[1] | 0x20) == 'x')) {
            shift = units[i].shift;
            value.length--;
            break;
        }
    if (!text_number(value, &number) || number > UINT64_MAX >> shift)
        return false;
    *bytes = number << shift;
    return true;
}

static bool read_number32(struct span value, uint32_t *to)
{
    uint64_t number;

    if (!text_number(value, &number) || number > UINT32_MAX)
        return false;
    *to = (uint32_t)number;
    return true;
}

/* If value begins with prefix, take it off. */
static bool after(struct span *value, const char *prefix)
{
    size_t n = text_span(prefix).length;
    struct span head = { value->at, n };

    if (value->length < n || !text_equal(head, prefix))
        return false;
    value->at += n;
    value->length -= n;
    return true;
}

static bool read_console(struct options *o, struct span value)
{
    bool com1 = false, com2 = false, vga = false;

    while (value.length) {
        struct span name = text_cut(&value, ',');

        if (text_equal(name, "com1"))
            com1 = true;
        else if (text_equal(name, "com2"))
            com2 = true;
        else if (text_equal(name, "vga"))
            vga = true;
        else if (!text_equal(name, "none"))
            return false;
    }
    o->console_com1 = com1;
    o->console_com2 = com2;
    o->console_vga = vga;
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

/* The mode itself is the loader's choice: Zeroth never changes it. */
static bool read_vga(struct options *o, struct span value)
{
    bool keep = false, off = false;

    if (value.length == 0)
        return false;
    while (value.length) {
        struct span word = text_cut(&value, ',');

        if (text_equal(word, "keep"))
            keep = true;
        else if (text_equal(word, "none"))
            off = true;
        else if (!text_equal(word, "current") && !text_equal(word, "text-80x25"))
            return false;
    }
    o->vga_keep = keep;
    if (off)
        o->console_vga = false;
    return true;
}

static bool read_timestamps(struct options *o, struct span value)
{
    static const struct choice names[] = {
        { "none", TIMESTAMPS_NONE }, { "no", TIMESTAMPS_NONE },   { "", TIMESTAMPS_DATE },
        { "yes", TIMESTAMPS_DATE },  { "date", TIMESTAMPS_DATE }, { "datems", TIMESTAMPS_DATE_MS },
        { "boot", TIMESTAMPS_BOOT }, { "raw", TIMESTAMPS_RAW },   { NULL, 0 },
    };

    return choose(names, value, &o->timestamps);
}

/* always/limited: the second is the bound that counts, as messages of guests are limited anyway. */
static bool read_level(struct span value, uint8_t *level, bool *quiet)
{
    static const struct choice names[] = {
        { "none", LOG_ERROR }, { "error", LOG_ERROR }, { "warning", LOG_WARNING },
        { "info", LOG_INFO },  { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
        { NULL, 0 },
    };
    struct span lower = text_cut(&value, '/');
    struct span upper = value.length ? value : lower;
    uint8_t low, high;

    if (!choose(names, lower, &low) || !choose(names, upper, &high))
        return false;
    *level = high > low ? high : low;
    *quiet = text_equal(lower, "none") && text_equal(upper, "none");
    return true;
}

static bool read_loglvl(struct options *o, struct span value)
{
    bool quiet; /* what stops the boot is printed even so */

    return read_level(value, &o->loglvl, &quiet);
}

static bool read_guest_loglvl(struct options *o, struct span value)
{
    return read_level(value, &o->guest_loglvl, &o->guest_quiet);
}

static bool read_dom0_mem(struct options *o, struct span value)
{
    struct options_size mem = o->dom0_mem, min = o->dom0_mem_min, max = o->dom0_mem_max;

    if (value.length == 0)
        return false;
    while (value.length) {
        struct span word = text_cut(&value, ',');
        struct options_size size = { .given = true };
        struct options_size *to = &mem;

        if (after(&word, "min:"))
            to = &min;
        else if (after(&word, "max:"))
            to = &max;
        size.below = after(&word, "-");
        if (!read_size(word, &size.bytes))
            return false;
        *to = size;
    }
    o->dom0_mem = mem;
    o->dom0_mem_min = min;
    o->dom0_mem_max = max;
    return true;
}

/* n; n-m; n- and -m leave the other end open. */
static bool read_dom0_max_vcpus(struct options *o, struct span value)
{
    struct span rest = value, low = text_cut(&rest, '-');
    bool range = low.length < value.length;
    uint32_t min = 0, max = 0;

    if (low.length == 0 && rest.length == 0)
        return false;
    if (low.length && (!read_number32(low, &min) || min == 0))
        return false;
    if (rest.length && (!read_number32(rest, &max) || max == 0))
        return false;
    if (!range)
        max = min;
    if (max && min > max)
        return false;
    o->dom0_vcpus_min = min;
    o->dom0_vcpus_max = max;
    return true;
}

static bool read_dom0(struct options *o, struct span value)
{
    bool pvh = o->dom0_pvh;

    if (value.length == 0)
        return false;
    while (value.length) {
        struct span word = text_cut(&value, ',');

        if (text_equal(word, "pvh"))
            pvh = true;
        else if (text_equal(word, "pv"))
            pvh = false;
        else
            return false;
    }
    o->dom0_pvh = pvh;
    return true;
}

static bool read_dom0_pin(struct options *o, struct span value)
{
    return read_flag(value, &o->dom0_pin);
}

static bool read_mem(struct options *o, struct span value)
{
    return read_size(value, &o->mem);
}

/* [START-[END]:]SIZE: the size, where RAM is between; false: malformed. */
static bool read_range(struct span word, uint64_t ram, uint64_t *size)
{
    struct span rest = word, range = text_cut(&rest, ':'), low;
    uint64_t start = 0, end = 0, number;

    if (range.length == word.length)
        return read_size(word, size);
    low = text_cut(&range, '-');
    if (!read_size(low, &start) || (range.length && !read_size(range, &end)) ||
        !read_size(rest, &number))
        return false;
    if (ram >= start && (!end || ram < end))
        *size = number;
    return true;
}

bool options_crash_area(struct span value, uint64_t ram, struct options_area *to)
{
    struct span rest = value, sizes = text_cut(&rest, '@');

    *to = (struct options_area){ 0 };
    if (rest.length && !read_size(rest, &to->at))
        return false;
    rest = sizes;
    sizes = text_cut(&rest, '<');
    if (rest.length && !read_size(rest, &to->below))
        return false;
    while (sizes.length) {
        struct span word = text_cut(&sizes, ',');

        if (after(&word, "below=") ? !read_size(word, &to->below)
                                   : !read_range(word, ram, &to->size))
            return false;
    }
    return true;
}

static bool read_crashkernel(struct options *o, struct span value)
{
    struct options_area area;

    o->crashkernel = value;
    return value.length && options_crash_area(value, 0, &area);
}

static bool read_maxcpus(struct options *o, struct span value)
{
    uint32_t n;

    if (!read_number32(value, &n))
        return false;
    o->maxcpus = n ? n : 1;
    return true;
}

static bool read_nosmp(struct options *o, struct span value)
{
    bool on;

    if (!read_flag(value, &on))
        return false;
    o->maxcpus = on ? 1 : 0;
    return true;
}

static bool read_acpi(struct options *o, struct span value)
{
    bool on;

    if (text_equal(value, "force"))
        on = true;
    else if (value.length == 0 || !read_flag(value, &on))
        return false;
    o->no_acpi = !on;
    return true;
}

static bool read_noapic(struct options *o, struct span value)
{
    return read_flag(value, &o->no_ioapic);
}

static bool read_x2apic(struct options *o, struct span value)
{
    return choose(booleans, value, &o->x2apic);
}

static bool read_clocksource(struct options *o, struct span value)
{
    static const struct choice names[] = {
        { "hpet", CLOCK_HPET },
        { "acpi", CLOCK_ACPI },
        { "pit", CLOCK_PIT },
        { "tsc", CLOCK_TSC },
        { NULL, 0 },
    };

    return choose(names, value, &o->clocksource);
}

static uint8_t *spec_field(struct options_spec *spec, struct span name)
{
    const struct {
        const char *name;
        uint8_t *field;
    } fields[] = {
        { "rsb", &spec->rsb },   { "verw", &spec->verw },   { "md-clear", &spec->verw },
        { "ibrs", &spec->ibrs }, { "ibpb", &spec->ibpb },   { "ibpb-entry", &spec->ibpb },
        { "ssbd", &spec->ssbd }, { "stibp", &spec->stibp },
    };

    for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (text_equal(name, fields[i].name))
            return fields[i].field;
    return NULL;
}

static bool read_spec(struct options *o, struct span value)
{
    struct options_spec spec = o->spec;

    if (value.length == 0)
        return false;
    while (value.length) {
        struct span word = text_cut(&value, ','), on = word;
        uint8_t *field;
        bool no = after(&on, "no-");

        field = spec_field(&spec, text_cut(&on, '='));
        if (field) {
            if (!choose(booleans, on, field))
                return false;
            *field ^= no;
        } else if (!choose(booleans, word, &spec.all)) {
            return false;
        }
    }
    o->spec = spec;
    return true;
}

static bool read_pv_l1tf(struct options *o, struct span value)
{
    uint8_t dom0 = o->l1tf_dom0, domu = o->l1tf_domu;

    if (value.length == 0) {
        o->l1tf_dom0 = o->l1tf_domu = CHOICE_YES;
        return true;
    }
    while (value.length) {
        struct span word = text_cut(&value, ','), on = word;
        struct span name = text_cut(&on, '=');
        bool both = !text_equal(name, "dom0") && !text_equal(name, "domu");
        uint8_t choice;

        if (!choose(booleans, both ? word : on, &choice))
            return false;
        dom0 = both || text_equal(name, "dom0") ? choice : dom0;
        domu = both || text_equal(name, "domu") ? choice : domu;
    }
    o->l1tf_dom0 = dom0;
    o->l1tf_domu = domu;
    return true;
}

static bool read_sched(struct options *o, struct span value)
{
    (void)o; /* there is one scheduler, which answers to Xen's name */
    return text_equal(value, "credit2");
}

static bool read_noreboot(struct options *o, struct span value)
{
    return read_flag(value, &o->noreboot);
}

static bool read_reboot(struct options *o, struct span value)
{
    static const struct choice names[] = {
        { "efi", REBOOT_EFI },       { "e", REBOOT_EFI },    { "acpi", REBOOT_ACPI },
        { "kbd", REBOOT_KEYBOARD },  { "pci", REBOOT_PCI },  { "power", REBOOT_PCI },
        { "triple", REBOOT_TRIPLE }, { "a", REBOOT_ACPI },   { "k", REBOOT_KEYBOARD },
        { "P", REBOOT_PCI },         { "t", REBOOT_TRIPLE }, { NULL, 0 },
    };
    uint8_t how = o->reboot;
    bool warm = o->reboot_warm, no = o->noreboot;

    if (value.length == 0)
        return false;
    while (value.length) {
        struct span word = text_cut(&value, ',');

        if (text_equal(word, "no") || text_equal(word, "n"))
            no = true;
        else if (text_equal(word, "warm") || text_equal(word, "w"))
            warm = true;
        else if (text_equal(word, "cold") || text_equal(word, "c"))
            warm = false;
        else if (!choose(names, word, &how))
            return false;
    }
    o->reboot = how;
    o->reboot_warm = warm;
    o->noreboot = no;
    return true;
}

/* rs=BOOL, no-rs */
static bool read_efi(struct options *o, struct span value)
{
    struct span word = value, name;
    bool no = after(&word, "no-"), on;

    name = text_cut(&word, '=');
    if (!text_equal(name, "rs") || !read_flag(word, &on))
        return false;
    o->no_efi_services = on == no;
    return true;
}

static bool read_abi(struct options *o, struct span value)
{
    static const struct choice names[] = {
        { "4.14", 14 }, { "4.15", 15 }, { "4.16", 16 }, { "4.17", 17 },
        { "4.18", 18 }, { "4.19", 19 }, { "4.20", 20 }, { NULL, 0 },
    };

    return choose(names, value, &o->abi_minor);
}

/* Words that boot menus made for Xen contain and that ask for what is so anyway. */
static bool read_nothing(struct options *o, struct span value)
{
    (void)o;
    (void)value;
    return true;
}

const struct option option_table[] = {
    { "console", "com1,com2,vga,none", "com1,vga", "where messages go; several parted by commas",
      read_console },
    { "com1", "BAUD|auto[,8n1]", "auto", "line of the first serial port (port 0x3f8)", read_com1 },
    { "com2", "BAUD|auto[,8n1]", "auto", "line of the second serial port (port 0x2f8)", read_com2 },
    { "vga", "text-80x25|current|none[,keep]", "current",
      "the screen while booting, left in the loader's mode; keep: also when Dom0 runs", read_vga },
    { "console_timestamps", "none|date|datems|boot|raw", "none",
      "put before each line: date and time (with milliseconds), seconds since boot, TSC",
      read_timestamps },
    { "loglvl", "LEVEL[/LEVEL], none|error|warning|info|debug|all", "warning",
      "print messages up to this level; what stops the boot is always printed", read_loglvl },
    { "guest_loglvl", "LEVEL[/LEVEL]", "none/warning",
      "the same for messages about guests, whose number a second is limited", read_guest_loglvl },
    { "dom0", "pv|pvh", "pv",
      "Dom0's kind; pvh: a hardware guest, for kernels that need no devices", read_dom0 },
    { "dom0_mem", "[-]SIZE,min:[-]SIZE,max:[-]SIZE", "what is free but a reserve",
      "Dom0's memory, at least, at most (also for its balloon); with - that much less than is "
      "free; SIZE ends in B, K, M, G or T, else it is KiB",
      read_dom0_mem },
    { "dom0_max_vcpus", "N|N-M|N-|-M", "one for each CPU", "Dom0's vCPUs", read_dom0_max_vcpus },
    { "dom0_vcpus_pin", "", "off", "each of Dom0's vCPUs stays on the CPU of its number",
      read_dom0_pin },
    { "mem", "SIZE", "all", "leave RAM from this address on alone", read_mem },
    { "crashkernel", "SIZE|START-[END]:SIZE,…[@AT|<BELOW][,below=BELOW]", "none",
      "memory for a crash kernel, which kexec -p loads; by the machine's RAM, at or below an address",
      read_crashkernel },
    { "maxcpus", "N", "all", "start at most so many CPUs", read_maxcpus },
    { "nosmp", "", "off", "start no CPU but the first", read_nosmp },
    { "acpi", "off|on|force", "on", "off ends the boot in a clear line: Zeroth needs ACPI",
      read_acpi },
    { "noapic", "", "off", "ends the boot in a clear line: Zeroth needs IO-APICs", read_noapic },
    { "x2apic", "yes|no", "when the CPU has it", "use the local APIC by MSRs", read_x2apic },
    { "clocksource", "hpet|acpi|pit|tsc", "the first that is there",
      "what the TSC's rate is measured against", read_clocksource },
    { "spec-ctrl", "no|yes|{rsb,verw,ibrs,ibpb,ssbd,stibp}[=no|yes]", "by the CPU",
      "mitigations of speculation; what is chosen is printed (loglvl=info)", read_spec },
    { "pv-l1tf", "no|yes|{dom0,domu}[=no|yes]", "domu where the CPU has L1TF",
      "refuse page-table entries of PV guests that are not present and name RAM", read_pv_l1tf },
    { "sched", "credit2", "credit2", "the scheduler; there is one", read_sched },
    { "efi", "[no-]rs[=yes|no]", "rs", "call EFI's runtime services, for Dom0 and to reset",
      read_efi },
    { "noreboot", "", "off", "halt instead of a reset", read_noreboot },
    { "reboot", "efi|acpi|kbd|pci|triple|no,cold|warm", "what works first",
      "how to reset the machine; no: halt", read_reboot },
    { "abi", "4.14|4.15|4.16|4.17|4.18|4.19|4.20", "4.17",
      "the version of Xen that guests and tools are told", read_abi },
    { "placeholder", "", "", "GRUB writes it; no effect", read_nothing },
    { "no-real-mode", "", "", "GRUB writes it; no effect, Zeroth calls no BIOS", read_nothing },
    { "edd", "off", "", "GRUB writes it; no effect, Zeroth asks no BIOS for disks", read_nothing },
};
const unsigned int option_count = sizeof(option_table) / sizeof(option_table[0]);

struct options options_default(void)
{
    return (struct options){
        .console_com1 = true,
        .console_vga = true,
        .loglvl = LOG_WARNING,
        .guest_loglvl = LOG_WARNING,
        .x2apic = CHOICE_AUTO,
        .abi_minor = 17,
        .spec = { CHOICE_AUTO, CHOICE_AUTO, CHOICE_AUTO, CHOICE_AUTO, CHOICE_AUTO, CHOICE_AUTO,
                  CHOICE_AUTO },
        .l1tf_dom0 = CHOICE_NO,
        .l1tf_domu = CHOICE_AUTO,
    };
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
