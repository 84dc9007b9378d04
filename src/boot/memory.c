/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/memory.h"

#include "abi/memory_map.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "drivers/acpi.h"
#include "lib/memory.h"

#define RAM         1
#define MIB         (1ul << 20)
#define LOW_END     MIB         /* real-mode data, the trampoline, firmware's tables */
#define EARLY_END   (1ul << 32) /* what start.S maps one to one */
#define CRASH_ALIGN (2 * MIB)
#define EARLY_MIN   (16 * MIB) /* leave what old devices need */
#define USED_MAX    (2 * BOOT_MODULES + 16)
#define RSDP_SIZE   36 /* bytes of ACPI's root pointer */

extern char image_start[], image_end[];

struct map_range boot_memory_ranges[BOOT_REGIONS];
unsigned int boot_memory_range_count;
mfn_t boot_memory_end;

static struct boot_region map[BOOT_REGIONS];
static unsigned int map_count;
static struct map_range used[USED_MAX], modules[BOOT_MODULES];
static unsigned int used_count, module_count;
static struct map_range early; /* start moves up as it is taken */
static paddr_t early_from;
static unsigned int (*find_node)(paddr_t at, paddr_t *end);

static void use(struct map_range *list, unsigned int *count, unsigned int max, paddr_t start,
                paddr_t end)
{
    ASSERT(*count < max);
    if (start < end)
        list[(*count)++] = (struct map_range){ start & ~PAGE_MASK, (end + PAGE_MASK) & ~PAGE_MASK };
}

static void sort_map(const struct boot_info *info)
{
    for (unsigned int i = 0; i < info->region_count; i++) {
        unsigned int at = map_count++;

        for (; at > 0 && map[at - 1].start > info->regions[i].start; at--)
            map[at] = map[at - 1];
        map[at] = info->regions[i];
    }
}

/* Firmware may say of a byte both that it is RAM and that it is not: then it is not. */
static paddr_t ram_until(paddr_t start, paddr_t end)
{
    for (unsigned int i = 0; i < map_count; i++) {
        if (map[i].type != RAM && map[i].start < end && map[i].start + map[i].size > start)
            end = map[i].start > start ? map[i].start : start;
    }
    return end;
}

/* Where, from start on, no other region covers the byte. */
static paddr_t ram_from(paddr_t start)
{
    for (unsigned int i = 0; i < map_count; i++) {
        if (map[i].type != RAM && map[i].start <= start && map[i].start + map[i].size > start)
            start = map[i].start + map[i].size;
    }
    return start;
}

static void add_ram(paddr_t start, paddr_t end)
{
    struct map_range *last = &boot_memory_ranges[boot_memory_range_count - 1];

    start = (start + PAGE_MASK) & ~PAGE_MASK;
    end &= ~PAGE_MASK;
    if (boot_memory_range_count && start < last->end)
        start = last->end;
    if (start >= end)
        return;
    if (boot_memory_range_count && start == last->end)
        last->end = end;
    else if (boot_memory_range_count < BOOT_REGIONS)
        boot_memory_ranges[boot_memory_range_count++] = (struct map_range){ start, end };
    boot_memory_end = boot_memory_ranges[boot_memory_range_count - 1].end >> PAGE_SHIFT;
}

static void find_ram(uint64_t limit)
{
    for (unsigned int i = 0; i < map_count; i++) {
        paddr_t start = map[i].start, end = start + map[i].size;

        if (map[i].type != RAM)
            continue;
        if (limit && end > limit)
            end = limit;
        if (end > DIRECT_SIZE)
            end = DIRECT_SIZE; /* more than the direct map holds */
        while (start < end) {
            paddr_t stop;

            start = ram_from(start);
            stop = start < end ? ram_until(start, end) : start;
            if (stop <= start)
                break;
            add_ram(start, stop);
            start = stop;
        }
    }
}

/* The first used range that reaches beyond at; NULL: none. */
static const struct map_range *next_used(paddr_t at)
{
    const struct map_range *found = NULL;

    for (unsigned int i = 0; i < used_count + module_count; i++) {
        const struct map_range *u = i < used_count ? &used[i] : &modules[i - used_count];

        if (u->end > at && (!found || u->start < found->start))
            found = u;
    }
    return found;
}

