/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of Dom0's building that are the same for both kinds of guest (boot/dom0.c, boot/dom0_pvh.c). */
#ifndef BOOT_DOM0_STEPS_H
#define BOOT_DOM0_STEPS_H

#include "boot/dom0_image.h"
#include "boot/elf.h"
#include "boot/multiboot.h"
#include "boot/options.h"

struct domain;

#define MIB(pages) ((unsigned long)((pages) >> (20 - PAGE_SHIFT)))

/* Frames: there are in all, less what Zeroth keeps; and Dom0 is to get. */
struct dom0_share {
    uint64_t free, pages;
};

/* Open the first module, and read it by elf_read or elf_read_pvh; kind is for the message. */
void dom0_kernel_open(const struct boot_info *info, struct dom0_image *image,
                      struct elf_kernel *kernel, const char *kind,
                      const char *(*read)(struct elf_kernel *, const void *, size_t));
/* What Dom0 gets, by the options, of the free frames but for own: no more than these. */
struct dom0_share dom0_share(const struct options *o, uint64_t free, uint64_t own);
/* So many vCPUs, each on the CPU of its number only if the options pin them. */
void dom0_vcpus_create(struct domain *d, unsigned int count, const struct options *o);

#endif
