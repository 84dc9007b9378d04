/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what a multiboot 2 loader hands over (Multiboot2 2.0, section 3.6). */
#ifndef BOOT_EFI_TAGS_H
#define BOOT_EFI_TAGS_H

#include "boot/efi/efi.h"
#include "lib/text.h"

#define TAGS_REGION 24 /* bytes of a region of memory; a descriptor of EFI's is larger */

/* The list as it is written; at is 8-byte aligned, and tags that would not fit are left out. */
struct tags {
    uint8_t *at;
    uint32_t size, room; /* bytes written, bytes there are */
    bool full;           /* something was left out */
};

struct tags_screen {
    uint64_t address;
    uint32_t pitch, width, height; /* pitch: bytes a line */
    uint8_t bits;
    uint8_t colours[6]; /* of red, green and blue: lowest bit, number of bits */
};

void tags_start(struct tags *tags, void *at, uint32_t room);
void tags_end(struct tags *tags);

void tags_loader(struct tags *tags, const char *name);
void tags_line(struct tags *tags, struct span line, struct span more); /* a space between them */
void tags_module(struct tags *tags, uint64_t start, uint64_t end, struct span line);
void tags_screen(struct tags *tags, const struct tags_screen *screen);
void tags_system(struct tags *tags, uint64_t efi_system_table);
void tags_acpi(struct tags *tags, const void *rsdp, uint32_t size);

/* EFI's map: as it is, and as regions, where neighbours of one type are one. */
void tags_memory(struct tags *tags, const void *map, uint32_t size, uint32_t entry,
                 uint32_t version);

#endif
