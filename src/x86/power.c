/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/power.h"

#include "core/console/console.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/efi.h"
#include "x86/io.h"
#include "x86/memory/map.h"
#include "x86/reset.h"
#include "x86/smp/smp.h"

#define SLP_TYP_SHIFT 10
#define SLP_EN        0x2000
#define PATIENCE      10000000u
#define BIOS_WARM     0x472 /* the BIOS's reset flag, and what skips its memory test */
#define WARM_FLAG     0x1234

static enum power_reset first_reset = RESET_ACPI;
static bool warm_reset;

void power_choose_reset(enum power_reset first, bool warm)
{
    uint16_t *flag = (uint16_t *)BIOS_WARM;

    __asm__("" : "+r"(flag)); /* an address that no object of C has */
    if (warm)
        *flag = WARM_FLAG;
    first_reset = first;
    warm_reset = warm;
}

static void control_write(uint32_t port, uint8_t type, uint16_t enable)
{
    uint16_t keep;

    if (!port)
        return;
    keep = io_in16((uint16_t)port) & (uint16_t) ~(7 << SLP_TYP_SHIFT | SLP_EN);
    io_out16((uint16_t)port, (uint16_t)(keep | (type & 7) << SLP_TYP_SHIFT | enable));
}

bool power_enter_s5(uint8_t type_a, uint8_t type_b)
{
    if (!acpi.pm1a_control)
        return false;
    console_flush();
    control_write(acpi.pm1a_control, type_a, 0);
    control_write(acpi.pm1b_control, type_b, 0);
    control_write(acpi.pm1a_control, type_a, SLP_EN);
    control_write(acpi.pm1b_control, type_b, SLP_EN);
    for (unsigned int i = 0; i < PATIENCE; i++)
        cpu_relax();
    return false;
}

void power_acpi_reset(void)
{
    volatile uint8_t *at;

    if (!acpi.has_reset)
        return;
    if (acpi.reset.space == 1 && acpi.reset.address < 0x10000) {
        io_out8((uint16_t)acpi.reset.address, acpi.reset_value);
    } else if (acpi.reset.space == 0 && acpi.reset.address) {
        at = map_device(acpi.reset.address, 1, MAP_UNCACHED);
        if (at)
            *at = acpi.reset_value;
    }
    for (unsigned int i = 0; i < PATIENCE; i++)
        cpu_relax();
}

_Noreturn void arch_poweroff(void)
{
    console_flush();
    smp_stop_others();
    irq_off();
    if (acpi.has_s5)
        power_enter_s5(acpi.s5_a, acpi.s5_b);
    efi_reset(false, true);
    x86_halt();
}

static void reset_by(enum power_reset way)
{
    switch (way) {
    case RESET_EFI: efi_reset(warm_reset, false); break;
    case RESET_ACPI: power_acpi_reset(); break;
    case RESET_CHIPSET: x86_reset_chipset(); break;
    case RESET_KEYBOARD: x86_reset_keyboard(); break;
    case RESET_TRIPLE_FAULT: x86_reset_triple_fault(); break;
    }
}

_Noreturn void arch_reset(void)
{
    console_flush();
    smp_stop_others();
    irq_off();
    reset_by(first_reset);
    power_acpi_reset();
    x86_reset();
}

_Noreturn void arch_halt(void)
{
    console_flush();
    smp_stop_others();
    x86_halt();
}
