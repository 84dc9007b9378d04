/* SPDX-License-Identifier: Apache-2.0 */
/* zeroth.efi's parts that ask nothing of the firmware: configuration, sections, what is handed over. */
#include "cmocka_all.h"
#include "boot/efi/config.h"
#include "boot/efi/sections.h"
#include "boot/efi/tags.h"
#include "boot/multiboot.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x36d76289

static void assert_span(struct span s, const char *text)
{
    assert_int_equal(s.length, strlen(text));
    assert_memory_equal(s.at ? s.at : "", text, s.length);
}

static struct span value(const char *file, const char *section, const char *name)
{
    return config_value(text_span(file), text_span(section), name);
}

/* A copy without a byte to spare, for the sanitizer. */
static struct span exact(const void *from, size_t size)
{
    char *copy = malloc(size ? size : 1);

    memcpy(copy, from, size);
    return (struct span){ copy, size };
}

static const char example[] = "# made by hand\r\n"
                              "[global]\r\n"
                              "default = one\r\n"
                              "ramdisk=common.img\r\n"
                              "\r\n"
                              "[one]\r\n"
                              "options=console=com1 loglvl=all\r\n"
                              "  kernel = vmlinuz root=/dev/sda1 a=b#c  \r\n"
                              "#kernel=not this\r\n"
                              "[two]\n"
                              "kernel=other\n"
                              "ramdisk=two.img";

static void test_config_values(void **state)
{
    (void)state;
    assert_span(config_section(text_span(example), text_span("")), "one");
    assert_span(config_section(text_span(example), text_span("two")), "two");
    assert_true(config_has_section(text_span(example), text_span("two")));
    assert_false(config_has_section(text_span(example), text_span("three")));
    assert_span(value(example, "one", "options"), "console=com1 loglvl=all");
    assert_span(value(example, "one", "kernel"), "vmlinuz root=/dev/sda1 a=b#c");
    assert_span(value(example, "one", "ramdisk"), "common.img");
    assert_span(value(example, "two", "ramdisk"), "two.img");
    assert_span(value(example, "two", "options"), "");
    assert_span(value(example, "two", "kern"), "");
}

static void test_config_without_sections(void **state)
{
    (void)state;
    assert_span(config_section(text_span("kernel=a\n"), text_span("")), "");
    assert_span(value("kernel=a\nkernel=b\n", "", "kernel"), "a");
    assert_span(value("[x]\nkernel=a\n", "", "kernel"), "a");
    assert_span(value("", "", "kernel"), "");
    assert_span(value("[\n]\n=\nkernel\n", "", "kernel"), "");
}

/* Cut anywhere, the file is read to its end and no further. */
static void test_config_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n <= strlen(example); n++) {
        struct span file = exact(example, n);

        config_section(file, text_span(""));
        config_value(file, text_span("two"), "ramdisk");
        free((void *)file.at);
    }
}

static void test_config_names(void **state)
{
    const char *file = "xen-4.2-unstable.efi";
    size_t length = strlen(file);
    const char *want[] = { "xen-4.2-unstable", "xen-4.2", "xen-4", "xen" };

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        assert_true(config_next_name(file, &length));
        assert_int_equal(length, strlen(want[i]));
    }
    assert_false(config_next_name(file, &length));
}

static void test_config_words(void **state)
{
    struct config_words w;

    (void)state;
    w = config_words(text_span("zeroth.efi -cfg=a.cfg  two -- loglvl=all  noreboot "));
    assert_span(w.file, "a.cfg");
    assert_span(w.section, "two");
    assert_span(w.options, "loglvl=all  noreboot");
    w = config_words(text_span("-basevideo -mapbs"));
    assert_true(w.base_video);
    assert_span(w.unknown, "-mapbs");
    assert_span(w.section, "");
    w = config_words(text_span(""));
    assert_int_equal(w.section.length + w.file.length + w.options.length, 0);
    w = config_words(text_span("ZEROTH.EFI one"));
    assert_span(w.section, "one");
}

static void test_sections(void **state)
{
    char image[0x400] = { 0 };
    const uint32_t pe = 0x40, one[4] = { 5, 0x300, 0x200, 0x200 },
                   past[4] = { 5, 0x3fe, 0x200, 0x200 };
    uint16_t count = 2, optional = 16;
    struct span copy;

    (void)state;
    memcpy(image + 0x3c, &pe, 4);
    memcpy(image + pe + 6, &count, 2);
    memcpy(image + pe + 20, &optional, 2);
    memcpy(image + pe + 24 + 16, ".ramdisk", 8);
    memcpy(image + pe + 24 + 16 + 8, one, sizeof(one));
    memcpy(image + pe + 24 + 16 + 40, ".kernel", 7);
    memcpy(image + pe + 24 + 16 + 48, past, sizeof(past));
    memcpy(image + 0x300, "hello", 5);
    copy = exact(image, sizeof(image));
    assert_span(sections_find(copy, ".ramdisk"), "hello");
    assert_null(sections_find(copy, ".kernel").at); /* it ends behind the image */
    assert_null(sections_find(copy, ".ram").at);
    free((void *)copy.at);
    for (size_t n = 0; n < sizeof(image); n += 3) {
        copy = exact(image, n);
        assert_true(!sections_find(copy, ".ramdisk").at || n >= 0x305);
        free((void *)copy.at);
    }
}

