/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PVH Dom0: xen/arch-x86/hvm/start_info.h.  Its memory, by guest physical addresses:
 *
 *     0 to 640 KiB            RAM
 *     to 1 MiB                reserved: ACPI tables at ACPI_AT
 *     to its size             RAM, but for a hole from HOLE_START to 4 GiB
 *
 * The kernel lies where its segments say; behind it, page by page, the start info with its lists and
 * texts, then the modules.
 */
#include "boot/dom0_pvh.h"

#include "abi/memory_map.h"
#include "boot/dom0_image.h"
#include "boot/dom0_pvh_acpi.h"
#include "boot/dom0_size.h"
#include "boot/dom0_steps.h"
#include "boot/elf.h"
#include "boot/memory.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"
#include "core/vcpu.h"
#include "lib/memory.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/kind.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/startup.h"
#include "x86/memory/map.h"

#include <xen/arch-x86/hvm/start_info.h>

#define LOW_END    0xa0000ul /* addresses */
#define ACPI_AT    0xe0000ul
#define HIGH_START 0x100000ul
#define HOLE_START 0xf0000000ul
#define HOLE_END   0x100000000ul
#define ACPI_ROOM  (16 * PAGE_SIZE)
#define PIRQS      64u
#define OWN_PAGES  2048u /* what Zeroth keeps */
#define REGIONS    4u
#define RAM        1u
#define RESERVED   2u

struct build {
    const struct boot_info *info;
    const struct options *options;
    struct dom0_image image;
    struct elf_kernel kernel;
    struct domain *domain;
    struct dom0_share share;
    unsigned int vcpus;
    struct memory_region regions[REGIONS];
    unsigned int region_count;
    uint64_t end; /* address behind all that was put into its memory */
    uint64_t start_info;
};

/* ---- before there is a domain ---- */

static void open_kernel(struct build *b)
{
    if (!hvm_usable())
        console_fatal("Dom0: dom0=pvh needs a CPU with nested page tables");
    dom0_kernel_open(b->info, &b->image, &b->kernel, "PVH ", elf_read_pvh);
}

/* Page tables for the map, were all of it in the smallest pages, and some that are split later. */
static uint64_t pool_pages(uint64_t pages)
{
    return pages / 512 + pages / (512 * 8) + 64;
}

static void choose_size(struct build *b)
{
    uint64_t free = page_alloc_free_count(NODE_ANY);

    b->vcpus = dom0_size_vcpus(b->options, cpu_count);
    b->share = dom0_share(b->options, free, OWN_PAGES + pool_pages(free) + 16ul * b->vcpus);
}

static void create(struct build *b)
{
    struct domain *d;
    int rc;

    if (domain_create(0, &hvm_kind, b->vcpus, &d) || pirq_domain_create(d, PIRQS))
        console_fatal("Dom0: there is too little memory to create it");
    d->pages_max = dom0_size_limit(b->options, b->share.free, b->share.pages);
    b->domain = d;
    lock_take(&d->pagetable_lock);
    do
        rc = p2m_set_pool(hvm_p2m(d), pool_pages(b->share.pages));
    while (rc == -XEN_ERESTART);
    lock_release(&d->pagetable_lock);
    if (rc)
        console_fatal("Dom0: there is too little memory for its nested page tables");
}

/* ---- its memory ---- */

static void add_region(struct build *b, uint64_t start, uint64_t end, uint32_t type)
{
    ASSERT(b->region_count < REGIONS);
    if (end > start)
        b->regions[b->region_count++] = (struct memory_region){ start, end - start, type };
}

/* The largest block that fits numbers, what is left, and what the map takes in one entry. */
static unsigned int block_order(gfn_t gfn, uint64_t left)
{
    if (!(gfn & ((1ul << P2M_ORDER_1G) - 1)) && left >= 1ul << P2M_ORDER_1G)
        return P2M_ORDER_1G;
    if (!(gfn & ((1ul << P2M_ORDER_2M) - 1)) && left >= 1ul << P2M_ORDER_2M)
        return P2M_ORDER_2M;
    return 0;
}

static unsigned int smaller(unsigned int order)
{
    return order == P2M_ORDER_1G ? P2M_ORDER_2M : 0;
}

static void give_range(struct build *b, gfn_t gfn, gfn_t end)
{
    const struct guest_map *map = b->domain->kind->map;

    while (gfn < end) {
        unsigned int order = block_order(gfn, end - gfn);
        mfn_t mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);

        while (mfn == MFN_NONE && order) {
            order = smaller(order);
            mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);
        }
        if (mfn == MFN_NONE || frame_assign_range(mfn, order, b->domain) ||
            map->add(b->domain, gfn, mfn, order))
            console_fatal(
                "Dom0: %lu MiB of memory were to be its own, and only %lu MiB could be had",
                MIB(b->share.pages), MIB(b->domain->pages));
        gfn += 1ul << order;
    }
}

static void give_memory(struct build *b)
{
    uint64_t bytes = b->share.pages << PAGE_SHIFT;
    uint64_t low = bytes < HOLE_START ? bytes : HOLE_START, high = HOLE_END + (bytes - low);

    if (low <= HIGH_START)
        console_fatal("Dom0: %lu MiB are too little", MIB(b->share.pages));
    add_region(b, 0, LOW_END, RAM);
    add_region(b, LOW_END, HIGH_START, RESERVED);
    add_region(b, HIGH_START, low, RAM);
    add_region(b, HOLE_END, high, RAM);
    give_range(b, 0, low >> PAGE_SHIFT);
    give_range(b, HOLE_END >> PAGE_SHIFT, high >> PAGE_SHIFT);
    if (memory_set_map(b->domain, b->regions, b->region_count))
        console_fatal("Dom0: there is too little memory for its memory map");
}

