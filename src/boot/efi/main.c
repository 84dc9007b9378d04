/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zeroth.efi: the firmware starts it in place of a boot loader.  It reads its configuration and
 * what that names, and hands the hypervisor, which it carries, what a multiboot 2 loader would.
 *
 * What a unified image has in sections of its own (.config, .kernel, .ramdisk) is taken from there.
 * When the firmware enforces signatures nothing is taken from elsewhere: no file, no option.
 */
#include "boot/efi/config.h"
#include "boot/efi/firmware.h"
#include "boot/efi/jump.h"
#include "boot/efi/sections.h"
#include "lib/memory.h"

#define ELF_TYPE_LOAD  1
#define MAP_ROOM       (64u << 10)
#define TAGS_ROOM      (MAP_ROOM * 2 + (16u << 10)) /* the map in both forms, and lines */
#define TRIES          4 /* to leave with a map that is the current one */
#define RSDP_SIZE      36
#define EFI_LOAD_ERROR (1ul << 63 | 1)

extern const char payload[];

/* As tools/mkelf32.py writes it (System V ABI, chapters 4 and 5). */
struct elf32 {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, segments_at;
};
struct elf32_segment {
    uint32_t type, offset, virtual, physical, file_size, memory_size, flags, align;
};

struct module {
    struct span data, line;
};

/* What is to be booted. */
static struct {
    bool secure;
    struct config_words words;
    struct span config, section;
    struct module kernel, ramdisk;
} boot;

static struct firmware_map map;
static struct tags tags;
static struct jump *jump; /* below 4 GiB, behind the copy of the code */

/* The end of an attempt, in words; the firmware goes on with its next choice. */
static bool refuse(const char *why, struct span what)
{
    firmware_say(text_span("zeroth.efi: "));
    firmware_say(text_span(why));
    firmware_say(what);
    firmware_say_line("");
    return false;
}

static bool refuse_this(const char *why)
{
    return refuse(why, (struct span){ NULL, 0 });
}

/* The configuration beside this image's file: the name that was asked for, or the image's own. */
static bool read_config_file(void)
{
    struct span name = firmware_image_name();
    char file[64];
    size_t start = name.length, length;

    if (boot.words.file.length) {
        boot.config = firmware_read(boot.words.file);
        return boot.config.at || refuse("cannot read ", boot.words.file);
    }
    while (start && name.at[start - 1] != '\\')
        start--;
    length = name.length - start;
    if (length > sizeof(file) - 5)
        return refuse_this("the image's own name is too long; use -cfg=FILE");
    memcpy(file, name.at + start, length);
    while (config_next_name(file, &length)) {
        memcpy(file + length, ".cfg", sizeof(".cfg"));
        boot.config = firmware_read((struct span){ file, length + 4 });
        if (boot.config.at)
            return true;
    }
    return refuse_this("there is no configuration file of this image's name");
}

/* An override is whatever does not come from the signed image. */
static bool find_config(void)
{
    struct span chain;

    boot.config = sections_find(firmware_image(), ".config");
    boot.words = config_words(firmware_options());
    if (boot.secure && !boot.config.at)
        return refuse_this(
            "Secure Boot takes a unified image only, which has its configuration inside");
    if (boot.secure &&
        (boot.words.file.length || boot.words.section.length || boot.words.options.length)) {
        refuse_this("Secure Boot: what was given on the command line is ignored");
        boot.words = (struct config_words){ 0 };
    }
    if (!boot.config.at && !read_config_file())
        return false;
    boot.section = config_section(boot.config, boot.words.section);
    chain = config_value(boot.config, text_span("global"), "chain");
    if (chain.length && !boot.secure && !config_has_section(boot.config, boot.section)) {
        boot.config = firmware_read(chain);
        if (!boot.config.at)
            return refuse("cannot read ", chain);
        boot.section = config_section(boot.config, boot.words.section);
    }
    if (boot.section.length && !config_has_section(boot.config, boot.section))
        return refuse("the configuration has no section ", boot.section);
    return true;
}

/* Modules are told by 32-bit addresses, so a section is copied to where those reach. */
static bool copy_section(struct span section, struct module *to)
{
    void *copy = firmware_pages(section.length + 1);

    if (!copy)
        return refuse_this("no memory below 4 GiB for a section");
    memcpy(copy, section.at, section.length);
    to->data = (struct span){ copy, section.length };
    return true;
}

/* A module by the value that names it: FILE and options; from the section when there is one. */
static bool find_module(const char *name, const char *section, struct module *to)
{
    struct span inside = sections_find(firmware_image(), section);
    struct span value = config_value(boot.config, boot.section, name), file;

    to->line = value; /* a loader puts the file's name first */
    file = text_cut(&value, ' ');
    if (inside.at)
        return copy_section(inside, to);
    if (!file.length)
        return true;
    if (boot.secure)
        return refuse("Secure Boot: not in the image, and so not taken: ", file);
    to->data = firmware_read(file);
    return to->data.at || refuse("cannot read ", file);
}

