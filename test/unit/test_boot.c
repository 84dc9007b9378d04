/* SPDX-License-Identifier: Apache-2.0 */
/* boot/: the command line and what the loaders hand over, hostile input too. */
#include "cmocka_all.h"
#include "boot/multiboot.h"
#include "boot/options.h"

#include <stdlib.h>
#include <string.h>

static unsigned int complaints;

static void count(struct span word, const char *why)
{
    (void)word;
    (void)why;
    complaints++;
}

static struct options read_line(const char *line, unsigned int expected)
{
    struct options o = options_default();

    complaints = 0;
    options_read(&o, line, count);
    assert_int_equal(complaints, expected);
    return o;
}

static void good_options(void **state)
{
    struct options o =
        read_line("  console=com1,com2 com1=115200,8n1 com2=auto loglvl=all noreboot", 0);

    (void)state;
    assert_true(o.console_com1 && o.console_com2 && o.noreboot);
    assert_int_equal(o.com1_baud, 115200);
    assert_int_equal(o.com2_baud, 0);
    assert_int_equal(o.loglvl, LOG_DEBUG);
    assert_false(read_line("noreboot noreboot=no", 0).noreboot);
    assert_false(read_line("console=none", 0).console_com1);
}

static void dom0_options(void **state)
{
    struct options o = read_line("dom0_mem=512M,max:1G,min:-1048576 dom0_max_vcpus=2-4 "
                                 "dom0_vcpus_pin mem=268435456B maxcpus=3 dom0_mem=max:2G",
                                 0);

    (void)state;
    assert_true(o.dom0_mem.given && !o.dom0_mem.below && o.dom0_mem_min.below && o.dom0_pin);
    assert_int_equal(o.dom0_mem.bytes, 512ul << 20);
    assert_int_equal(o.dom0_mem_max.bytes, 2ul << 30);
    assert_int_equal(o.dom0_mem_min.bytes, 1ul << 30);
    assert_int_equal(o.dom0_vcpus_min, 2);
    assert_int_equal(o.dom0_vcpus_max, 4);
    assert_int_equal(o.mem, 1ul << 28);
    assert_int_equal(o.maxcpus, 3);
    assert_int_equal(read_line("nosmp", 0).maxcpus, 1);
    assert_int_equal(read_line("dom0_max_vcpus=-8", 0).dom0_vcpus_max, 8);
    assert_int_equal(read_line("dom0_max_vcpus=8-", 0).dom0_vcpus_max, 0);
    assert_int_equal(read_line("dom0_mem=0x1bK", 0).dom0_mem.bytes, 0x1b << 10);
    read_line("dom0_mem= dom0_mem=1X dom0_mem=min: dom0_mem=99999999999G dom0_max_vcpus=4-2 "
              "dom0_max_vcpus=- dom0_max_vcpus=0 mem= dom0_mem=-",
              9);
}

static void machine_options(void **state)
{
    struct options o = read_line("reboot=acpi,warm spec-ctrl=no-ssbd,ibrs=yes abi=4.20 "
                                 "console_timestamps=boot x2apic=no clocksource=pit acpi=off "
                                 "loglvl=error/all guest_loglvl=none/none sched=credit2 "
                                 "vga=text-80x25,keep console=vga noapic",
                                 0);

    (void)state;
    assert_true(o.reboot == REBOOT_ACPI && o.reboot_warm && !o.noreboot && o.no_ioapic);
    assert_true(o.spec.ssbd == CHOICE_NO && o.spec.ibrs == CHOICE_YES);
    assert_true(o.spec.rsb == CHOICE_AUTO && o.spec.all == CHOICE_AUTO);
    assert_int_equal(o.abi_minor, 20);
    assert_int_equal(o.timestamps, TIMESTAMPS_BOOT);
    assert_true(o.x2apic == CHOICE_NO && o.clocksource == CLOCK_PIT && o.no_acpi);
    assert_true(o.loglvl == LOG_DEBUG && o.guest_quiet && o.vga_keep && o.console_vga);
    assert_true(!o.console_com1);
    assert_int_equal(read_line("spec-ctrl=off", 0).spec.all, CHOICE_NO);
    assert_true(read_line("reboot=no", 0).noreboot);
    o = read_line("pv-l1tf=domu=no,dom0", 0);
    assert_true(o.l1tf_dom0 == CHOICE_YES && o.l1tf_domu == CHOICE_NO);
    o = read_line("pv-l1tf", 0);
    assert_true(o.l1tf_dom0 == CHOICE_YES && o.l1tf_domu == CHOICE_YES);
    assert_int_equal(read_line("pv-l1tf=dom0,domu=maybe", 1).l1tf_dom0, CHOICE_NO);
    read_line("placeholder no-real-mode edd=off", 0);
    read_line("abi=4.13 spec-ctrl= spec-ctrl=ibrs=maybe vga=gfx-1x1 reboot=now sched=rtds acpi=",
              7);
}

