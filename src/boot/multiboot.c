/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/multiboot.h"

#include "boot/multiboot_tags.h"

#include <stddef.h>

#define MB1_MAGIC      0x2badb002
#define MB2_MAGIC      0x36d76289
#define MB1_LINE       (1u << 2)
#define MB1_MODULES    (1u << 3)
#define MB1_REGIONS    (1u << 6)
#define MB1_LOADER     (1u << 9)
#define MB1_SCREEN     (1u << 12)
#define MB2_SIZE_LIMIT (1u << 20) /* bytes of tags that we are ready to believe in */

#define EFI_ENTRY 40u /* bytes of a memory descriptor (UEFI 2.10, 7.2) */

/* A screen, the same in both protocols; what follows kind differs. */
struct __attribute__((packed)) mb_screen {
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits, kind;
};
enum { KIND_PALETTE, KIND_RGB, KIND_TEXT };

/* Of KIND_RGB. */
struct mb_colours {
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
    uint32_t syms[4], mmap_length, mmap_addr, drives_length, drives_addr, config_table;
    uint32_t boot_loader_name, apm_table;
    uint32_t vbe[4];
    struct mb_screen screen;
    struct mb_colours colours;
};

_Static_assert(offsetof(struct mb1_info, screen) == 88 && offsetof(struct mb1_info, colours) == 110,
               "multiboot 0.6.96, section 3.3");

struct mb1_module {
    uint32_t start, end, line, reserved;
};

struct __attribute__((packed)) mb1_region {
    uint32_t size; /* of what follows */
    uint64_t start, length;
    uint32_t type;
};

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
    char line[];
};

struct mb2_regions {
    struct mb2_tag tag;
    uint32_t entry_size, version;
};

struct mb2_screen {
    struct mb2_tag tag;
    struct mb_screen screen;
    uint16_t reserved;
    struct mb_colours colours;
};

_Static_assert(offsetof(struct mb2_screen, colours) == 32, "multiboot2 2.0, section 3.6.12");

struct mb2_efi_map {
    struct mb2_tag tag;
    uint32_t entry_size, version;
};

struct mb2_region {
    uint64_t start, length;
    uint32_t type, reserved;
};

static const void *at(const void *base, uint64_t address)
{
    return (const char *)base + address;
}

static void add_region(struct boot_info *info, uint64_t start, uint64_t size, uint32_t type)
{
    if (size == 0 || start + size < start)
        return; /* nothing, or past the end of all addresses */
    if (info->region_count == BOOT_REGIONS) {
        info->cut = true;
        return;
    }
    info->regions[info->region_count++] = (struct boot_region){ start, size, type };
}

static void add_module(struct boot_info *info, uint64_t start, uint64_t end, const char *line)
{
    if (end < start)
        return;
    if (info->module_count == BOOT_MODULES) {
        info->cut = true;
        return;
    }
    info->modules[info->module_count++] = (struct boot_module){ start, end, line };
}

const char *multiboot_arguments(const char *line, const char *loader)
{
    if (loader[0] == 'G' && loader[1] == 'R' && loader[2] == 'U' && loader[3] == 'B')
        return line;
    while (*line && *line != ' ')
        line++;
    return line + (*line == ' ');
}

static void read_screen(struct boot_info *info, const struct mb_screen *s,
                        const struct mb_colours *c)
{
    struct boot_screen *to = &info->screen;

    if (s->kind != KIND_RGB && s->kind != KIND_TEXT)
        return; /* a palette is nothing that Dom0 could be told of */
    *to = (struct boot_screen){ .kind = s->kind == KIND_RGB ? SCREEN_PIXELS : SCREEN_TEXT,
                                .bits = s->bits,
                                .pitch = s->pitch,
                                .width = s->width,
                                .height = s->height,
                                .address = s->address };
    if (s->kind == KIND_TEXT)
        return;
    to->red_at = c->red_at;
    to->red_bits = c->red_bits;
    to->green_at = c->green_at;
    to->green_bits = c->green_bits;
    to->blue_at = c->blue_at;
    to->blue_bits = c->blue_bits;
}

