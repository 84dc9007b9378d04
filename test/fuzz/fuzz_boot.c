/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Zeroth reads at boot and has not made itself: Dom0's image, ACPI's tables, a loader's tags;
 * zeroth.efi's configuration, command line and sections.
 * The first byte says which; the rest is in an allocation of its own, beyond which nothing is read.
 */
#include "boot/bzimage.h"
#include "boot/efi/config.h"
#include "boot/efi/sections.h"
#include "boot/elf.h"
#include "boot/multiboot.h"
#include "drivers/acpi_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_MAX  (1u << 20)
#define LOADED_AT 0x1000u /* where a loader's information seems to lie */
#define MB2_MAGIC 0x36d76289u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
_Noreturn void arch_panic(const char *file, int line, const char *what);

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static void read_elf(const uint8_t *image, size_t size)
{
    struct elf_kernel k;
    void *to;

    if (elf_read(&k, image, size) || k.end - k.start > LOAD_MAX)
        return;
    to = malloc(k.end - k.start);
    elf_load(&k, to);
    free(to);
}

static void read_bzimage(const uint8_t *image, size_t size)
{
    struct bzimage_payload p;
    uint8_t sum = 0;

    if (bzimage_payload(image, size, &p))
        return;
    for (size_t i = 0; i < p.size; i++)
        sum ^= p.at[i];
    if (sum == 0x5a)
        read_elf(p.at, p.size);
}

/* The head's own length counts, as acpi.c has checked it. */
static void read_acpi(unsigned int which, const uint8_t *at, size_t size)
{
    static struct acpi_info info;
    paddr_t dsdt;

    memset(&info, 0, sizeof(info));
    acpi_sum_ok(at, size);
    if (which & 1)
        acpi_read_madt(&info, at, size);
    if (which & 2)
        acpi_read_fadt(&info, at, size, &dsdt);
    if (which & 4)
        acpi_read_dsdt(&info, at, size);
    if (which & 8)
        acpi_read_hpet(&info, at, size);
    if (which & 16)
        acpi_read_mcfg(&info, at, size);
    if (which & 32)
        acpi_read_srat(&info, at, size);
}

/* Tags believe in the size before them: it is that of the input. */
static void read_tags(uint8_t *at, size_t size)
{
    static struct boot_info info;
    uint32_t length = (uint32_t)size;

    if (size < 8)
        return;
    memset(&info, 0, sizeof(info));
    memcpy(at, &length, sizeof(length));
    multiboot_read(&info, MB2_MAGIC, LOADED_AT, at - LOADED_AT);
}

/* All of a span is read, so that the sanitizer sees where it ends. */
static void touch(struct span s)
{
    volatile char to;

    for (size_t i = 0; i < s.length; i++)
        to = s.at[i];
    (void)to;
}

static void read_efi(const uint8_t *at, size_t size)
{
    struct span text = { (const char *)at, size }, section = config_section(text, text_span(""));
    struct config_words words = config_words(text);

    config_has_section(text, section);
    touch(config_value(text, section, "kernel"));
    touch(config_value(text, words.section, "options"));
    touch(words.file);
    touch(words.options);
    touch(sections_find(text, ".ramdisk"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *at;

    if (size < 2)
        return 0;
    at = malloc(size - 1);
    memcpy(at, data + 1, size - 1);
    switch (data[0] >> 6) {
    case 0: read_elf(at, size - 1); break;
    case 1: read_bzimage(at, size - 1); break;
    case 2: read_acpi(data[0] & 63, at, size - 1); break;
    case 3: (data[0] & 1 ? read_efi(at, size - 1) : read_tags(at, size - 1)); break;
    }
    free(at);
    return 0;
}
