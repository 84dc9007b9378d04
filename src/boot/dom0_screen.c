/* SPDX-License-Identifier: Apache-2.0 */
/* What a VGA's registers say of it (FreeVGA, "Graphics Registers" and "CRTC Registers"). */
#include "boot/dom0_screen.h"

#include "x86/io.h"

#define MISC_READ     0x3cc /* all ones: nobody answers there */
#define MISC_COLOUR   0x01  /* the CRT controller is at 0x3d4, not 0x3b4 */
#define GRAPHICS      0x3ce /* index, then data */
#define GRAPHICS_MISC 6
#define ALL_OF_IT     0x0f /* of GRAPHICS_MISC: mode and memory map */
#define TEXT_AT_B8000 0x0e /* memory map 3, odd and even chained, no graphics */
#define CRTC          0x3d4
#define CURSOR_HIGH   0x0e
#define CURSOR_LOW    0x0f

static uint8_t read_register(uint16_t port, uint8_t index)
{
    io_out8(port, index);
    return io_in8((uint16_t)(port + 1));
}

bool dom0_screen_is_text(unsigned int *cursor)
{
    uint8_t misc = io_in8(MISC_READ);

    if (misc == 0xff || !(misc & MISC_COLOUR))
        return false;
    if ((read_register(GRAPHICS, GRAPHICS_MISC) & ALL_OF_IT) != TEXT_AT_B8000)
        return false;
    *cursor = (unsigned int)read_register(CRTC, CURSOR_HIGH) << 8 | read_register(CRTC, CURSOR_LOW);
    return true;
}
