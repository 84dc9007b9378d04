/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_info.h"

#include "boot/dom0_screen.h"
#include "core/assert.h"
#include "lib/memory.h"

#define LFB_UNIT     16 /* of lfb_size: 64 KiB, as a power of two */
#define CAPS_NO_VGA  2  /* of gbl_caps (VBE 3.0, function 00h): no VGA */
#define TEXT_ROWS    25
#define TEXT_COLUMNS 80
#define FONT_HEIGHT  16

_Static_assert(sizeof(struct start_info) + sizeof(struct dom0_vga_console_info) <= PAGE_SIZE,
               "both share a page");

static void pixels(struct dom0_vga_console_info *to, const struct boot_screen *s, bool efi)
{
    uint64_t bytes = (uint64_t)s->pitch * s->height;
    unsigned int colours = s->red_bits + s->green_bits + s->blue_bits;

    to->video_type = efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
    to->u.vesa_lfb.width = (uint16_t)s->width;
    to->u.vesa_lfb.height = (uint16_t)s->height;
    to->u.vesa_lfb.bytes_per_line = (uint16_t)s->pitch;
    to->u.vesa_lfb.bits_per_pixel = s->bits;
    to->u.vesa_lfb.lfb_base = (uint32_t)s->address;
    to->u.vesa_lfb.ext_lfb_base = (uint32_t)(s->address >> 32);
    to->u.vesa_lfb.lfb_size = (uint32_t)((bytes + (1ul << LFB_UNIT) - 1) >> LFB_UNIT);
    to->u.vesa_lfb.red_pos = s->red_at;
    to->u.vesa_lfb.red_size = s->red_bits;
    to->u.vesa_lfb.green_pos = s->green_at;
    to->u.vesa_lfb.green_size = s->green_bits;
    to->u.vesa_lfb.blue_pos = s->blue_at;
    to->u.vesa_lfb.blue_size = s->blue_bits;
    to->u.vesa_lfb.rsvd_pos = s->bits > colours ? (uint8_t)colours : 0;
    to->u.vesa_lfb.rsvd_size = s->bits > colours ? (uint8_t)(s->bits - colours) : 0;
    to->u.vesa_lfb.gbl_caps = efi ? CAPS_NO_VGA : 0;
}

static void text(struct dom0_vga_console_info *to, unsigned int rows, unsigned int columns,
                 unsigned int cursor)
{
    to->video_type = XEN_VGATYPE_TEXT_MODE_3;
    to->u.text_mode_3.font_height = FONT_HEIGHT;
    to->u.text_mode_3.rows = (uint16_t)rows;
    to->u.text_mode_3.columns = (uint16_t)columns;
    if (cursor < rows * columns) {
        to->u.text_mode_3.cursor_x = (uint16_t)(cursor % columns);
        to->u.text_mode_3.cursor_y = (uint16_t)(cursor / columns);
    }
}

void dom0_info_screen(struct dom0_vga_console_info *to, const struct boot_info *boot, bool vga_text,
                      unsigned int cursor)
{
    const struct boot_screen *s = &boot->screen;

    memset(to, 0, sizeof(*to));
    if (s->kind == SCREEN_PIXELS)
        pixels(to, s, boot->efi_system_table != 0);
    else if (s->kind == SCREEN_TEXT && s->width && s->width <= 0xff && s->height <= 0xff)
        text(to, s->height, s->width, cursor);
    else if (vga_text)
        text(to, TEXT_ROWS, TEXT_COLUMNS, cursor);
}

static bool copy_line(int8_t *to, const char *line)
{
    unsigned int i = 0;

    for (; i < MAX_GUEST_CMDLINE - 1 && line[i]; i++)
        to[i] = (int8_t)line[i];
    return line[i] == '\0';
}

static void fill_initrd(struct start_info *si, const struct dom0_layout *l, uint64_t bytes)
{
    if (!bytes)
        return;
    si->mod_len = bytes;
    si->mod_start = l->initrd ? l->initrd : l->initrd_gfn;
    if (!l->initrd)
        si->flags |= SIF_MOD_START_PFN;
}

bool dom0_info_fill(void *page, const struct dom0_layout *l, const struct dom0_facts *facts)
{
    static const char magic[] = "xen-3.0-x86_64p"; /* measured on Xen 4.17 */
    struct start_info *si = page;
    unsigned int cursor = 0;
    bool vga_text = dom0_screen_is_text(&cursor);

    memset(page, 0, PAGE_SIZE);
    memcpy(si->magic, magic, sizeof(magic));
    si->nr_pages = facts->pages;
    si->shared_info = facts->shared_info << PAGE_SHIFT;
    si->flags = SIF_PRIVILEGED |
                SIF_INITDOMAIN; /* no SIF_PM_*: power states are the hardware's to choose */
    si->pt_base = l->tables;
    si->nr_pt_frames = l->table_pages;
    si->mfn_list = l->list;
    si->first_p2m_pfn = l->list_gfn;
    si->nr_p2m_frames = l->list_outside ? l->list_tables + l->list_pages : 0;
    fill_initrd(si, l, facts->initrd_bytes);
    si->console.dom0.info_off = sizeof(*si);
    si->console.dom0.info_size = sizeof(struct dom0_vga_console_info);
    dom0_info_screen((void *)(si + 1), facts->boot, vga_text, cursor);
    return copy_line(si->cmd_line, facts->line);
}
