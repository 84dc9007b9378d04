/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/efi/firmware.h"

#include "lib/memory.h"

#define SIGNATURE   0x5453595320494249ul /* "IBI SYST" (4.3) */
#define PAGES(size) (((size) + 4095) >> 12)
#define NAME_MAX    512 /* characters of a path or of a command line */
#define FILE_MAX    (1ul << 31)
#define PATH_MEDIA  4 /* 10.3: type and subtype of a file's name */
#define PATH_FILE   4
#define PATH_END    0x7f

static efi_handle self;
static struct efi_system *system;
static struct efi_boot_services *boot;
static struct efi_loaded_image *loaded;
static char image_name[NAME_MAX], options[NAME_MAX];

static bool get_protocol(efi_handle handle, struct efi_guid guid, void *to)
{
    return boot->handle_protocol(handle, &guid, to) == EFI_SUCCESS;
}

bool firmware_init(efi_handle image, struct efi_system *table)
{
    self = image;
    system = table;
    boot = table->boot;
    boot->set_watchdog(0, 0, 0, NULL); /* it would reset a machine that reads a slow disk */
    return table->head.signature == SIGNATURE &&
           get_protocol(image, EFI_GUID_LOADED_IMAGE, &loaded);
}

void firmware_say(struct span text)
{
    efi_char part[64];

    while (text.length) {
        size_t n = 0;

        while (n < sizeof(part) / sizeof(part[0]) - 1 && n < text.length) {
            part[n] = (uint8_t)text.at[n];
            n++;
        }
        part[n] = 0;
        text.at += n;
        text.length -= n;
        system->out->output(system->out, part);
    }
}

void firmware_say_line(const char *text)
{
    firmware_say(text_span(text));
    firmware_say(text_span("\r\n"));
}

/* Characters to ASCII, up to a zero; what is not ASCII becomes '?'. */
static struct span to_ascii(char *to, size_t at, const uint8_t *from, size_t count)
{
    for (size_t i = 0; i < count && at < NAME_MAX - 1; i++) {
        unsigned int c = from[2 * i] | (unsigned int)from[2 * i + 1] << 8;

        if (!c)
            break;
        to[at++] = c < 0x7f ? (char)c : '?';
    }
    to[at] = '\0';
    return (struct span){ to, at };
}

struct span firmware_image(void)
{
    return (struct span){ loaded->base, loaded->size };
}

struct span firmware_options(void)
{
    if (!loaded->options)
        return (struct span){ options, 0 };
    return to_ascii(options, 0, (const uint8_t *)loaded->options, loaded->options_size / 2);
}

struct span firmware_image_name(void)
{
    const uint8_t *at = loaded->path;
    struct span name = { image_name, 0 };

    while (at && at[0] != PATH_END) {
        size_t size = at[2] | (size_t)at[3] << 8;

        if (size < sizeof(struct efi_path_node))
            break;
        if (at[0] == PATH_MEDIA && at[1] == PATH_FILE) {
            if (name.length && image_name[name.length - 1] != '\\' && name.length < NAME_MAX - 1)
                image_name[name.length++] = '\\';
            name = to_ascii(image_name, name.length, at + 4, (size - 4) / 2);
        }
        at += size;
    }
    return name;
}

static void *pages(uint64_t size, int type)
{
    uint64_t at = UINT32_MAX;

    if (boot->allocate_pages(ALLOCATE_BELOW, type, PAGES(size), &at) != EFI_SUCCESS)
        return NULL;
    return (void *)at;
}

void *firmware_pages(uint64_t size)
{
    return pages(size, EFI_LOADER_DATA);
}

void *firmware_code_pages(uint64_t size)
{
    return pages(size, EFI_LOADER_CODE);
}

bool firmware_take(uint64_t start, uint64_t size)
{
    return boot->allocate_pages(ALLOCATE_AT, EFI_LOADER_DATA, PAGES(size), &start) == EFI_SUCCESS;
}