/* Copy into its memory; the range is RAM of it. */
static void put(const struct build *b, uint64_t at, const void *from, uint64_t size)
{
    const uint8_t *bytes = from;

    while (size) {
        uint64_t part = PAGE_SIZE - (at & PAGE_MASK);
        struct p2m_entry e = p2m_get(hvm_p2m(b->domain), at >> PAGE_SHIFT);
        uint8_t *page;

        ASSERT(e.type == P2M_RAM);
        if (part > size)
            part = size;
        page = frame_map(e.mfn);
        memcpy(page + (at & PAGE_MASK), bytes, part);
        frame_unmap(page);
        at += part;
        bytes += part;
        size -= part;
    }
}

/* Room behind what is there already, from a page's start; the address. */
static uint64_t take_room(struct build *b, uint64_t size)
{
    uint64_t at = (b->end + PAGE_MASK) & ~PAGE_MASK;

    if (at + size > b->regions[2].start + b->regions[2].size)
        console_fatal("Dom0: %lu MiB are too little for its kernel and modules",
                      MIB(b->share.pages));
    b->end = at + size;
    return at;
}

/* ---- what is in it at first ---- */

static void load_kernel(struct build *b)
{
    uint64_t size = b->kernel.end - b->kernel.start;
    unsigned int order = 0;
    mfn_t buffer;

    while (PAGE_SIZE << order < size)
        order++;
    if (b->kernel.start < HIGH_START || b->kernel.end > b->regions[2].start + b->regions[2].size)
        console_fatal("Dom0: its kernel lies outside of its memory");
    buffer = order <= ORDER_MAX ? page_alloc(order, NODE_ANY, ADDRESS_ANY) : MFN_NONE;
    if (buffer == MFN_NONE)
        console_fatal("Dom0: no %lu MiB of memory in one piece are free for its kernel",
                      MIB(1ul << order));
    elf_load(&b->kernel, direct(buffer << PAGE_SHIFT));
    put(b, b->kernel.start, direct(buffer << PAGE_SHIFT), size);
    memset(direct(buffer << PAGE_SHIFT), 0, PAGE_SIZE << order);
    page_free(buffer, order);
    dom0_image_close(&b->image);
    b->end = b->kernel.end;
}

static size_t length(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n + 1;
}

static uint64_t put_text(struct build *b, const char *text)
{
    uint64_t at = take_room(b, length(text));

    put(b, at, text, length(text));
    return at;
}

static uint64_t put_modules(struct build *b)
{
    unsigned int count = b->info->module_count - 1;
    struct hvm_modlist_entry list[BOOT_MODULES] = { { 0 } };
    uint64_t at;

    for (unsigned int i = 0; i < count; i++) {
        const struct boot_module *m = &b->info->modules[i + 1];

        list[i].size = m->end - m->start;
        list[i].paddr = take_room(b, list[i].size);
        put(b, list[i].paddr, direct(m->start), list[i].size);
        list[i].cmdline_paddr = put_text(b, m->line);
    }
    if (!count)
        return 0;
    at = take_room(b, count * sizeof(list[0]));
    put(b, at, list, count * sizeof(list[0]));
    return at;
}

static uint64_t put_map(struct build *b)
{
    struct hvm_memmap_table_entry map[REGIONS] = { { 0 } };
    uint64_t at = take_room(b, sizeof(map));

    for (unsigned int i = 0; i < b->region_count; i++)
        map[i] = (struct hvm_memmap_table_entry){ b->regions[i].start, b->regions[i].size,
                                                  b->regions[i].type, 0 };
    put(b, at, map, sizeof(map));
    return at;
}

static uint32_t apic_id(unsigned int vcpu)
{
    return vcpu * 2; /* hvm_lapic_id */
}

static void put_acpi(const struct build *b)
{
    uint8_t *tables = heap_alloc(ACPI_ROOM);
    size_t size = tables ? dom0_pvh_acpi(tables, ACPI_ROOM, ACPI_AT, b->vcpus, apic_id) : 0;

    if (!size)
        console_fatal("Dom0: there is too little memory for its ACPI tables");
    put(b, ACPI_AT, tables, size);
    heap_free(tables);
}

static void put_start_info(struct build *b)
{
    struct hvm_start_info start = {
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
        .nr_modules = b->info->module_count - 1,
        .rsdp_paddr = ACPI_AT,
        .memmap_entries = b->region_count,
    };

    b->start_info = take_room(b, sizeof(start));
    start.cmdline_paddr = put_text(b,
                                   multiboot_arguments(b->info->modules[0].line, b->info->loader));
    start.memmap_paddr = put_map(b);
    start.modlist_paddr = put_modules(b);
    put(b, b->start_info, &start, sizeof(start));
}

/* ---- its vCPUs ---- */

static void start_vcpu(const struct build *b)
{
    struct vcpu *v = domain_vcpu(b->domain, 0);
    int rc;

    hvm_start_pvh(x86_vcpu(v), (uint32_t)b->kernel.entry_pvh, (uint32_t)b->start_info);
    v->initialised = true;
    rc = vcpu_up(v); /* the domain is still paused */
    ASSERT(rc == 0);
}

void dom0_pvh_build(const struct boot_info *info, const struct options *o)
{
    struct build b = { .info = info, .options = o };

    open_kernel(&b);
    choose_size(&b);
    create(&b);
    give_memory(&b);
    load_kernel(&b);
    put_start_info(&b);
    put_acpi(&b);
    boot_memory_release_modules();
    dom0_vcpus_create(b.domain, b.vcpus, o);
    start_vcpu(&b);
    console_log(LOG_INFO, "Dom0: PVH, %lu MiB of memory, %u vCPUs", MIB(b.share.pages), b.vcpus);
}
