/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_efi.h"

#include "abi/platform.h"
#include "boot/memory.h"
#include "core/console/console.h"
#include "core/memory/heap.h"
#include "x86/memory/map.h"

#define SIGNATURE 0x5453595320494249ul /* "IBI SYST" (UEFI 2.10, section 4.3) */

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

static void read_map(struct platform_efi *efi, const struct boot_info *info)
{
    unsigned int count = info->efi_map ? info->efi_map_size / info->efi_map_entry : 0;
    struct platform_memory *map;

    if (!count || !boot_memory_covers(info->efi_map, info->efi_map + info->efi_map_size))
        return;
    map = heap_alloc(count * sizeof(*map));
    if (!map)
        return;
    for (unsigned int i = 0; i < count; i++) {
        struct efi_memory m;

        __builtin_memcpy(&m, direct(info->efi_map + (uint64_t)i * info->efi_map_entry), sizeof(m));
        map[i] = (struct platform_memory){ m.start, m.pages << PAGE_SHIFT, m.attributes, m.type };
    }
    efi->map = map;
    efi->map_count = count;
}

void dom0_efi_tell(const struct boot_info *info)
{
    struct platform_efi efi = { 0 };
    struct efi_system system;
    struct efi_head runtime = { 0 };

    if (!info->efi_system_table)
        return;
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
    read_map(&efi, info);
    platform_set_efi(&efi);
    console_log(LOG_DEBUG, "EFI: %u.%u, %u tables at %#lx, %u entries in its memory map",
                efi.version >> 16, (efi.version & 0xffff) / 10, efi.table_count,
                (unsigned long)efi.tables, efi.map_count);
}
