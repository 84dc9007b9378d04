/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/efi/tags.h"

#include "boot/multiboot_tags.h"
#include "lib/memory.h"

#define SCREEN_RGB 1

/* Types of regions (ACPI 6.4, table 15.4). */
enum { RAM = 1, RESERVED = 2, ACPI_TABLES = 3, ACPI_NVS = 4, UNUSABLE = 5 };

struct region {
    uint64_t start, size;
    uint32_t type, reserved;
};

/* Room for a tag; NULL: there is too little. */
static uint8_t *tag(struct tags *tags, uint32_t type, uint64_t size)
{
    const uint32_t head[2] = { type, (uint32_t)size + 8 };
    uint8_t *at = tags->at + tags->size;

    if (size > UINT32_MAX / 2 || tags->room - tags->size < ((size + 8 + 7) & ~7ul)) {
        tags->full = true;
        return NULL;
    }
    memset(at, 0, (size + 8 + 7) & ~7ul);
    memcpy(at, head, sizeof(head));
    tags->size += (uint32_t)(size + 8 + 7) & ~7u;
    return at + 8;
}

void tags_start(struct tags *tags, void *at, uint32_t room)
{
    *tags = (struct tags){ .at = at, .size = 8, .room = (room & ~7u) - 8 }; /* an end always fits */
}

void tags_end(struct tags *tags)
{
    uint32_t head[2] = { 0, 0 };

    tags->room += 8;
    tag(tags, TAG_END, 0);
    head[0] = tags->size;
    memcpy(tags->at, head, sizeof(head));
}

void tags_loader(struct tags *tags, const char *name)
{
    struct span text = text_span(name);
    uint8_t *to = tag(tags, TAG_LOADER, text.length + 1);

    if (to)
        memcpy(to, text.at, text.length);
}

void tags_line(struct tags *tags, struct span line, struct span more)
{
    size_t gap = line.length && more.length;
    uint8_t *to = tag(tags, TAG_LINE, line.length + gap + more.length + 1);

    if (!to)
        return;
    memset(to, ' ', line.length + gap);
    if (line.length)
        memcpy(to, line.at, line.length);
    if (more.length)
        memcpy(to + line.length + gap, more.at, more.length);
}

void tags_module(struct tags *tags, uint64_t start, uint64_t end, struct span line)
{
    const uint32_t where[2] = { (uint32_t)start, (uint32_t)end };
    uint8_t *to = tag(tags, TAG_MODULE, sizeof(where) + line.length + 1);

    if (!to)
        return;
    memcpy(to, where, sizeof(where));
    if (line.length)
        memcpy(to + sizeof(where), line.at, line.length);
}

void tags_screen(struct tags *tags, const struct tags_screen *screen)
{
    const uint32_t size[3] = { screen->pitch, screen->width, screen->height };
    uint8_t *to = tag(tags, TAG_SCREEN, 30);

    if (!to)
        return;
    memcpy(to, &screen->address, 8);
    memcpy(to + 8, size, sizeof(size));
    to[20] = screen->bits;
    to[21] = SCREEN_RGB;
    memcpy(to + 24, screen->colours, sizeof(screen->colours));
}

void tags_system(struct tags *tags, uint64_t efi_system_table)
{
    uint8_t *to = tag(tags, TAG_EFI64, sizeof(efi_system_table));

    if (to)
        memcpy(to, &efi_system_table, sizeof(efi_system_table));
}

void tags_acpi(struct tags *tags, const void *rsdp, uint32_t size)
{
    uint8_t *to = tag(tags, TAG_ACPI_NEW, size);

    if (to)
        memcpy(to, rsdp, size);
}

static uint32_t region_type(uint32_t efi)
{
    switch (efi) {
    case EFI_LOADER_CODE:
    case EFI_LOADER_DATA:
    case EFI_BOOT_CODE:
    case EFI_BOOT_DATA:
    case EFI_FREE: return RAM;
    case EFI_ACPI_TABLES: return ACPI_TABLES;
    case EFI_ACPI_NVS: return ACPI_NVS;
    case EFI_UNUSABLE: return UNUSABLE;
    default: return RESERVED;
    }
}

/* The regions of a map, written to a list unless it is NULL; their number. */
static uint32_t regions(const uint8_t *map, uint32_t size, uint32_t entry, uint8_t *to)
{
    struct region last = { 0 };
    uint32_t count = 0;

    for (uint32_t from = 0; entry <= size - from && from < size; from += entry) {
        struct efi_memory m;
        uint32_t type;

        memcpy(&m, map + from, sizeof(m));
        type = region_type(m.type);
        if (count && type == last.type && m.start == last.start + last.size)
            last.size += m.pages << 12;
        else {
            last = (struct region){ m.start, m.pages << 12, type, 0 };
            count++;
        }
        if (to)
            memcpy(to + (count - 1) * sizeof(last), &last, sizeof(last));
    }
    return count;
}

void tags_memory(struct tags *tags, const void *map, uint32_t size, uint32_t entry,
                 uint32_t version)
{
    const uint32_t region_head[2] = { TAGS_REGION, 0 }, map_head[2] = { entry, version };
    uint8_t *to;

    if (entry < sizeof(struct efi_memory))
        return;
    to = tag(tags, TAG_REGIONS, 8 + (uint64_t)regions(map, size, entry, NULL) * TAGS_REGION);
    if (to) {
        memcpy(to, region_head, sizeof(region_head));
        regions(map, size, entry, to + 8);
    }
    to = tag(tags, TAG_EFI_MAP, 8 + (uint64_t)size);
    if (to) {
        memcpy(to, map_head, sizeof(map_head));
        memcpy(to + 8, map, size);
    }
}
