/* SPDX-License-Identifier: Apache-2.0 */
/* What platform_op asks of the machine (core/machine.h). */
#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "x86/features.h"
#include "x86/trap/fault.h"
#include "x86/memory/map.h"
#include "x86/power.h"

#include <xen/errno.h>

#define MSR_MTRR_CAP  0xfe  /* Intel SDM 3, 11.11 */
#define MSR_MTRR_BASE 0x200 /* and mask behind it, two a register */
#define MTRR_VALID    0x800
#define BIOS_SHIFT    0x417
#define CACHE_LINE    64ul

void arch_cpu_ids(unsigned int nr, uint32_t *apic_id, uint32_t *acpi_id)
{
    ASSERT(nr < cpu_count);
    *apic_id = percpu_of[nr]->apic_id;
    *acpi_id = percpu_of[nr]->acpi_id;
}

struct vcpu *arch_idle_vcpu(unsigned int nr)
{
    ASSERT(nr < cpu_count);
    return percpu_of[nr]->idle;
}

void arch_cpu_version(char vendor[12], uint32_t *family, uint32_t *model, uint32_t *stepping)
{
    for (unsigned int i = 0; i < 12; i++)
        vendor[i] = cpu.vendor[i];
    *family = cpu.family;
    *model = cpu.model;
    *stepping = cpu.stepping;
}

int arch_memtype_read(unsigned int reg, mfn_t *first, uint64_t *count, uint32_t *type)
{
    uint64_t cap = 0, base = 0, mask = 0, width = (1ul << (cpu.address_bits - PAGE_SHIFT)) - 1;

    if (!rdmsr_safe(MSR_MTRR_CAP, &cap) || reg >= (cap & 0xff) ||
        !rdmsr_safe(MSR_MTRR_BASE + 2 * reg, &base) ||
        !rdmsr_safe(MSR_MTRR_BASE + 2 * reg + 1, &mask))
        return -XEN_EINVAL;
    *first = *count = 0;
    *type = 0;
    if (!(mask & MTRR_VALID))
        return 0;
    *first = base >> PAGE_SHIFT & width;
    *count = (~(mask >> PAGE_SHIFT) & width) + 1;
    *type = base & 0xff;
    return 0;
}

int arch_acpi_s5(uint16_t control_a, uint16_t control_b)
{
    console_log(LOG_INFO, "power: off, by ACPI S5");
    power_enter_s5(control_a >> 10 & 7, control_b >> 10 & 7);
    return -XEN_EIO;
}

/* CLFLUSH (AMD APM 3), of lines of 64 bytes on all CPUs with long mode. */
void arch_cache_flush(const void *at, size_t size)
{
    uint64_t line = (uint64_t)at & ~(CACHE_LINE - 1);

    for (; line < (uint64_t)at + size; line += CACHE_LINE)
        __asm__ volatile("clflush (%0)" : : "r"(line) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}

uint8_t arch_keyboard_flags(void)
{
    const uint8_t *at = map_device(BIOS_SHIFT, 1, MAP_CACHED);
    uint8_t flags = at ? *at : 0;

    if (at)
        map_device_end(at, 1);
    return flags;
}