static bool find_modules(void)
{
    struct span ucode = config_value(boot.config, boot.section, "ucode");
    struct span xsm = config_value(boot.config, boot.section, "xsm");

    if (ucode.length)
        refuse("microcode is not loaded: ", ucode);
    if (xsm.length)
        refuse("there is no XSM: ", xsm);
    if (!find_module("kernel", ".kernel", &boot.kernel) ||
        !find_module("ramdisk", ".ramdisk", &boot.ramdisk))
        return false;
    return boot.kernel.data.at || refuse_this("the configuration names no kernel");
}

/* May the hypervisor be copied over what the firmware has there now? Then boot services are over. */
static bool can_overwrite(uint64_t start, uint64_t end)
{
    if (!firmware_map_read(&map))
        return false;
    for (uint64_t at = 0; at + map.entry <= map.size; at += map.entry) {
        struct efi_memory m;

        memcpy(&m, (const char *)map.at + at, sizeof(m));
        if (m.start >= end || m.start + (m.pages << 12) <= start)
            continue;
        if (m.type != EFI_BOOT_CODE && m.type != EFI_BOOT_DATA && m.type != EFI_FREE)
            return false;
    }
    return true;
}

static bool outside(uint64_t at, uint64_t size, const struct jump *j)
{
    return at + size <= j->to || at >= (uint64_t)j->to + j->size + j->zeroes;
}

/* Where everything goes.  The hypervisor's own place is taken first, so that nothing else gets it. */
static bool place(void)
{
    const struct elf32 *elf = (const void *)payload;
    const struct elf32_segment *segment = (const void *)(payload + elf->segments_at);
    char *page, *copy, *list;
    struct jump j = { .to = segment->physical,
                      .size = segment->file_size,
                      .zeroes = segment->memory_size - segment->file_size,
                      .entry = elf->entry };

    map.room = MAP_ROOM;
    map.at = firmware_pages(MAP_ROOM);
    if (!map.at)
        return refuse_this("no memory below 4 GiB");
    if (!firmware_take(j.to, segment->memory_size) &&
        !can_overwrite(j.to, (uint64_t)j.to + segment->memory_size))
        return refuse_this("the firmware keeps memory at 2 MiB, where the hypervisor has to be");
    copy = firmware_pages(j.size);
    page = firmware_code_pages(2 * JUMP_PAGE);
    list = firmware_pages(TAGS_ROOM);
    if (!copy || !page || !list)
        return refuse_this("no memory below 4 GiB");
    if (!outside((uint64_t)copy, j.size, &j) || !outside((uint64_t)page, 2 * JUMP_PAGE, &j) ||
        !outside((uint64_t)list, TAGS_ROOM, &j))
        return refuse_this("no memory but where the hypervisor has to be");
    memcpy(copy, payload + segment->offset, j.size);
    memcpy(page, jump_code, sizeof(jump_code));
    j.from = (uint32_t)(uint64_t)copy;
    j.tags = (uint32_t)(uint64_t)list;
    jump = (struct jump *)(page + JUMP_PAGE);
    *jump = j;
    tags_start(&tags, list, TAGS_ROOM);
    return true;
}

static void add_module(const struct module *m)
{
    uint64_t at = (uint64_t)m->data.at;

    if (m->data.at)
        tags_module(&tags, at, at + m->data.length, m->line);
}

/* All but the map, which is the last thing known; there has to be room for it. */
static bool tell(uint64_t system)
{
    struct tags_screen screen;
    const void *rsdp = firmware_acpi();

    tags_loader(&tags, boot.secure ? "zeroth.efi (Secure Boot)" : "zeroth.efi");
    tags_line(&tags, config_value(boot.config, boot.section, "options"), boot.words.options);
    add_module(&boot.kernel);
    add_module(&boot.ramdisk);
    tags_system(&tags, system);
    if (rsdp)
        tags_acpi(&tags, rsdp, RSDP_SIZE);
    if (firmware_screen(&screen))
        tags_screen(&tags, &screen);
    if (tags.full || tags.room - tags.size < 2 * MAP_ROOM)
        return refuse_this("the command lines are too long");
    return true;
}

/* The firmware may change its map while it ends its services: then once more with the new one. */
static bool leave(void)
{
    for (unsigned int i = 0; i < TRIES; i++)
        if (firmware_map_read(&map) && firmware_leave(&map))
            return true;
    return false;
}

efi_status EFIAPI efi_main(efi_handle image, struct efi_system *system);

efi_status EFIAPI efi_main(efi_handle image, struct efi_system *system)
{
    if (!firmware_init(image, system))
        return EFI_LOAD_ERROR;
    boot.secure = firmware_is_secure();
    if (!find_config() || !find_modules() || !place() || !tell((uint64_t)system))
        return EFI_LOAD_ERROR;
    if (!leave()) {
        refuse_this("the firmware does not end its boot services");
        return EFI_LOAD_ERROR;
    }
    tags_memory(&tags, map.at, (uint32_t)map.size, (uint32_t)map.entry, map.version);
    tags_end(&tags);
    ((void (*)(struct jump *))((uint64_t)jump - JUMP_PAGE))(jump);
    __builtin_unreachable();
}
