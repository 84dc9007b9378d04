/* SPDX-License-Identifier: Apache-2.0 */
/* boot/dom0*: sizes and layouts as measured on Xen 4.17, tables that pass a PV guest's checks. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "boot/dom0_info.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_memory.h"
#include "boot/dom0_screen.h"
#include "boot/dom0_size.h"
#include "boot/dom0_tables.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "x86/features.h"
#include "x86/guest.h"
#include "x86/memory/map.h"
#include "x86/pv/hypercall_page.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"
#include "x86/pv/validate.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

#define FRAMES 32768
#define FIRST  256
#define MB     256u /* frames */
#define BASE   0xffffffff80000000ul

struct cpu_features cpu = { .address_bits = 40 };
uint64_t hypervisor_l4[512];

static bool vga_text;
static unsigned int vga_cursor;

bool dom0_screen_is_text(unsigned int *cursor)
{
    *cursor = vga_cursor;
    return vga_text;
}

/* ---- sizes ---- */

static void ignore(struct span word, const char *why)
{
    fail_msg("%.*s: %s", (int)word.length, word.at, why);
}

static uint64_t pages_by(const char *line, uint64_t free)
{
    struct options o = options_default();

    options_read(&o, line, ignore);
    return dom0_size_pages(&o, free);
}

static uint64_t limit_by(const char *line, uint64_t free)
{
    struct options o = options_default();

    options_read(&o, line, ignore);
    return dom0_size_limit(&o, free, dom0_size_pages(&o, free));
}

static void memory_sizes(void **state)
{
    const uint64_t free = 258452; /* of the machine that was measured: 1 GiB */

    (void)state;
    assert_int_equal(pages_by("", free), 0x3b27b);
    assert_int_equal(pages_by("dom0_mem=512M", free), 0x20000);
    assert_int_equal(pages_by("dom0_mem=512M,max:600M", free), 0x20000);
    assert_int_equal(pages_by("dom0_mem=-100M", free), 0x38d94);
    assert_int_equal(pages_by("dom0_mem=max:300M", free), 0x12c00);
    assert_int_equal(pages_by("dom0_mem=-100M,max:-200M", free), 0x32994);
    assert_int_equal(pages_by("dom0_mem=min:900M,max:500M", free), 500 * MB);
    assert_int_equal(pages_by("dom0_mem=min:2000M", free), 2000 * MB); /* bounded by the caller */
    assert_int_equal(pages_by("dom0_mem=-2000M", free), 0);
    assert_int_equal(pages_by("dom0_mem=-2000M,min:64M", free), 64 * MB);
    assert_int_equal(pages_by("", 16384 * MB), 16384 * MB - 128 * MB);
    assert_int_equal(pages_by("", 0), 0);
    assert_int_equal(limit_by("", free), 0xffffffff);
    assert_int_equal(limit_by("dom0_mem=512M", free), 0xffffffff);
    assert_int_equal(limit_by("dom0_mem=512M,max:600M", free), 600 * MB);
    assert_int_equal(limit_by("dom0_mem=512M,max:8G", free), 8192 * MB);
    assert_int_equal(limit_by("dom0_mem=min:900M,max:500M", free), 0x1f400);
}

static unsigned int vcpus_by(const char *line, unsigned int cpus)
{
    struct options o = options_default();

    options_read(&o, line, ignore);
    return dom0_size_vcpus(&o, cpus);
}

static void vcpu_counts(void **state)
{
    (void)state;
    assert_int_equal(vcpus_by("", 2), 2);
    assert_int_equal(vcpus_by("dom0_max_vcpus=8", 2), 8);
    assert_int_equal(vcpus_by("dom0_max_vcpus=3-5", 2), 3);
    assert_int_equal(vcpus_by("dom0_max_vcpus=3-5", 16), 5);
    assert_int_equal(vcpus_by("dom0_max_vcpus=3-5", 4), 4);
    assert_int_equal(vcpus_by("dom0_max_vcpus=-1", 2), 1);
    assert_int_equal(vcpus_by("dom0_max_vcpus=4-", 2), 4);
    assert_int_equal(vcpus_by("dom0_max_vcpus=4294967295", 2), DOM0_VCPUS_MAX);
}

/* ---- hypercall page ---- */

