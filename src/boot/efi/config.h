/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file, in the format of Xen's EFI loader (Debian's xen-doc, misc/efi.html):
 * sections headed by [name], name=value lines, '#' before a comment.
 */
#ifndef BOOT_EFI_CONFIG_H
#define BOOT_EFI_CONFIG_H

#include "lib/text.h"

/*
 * The section to boot: wanted, or without it what default= in [global] says, or an empty span:
 * then the file has no sections that matter, and the first value of each name counts.
 */
struct span config_section(struct span file, struct span wanted);

/* Is there a section of this name? */
bool config_has_section(struct span file, struct span section);

/* A value by name, of the section or else of [global]; empty: there is none. */
struct span config_value(struct span file, struct span section, const char *name);

/*
 * The names to try for the configuration of an image file, one at a time: NAME of NAME.efi with its
 * last part at '.', '-' or '_' cut off each further time.  name: the length of what remains.
 * False: nothing is left.  (xen-4.2.efi: "xen-4.2", "xen-4", "xen".)
 */
bool config_next_name(const char *file, size_t *length);

/* The firmware's or the shell's command line: [NAME.efi] [-cfg=FILE] [-basevideo] [SECTION] [-- OPTIONS] */
struct config_words {
    struct span file, section, options;
    struct span unknown; /* the last word that means nothing */
    bool base_video;     /* leave the screen as it is */
};
struct config_words config_words(struct span line);

#endif