/* What is written is what the hypervisor reads. */
static void test_tags(void **state)
{
    static const struct efi_memory map[] = {
        { EFI_BOOT_CODE, 0, 0, 0, 0x10, 0 },          { EFI_FREE, 0, 0x10000, 0, 0x90, 0 },
        { EFI_ACPI_NVS, 0, 0x800000, 0, 8, 0 },       { 0, 0, 0x100000000, 0, 1, 0 },
        { EFI_ACPI_TABLES, 0, 0x100001000, 0, 1, 0 }, { EFI_LOADER_DATA, 0, 0x100002000, 0, 2, 0 },
    };
    static const struct tags_screen screen = { 0x80000000, 4096, 1024,
                                               768,        32,   { 16, 8, 8, 8, 0, 8 } };
    static uint64_t room[256];
    static struct boot_info info;
    struct tags tags;

    (void)state;
    tags_start(&tags, room, sizeof(room));
    tags_loader(&tags, "zeroth.efi");
    tags_line(&tags, text_span("console=com1"), text_span("loglvl=all"));
    tags_module(&tags, 0x1000000, 0x1000005, text_span("root=/dev/sda1"));
    tags_module(&tags, 0x2000000, 0x2000003, text_span(""));
    tags_system(&tags, 0x123456789000);
    tags_acpi(&tags, "RSD PTR ....................", 36 - 8);
    tags_screen(&tags, &screen);
    tags_memory(&tags, map, sizeof(map), sizeof(map[0]), 1);
    tags_end(&tags);
    assert_false(tags.full);
    assert_true(multiboot_read(&info, MAGIC, 0, room));
    assert_string_equal(info.loader, "zeroth.efi");
    assert_string_equal(info.line, "console=com1 loglvl=all");
    assert_int_equal(info.module_count, 2);
    assert_int_equal(info.modules[0].start, 0x1000000);
    assert_int_equal(info.modules[0].end, 0x1000005);
    assert_string_equal(info.modules[0].line, "root=/dev/sda1");
    assert_string_equal(info.modules[1].line, "");
    assert_int_equal(info.efi_system_table, 0x123456789000);
    assert_int_equal(info.screen.width, 1024);
    assert_int_equal(info.screen.red_at, 16);
    assert_memory_equal((char *)room + info.rsdp, "RSD PTR ", 8);
    assert_int_equal(info.efi_map_size, sizeof(map));
    assert_memory_equal((char *)room + info.efi_map, map, sizeof(map));
    assert_int_equal(info.region_count, 5); /* the first two are one */
    assert_int_equal(info.regions[0].size, 0xa0000);
    assert_int_equal(info.regions[1].type, 4);
    assert_int_equal(info.regions[2].type, 2);
    assert_int_equal(info.regions[3].type, 3);
    assert_int_equal(info.regions[4].type, 1);
    assert_int_equal(info.regions[4].size, 0x2000);
}

/* Too little room: said so, and what is there is whole. */
static void test_tags_full(void **state)
{
    static const struct efi_memory map[] = { { EFI_FREE, 0, 0, 0, 0x10, 0 } };

    (void)state;
    for (uint32_t size = 16; size < 256; size += 8) {
        uint64_t *room = malloc(size);
        static struct boot_info info;
        struct tags tags;

        tags_start(&tags, room, size);
        tags_line(&tags, text_span("a"), text_span("b"));
        tags_memory(&tags, map, sizeof(map), sizeof(map[0]), 1);
        tags_module(&tags, 1, 2, text_span("text"));
        tags_end(&tags);
        assert_true(multiboot_read(&info, MAGIC, 0, room));
        assert_true(tags.full == (info.module_count == 0 || !info.efi_map || !*info.line));
        free(room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_values), cmocka_unit_test(test_config_without_sections),
        cmocka_unit_test(test_config_cut),    cmocka_unit_test(test_config_names),
        cmocka_unit_test(test_config_words),  cmocka_unit_test(test_sections),
        cmocka_unit_test(test_tags),          cmocka_unit_test(test_tags_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
