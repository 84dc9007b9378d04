/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/decompress.h"

#include "boot/libc_shim.h"
#include "lib/memory.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define LZ4_BLOCK   (8ul << 20) /* unpacked bytes of every block but the last */
#define GZIP_WINDOW (15 + 16)   /* largest window, with gzip's header */

static const char broken[] = "it is damaged", small[] = "it is larger than it says",
                  memory[] = "too little memory to unpack it";

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static const char *gzip(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *done)
{
    z_stream s = { .next_in = (uint8_t *)(uintptr_t)from,
                   .avail_in = (uInt)size,
                   .next_out = to,
                   .avail_out = (uInt)room };
    int result;

    if (size > UINT32_MAX || room > UINT32_MAX)
        return small;
    if (inflateInit2(&s, GZIP_WINDOW) != Z_OK)
        return memory;
    result = inflate(&s, Z_FINISH);
    *done = s.total_out;
    inflateEnd(&s);
    if (result == Z_STREAM_END)
        return NULL;
    return result == Z_MEM_ERROR ? memory : s.avail_out == 0 ? small : broken;
}

static const char *xz(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *done)
{
    uint64_t limit = UINT64_MAX;
    size_t in = 0, out = 0;

    switch (lzma_stream_buffer_decode(&limit, 0, NULL, from, &in, size, to, &out, room)) {
    case LZMA_OK: *done = out; return NULL;
    case LZMA_MEM_ERROR: return memory;
    case LZMA_BUF_ERROR: return small;
    default: return broken;
    }
}

static const char *zstd(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *done)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t frame = ZSTD_findFrameCompressedSize(from, size), result;

    if (!context)
        return memory;
    result = ZSTD_isError(frame) ? frame : ZSTD_decompressDCtx(context, to, room, from, frame);
    ZSTD_freeDCtx(context);
    if (ZSTD_isError(result))
        return broken;
    *done = result;
    return NULL;
}

/* Magic, then blocks with their size before them, up to one that is not full or the end. */
static const char *lz4(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *done)
{
    size_t at = 4, out = 0;

    while (size - at >= 4) {
        uint32_t packed = word(from + at);
        size_t left = room - out < LZ4_BLOCK ? room - out : LZ4_BLOCK;
        int n;

        at += 4;
        if (packed == 0 || packed > size - at)
            break; /* the unpacked length that a kernel's build writes last */
        n = LZ4_decompress_safe((const char *)from + at, (char *)to + out, (int)packed, (int)left);
        if (n < 0)
            return broken;
        out += (size_t)n;
        at += packed;
        if ((size_t)n < LZ4_BLOCK)
            break;
    }
    *done = out;
    return out ? NULL : broken;
}

static const struct packer {
    const char *name, *magic;
    size_t length;
    const char *(*unpack)(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *done);
} packers[] = {
    { "gzip", "\x1f\x8b", 2, gzip },
    { "xz",
      "\xfd"
      "7zXZ",
      6, xz },
    { "zstd", "\x28\xb5\x2f\xfd", 4, zstd },
    { "lz4", "\x02\x21\x4c\x18", 4, lz4 },
};

static const struct packer *find(const uint8_t *from, size_t size)
{
    for (unsigned int i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
        if (size >= packers[i].length + 4 && !memcmp(from, packers[i].magic, packers[i].length))
            return &packers[i];
    return NULL;
}

const char *decompress_name(const uint8_t *from, size_t size)
{
    const struct packer *p = find(from, size);

    return p ? p->name : NULL;
}

const char *decompress(const uint8_t *from, size_t size, uint8_t *to, size_t room, size_t *unpacked,
                       void *arena, size_t arena_size)
{
    const struct packer *p = find(from, size);
    const char *why;

    *unpacked = 0;
    if (!p)
        return "it is packed in a way that is not known";
    libc_shim_arena(arena, arena_size);
    libc_shim_begin();
    why = p->unpack(from, size, to, room, unpacked);
    libc_shim_end();
    return why;
}
