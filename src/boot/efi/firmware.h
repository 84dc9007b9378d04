/* SPDX-License-Identifier: Apache-2.0 */
/* What zeroth.efi asks of the firmware while its boot services run. */
#ifndef BOOT_EFI_FIRMWARE_H
#define BOOT_EFI_FIRMWARE_H

#include "boot/efi/efi.h"
#include "boot/efi/tags.h"
#include "lib/text.h"

/* First of all; false: this is not the interface that it should be. */
bool firmware_init(efi_handle image, struct efi_system *system);

/* On the firmware's console; the second also begins a new line. */
void firmware_say(struct span text);
void firmware_say_line(const char *text);

/* This image as it is in memory, and what it was started with as ASCII. */
struct span firmware_image(void);
struct span firmware_options(void);

/*
 * The name of this image's file and, of the same length or shorter, its folder with the last '\\'.
 * Both empty: it was not started from a file.
 */
struct span firmware_image_name(void);

/* Pages below 4 GiB that outlive boot services; NULL: there are none. size: bytes. */
void *firmware_pages(uint64_t size);
void *firmware_code_pages(uint64_t size); /* to be run, too */

/* Take exactly this range; false: someone has a part of it. */
bool firmware_take(uint64_t start, uint64_t size);

/*
 * Read a file that is named from this image's folder into pages of firmware_pages.
 * at NULL: it is not there, or cannot be read, or there is no memory for it.
 */
struct span firmware_read(struct span name);

/* Does the firmware enforce signatures? (UEFI 2.10, 3.3) */
bool firmware_is_secure(void);

/* The screen's mode; false: there is none, or none with pixels in memory. */
bool firmware_screen(struct tags_screen *screen);

/* ACPI's root pointer, NULL: none. */
const void *firmware_acpi(void);

/* The map of memory; NULL: it is larger than room. After a success nothing may be allocated. */
struct firmware_map {
    void *at;
    uint64_t room, size, entry, key;
    uint32_t version;
};
bool firmware_map_read(struct firmware_map *map);

/* End boot services; false: the map has changed since it was read. */
bool firmware_leave(const struct firmware_map *map);

#endif
