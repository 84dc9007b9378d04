/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include <stdbool.h>
#include <stdint.h>

#define BOOT_REGIONS 128
#define BOOT_MODULES 16

/* A range of physical memory; type as in an E820 map (ACPI 6.4, table 15.4): 1 is RAM. */
struct boot_region {
    uint64_t start, size; /* bytes */
    uint32_t type;
};

struct boot_module {
    uint64_t start, end; /* physical addresses, end not included */
    const char *line;    /* its own command line, "" without one */
};

/* The screen as the loader left it. */
enum { SCREEN_UNKNOWN, SCREEN_PIXELS, SCREEN_TEXT };
struct boot_screen {
    uint8_t kind;                                                       /* SCREEN_* */
    uint8_t bits;                                                       /* a pixel */
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits; /* in a pixel */
    uint32_t pitch, width, height; /* pitch: bytes a line; the others pixels, or characters */
    uint64_t address;              /* physical, of the first pixel */
};

/* What a boot loader handed over, by whichever protocol. */
struct boot_info {
    const char *protocol, *loader, *line;
    struct boot_region regions[BOOT_REGIONS];
    struct boot_module modules[BOOT_MODULES];
    unsigned int region_count, module_count;
    bool cut;                  /* there were more regions or modules than we keep */
    uint64_t rsdp;             /* physical address of ACPI's root pointer, 0: unknown */
    bool rsdp_searched;        /* no loader told it: Dom0's kernel would not find it either */
    uint64_t efi_system_table; /* physical address, 0: not started by EFI */
    uint64_t efi_map;          /* its memory map: physical address, 0: none */
    uint32_t efi_map_size, efi_map_entry; /* bytes of all of it, of one descriptor */
    uint64_t efi_attributes; /* descriptors of its memory attributes' table, likewise */
    uint32_t efi_attributes_size, efi_attributes_entry;
    struct boot_screen screen;
};

/*
 * Read the information that a boot loader left at a physical address below 4 GiB, reached at
 * base + address.  magic: what it put into EAX.  Texts go on pointing into the loader's memory.
 * False when magic is of no protocol we know.  (Multiboot 0.6.96, section 3.3; Multiboot2 2.0,
 * section 3.6.)
 */
bool multiboot_read(struct boot_info *info, uint32_t magic, uint32_t address, const void *base);

/* The arguments in a loader's command line: those other than GRUB put the file's name first. */
const char *multiboot_arguments(const char *line, const char *loader);

#endif
