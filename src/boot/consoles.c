/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/consoles.h"

#include "core/console/keys.h"
#include "drivers/acpi.h"
#include "drivers/uart.h"
#include "drivers/vga.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"
#include "x86/pv/kind.h"

static struct port {
    struct uart uart;
    uint16_t base;
    uint8_t isa_irq; /* as PCs have them */
    bool open;
} ports[] = {
    { .base = UART_COM1, .isa_irq = 4 },
    { .base = UART_COM2, .isa_irq = 3 },
};
static struct console_device *screen; /* NULL: none, or handed over */
static bool keep_screen;

static void open_port(struct port *p, bool wanted, uint32_t baud)
{
    p->open = wanted && uart_open(&p->uart, p->base, baud);
    if (p->open)
        console_add(&p->uart.device);
}

void boot_consoles_init(const struct options *o, bool efi)
{
    console_set_levels(o->loglvl, o->guest_loglvl);
    console_set_guest_quiet(o->guest_quiet);
    console_set_timestamps(o->timestamps);
    console_set_noreboot(o->noreboot);
    open_port(&ports[0], o->console_com1, o->com1_baud);
    open_port(&ports[1], o->console_com2, o->com2_baud);
    keep_screen = o->vga_keep;
    if (o->console_vga && !efi)
        screen = vga_open((void *)VGA_MEMORY);
    if (screen)
        console_add(screen);
}

static void end_screen(void)
{
    if (screen)
        console_remove(screen);
    screen = NULL;
}

void boot_consoles_map(void)
{
    void *at = screen ? map_device(VGA_MEMORY, VGA_MEMORY_SIZE, MAP_UNCACHED) : NULL;

    if (at)
        vga_move(at);
    else
        end_screen();
}

/* The GSI that an ISA interrupt comes by (ACPI 6.4, 5.2.12.5). */
static unsigned int gsi_of_isa(unsigned int isa_irq)
{
    for (unsigned int i = 0; i < acpi.override_count; i++)
        if (acpi.overrides[i].irq == isa_irq)
            return acpi.overrides[i].gsi;
    return isa_irq;
}

static void start_port(struct port *p)
{
    int rc;

    if (!p->open)
        return;
    pv_ports_deny(p->base, p->base + UART_PORTS - 1);
    rc = irq_open_own(gsi_of_isa(p->isa_irq), uart_interrupt, &p->uart);
    if (rc) {
        console_log(LOG_WARNING, "console: no interrupt for port %#x (error %d): no input from it",
                    p->base, rc);
        return;
    }
    uart_start_input(&p->uart);
}

void boot_consoles_start_input(void)
{
    console_keys_bind();
    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++)
        start_port(&ports[i]);
}

void boot_consoles_end_boot(void)
{
    bool input = ports[0].open || ports[1].open;

    if (screen && !keep_screen) {
        console_log(LOG_INFO, "console: the screen is Dom0's now");
        console_lend(screen);
    }
    if (input)
        console_input_announce();
    console_start(); /* until now nothing ran softirqs */
}
