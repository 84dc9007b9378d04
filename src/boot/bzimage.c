/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/bzimage.h"

/* Offsets in the file. */
#define SETUP_SECTORS  0x1f1 /* 512 bytes each, after the first; 0 means 4 */
#define MAGIC          0x202
#define VERSION        0x206
#define PAYLOAD_OFFSET 0x248 /* from the end of the setup sectors; since version 2.08 */
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END     0x250
#define VERSION_LEAST  0x0208

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool bzimage_is(const uint8_t *image, size_t size)
{
    return size >= HEADER_END && word(image + MAGIC) == 0x53726448; /* "HdrS" */
}

const char *bzimage_payload(const uint8_t *image, size_t size, struct bzimage_payload *out)
{
    uint64_t start, length;

    if (!bzimage_is(image, size))
        return "it is no Linux kernel";
    if ((word(image + VERSION) & 0xffff) < VERSION_LEAST)
        return "its boot protocol is older than 2.08";
    start = ((image[SETUP_SECTORS] ? image[SETUP_SECTORS] : 4u) + 1ul) * 512 +
            word(image + PAYLOAD_OFFSET);
    length = word(image + PAYLOAD_LENGTH);
    if (length < 8 || start > size || length > size - start)
        return "it is cut off";
    *out = (struct bzimage_payload){ image + start, length - 4, word(image + start + length - 4) };
    return NULL;
}