static void hypercall_page_bytes(void **state)
{
    static const uint8_t plain[] = { 0x51, 0x41, 0x53, 0xb8, 0,    0,    0,    0,
                                     0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3, 0xcc, 0xcc,
                                     0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                                     0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc };
    static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 0x17, 0,
                                    0,    0,    0x0f, 0x05, 0xcc, 0xcc };
    static uint8_t page[PAGE_SIZE + 1];

    (void)state;
    hypercall_page_fill(page);
    for (unsigned int nr = 0; nr < 128; nr++) {
        uint8_t stub[sizeof(plain)];

        memcpy(stub, plain, sizeof(stub));
        stub[4] = (uint8_t)nr;
        if (nr == __HYPERVISOR_iret)
            assert_memory_equal(page + nr * 32, iret, sizeof(iret));
        else
            assert_memory_equal(page + nr * 32, stub, sizeof(stub));
    }
    assert_int_equal(page[PAGE_SIZE], 0);
}

/* ---- layouts ---- */

static struct elf_kernel small_kernel(bool mod_start_pfn, bool init_p2m)
{
    return (struct elf_kernel){ .virt_base = BASE,
                                .start = BASE + 0x100000,
                                .end = BASE + 0x10ac20,
                                .entry = BASE + 0x100000,
                                .hypercall_page = ELF_NONE,
                                .mod_start_pfn = mod_start_pfn,
                                .init_p2m = init_p2m ? 0x8000000000 : ELF_NONE };
}

static struct dom0_layout lay_out(bool mod_start_pfn, bool init_p2m, uint64_t pages,
                                  uint64_t initrd)
{
    struct elf_kernel k = small_kernel(mod_start_pfn, init_p2m);
    struct dom0_layout l;

    assert_null(dom0_layout(&l, &k, pages, initrd));
    return l;
}

/* What Xen printed for the same kernel, initrd and amount of memory. */
static void measured_layouts(void **state)
{
    const uint64_t pages = 0x3b27b, initrd = 0x2dc6c1;
    struct dom0_layout l = lay_out(false, false, pages, initrd);

    (void)state;
    assert_int_equal(l.initrd, BASE + 0x10b000);
    assert_int_equal(l.list, BASE + 0x3e8000);
    assert_int_equal(l.info, BASE + 0x5c2000);
    assert_int_equal(l.tables, BASE + 0x5c3000);
    assert_int_equal(l.stack, BASE + 0x5ca000);
    assert_int_equal(l.end, BASE + 0x800000);
    assert_int_equal(l.table_pages, 7);
    assert_int_equal(l.initrd_gfn, 0x10b);

    l = lay_out(true, false, pages, initrd);
    assert_int_equal(l.initrd, 0);
    assert_int_equal(l.initrd_gfn, 0x400);
    assert_int_equal(l.list, BASE + 0x10b000);
    assert_int_equal(l.info, BASE + 0x2e5000);
    assert_int_equal(l.stack, BASE + 0x2eb000);
    assert_int_equal(l.end, BASE + 0x400000);
    assert_int_equal(l.table_pages, 5);

    l = lay_out(false, true, pages, initrd);
    assert_int_equal(l.info, BASE + 0x3e8000);
    assert_int_equal(l.stack, BASE + 0x3f0000);
    assert_int_equal(l.list_tables + l.list_pages, 0x1dd);

    l = lay_out(true, true, pages, initrd);
    assert_int_equal(l.list, 0x8000000000);
    assert_int_equal(l.info, BASE + 0x10b000);
    assert_int_equal(l.tables, BASE + 0x10c000);
    assert_int_equal(l.end, BASE + 0x400000);
    assert_int_equal(l.list_gfn, 0x6dd);
    assert_int_equal(l.list_tables + l.list_pages, 0x1dd);
    assert_int_equal(l.least, 0x6dd + 0x1dd);
}

static const char *refusal(struct elf_kernel k, uint64_t pages, uint64_t initrd)
{
    struct dom0_layout l;

    return dom0_layout(&l, &k, pages, initrd);
}

static void layouts_that_cannot_be(void **state)
{
    struct elf_kernel k = small_kernel(false, false);

    (void)state;
    assert_non_null(refusal(k, 0, 0));
    assert_null(refusal(k, 1u << 20, 0));
    assert_non_null(refusal(k, 1u << 20, 0x7ff00000)); /* the initrd is too long */
    assert_non_null(refusal(k, 1u << 20, ~0ul));
    assert_non_null(refusal(k, 1u << 28, 0)); /* so does the list */
    assert_null(refusal(small_kernel(true, true), 1u << 28, 0x7ff00000));
    k.virt_base = BASE + 1;
    assert_non_null(refusal(k, 1u << 20, 0));
    k.virt_base = 0; /* from one half to the other */
    assert_non_null(refusal(k, 1u << 20, 0));
    k.virt_base = 0xffff800000000000;
    assert_non_null(refusal(k, 1u << 20, 0));
    k = small_kernel(true, true);
    k.init_p2m = BASE + 0x200000; /* within the region */
    assert_non_null(refusal(k, 1u << 20, 0));
    k.init_p2m = 0x7fffffe00000; /* up to addresses that are none */
    assert_non_null(refusal(k, 1u << 20, 0));
    k.init_p2m = BASE + 0x400000; /* right behind it */
    assert_null(refusal(k, 1u << 16, 0));
    k.virt_base = k.start = k.end = 0xffffffffffe00000;
    assert_non_null(refusal(k, 1u << 16, 0));
}

