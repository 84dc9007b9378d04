/* SPDX-License-Identifier: Apache-2.0 */
/* The bare machine: native code for every operation, and what the boot loader tells. */
#include "../start.h"
#include "machine.h"

#include <pv/native.h>

/* Multiboot information (Multiboot 0.6.96, 3.3) and one entry of its memory map. */
struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
    uint32_t mmap_length, mmap_addr;
};

struct multiboot_range {
    uint32_t size;
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));

/* The PVH start info, its version 1 (docs of the PVH entry: misc/pvh). */
struct pvh_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, command_line, rsdp, map;
    uint32_t map_entries, reserved;
};

struct pvh_range {
    uint64_t start, size;
    uint32_t type, reserved;
};

#define MULTIBOOT_CMDLINE 0x04
#define MULTIBOOT_MMAP    0x40
#define TYPE_RAM          1

static bool here(unsigned int how, uint64_t info)
{
    (void)how;
    (void)info;
    return true;
}

static void add_range(struct pv_boot *boot, uint64_t start, uint64_t size, uint32_t type)
{
    if (type == TYPE_RAM && boot->ranges < PV_RANGES)
        boot->ram[boot->ranges++] = (struct pv_range){ start, size };
}

static void read_multiboot(const struct multiboot_info *info, struct pv_boot *boot)
{
    uint64_t at = info->mmap_addr, end = at + info->mmap_length;

    boot->entry = "multiboot";
    if (info->flags & MULTIBOOT_CMDLINE)
        boot->command_line = (const char *)(uint64_t)info->cmdline;
    if (!(info->flags & MULTIBOOT_MMAP))
        return;
    while (at < end) {
        const struct multiboot_range *range = (const void *)at;

        add_range(boot, range->start, range->length, range->type);
        at += range->size + sizeof(range->size);
    }
}

static void read_pvh(const struct pvh_info *info, struct pv_boot *boot)
{
    const struct pvh_range *ranges = (const void *)info->map;

    boot->entry = "PVH";
    boot->rsdp = info->rsdp;
    if (info->command_line)
        boot->command_line = (const char *)info->command_line;
    for (uint32_t i = 0; info->version >= 1 && i < info->map_entries; i++)
        add_range(boot, ranges[i].start, ranges[i].size, ranges[i].type);
}

void native_pic_mask(void)
{
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
}

void native_describe(unsigned int how, uint64_t info, struct pv_boot *boot)
{
    if (how == PV_ENTRY_MULTIBOOT)
        read_multiboot((const struct multiboot_info *)info, boot);
    else
        read_pvh((const struct pvh_info *)info, boot);
    boot->cpus = native_acpi_init(boot->rsdp);
}

static void describe(unsigned int how, uint64_t info, struct pv_boot *boot)
{
    native_pic_mask();
    native_describe(how, info, boot);
    native_clock_init();
}

void native_bind(struct pv_code codes[PV_OPS])
{
    PV_BIND_NATIVE(codes, irq_flags, native_irq_flags);
    PV_BIND_NATIVE(codes, irq_restore, native_irq_restore);
    PV_BIND_CODE(codes, irq_disable, native_irq_disable);
    PV_BIND_CODE(codes, irq_enable, native_irq_enable);
    PV_BIND_CODE(codes, idle, native_idle);
    PV_BIND_CODE(codes, halt, native_halt);
    PV_BIND_NATIVE(codes, read_cr0, native_read_cr0);
    PV_BIND_NATIVE(codes, write_cr0, native_write_cr0);
    PV_BIND_NATIVE(codes, read_cr2, native_read_cr2);
    PV_BIND_NATIVE(codes, read_cr3, native_read_cr3);
    PV_BIND_NATIVE(codes, write_cr3, native_write_cr3);
    PV_BIND_NATIVE(codes, read_cr4, native_read_cr4);
    PV_BIND_NATIVE(codes, write_cr4, native_write_cr4);
    PV_BIND_CODE(codes, read_msr, native_read_msr);
    PV_BIND_CODE(codes, write_msr, native_write_msr);
    PV_BIND_NATIVE(codes, get_pte, native_get_pte);
    PV_BIND_NATIVE(codes, set_pte, native_set_pte);
    PV_BIND_NATIVE(codes, flush_tlb, native_flush_tlb);
    PV_BIND_NATIVE(codes, flush_page, native_flush_page);
    PV_BIND_NATIVE(codes, switch_stack, native_switch_stack);
    PV_BIND_CODE(codes, swapgs, native_swapgs);
    PV_BIND_CODE(codes, iret, native_iret);
    PV_BIND(codes, flush_all, native_flush_all);
    PV_BIND(codes, table_new, native_table_new);
    PV_BIND(codes, table_free, native_table_free);
    PV_BIND(codes, time_ns, native_time_ns);
    PV_BIND(codes, set_timer, native_set_timer);
    PV_BIND(codes, console_write, native_console_write);
    PV_BIND(codes, ipi, native_ipi);
    PV_BIND(codes, cpu_start, native_cpu_start);
    PV_BIND(codes, power_off, native_power_off);
    PV_BIND(codes, interrupt, native_interrupt);
}

static void bind(struct pv_code codes[PV_OPS])
{
    (void)codes; /* native_bind() came first */
}

PV_PLATFORM(bare) = { "bare machine", 0, here, native_cpu_init, bind, describe };
