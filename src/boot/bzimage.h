/* SPDX-License-Identifier: Apache-2.0 */
/* A Linux kernel as it is packaged (the Linux/x86 boot protocol, "The Real-Mode Kernel Header"). */
#ifndef BOOT_BZIMAGE_H
#define BOOT_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bzimage_payload {
    const uint8_t *at; /* compressed, or an ELF file as it is */
    size_t size;       /* bytes, without the length behind a compressed one */
    uint32_t unpacked; /* what the length behind it says, bytes; lz4's file has it too */
};

/* Is it such a kernel?  False: it does not begin like one. */
bool bzimage_is(const uint8_t *image, size_t size);

/* Find the payload.  NULL, or what is wrong. */
const char *bzimage_payload(const uint8_t *image, size_t size, struct bzimage_payload *out);

#endif
