/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/power.h"

#include "core/machine.h"
#include "drivers/acpi.h"
#include "x86/io.h"
#include "x86/map.h"
#include "x86/reset.h"
#include "x86/smp.h"

#define SLP_TYP_SHIFT 10
#define SLP_EN        0x2000
#define PATIENCE      10000000u

static void control_write(uint32_t port, uint8_t type, uint16_t enable)
{
    uint16_t keep;

    if (!port)
        return;
    keep = io_in16((uint16_t)port) & (uint16_t)~(7 << SLP_TYP_SHIFT | SLP_EN);
    io_out16((uint16_t)port, (uint16_t)(keep | (type & 7) << SLP_TYP_SHIFT | enable));
}

bool power_enter_s5(uint8_t type_a, uint8_t type_b)
{
    if (!acpi.pm1a_control)
        return false;
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
    smp_stop_others();
    irq_off();
    if (acpi.has_s5)
        power_enter_s5(acpi.s5_a, acpi.s5_b);
    x86_halt();
}

_Noreturn void arch_reset(void)
{
    smp_stop_others();
    irq_off();
    power_acpi_reset();
    x86_reset();
}

_Noreturn void arch_halt(void)
{
    smp_stop_others();
    x86_halt();
}
