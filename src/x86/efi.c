/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/efi.h"

#include "abi/platform.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/memory/map.h"
#include "x86/trap/panic.h"

#define STACK_SIZE (32ul << 10) /* at least 4 KiB are promised (UEFI 2.10, 2.3.4.1) */
#define PAGES_MAX  (1ul << 18)  /* 1 GiB of regions: 2 MiB of tables */
#define CODE       5            /* 7.2.1: EfiRuntimeServicesCode, EfiRuntimeServicesData */
#define DATA       6
#define ABORTED    (1ul << 63 | 21)
#define RESET_COLD 0 /* 8.5.1 */
#define RESET_WARM 1
#define RESET_OFF  2
#define MXCSR      0x1f80u

extern const char image_start[], image_rodata[];

/* efi_call.S; efi_leave is the end of efi_enter, with the status in RAX. */
uint64_t efi_enter(uint64_t function, const uint64_t arguments[EFI_ARGUMENTS], uint64_t stack);
extern const char efi_leave[];

static struct lock lock =
    LOCK(RANK_FIRMWARE);    /* guards: a call; the firmware is for one at a time */
static bool ready;          /* there are services, and they have not failed yet */
static unsigned int caller; /* the CPU that is in the firmware, + 1; changed by it alone */
static unsigned int service;
static uint64_t functions[EFI_SERVICES];
static uint64_t *tables;
static char *stack;

/* ---- at boot ---- */

static bool is_image(const struct platform_memory *m)
{
    return m->type == CODE || m->type == DATA;
}

/* Code has its data in one region with it: only the table of attributes can tell them apart. */
static unsigned int rights_of(const struct platform_memory *m)
{
    return MAP_WRITE | (m->type == CODE ? MAP_RUN : 0) |
           (m->attributes & EFI_WRITE_BACK ? 0 : MAP_DEVICE);
}

static bool map_region(const struct platform_memory *m, unsigned int rights)
{
    for (uint64_t at = m->start; at - m->start < m->size; at += PAGE_SIZE)
        if (frame_of(at >> PAGE_SHIFT) || !map_firmware_page(tables, at, rights))
            return false;
    return true;
}

static bool map_regions(const struct platform_memory *map, unsigned int count)
{
    uint64_t pages = 0;

    for (unsigned int i = 0; i < count; i++) {
        if (!(map[i].attributes & EFI_RUNTIME))
            continue;
        pages += map[i].size >> PAGE_SHIFT;
        if (map[i].start & PAGE_MASK || pages > PAGES_MAX ||
            !map_region(&map[i], rights_of(&map[i])))
            return false;
    }
    return pages != 0;
}

/* Is all of it in one region of the firmware's own code or data? */
static const struct platform_memory *region_of(const struct platform_memory *map,
                                               unsigned int count,
                                               const struct platform_memory *part)
{
    for (unsigned int i = 0; i < count; i++) {
        uint64_t into = part->start - map[i].start;

        if (map[i].attributes & EFI_RUNTIME && is_image(&map[i]) && part->start >= map[i].start &&
            into < map[i].size && part->size <= map[i].size - into)
            return &map[i];
    }
    return NULL;
}

/* What the attributes leave of the rights of a region's part. */
static bool refine(const struct platform_memory *map, unsigned int map_count,
                   const struct platform_memory *part)
{
    const struct platform_memory *m = region_of(map, map_count, part);

    if (!m || part->start & PAGE_MASK)
        return true; /* of nothing that is mapped */
    return map_region(part, (rights_of(m) & MAP_DEVICE) |
                                (part->attributes & EFI_READ_ONLY ? 0 : MAP_WRITE) |
                                (part->attributes & EFI_NO_RUN ? 0 : MAP_RUN));
}

bool efi_init(const uint64_t from[], const struct platform_memory *map, unsigned int map_count,
              const struct platform_memory *rights, unsigned int count)
{
    tables = map_firmware_tables();
    stack = map_stack(STACK_SIZE);
    if (!tables || !stack || !map_regions(map, map_count))
        return false;
    for (unsigned int i = 0; i < count; i++)
        if (!refine(map, map_count, &rights[i]))
            return false;
    for (unsigned int i = 0; i < EFI_SERVICES; i++)
        functions[i] = from[i];
    ready = true;
    return true;
}

/* ---- calls ---- */

static uint64_t load_tables(uint64_t cr3)
{
    uint64_t old;

    __asm__ volatile("movq %%cr3, %0; movq %1, %%cr3" : "=&r"(old) : "r"(cr3) : "memory");
    return old;
}

/* Interrupts off.  The registers of the FPU are the firmware's, too (2.3.4.2). */
static uint64_t call(unsigned int which, const uint64_t arguments[], bool interrupts)
{
    struct vcpu *current = current_vcpu();
    struct x86_vcpu *v = current && x86_vcpu(current)->fpu ? x86_vcpu(current) : NULL;
    const uint32_t mxcsr = MXCSR;
    uint64_t cr3, status;

    ASSERT(!irq_is_on() && !caller);
    service = which;
    caller = cpu_id() + 1;
    if (v)
        fpu_save(v);
    __asm__ volatile("clts; fninit; ldmxcsr %0" : : "m"(mxcsr));
    cr3 = load_tables(direct_paddr(tables));
    if (interrupts)
        irq_on();
    status = efi_enter(functions[which], arguments, (uint64_t)stack + STACK_SIZE);
    irq_off();
    load_tables(cr3);
    caller = 0;
    if (v)
        fpu_restore(v);
    return status;
}

bool arch_efi_call(unsigned int which, const uint64_t arguments[EFI_ARGUMENTS], uint64_t *status)
{
    bool good, interrupts = irq_is_on();

    ASSERT(which < EFI_SERVICES);
    lock_take(&lock);
    good = ready && functions[which];
    if (good) {
        irq_off();
        *status = call(which, arguments, interrupts);
        irq_restore(interrupts);
    }
    lock_release(&lock);
    return good;
}

/* A service that was left in its middle may hold locks of the firmware's own: none is called again. */
bool efi_fault(struct regs *regs, const char *why)
{
    bool ours = regs->rip >= (uint64_t)image_start && regs->rip < (uint64_t)image_rodata;

    if (caller != cpu_id() + 1 || ours)
        return false;
    ready = false;
    console_log(
        LOG_ERROR,
        "EFI: %s in the firmware, error code %#lx, address %#lx, in its service %u at %#lx; "
        "its services are called no more",
        why, (unsigned long)regs->error, (unsigned long)cr2_read(), service,
        (unsigned long)functions[service]);
    panic_registers(regs);
    regs->rip = (uint64_t)efi_leave;
    regs->rax = ABORTED;
    regs->rflags = FLAGS_FIXED;
    return true;
}

/* Not from within the firmware, nor while a CPU was stopped there. */
void efi_reset(bool warm, bool off)
{
    const uint64_t arguments[EFI_ARGUMENTS] = { off ? RESET_OFF : warm ? RESET_WARM : RESET_COLD };

    if (ready && !caller && functions[EFI_RESET_SYSTEM])
        call(EFI_RESET_SYSTEM, arguments, false);
}
