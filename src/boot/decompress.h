/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking of kernels: gzip, xz, zstd and lz4 (the old frames that Linux uses), by the packaged libraries. */
#ifndef BOOT_DECOMPRESS_H
#define BOOT_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECOMPRESS_ARENA (16ul << 20) /* bytes of working memory that do for all but xz */

/* The packer's name by the first bytes; NULL: not packed in a way we know. */
const char *decompress_name(const uint8_t *from, size_t size);

/*
 * Unpack into room bytes at to; bytes may follow the packed ones.  arena: working memory of
 * arena_size bytes, aligned to 16; xz needs its dictionary's size (Debian's kernels: 32 MiB or less)
 * beside 1 MiB.  NULL and the count in *unpacked, or what is wrong.  Boot CPU only.
 */
const char *decompress(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *unpacked,
                       void *arena, size_t arena_size);

#endif