/* Call for each stretch of a range of RAM that nothing uses. */
static void each_free(const struct map_range *ram, void (*call)(paddr_t start, paddr_t end))
{
    paddr_t at = ram->start;

    while (at < ram->end) {
        const struct map_range *u = next_used(at);
        paddr_t stop = u && u->start < ram->end ? u->start : ram->end;

        if (stop > at)
            call(at, stop);
        if (!u || u->end >= ram->end)
            break;
        at = u->end > stop ? u->end : stop;
    }
}

/* The largest free stretch below 4 GiB is where the early allocator takes from. */
static void choose_early(paddr_t start, paddr_t end)
{
    if (start < EARLY_MIN)
        start = EARLY_MIN;
    if (end > EARLY_END)
        end = EARLY_END;
    if (start < end && end - start > early.end - early.start)
        early = (struct map_range){ start, end };
}

/* A text of the loader's, which boot_info goes on pointing to. */
static void use_text(const char *text)
{
    const char *end = text;

    while (*end)
        end++;
    if (text < image_start || text >= image_end)
        use(used, &used_count, USED_MAX, (paddr_t)text, (paddr_t)end + 1);
}

static void use_loader_memory(const struct boot_info *info)
{
    use_text(info->line);
    use_text(info->loader);
    if (info->rsdp)
        use(used, &used_count, USED_MAX, info->rsdp, info->rsdp + RSDP_SIZE);
    if (info->efi_map)
        use(used, &used_count, USED_MAX, info->efi_map, info->efi_map + info->efi_map_size);
    if (info->efi_attributes)
        use(used, &used_count, USED_MAX, info->efi_attributes,
            info->efi_attributes + info->efi_attributes_size);
    for (unsigned int i = 0; i < info->module_count; i++) {
        use_text(info->modules[i].line);
        use(modules, &module_count, BOOT_MODULES, info->modules[i].start, info->modules[i].end);
    }
}

static struct options_area *crash; /* asked for; at: what was found */
static paddr_t crash_at;

/* As high as can be, below 4 GiB. */
static void choose_crash(paddr_t start, paddr_t end)
{
    paddr_t below = crash->below && crash->below < EARLY_END ? crash->below : EARLY_END, at;

    end = end < below ? end : below;
    if (start >= end || end - start < crash->size)
        return;
    at = crash->at ? crash->at : (end - crash->size) & ~(CRASH_ALIGN - 1);
    if (at >= start && at <= end - crash->size && at > crash_at)
        crash_at = at;
}

static void reserve_crash(struct options_area *wanted)
{
    crash = wanted;
    for (unsigned int i = 0; crash->size && i < boot_memory_range_count; i++)
        each_free(&boot_memory_ranges[i], choose_crash);
    crash->at = crash_at;
    if (crash_at)
        use(used, &used_count, USED_MAX, crash_at, crash_at + crash->size);
    else if (crash->size)
        console_log(LOG_WARNING, "crashkernel: there is no such piece of memory");
}

void boot_memory_init(const struct boot_info *info, uint64_t limit, struct options_area *crash_area)
{
    sort_map(info);
    find_ram(limit);
    use(used, &used_count, USED_MAX, 0, LOW_END);
    use(used, &used_count, USED_MAX, image_paddr(image_start), image_paddr(image_end));
    use_loader_memory(info);
    reserve_crash(crash_area);
    for (unsigned int i = 0; i < boot_memory_range_count; i++)
        each_free(&boot_memory_ranges[i], choose_early);
    if (early.end - early.start < 16 * MIB)
        console_fatal("memory: no 16 MiB in one piece are free below 4 GiB");

    /* From the upper part, 2 MiB aligned: Dom0 and devices like the lower one. */
    early.start = (early.end - (early.end - early.start) / 4) & ~(2 * MIB - 1);
    early_from = early.start;
}

paddr_t boot_memory_early(uint64_t size, uint64_t align)
{
    paddr_t at = (early.start + align - 1) & ~(align - 1);

    ASSERT(align >= PAGE_SIZE && (align & (align - 1)) == 0);
    if (at + size < at || at + size > early.end)
        return 0;
    early.start = (at + size + PAGE_MASK) & ~PAGE_MASK;
    memset((void *)at, 0, size);
    return at;
}

