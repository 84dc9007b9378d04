/* SPDX-License-Identifier: Apache-2.0 */
/* IBM VGA: registers of its graphics and CRT controllers (OSDev wiki, "VGA Hardware"). */
#include "drivers/vga.h"

#include "lib/memory.h"
#include "x86/io.h"

#define COLUMNS 80
#define LINES   25
#define BLANK   0x0720u /* a space, light grey on black */
#define TAB     8

#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA  0x3cf
#define MISCELLANEOUS  6 /* bit 0: graphics; bits 2 and 3: which memory */
#define MODE_BITS      0x0d
#define TEXT_AT_B8000  0x0c

#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define CURSOR_HIGH 14
#define CURSOR_LOW  15

static uint16_t cells[LINES][COLUMNS]; /* the screen's memory is slow to read */
static volatile uint64_t *memory;
static unsigned int column, line;
_Static_assert(sizeof(cells) == VGA_MEMORY_SIZE, "four cells in each word");

static bool in_text_mode(void)
{
    io_out8(GRAPHICS_INDEX, MISCELLANEOUS);
    return (io_in8(GRAPHICS_DATA) & MODE_BITS) == TEXT_AT_B8000;
}

static void blank(unsigned int which)
{
    for (unsigned int i = 0; i < COLUMNS; i++)
        cells[which][i] = BLANK;
}

static void show_line(unsigned int which)
{
    const unsigned int words = sizeof(cells[0]) / 8;

    for (unsigned int i = 0; i < words; i++) {
        uint64_t four;

        memcpy(&four, &cells[which][i * 4], sizeof(four));
        memory[which * words + i] = four;
    }
}

static void show_all(void)
{
    for (unsigned int i = 0; i < LINES; i++)
        show_line(i);
}

static void show_cursor(void)
{
    unsigned int at = line * COLUMNS + column;

    io_out8(CRTC_INDEX, CURSOR_HIGH);
    io_out8(CRTC_DATA, (uint8_t)(at >> 8));
    io_out8(CRTC_INDEX, CURSOR_LOW);
    io_out8(CRTC_DATA, (uint8_t)at);
}

/* True when all lines have moved. */
static bool new_line(void)
{
    column = 0;
    if (line < LINES - 1) {
        line++;
        return false;
    }
    memmove(cells[0], cells[1], sizeof(cells) - sizeof(cells[0]));
    blank(LINES - 1);
    return true;
}

/* True when all lines have moved. */
static bool put_byte(char c)
{
    bool moved = false;

    if (c == '\n')
        return new_line();
    if (c == '\r') {
        column = 0;
    } else if (c == '\b') {
        column -= column > 0;
    } else if (c == '\t') {
        column = (column / TAB + 1) * TAB;
    } else if ((unsigned char)c >= ' ') {
        if (column >= COLUMNS)
            moved = new_line();
        cells[line][column++] = (uint16_t)((BLANK & 0xff00) | (unsigned char)c);
    }
    if (column > COLUMNS)
        column = COLUMNS;
    return moved;
}

static void put(void *state, const char *text, size_t length)
{
    unsigned int first = line;
    bool moved = false;

    (void)state;
    for (size_t i = 0; i < length; i++)
        moved |= put_byte(text[i]);
    if (moved)
        show_all();
    else
        for (unsigned int i = first; i <= line; i++)
            show_line(i);
    show_cursor();
}

struct console_device *vga_open(void *at)
{
    static struct console_device device = { .put = put };

    if (!in_text_mode())
        return NULL;
    memory = at;
    for (unsigned int i = 0; i < LINES; i++)
        blank(i);
    show_all();
    return &device;
}

void vga_move(void *at)
{
    memory = at;
}