/* ---- tables ---- */

static struct x86_domain domain;
static struct dom0_memory memory;
static mfn_t holes[64]; /* frames of somebody else's between Dom0's */

static void create(uint64_t pages_max)
{
    if (!workbench_ram)
        workbench_memory(FIRST, FRAMES);
    assert_int_equal(page_alloc_free_count(NODE_ANY), page_alloc_total() - 1);
    domain.core = (struct domain){ .privileged = true, .pages_first = ~0u, .pages_max = pages_max };
    domain.hardware = true;
    lock_init(&domain.core.pagetable_lock, RANK_PAGETABLES);
    lock_init(&domain.core.page_lock, RANK_PAGE_LIST);
    memory = (struct dom0_memory){ .domain = &domain.core };
}

/* All is free again: nothing has stayed counted. */
static void destroy(void)
{
    while (domain.core.pages)
        assert_true(frame_release(frame_of(domain.core.pages_first), &domain.core));
    assert_int_equal(domain.core.pages_first, ~0u);
    for (unsigned int i = 0; i < 64; i++) {
        if (holes[i])
            page_free(holes[i], 0);
        holes[i] = 0;
    }
    assert_int_equal(page_alloc_free_count(NODE_ANY), page_alloc_total() - 1);
}

/* All of Dom0's memory, in pieces out of order, like fill does when RAM is in pieces. */
static void give_memory(const struct dom0_layout *l, uint64_t pages)
{
    unsigned int order = dom0_memory_order(l->region_pages);
    mfn_t block;

    create(pages);
    block = page_alloc(order, NODE_ANY, ADDRESS_ANY);
    assert_true(block != MFN_NONE);
    assert_true(dom0_memory_add(&memory, block, l->region_pages));
    dom0_memory_free(block + l->region_pages, (1ul << order) - l->region_pages);
    for (unsigned int i = 0; i < 64; i++) {
        unsigned int more = (unsigned int)rand() % 6;

        holes[i] = page_alloc(more, NODE_ANY, ADDRESS_ANY);
        dom0_memory_free(holes[i] + 1, (1ul << more) - 1);
    }
    assert_true(dom0_memory_fill(&memory, pages));
    assert_int_equal(memory.pages, pages);
    assert_int_equal(domain.core.pages, pages);
}

/* The entry for an address; 0: no table is there. */
static uint64_t walk(mfn_t top, uint64_t address)
{
    uint64_t entry = top << PAGE_SHIFT | PTE_PRESENT;

    for (unsigned int level = 4; level >= 1 && entry; level--)
        entry = ((uint64_t *)frame_map(pte_mfn(entry)))[pte_index(address, level)];
    return entry;
}

static void check_range(mfn_t top, uint64_t address, gfn_t gfn, uint64_t count, bool writable)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = walk(top, address + i * PAGE_SIZE);

        assert_true(entry & PTE_PRESENT);
        assert_int_equal(!!(entry & PTE_WRITABLE), writable);
        assert_int_equal(pte_mfn(entry), dom0_memory_frame(&memory, gfn + i));
    }
}

static void check_list(mfn_t top, const struct dom0_layout *l, uint64_t pages)
{
    for (uint64_t i = 0; i < l->list_pages * 512; i++) {
        uint64_t entry = walk(top, l->list + i * 8);
        uint64_t value = ((uint64_t *)frame_map(pte_mfn(entry)))[i % 512];

        assert_int_equal(value, i < pages ? dom0_memory_frame(&memory, i) : 0);
        if (i < pages)
            assert_int_equal(m2p_get(value), i);
    }
}

static unsigned int tables_of_type(void)
{
    unsigned int count = 0;

    for (mfn_t mfn = FIRST; mfn < FRAMES; mfn++) {
        enum frame_type type = frame_type(frame_of(mfn));

        count += type >= FRAME_L1 && type <= FRAME_L4;
    }
    return count;
}