void boot_memory_frames(void)
{
    frame_init(boot_memory_end);
    for (unsigned int i = 0; i < boot_memory_range_count; i++)
        frame_reserve(boot_memory_ranges[i].start >> PAGE_SHIFT,
                      boot_memory_ranges[i].end >> PAGE_SHIFT);
    frame_reserve_firmware(0, LOW_END >> PAGE_SHIFT); /* Dom0 reads BIOS's tables in all of it */
}

static void give(paddr_t start, paddr_t end)
{
    while (start < end) {
        paddr_t stop = end;
        unsigned int node = find_node ? find_node(start, &stop) : 0;

        stop &= ~PAGE_MASK;
        if (stop <= start || stop > end)
            stop = end;
        page_alloc_add(start >> PAGE_SHIFT, stop >> PAGE_SHIFT, node < NODES_MAX ? node : 0);
        start = stop;
    }
}

/* Interrupt controllers are shown as reserved too, as by Xen. */
static void tell_machine_map(void)
{
    for (unsigned int i = 0; i < map_count; i++)
        memory_add_machine_region(map[i].start, map[i].size, map[i].type);
    for (unsigned int i = 0; i < acpi.ioapic_count; i++)
        memory_reserve_machine_page(acpi.ioapics[i].address);
    if (acpi.lapic)
        memory_reserve_machine_page(acpi.lapic);
}

void boot_memory_give(unsigned int (*node_of)(paddr_t at, paddr_t *end))
{
    find_node = node_of;
    tell_machine_map();
    use(used, &used_count, USED_MAX, early_from, early.start);
    early.end = early.start; /* nothing more from there */
    for (unsigned int i = 0; i < boot_memory_range_count; i++)
        each_free(&boot_memory_ranges[i], give);
}

bool boot_memory_covers(paddr_t start, paddr_t end)
{
    for (unsigned int i = 0; i < boot_memory_range_count; i++) {
        if (boot_memory_ranges[i].start <= start && end <= boot_memory_ranges[i].end)
            return true;
    }
    return false;
}

/* Modules may share a page, and lie outside of RAM as the option mem= leaves it: then too much is
 * counted. */
uint64_t boot_memory_module_pages(void)
{
    uint64_t pages = 0;

    for (unsigned int i = 0; i < module_count; i++)
        pages += (modules[i].end - modules[i].start) >> PAGE_SHIFT;
    return pages;
}

static bool overlaps(const struct map_range *list, unsigned int count, const struct map_range *with)
{
    for (unsigned int i = 0; i < count; i++) {
        if (&list[i] != with && list[i].start < with->end && list[i].end > with->start)
            return true;
    }
    return false;
}

bool boot_memory_take_module(paddr_t start, paddr_t end)
{
    unsigned int node, i = 0;
    paddr_t node_end = 0;
    struct map_range *m;

    while (i < module_count && modules[i].start != start)
        i++;
    if (i == module_count || modules[i].end != ((end + PAGE_MASK) & ~PAGE_MASK))
        return false;
    m = &modules[i];
    if (!boot_memory_covers(m->start, m->end) || overlaps(modules, module_count, m) ||
        overlaps(used, used_count, m))
        return false;
    node = find_node ? find_node(start, &node_end) : 0;
    if (find_node && node_end < m->end)
        return false;
    if (!page_alloc_add_taken(m->start >> PAGE_SHIFT, m->end >> PAGE_SHIFT,
                              node < NODES_MAX ? node : 0))
        return false;
    use(used, &used_count, USED_MAX, m->start, m->end);
    *m = modules[--module_count];
    return true;
}

/* Only what is RAM, and each page once: modules may share a page. */
void boot_memory_release_modules(void)
{
    struct map_range gone[BOOT_MODULES];
    unsigned int count = module_count;

    memcpy(gone, modules, sizeof(gone));
    module_count = 0;
    for (unsigned int i = 0; i < count; i++) {
        for (unsigned int r = 0; r < boot_memory_range_count; r++) {
            struct map_range part = gone[i];

            if (part.start < boot_memory_ranges[r].start)
                part.start = boot_memory_ranges[r].start;
            if (part.end > boot_memory_ranges[r].end)
                part.end = boot_memory_ranges[r].end;
            if (part.start < part.end)
                each_free(&part, give);
        }
        use(used, &used_count, USED_MAX, gone[i].start, gone[i].end); /* given: not again */
    }
}
