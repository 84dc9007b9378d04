/* SPDX-License-Identifier: Apache-2.0 */
/* boot/elf: a small kernel, and every way to break it. */
#include "cmocka_all.h"
#include "boot/elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>
#include <xen/features.h>

#define BASE 0xffffffff80000000ul

static struct {
    Elf64_Ehdr head;
    Elf64_Phdr load, notes;
    unsigned char note[256];
    unsigned char text[64];
} file;
static size_t note_size;

static void add_note(uint32_t type, const void *content, uint32_t size)
{
    uint32_t head[3] = { 4, size, type };

    memcpy(file.note + note_size, head, sizeof(head));
    memcpy(file.note + note_size + 12, "Xen", 4);
    memcpy(file.note + note_size + 16, content, size);
    note_size += 16 + ((size + 3) & ~3u);
    file.notes.p_filesz = note_size;
}

static void make(void)
{
    uint64_t base = BASE, entry = BASE + 0x1000000, p2m = 0x8000000000;
    uint32_t features = 1u << XENFEAT_dom0;

    memset(&file, 0, sizeof(file));
    note_size = 0;
    file.head = (Elf64_Ehdr){ .e_type = ET_EXEC,
                              .e_machine = EM_X86_64,
                              .e_phnum = 2,
                              .e_phoff = sizeof(file.head),
                              .e_phentsize = sizeof(file.load) };
    memcpy(file.head.e_ident, "\177ELF\2\1\1", 7);
    file.load = (Elf64_Phdr){ .p_type = PT_LOAD,
                              .p_offset = (uint64_t)((char *)file.text - (char *)&file),
                              .p_paddr = 0x1000000,
                              .p_filesz = 64,
                              .p_memsz = 0x3000 };
    file.notes = (Elf64_Phdr){ .p_type = PT_NOTE,
                               .p_offset = (uint64_t)((char *)file.note - (char *)&file) };
    memset(file.text, 0x90, sizeof(file.text));
    add_note(XEN_ELFNOTE_VIRT_BASE, &base, 8);
    add_note(XEN_ELFNOTE_ENTRY, &entry, 8);
    add_note(XEN_ELFNOTE_INIT_P2M, &p2m, 8);
    add_note(XEN_ELFNOTE_GUEST_OS, "test", 5);
    add_note(XEN_ELFNOTE_SUPPORTED_FEATURES, &features, 4);
}

static const char *read_file(struct elf_kernel *k)
{
    return elf_read(k, &file, sizeof(file));
}

static void good_kernel(void **state)
{
    struct elf_kernel k;
    unsigned char *to;

    (void)state;
    make();
    add_note(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 42);
    assert_null(read_file(&k));
    assert_true(k.start == BASE + 0x1000000 && k.end == k.start + 0x3000);
    assert_true(k.entry == k.start && k.init_p2m == 0x8000000000);
    assert_int_equal(k.hypercall_page, ELF_NONE);
    assert_true(k.required == 1 && k.features & 1 << XENFEAT_pae_pgdir_above_4gb);
    assert_string_equal(k.guest_os, "test");
    to = malloc(k.end - k.start);
    memset(to, 0xff, k.end - k.start);
    elf_load(&k, to);
    assert_memory_equal(to, file.text, 64);
    for (size_t i = 64; i < 0x3000; i++)
        assert_int_equal(to[i], 0);
    free(to);
}

static void refused(const char *why)
{
    struct elf_kernel k;

    assert_string_equal(read_file(&k), why);
    make();
}

static void broken_kernels(void **state)
{
    uint64_t address;

    (void)state;
    make();
    file.head.e_machine = EM_386, refused("it is no 64-bit x86 program");
    file.head.e_type = ET_REL, refused("it is no program");
    file.head.e_ident[0] = 0, refused("it is no ELF file");
    file.head.e_phnum = 0, refused("its program headers are malformed");
    file.head.e_phoff = ~0ul, refused("it is cut off");
    file.load.p_offset = ~0ul - 3, refused("it is cut off");
    file.load.p_filesz = 0x3001, refused("it is cut off");
    file.load.p_memsz = ~0ul, refused("its segments overlap, or are not in order");
    file.load.p_paddr = 0, refused("its entry lies outside of it");
    file.notes.p_filesz--, refused("its notes are cut off");
    file.notes.p_filesz = 0, refused("it is no PV kernel: it has no Xen notes");
    add_note(XEN_ELFNOTE_FEATURES, "!frobnication", 14);
    refused("it requires a feature that is not known");
    add_note(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap", 25);
    refused("it requires features that a PV guest cannot have");
    add_note(XEN_ELFNOTE_ENTRY, &address, 3), refused("a note of it is malformed");
    address = BASE + 0x1002000;
    add_note(XEN_ELFNOTE_HYPERCALL_PAGE, &address, 8);
    assert_null(read_file(&(struct elf_kernel){ 0 }));
    make();
    address += 0x1000;
    add_note(XEN_ELFNOTE_HYPERCALL_PAGE, &address, 8),
        refused("its hypercall page lies outside of it");
    address = 0xffff800000000000;
    add_note(XEN_ELFNOTE_VIRT_BASE, &address, 8), refused("its addresses are not a guest's");
    add_note(XEN_ELFNOTE_INIT_P2M, &address, 8),
        refused("its place for the P2M list is not a guest's");
}

/* Any bytes: no fault, and what is accepted can be loaded within its bounds. */
static void random_damage(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int i = 0; i < 200000; i++) {
        struct elf_kernel k;
        size_t size = rand() % 4 ? sizeof(file) : rand() % sizeof(file);
        unsigned char *bytes = malloc(size);

        make();
        for (unsigned int n = rand() % 6; n > 0; n--)
            ((unsigned char *)&file)[rand() % sizeof(file)] = (unsigned char)rand();
        memcpy(bytes, &file, size);
        if (!elf_read(&k, bytes, size) && k.end - k.start <= 1 << 20) {
            unsigned char *to = malloc(k.end - k.start);

            elf_load(&k, to);
            free(to);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_kernel),
        cmocka_unit_test(broken_kernels),
        cmocka_unit_test(random_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