static void malformed_options_change_nothing(void **state)
{
    struct options before = options_default();
    struct options o = read_line("console=com3 com1=0 com1=1 com1=115201 com2=9600,7e1 loglvl= "
                                 "loglvl=al noreboot=perhaps = =x unknown",
                                 11);

    (void)state;
    assert_memory_equal(&o, &before, sizeof(o));
}

static void crash_areas(void **state)
{
    static const struct {
        const char *value;
        uint64_t ram, size, at, below;
        bool good;
    } rows[] = {
        { "256M", 1, 256ul << 20, 0, 0, true },
        { "64M@512M", 1, 64ul << 20, 512ul << 20, 0, true },
        { "64M<1G", 1, 64ul << 20, 0, 1ul << 30, true },
        { "64M,below=2G", 1, 64ul << 20, 0, 2ul << 30, true },
        { "1G-2G:64M,2G-:128M", 1ul << 30, 64ul << 20, 0, 0, true },
        { "1G-2G:64M,2G-:128M", 2ul << 30, 128ul << 20, 0, 0, true },
        { "1G-2G:64M,2G-:128M@16M", 1ul << 20, 0, 16ul << 20, 0, true },
        { "", 1, 0, 0, 0, true },
        { "1X", 1, 0, 0, 0, false },
        { "64M@", 1, 64ul << 20, 0, 0, true },
        { "64M@x", 1, 0, 0, 0, false },
        { "1G-2G:", 1, 0, 0, 0, false },
        { "-2G:64M", 1, 0, 0, 0, false },
        { "1G:64M", 2ul << 30, 64ul << 20, 0, 0, true },
        { "64M,below=", 1, 0, 0, 0, false },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options_area area;

        assert_int_equal(options_crash_area(text_span(rows[i].value), rows[i].ram, &area),
                         rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(area.size, rows[i].size);
        assert_int_equal(area.at, rows[i].at);
        assert_int_equal(area.below, rows[i].below);
    }
}

/* A loader's memory below 4 GiB: what multiboot_read's base stands for. */
static _Alignas(8) unsigned char memory[4096];

static void mb2_tag(size_t *at, uint32_t type, const void *data, uint32_t size)
{
    uint32_t head[2] = { type, size + 8 };

    memcpy(memory + *at, head, 8);
    memcpy(memory + *at + 8, data, size);
    *at += (8 + size + 7) & ~7u;
}

static void multiboot2_tags(void **state)
{
    struct boot_info info;
    uint64_t efi = 0x1234;
    struct {
        uint32_t size, version;
        uint64_t start, length;
        uint32_t type, zero;
    } map = { 24, 0, 0x100000, 0x200000, 1, 0 };
    struct {
        uint32_t start, end;
        char line[8];
    } module = { 0x1000, 0x3000, "one" };
    struct {
        uint32_t start, end;
    } bare = { 0x4000, 0x5000 };
    size_t at = 8;

    (void)state;
    memset(memory, 0, sizeof(memory));
    mb2_tag(&at, 1, "loglvl=all", 11);
    mb2_tag(&at, 2, "GRUB", 5);
    mb2_tag(&at, 3, &module, sizeof(module));
    mb2_tag(&at, 3, &bare, sizeof(bare));
    mb2_tag(&at, 6, &map, sizeof(map));
    mb2_tag(&at, 12, &efi, sizeof(efi));
    mb2_tag(&at, 0, "", 0);
    memcpy(memory, &(uint32_t){ (uint32_t)at }, 4);

    assert_true(multiboot_read(&info, 0x36d76289, 0, memory));
    assert_string_equal(info.line, "loglvl=all");
    assert_string_equal(info.loader, "GRUB");
    assert_int_equal(info.module_count, 2);
    assert_string_equal(info.modules[0].line, "one");
    assert_string_equal(info.modules[1].line, "");
    assert_int_equal(info.region_count, 1);
    assert_int_equal(info.regions[0].size, 0x200000);
    assert_int_equal(info.efi_system_table, efi);
}

static void screens_and_efi_map(void **state)
{
    struct __attribute__((packed)) {
        uint64_t address;
        uint32_t pitch, width, height;
        uint8_t bits, kind;
        uint16_t reserved;
        uint8_t colours[6];
    } screen = { 0xc0000000, 2400, 800, 600, 24, 1, 0, { 16, 8, 8, 8, 0, 8 } };
    struct {
        uint32_t entry, version;
        uint64_t rest[12];
    } map = { 48, 1, { 0 } };
    struct boot_info info;
    size_t at = 8;

    (void)state;
    memset(memory, 0, sizeof(memory));
    mb2_tag(&at, 8, &screen, sizeof(screen));
    mb2_tag(&at, 17, &map, sizeof(map));
    mb2_tag(&at, 0, "", 0);
    memcpy(memory, &(uint32_t){ (uint32_t)at }, 4);
    assert_true(multiboot_read(&info, 0x36d76289, 0, memory));
    assert_int_equal(info.screen.kind, SCREEN_PIXELS);
    assert_int_equal(info.screen.address, 0xc0000000);
    assert_int_equal(info.screen.width, 800);
    assert_int_equal(info.screen.red_at, 16);
    assert_int_equal(info.screen.blue_bits, 8);
    assert_int_equal(info.efi_map, 8 + 40 + 16);
    assert_int_equal(info.efi_map_size, 96);
    assert_int_equal(info.efi_map_entry, 48);

    memory[8 + 4] = 32;      /* the colours are cut off */
    memory[8 + 40 + 8] = 39; /* too short for a descriptor */
    assert_true(multiboot_read(&info, 0x36d76289, 0, memory));
    assert_int_equal(info.screen.kind, SCREEN_UNKNOWN);
    assert_int_equal(info.efi_map, 0);

    memset(memory, 0, 128);
    memcpy(memory, &(uint32_t){ 1 << 12 }, 4);
    screen.kind = 2;
    memcpy(memory + 88, &screen, 22);
    assert_true(multiboot_read(&info, 0x2badb002, 0, memory));
    assert_int_equal(info.screen.kind, SCREEN_TEXT);
    assert_int_equal(info.screen.red_bits, 0);
}

static void multiboot2_broken_tags_end_the_walk(void **state)
{
    static const uint32_t sizes[] = { 0, 7, 4081, 0x7fffffff, 0xffffffff };
    struct boot_info info;

    (void)state;
    for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t tags[] = { 4088, 0, 6, sizes[i] };

        memset(memory, 0, sizeof(memory));
        memcpy(memory, tags, sizeof(tags));
        assert_true(multiboot_read(&info, 0x36d76289, 0, memory));
        assert_int_equal(info.region_count, 0);
    }
}

