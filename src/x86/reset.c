/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/reset.h"

#include "x86/io.h"

#define RESET_CONTROL   0xcf9 /* Intel ICH9 datasheet, section 13.7.5 */
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_RESET  0xfe
#define KEYBOARD_TRIES  100000

_Noreturn void x86_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void x86_reset_chipset(void)
{
    io_out8(RESET_CONTROL, 0x02); /* hard reset chosen… */
    io_out8(RESET_CONTROL, 0x06); /* …and started */
}

void x86_reset_keyboard(void)
{
    for (unsigned int i = 0; i < KEYBOARD_TRIES && (io_in8(KEYBOARD_STATUS) & 2); i++)
        ;
    io_out8(KEYBOARD_STATUS, KEYBOARD_RESET);
}

void x86_reset_triple_fault(void)
{
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } no_idt;

    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

_Noreturn void x86_reset(void)
{
    x86_reset_chipset();
    x86_reset_keyboard();
    x86_reset_triple_fault();
    x86_halt();
}