static void check_tables(const struct dom0_layout *l, uint64_t pages)
{
    mfn_t top;
    int rc;

    give_memory(l, pages);
    dom0_tables_build(&memory, l);
    dom0_tables_list(&memory, l);
    top = dom0_memory_frame(&memory, dom0_layout_gfn(l, l->tables));
    pv_tables_lock(&domain.core);
    rc = frame_get_type(frame_of(top), FRAME_L4);
    pv_tables_unlock(&domain.core);
    assert_int_equal(rc, 0);
    assert_int_equal(tables_of_type(), l->table_pages + l->list_tables);

    check_range(top, l->base, 0, dom0_layout_gfn(l, l->tables), true);
    check_range(top, l->tables, dom0_layout_gfn(l, l->tables), l->table_pages, false);
    check_range(top, l->stack, dom0_layout_gfn(l, l->stack), (l->end - l->stack) >> PAGE_SHIFT,
                true);
    assert_int_equal(walk(top, l->end) & (l->end == l->list ? 0 : ~0ul), 0);
    check_range(top, l->list, l->list_gfn + l->list_tables, l->list_pages, true);
    check_list(top, l, pages);
    pv_tables_lock(&domain.core);
    assert_int_equal(frame_put_type(frame_of(top), false), 0);
    pv_tables_unlock(&domain.core);
    destroy();
}

static struct elf_kernel odd_kernel(void)
{
    static const uint64_t bases[] = { BASE,
                                      0xffffffffa0000000,
                                      0,
                                      0x7fffff000000,
                                      0x7fbfffc00000,
                                      0xffff880000000000,
                                      0xffff887fffe00000,
                                      0x3ffff000 };
    static const uint64_t lists[] = { ELF_NONE,           0x8000000000,       0x7fffff000000,
                                      0xffffffffc0000000, 0xffffc90000000000, 0x80000000,
                                      0xfffffffffe000000 };
    struct elf_kernel k = { .virt_base = bases[rand() % 8],
                            .init_p2m = lists[rand() % 7],
                            .hypercall_page = ELF_NONE,
                            .mod_start_pfn = rand() % 2 };

    k.start = k.virt_base + (uint64_t)rand() % 0x200000;
    k.end = k.start + 1 + (uint64_t)rand() % 0x600000;
    return k;
}

static void tables_of_odd_kernels(void **state)
{
    unsigned int done = 0;

    (void)state;
    pv_mmu_init();
    srand(1);
    while (done < 60) {
        struct elf_kernel k = odd_kernel();
        uint64_t pages = 1 + (uint64_t)rand() % 16384;
        struct dom0_layout l;

        if (dom0_layout(&l, &k, pages, (uint64_t)rand() % 0x300000) || l.least > pages)
            continue;
        assert_true(l.stack + PAGE_SIZE + 0x80000 <= l.end && !(l.end & 0x3fffff));
        check_tables(&l, pages);
        done++;
    }
}

static void frames_run_out(void **state)
{
    (void)state;
    create(1000);
    assert_false(dom0_memory_fill(&memory, 1001)); /* more than it may have */
    assert_true(memory.pages <= 1000);
    assert_int_equal(page_alloc_free_count(NODE_ANY), page_alloc_total() - 1 - memory.pages);
    domain.core.pages_max = ~0u;
    assert_false(dom0_memory_fill(&memory, FRAMES)); /* more than there are */
    assert_int_equal(page_alloc_free_count(NODE_ANY), 0);
    assert_int_equal(memory.pages, domain.core.pages);
    destroy();
}

/* ---- start_info ---- */

static union {
    uint8_t bytes[PAGE_SIZE];
    struct start_info si;
} page;

static void start_info(void **state)
{
    const uint64_t pages = 0x3b27b, initrd = 0x2dc6c1;
    struct boot_info boot = { 0 };
    struct dom0_facts facts = { pages, 0x3fdd6, initrd, "console=hvc0 a=b  c", &boot };
    struct dom0_layout l = lay_out(true, true, pages, initrd);

    (void)state;
    memset(&page, 0xff, sizeof(page));
    assert_true(dom0_info_fill(&page, &l, &facts));
    assert_string_equal(page.si.magic, "xen-3.0-x86_64p");
    assert_int_equal(page.si.nr_pages, pages);
    assert_int_equal(page.si.shared_info, 0x3fdd6000);
    assert_int_equal(page.si.flags, SIF_PRIVILEGED | SIF_INITDOMAIN | SIF_MOD_START_PFN);
    assert_int_equal(page.si.mod_start, 0x400);
    assert_int_equal(page.si.mod_len, initrd);
    assert_int_equal(page.si.pt_base, BASE + 0x10c000);
    assert_int_equal(page.si.nr_pt_frames, 5);
    assert_int_equal(page.si.mfn_list, 0x8000000000);
    assert_int_equal(page.si.first_p2m_pfn, 0x6dd);
    assert_int_equal(page.si.nr_p2m_frames, 0x1dd);
    assert_int_equal(page.si.console.dom0.info_off, 0x490);
    assert_int_equal(page.si.console.dom0.info_size, 0x28);
    assert_string_equal((char *)page.si.cmd_line, "console=hvc0 a=b  c");

    l = lay_out(false, false, pages, initrd);
    dom0_info_fill(&page, &l, &facts);
    assert_int_equal(page.si.flags, SIF_PRIVILEGED | SIF_INITDOMAIN);
    assert_int_equal(page.si.mod_start, BASE + 0x10b000);
    assert_int_equal(page.si.nr_p2m_frames, 0);

    l = lay_out(true, true, pages, 0);
    facts.initrd_bytes = 0;
    dom0_info_fill(&page, &l, &facts);
    assert_int_equal(page.si.flags, SIF_PRIVILEGED | SIF_INITDOMAIN);
    assert_int_equal(page.si.mod_start, 0);
}