/* The folder of this image and a name in it, '/' as the firmware writes it; false: too long. */
static bool full_name(efi_char *to, struct span name)
{
    struct span folder = firmware_image_name();
    size_t n = 0;

    while (folder.length && folder.at[folder.length - 1] != '\\')
        folder.length--;
    if (folder.length + name.length >= NAME_MAX)
        return false;
    for (size_t i = 0; i < folder.length; i++)
        to[n++] = (uint8_t)folder.at[i];
    for (size_t i = 0; i < name.length; i++)
        to[n++] = (uint8_t)(name.at[i] == '/' ? '\\' : name.at[i]);
    to[n] = 0;
    return true;
}

/* All of an open file. */
static struct span read_all(struct efi_file *file)
{
    struct span none = { NULL, 0 };
    uint64_t size = 0, got;
    void *to;

    if (file->set_position(file, EFI_FILE_END) || file->get_position(file, &size) ||
        size > FILE_MAX || file->set_position(file, 0))
        return none;
    to = firmware_pages(size + 1);
    got = size;
    if (!to || file->read(file, &got, to) || got != size)
        return none;
    return (struct span){ to, size };
}

struct span firmware_read(struct span name)
{
    struct span text = { NULL, 0 };
    struct efi_file_system *files;
    struct efi_file *root, *file;
    efi_char path[NAME_MAX];

    if (!full_name(path, name) || !get_protocol(loaded->device, EFI_GUID_FILE_SYSTEM, &files) ||
        files->open_volume(files, &root))
        return text;
    if (!root->open(root, &file, path, EFI_FILE_READ, 0)) {
        text = read_all(file);
        file->close(file);
    }
    root->close(root);
    return text;
}

bool firmware_is_secure(void)
{
    static const efi_char name[] = { 'S', 'e', 'c', 'u', 'r', 'e', 'B', 'o', 'o', 't', 0 };
    struct efi_guid guid = EFI_GUID_VARIABLES;
    uint8_t value = 0;
    uint64_t size = sizeof(value);

    return system->runtime->get_variable(name, &guid, NULL, &size, &value) == EFI_SUCCESS && value;
}

/* Lowest bit and number of bits of a mask. */
static void set_colour(uint8_t *to, uint32_t mask)
{
    if (!mask)
        return;
    to[0] = (uint8_t)__builtin_ctz(mask);
    to[1] = (uint8_t)(32 - __builtin_clz(mask) - to[0]); /* one run of bits (12.9.2) */
}

bool firmware_screen(struct tags_screen *screen)
{
    struct efi_guid guid = EFI_GUID_SCREEN;
    const struct efi_screen_mode *mode;
    struct efi_screen *found;
    uint32_t masks[3] = { 0xff, 0xff00, 0xff0000 };

    if (boot->locate_protocol(&guid, NULL, (void **)&found) || !found->state || !found->state->mode)
        return false;
    mode = found->state->mode;
    if (mode->format >= EFI_PIXELS_NONE)
        return false;
    if (mode->format == EFI_PIXELS_BGRX) {
        masks[0] = 0xff0000;
        masks[2] = 0xff;
    } else if (mode->format == EFI_PIXELS_MASKS) {
        masks[0] = mode->red;
        masks[1] = mode->green;
        masks[2] = mode->blue;
    }
    *screen = (struct tags_screen){
        found->state->address, mode->pitch * 4, mode->width, mode->height, 32, { 0 }
    };
    for (unsigned int i = 0; i < 3; i++)
        set_colour(&screen->colours[2 * i], masks[i]);
    return true;
}

const void *firmware_acpi(void)
{
    const struct efi_guid guid = EFI_GUID_ACPI_20;

    for (uint64_t i = 0; i < system->table_count; i++)
        if (memcmp(&system->tables[i].guid, &guid, sizeof(guid)) == 0)
            return system->tables[i].table;
    return NULL;
}

bool firmware_map_read(struct firmware_map *map)
{
    map->size = map->room;
    return boot->get_memory_map(&map->size, map->at, &map->key, &map->entry, &map->version) ==
           EFI_SUCCESS;
}

bool firmware_leave(const struct firmware_map *map)
{
    return boot->exit_boot_services(self, map->key) == EFI_SUCCESS;
}
