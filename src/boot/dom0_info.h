/* SPDX-License-Identifier: Apache-2.0 */
/* What Dom0 is told in the page that its first rsi points to (struct start_info of xen/xen.h). */
#ifndef BOOT_DOM0_INFO_H
#define BOOT_DOM0_INFO_H

#include "boot/dom0_layout.h"
#include "boot/multiboot.h"

#include <xen/xen.h>

/* What of it does not follow from the layout. */
struct dom0_facts {
    uint64_t pages;
    mfn_t shared_info;
    uint64_t initrd_bytes; /* 0: there is no initrd */
    const char *line;      /* its command line; cut off at MAX_GUEST_CMDLINE */
    const struct boot_info *boot;
};

/* Fill the whole page.  False: the command line was cut off. */
bool dom0_info_fill(void *page, const struct dom0_layout *l, const struct dom0_facts *facts);

/*
 * The screen for Dom0: as the loader told, else the VGA text screen when vga_text says that there
 * is one; all zeros: none.  cursor: its place on a text screen, characters from the upper left.
 */
void dom0_info_screen(struct dom0_vga_console_info *to, const struct boot_info *boot, bool vga_text,
                      unsigned int cursor);

#endif
