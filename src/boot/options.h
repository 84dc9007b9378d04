/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "core/console/console.h"
#include "lib/text.h"

enum { REBOOT_ANY, REBOOT_EFI, REBOOT_ACPI, REBOOT_KEYBOARD, REBOOT_PCI, REBOOT_TRIPLE };
enum { CLOCK_ANY, CLOCK_HPET, CLOCK_ACPI, CLOCK_PIT, CLOCK_TSC };
enum { CHOICE_NO, CHOICE_YES, CHOICE_AUTO };

/* An amount of Dom0's memory: bytes; below: that much less than there is free. */
struct options_size {
    uint64_t bytes;
    bool given, below;
};

/* Mitigations asked for: CHOICE_*. */
struct options_spec {
    uint8_t all; /* CHOICE_NO: none whatever the others say */
    uint8_t rsb, verw, ibrs, ibpb, ssbd, stibp;
};

/* What the command line chose. */
struct options {
    bool console_com1, console_com2, console_vga;
    uint32_t com1_baud, com2_baud; /* bits per second; 0: as the firmware left it */
    bool vga_keep;                 /* go on writing to the screen when Dom0 runs */
    uint8_t timestamps;            /* TIMESTAMPS_* */
    uint8_t loglvl, guest_loglvl;  /* messages up to this LOG_* are printed */
    bool guest_quiet;              /* none of a guest's at all */

    struct options_size dom0_mem, dom0_mem_min, dom0_mem_max;
    uint32_t dom0_vcpus_min, dom0_vcpus_max; /* 0: not given */
    bool dom0_pvh;                           /* a hardware guest, not a PV one */
    bool dom0_pin;                           /* each vCPU stays on the CPU of its number */

    struct span crashkernel; /* its value; empty: no crash kernel */
    uint64_t mem;            /* RAM above this address is left alone, bytes; 0: all is used */
    uint32_t maxcpus;        /* CPUs to start, 0: all; nosmp: 1 */
    bool no_acpi, no_ioapic; /* asked for, and refused in one line: Zeroth needs both */
    uint8_t x2apic;          /* CHOICE_*; auto: when the CPU has it */
    uint8_t clocksource;     /* CLOCK_*, what the TSC is measured against */
    struct options_spec spec;
    uint8_t l1tf_dom0, l1tf_domu; /* CHOICE_*; auto: other domains where the CPU needs it */

    bool noreboot;        /* halt, do not reset, when boot fails or Dom0 asks for a reset */
    bool no_efi_services; /* call none of the firmware's */
    uint8_t reboot;       /* REBOOT_* to try first */
    bool reboot_warm;     /* the BIOS is to skip its memory test */
    uint8_t abi_minor;    /* the 4.x that guests and tools are told */
};

/* One row of the option table: everything there is to know of an option. */
struct option {
    const char *name;
    const char *values;   /* what may follow '=', "" for a flag */
    const char *fallback; /* the default, for the documents */
    const char *help;
    bool (*read)(struct options *o, struct span value); /* false: malformed */
};

/* The memory that a crash kernel gets. */
struct options_area {
    uint64_t size, at; /* bytes; at 0: anywhere */
    uint64_t below;    /* 0: anywhere */
};
/* The value of crashkernel= on a machine with so much RAM; size 0: none.  False: malformed. */
bool options_crash_area(struct span value, uint64_t ram, struct options_area *to);

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