static void long_command_line(void **state)
{
    struct boot_info boot = { 0 };
    char line[MAX_GUEST_CMDLINE + 1];
    struct dom0_facts facts = { .line = line, .boot = &boot };
    struct dom0_layout l = lay_out(true, true, 65536, 0);

    (void)state;
    memset(line, 'x', sizeof(line));
    line[MAX_GUEST_CMDLINE - 1] = '\0';
    assert_true(dom0_info_fill(&page, &l, &facts));
    assert_string_equal((char *)page.si.cmd_line, line);
    line[MAX_GUEST_CMDLINE - 1] = 'x';
    line[MAX_GUEST_CMDLINE] = '\0';
    assert_false(dom0_info_fill(&page, &l, &facts));
    assert_int_equal(strlen((char *)page.si.cmd_line), MAX_GUEST_CMDLINE - 1);
    assert_int_equal(page.si.first_p2m_pfn, l.list_gfn);
}

/* The bytes that Xen gave on the same screens. */
static void screens(void **state)
{
    static const uint8_t efi[] = { 0x70, 0,    0, 0, 0, 8, 0,    8, 0, 0x20, 0x20, 0, 0,    0,
                                   0,    0xc0, 0, 1, 0, 0, 0x10, 8, 8, 8,    0,    8, 0x18, 8,
                                   2,    0,    0, 0, 0, 0, 0,    0, 0, 0,    0,    0 };
    static const uint8_t text[] = { 3, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0x19, 0, 0x50, 0, 0, 0 };
    static const uint8_t none[40];
    struct boot_info boot = { 0 };
    struct dom0_vga_console_info c;

    (void)state;
    assert_int_equal(sizeof(c), sizeof(efi));
    dom0_info_screen(&c, &boot, false, 0);
    assert_memory_equal(&c, none, sizeof(none));
    dom0_info_screen(&c, &boot, true, 0);
    assert_memory_equal(&c, text, sizeof(text));
    dom0_info_screen(&c, &boot, true, 3 * 80 + 7);
    assert_int_equal(c.u.text_mode_3.cursor_x, 7);
    assert_int_equal(c.u.text_mode_3.cursor_y, 3);
    dom0_info_screen(&c, &boot, true, 0xffff);
    assert_int_equal(c.u.text_mode_3.cursor_y, 0);

    boot.efi_system_table = 1;
    boot.screen = (struct boot_screen){ SCREEN_PIXELS, 32,    16,    8,         8, 8, 0, 8,
                                        0x2000,        0x800, 0x800, 0xc0000000 };
    dom0_info_screen(&c, &boot, true, 0);
    assert_memory_equal(&c, efi, sizeof(efi));
    boot.efi_system_table = 0;
    boot.screen.address = 0x180000000;
    dom0_info_screen(&c, &boot, true, 0);
    assert_int_equal(c.video_type, XEN_VGATYPE_VESA_LFB);
    assert_int_equal(c.u.vesa_lfb.ext_lfb_base, 1);
    assert_int_equal(c.u.vesa_lfb.lfb_base, 0x80000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_sizes),           cmocka_unit_test(vcpu_counts),
        cmocka_unit_test(hypercall_page_bytes),   cmocka_unit_test(measured_layouts),
        cmocka_unit_test(layouts_that_cannot_be), cmocka_unit_test(tables_of_odd_kernels),
        cmocka_unit_test(frames_run_out),         cmocka_unit_test(start_info),
        cmocka_unit_test(long_command_line),      cmocka_unit_test(screens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