static void multiboot1_name_is_no_option(void **state)
{
    struct boot_info info;
    uint32_t mb[17] = { 1 << 2 | 1 << 9, [4] = 100, [16] = 200 };

    (void)state;
    memset(memory, 0, sizeof(memory));
    memcpy(memory, mb, sizeof(mb));
    strcpy((char *)memory + 100, "zeroth.elf noreboot");
    strcpy((char *)memory + 200, "qemu");
    assert_true(multiboot_read(&info, 0x2badb002, 0, memory));
    assert_string_equal(info.line, "noreboot");
    strcpy((char *)memory + 200, "GRUB 2.06");
    assert_true(multiboot_read(&info, 0x2badb002, 0, memory));
    assert_string_equal(info.line, "zeroth.elf noreboot");
}

static void more_modules_than_kept(void **state)
{
    struct boot_info info;
    uint32_t mb[17] = { 1 << 3 | 1 << 6, [5] = 100, [6] = 256, [11] = 24, [12] = 2048 };
    uint32_t module[4] = { 1, 2, 0, 0 }, region[6] = { 20, 0, 0, 4096, 0, 1 };

    (void)state;
    memset(memory, 0, sizeof(memory));
    memcpy(memory, mb, sizeof(mb));
    for (unsigned int i = 0; i < 100; i++)
        memcpy(memory + 256 + 16 * i, module, sizeof(module));
    memcpy(memory + 2048, region, sizeof(region));
    assert_true(multiboot_read(&info, 0x2badb002, 0, memory));
    assert_int_equal(info.module_count, BOOT_MODULES);
    assert_true(info.cut);
    assert_int_equal(info.region_count, 1); /* the memory map is not lost with them */
}

static void multiboot2_short_module_is_no_module(void **state)
{
    uint32_t tags[] = { 20, 0, 3, 12, 0x1000 };
    struct boot_info info;

    (void)state;
    memset(memory, 0xff, sizeof(memory));
    memcpy(memory, tags, sizeof(tags));
    assert_true(multiboot_read(&info, 0x36d76289, 0, memory));
    assert_int_equal(info.module_count, 0);
}

static void unknown_magic(void **state)
{
    struct boot_info info;

    (void)state;
    assert_false(multiboot_read(&info, 0, 0, memory));
    assert_int_equal(info.module_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_areas),
        cmocka_unit_test(good_options),
        cmocka_unit_test(dom0_options),
        cmocka_unit_test(machine_options),
        cmocka_unit_test(malformed_options_change_nothing),
        cmocka_unit_test(multiboot2_tags),
        cmocka_unit_test(screens_and_efi_map),
        cmocka_unit_test(multiboot2_broken_tags_end_the_walk),
        cmocka_unit_test(multiboot1_name_is_no_option),
        cmocka_unit_test(more_modules_than_kept),
        cmocka_unit_test(multiboot2_short_module_is_no_module),
        cmocka_unit_test(unknown_magic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
