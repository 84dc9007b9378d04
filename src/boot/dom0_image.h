/* SPDX-License-Identifier: Apache-2.0 */
/* Dom0's kernel as an ELF file: as it is, or unpacked. */
#ifndef BOOT_DOM0_IMAGE_H
#define BOOT_DOM0_IMAGE_H

#include "core/types.h"

struct dom0_image {
    const uint8_t *at;
    size_t size;
    mfn_t buffer; /* where it was unpacked to; MFN_NONE: nowhere */
    unsigned int order;
};

/*
 * The ELF file in a module: an ELF file, a Linux kernel as packaged, or either of those packed by
 * gzip, xz, zstd or lz4.  NULL, or why there is none; image->at stays until dom0_image_close.
 */
const char *dom0_image_open(struct dom0_image *image, const uint8_t *module, size_t size);
void dom0_image_close(struct dom0_image *image);

#endif
