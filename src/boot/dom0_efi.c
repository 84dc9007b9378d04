/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_efi.h"

#include "abi/efi.h"
#include "abi/platform.h"
#include "boot/memory.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "core/memory/heap.h"
#include "x86/efi.h"
#include "x86/memory/map.h"

#define SIGNATURE         0x5453595320494249ul /* "IBI SYST" (UEFI 2.10, section 4.3) */
#define RUNTIME_SIGNATURE 0x56524553544e5552ul /* "RUNTSERV" (4.5) */
#define LOW_END           (1ul << 32)          /* what the boot maps one to one */
#define ATTRIBUTES_MAX    (64u << 10)          /* bytes of that table that are believed in */
#define TABLES_MAX        256

/* UEFI 2.10, section 4.2. */
struct efi_head {
    uint64_t signature;
    uint32_t revision, size, sum, reserved;
};

/* Section 4.3; pointers are machine addresses, as nobody has called SetVirtualAddressMap. */
struct efi_system {
    struct efi_head head;
    uint64_t vendor;
    uint32_t vendor_revision, pad;
    uint64_t consoles[6];
    uint64_t runtime, boot;
    uint64_t table_count, tables;
};

/* Section 4.5. */
struct efi_runtime {
    struct efi_head head;
    uint64_t functions[EFI_SERVICES];
};

/* Section 4.6: an entry of the configuration tables; the memory attributes' table. */
struct efi_entry {
    uint64_t guid[2], table;
};
struct efi_attributes {
    uint32_t version, count, entry, flags;
};
static const uint64_t attributes_guid[2] = { 0x469f26ebdcfa911d, 0x201246dcb73820a2 };

/* Section 7.2; the firmware's entries may be longer. */
struct efi_memory {
    uint32_t type, pad;
    uint64_t start, virtual, pages, attributes;
};

/* False: that much cannot be mapped. */
static bool read_machine(void *to, paddr_t from, size_t size)
{
    const void *at = from ? map_device(from, size, MAP_CACHED) : NULL;

    if (!at)
        return false;
    __builtin_memcpy(to, at, size);
    map_device_end(at, size);
    return true;
}

/* The vendor's name ends with a zero, which may stand in a page that is not there. */
static void read_vendor(struct platform_efi *efi, paddr_t from)
{
    for (unsigned int i = 0; i < PLATFORM_VENDOR - 1; i++)
        if (!read_machine(&efi->vendor[i], from + i * sizeof(uint16_t), sizeof(uint16_t)) ||
            !efi->vendor[i])
            break;
    efi->vendor[PLATFORM_VENDOR - 1] = 0;
}

/* A list of descriptors, in RAM; NULL, and a count of 0: none. */
static struct platform_memory *read_list(paddr_t at, uint64_t size, uint32_t entry,
                                         unsigned int *count)
{
    struct platform_memory *map;

    *count = 0;
    if (!at || entry < sizeof(struct efi_memory) || !boot_memory_covers(at, at + size))
        return NULL;
    map = heap_alloc(size / entry * sizeof(*map));
    if (!map)
        return NULL;
    for (*count = 0; *count < size / entry; (*count)++) {
        struct efi_memory m;

        __builtin_memcpy(&m, direct(at + (uint64_t)*count * entry), sizeof(m));
        map[*count] = (struct platform_memory){ m.start, m.pages << PAGE_SHIFT, m.attributes,
                                                m.type };
    }
    return map;
}

/* Something of the firmware's in the map one to one; NULL: beyond it. */
static const void *low(paddr_t at, size_t size)
{
    return at && at < LOW_END - size ? (const void *)at : NULL;
}

void dom0_efi_find(struct boot_info *info)
{
    const struct efi_system *system = low(info->efi_system_table, sizeof(*system));
    const struct efi_entry *entries;

    if (!system || system->head.signature != SIGNATURE || system->table_count > TABLES_MAX)
        return;
    entries = low(system->tables, system->table_count * sizeof(*entries));
    for (unsigned int i = 0; entries && i < system->table_count; i++) {
        const struct efi_attributes *a = low(entries[i].table, sizeof(*a));
        bool ours = !__builtin_memcmp(entries[i].guid, attributes_guid, sizeof(attributes_guid));

        if (!ours || !a || !a->entry || a->count > ATTRIBUTES_MAX / a->entry)
            continue;
        info->efi_attributes = entries[i].table + sizeof(*a);
        info->efi_attributes_size = a->count * a->entry;
        info->efi_attributes_entry = a->entry;
    }
}

/* The services, for Dom0 and for a reset. */
static void start_services(const struct boot_info *info, const struct platform_efi *efi, paddr_t at)
{
    struct efi_runtime runtime = { 0 };
    struct platform_memory *rights;
    const char *why = "the loader handed over no map of the firmware's memory";
    unsigned int count;

    read_machine(&runtime, at, sizeof(runtime));
    rights = read_list(info->efi_attributes, info->efi_attributes_size, info->efi_attributes_entry,
                       &count);
    if (runtime.head.signature != RUNTIME_SIGNATURE)
        why = "there is no table of them";
    else if (efi->map_count)
        why = efi_init(runtime.functions, efi->map, efi->map_count, rights, count)
                  ? NULL
                  : "their memory cannot be mapped";
    if (why)
        console_log(LOG_WARNING, "EFI: runtime services cannot be called: %s", why);
    else
        console_log(LOG_INFO, "EFI: runtime services are called%s",
                    count ? ", their code not writable" : "");
    efi_take_snapshot();
    heap_free(rights);
}

void dom0_efi_tell(const struct boot_info *info, bool services)
{
    struct platform_efi efi = { 0 };
    struct efi_system system;
    struct efi_head runtime = { 0 };

    if (!info->efi_system_table) {
        if (info->rsdp_searched)
            console_log(LOG_WARNING, "EFI: %s tells nothing of it: no runtime services",
                        info->protocol);
        return;
    }
    if (!read_machine(&system, info->efi_system_table, sizeof(system)) ||
        system.head.signature != SIGNATURE) {
        console_log(LOG_WARNING, "EFI: there is no system table at %#lx",
                    (unsigned long)info->efi_system_table);
        return;
    }
    read_machine(&runtime, system.runtime, sizeof(runtime));
    efi.version = system.head.revision;
    efi.runtime_version = runtime.revision;
    efi.tables = system.tables;
    efi.table_count = (uint32_t)system.table_count;
    efi.vendor_revision = system.vendor_revision;
    read_vendor(&efi, system.vendor);
    efi.map = read_list(info->efi_map, info->efi_map_size, info->efi_map_entry, &efi.map_count);
    platform_set_efi(&efi);
    console_log(LOG_DEBUG, "EFI: %u.%u, %u tables at %#lx, %u entries in its memory map",
                efi.version >> 16, (efi.version & 0xffff) / 10, efi.table_count,
                (unsigned long)efi.tables, efi.map_count);
    if (services)
        start_services(info, &efi, system.runtime);
}