static void read_mb1(struct boot_info *info, const void *base, const struct mb1_info *mb)
{
    info->protocol = "multiboot 1";
    if (mb->flags & MB1_LOADER)
        info->loader = at(base, mb->boot_loader_name);
    if (mb->flags & MB1_LINE)
        info->line = multiboot_arguments(at(base, mb->cmdline), info->loader);
    if (mb->flags & MB1_SCREEN)
        read_screen(info, &mb->screen, &mb->colours);
    if (mb->flags & MB1_MODULES) {
        const struct mb1_module *module = at(base, mb->mods_addr);

        for (uint32_t i = 0; i < mb->mods_count && i <= BOOT_MODULES; i++)
            add_module(info, module[i].start, module[i].end,
                       module[i].line ? at(base, module[i].line) : "");
    }
    if (mb->flags & MB1_REGIONS) {
        uint64_t from = mb->mmap_addr, end = from + mb->mmap_length;

        while (from + sizeof(struct mb1_region) <= end) {
            const struct mb1_region *region = at(base, from);

            add_region(info, region->start, region->length, region->type);
            from += (uint64_t)region->size + sizeof(region->size);
        }
    }
}

static void read_mb2_regions(struct boot_info *info, const struct mb2_regions *list)
{
    if (list->tag.size < sizeof(*list) || list->entry_size < sizeof(struct mb2_region))
        return;
    for (uint64_t from = sizeof(*list); from + list->entry_size <= list->tag.size;
         from += list->entry_size) {
        const struct mb2_region *region = at(list, from);

        add_region(info, region->start, region->length, region->type);
    }
}

static void read_mb2_screen(struct boot_info *info, const struct mb2_screen *s)
{
    uint32_t least = offsetof(struct mb2_screen, reserved);

    if (s->tag.size >= least && s->screen.kind == KIND_RGB)
        least = offsetof(struct mb2_screen, colours) + sizeof(s->colours);
    if (s->tag.size >= least)
        read_screen(info, &s->screen, &s->colours);
}

static void read_mb2_efi_map(struct boot_info *info, const void *base, const struct mb2_efi_map *m)
{
    if (m->tag.size <= sizeof(*m) || m->entry_size < EFI_ENTRY)
        return;
    info->efi_map = (uint64_t)((const char *)(m + 1) - (const char *)base);
    info->efi_map_size = m->tag.size - (uint32_t)sizeof(*m);
    info->efi_map_entry = m->entry_size;
}

/* base is the loader's memory; a tag's payload stands after its head. */
static void read_mb2_tag(struct boot_info *info, const void *base, const struct mb2_tag *tag)
{
    const struct mb2_module *module = (const void *)tag;

    switch (tag->type) {
    case TAG_LINE: info->line = at(tag, sizeof(*tag)); break;
    case TAG_LOADER: info->loader = at(tag, sizeof(*tag)); break;
    case TAG_MODULE:
        if (tag->size >= sizeof(*module))
            add_module(info, module->start, module->end,
                       tag->size > sizeof(*module) ? module->line : "");
        break;
    case TAG_REGIONS: read_mb2_regions(info, (const void *)tag); break;
    case TAG_EFI64:
        if (tag->size >= sizeof(*tag) + 8)
            info->efi_system_table = *(const uint64_t *)at(tag, sizeof(*tag));
        break;
    case TAG_SCREEN: read_mb2_screen(info, (const void *)tag); break;
    case TAG_EFI_MAP: read_mb2_efi_map(info, base, (const void *)tag); break;
    case TAG_ACPI_OLD: /* a copy of the root pointer stands in the tag itself */
        if (!info->rsdp)
            info->rsdp = (uint64_t)((const char *)tag + sizeof(*tag) - (const char *)base);
        break;
    case TAG_ACPI_NEW:
        info->rsdp = (uint64_t)((const char *)tag + sizeof(*tag) - (const char *)base);
        break;
    default: break; /* what we have no use for */
    }
}

static void read_mb2(struct boot_info *info, const void *base, const uint32_t *head)
{
    uint64_t total = head[0] < MB2_SIZE_LIMIT ? head[0] : MB2_SIZE_LIMIT;
    uint64_t from = 8;

    info->protocol = "multiboot 2";
    while (from + sizeof(struct mb2_tag) <= total) {
        const struct mb2_tag *tag = at(head, from);

        if (tag->type == TAG_END || tag->size < sizeof(*tag) || tag->size > total - from)
            break;
        read_mb2_tag(info, base, tag);
        from += ((uint64_t)tag->size + 7) & ~7ul;
    }
}

bool multiboot_read(struct boot_info *info, uint32_t magic, uint32_t address, const void *base)
{
    *info = (struct boot_info){ .protocol = "", .loader = "", .line = "" };
    if (magic == MB1_MAGIC)
        read_mb1(info, base, at(base, address));
    else if (magic == MB2_MAGIC)
        read_mb2(info, base, at(base, address));
    else
        return false;
    return true;
}
