/* SPDX-License-Identifier: Apache-2.0 */
/* boot/decompress: each packer's own work unpacked, cut off, damaged and in too little room. */
#include "cmocka_all.h"
#include "boot/decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN (9u << 20) /* more than one block of lz4 */

/* The host has memory and a canary of its own. */
void libc_shim_arena(void *at, size_t size);
void libc_shim_begin(void);
void libc_shim_end(void);

void libc_shim_arena(void *at, size_t size)
{
    (void)at;
    (void)size;
}

void libc_shim_begin(void)
{
}

void libc_shim_end(void)
{
}

static unsigned char plain[PLAIN], packed[2 * PLAIN];
static bool damaged; /* lz4's old frames have no checksum: no fault is all we ask */

static size_t pack_gzip(void)
{
    z_stream s = {
        .next_in = plain, .avail_in = PLAIN, .next_out = packed, .avail_out = sizeof(packed)
    };

    deflateInit2(&s, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    deflateEnd(&s);
    return s.total_out;
}

static size_t pack_xz(lzma_check check)
{
    size_t at = 0;

    assert_int_equal(
        lzma_easy_buffer_encode(0, check, NULL, plain, PLAIN, packed, &at, sizeof(packed)),
        LZMA_OK);
    return at;
}

static size_t pack_zstd(void)
{
    return ZSTD_compress(packed, sizeof(packed), plain, PLAIN, 1);
}

static size_t pack_lz4(void)
{
    size_t at = 4;

    memcpy(packed, "\x02\x21\x4c\x18", 4);
    for (size_t from = 0; from < PLAIN; from += 8u << 20) {
        size_t size = PLAIN - from < 8u << 20 ? PLAIN - from : 8u << 20;
        uint32_t n = (uint32_t)LZ4_compress_default((char *)plain + from, (char *)packed + at + 4,
                                                    (int)size, (int)(sizeof(packed) - at - 4));

        memcpy(packed + at, &n, 4);
        at += 4 + n;
    }
    return at;
}

static const char *unpack(size_t size, size_t room, size_t *got)
{
    unsigned char *in = malloc(size), *out = malloc(room ? room : 1);
    const char *why;

    memcpy(in, packed, size);
    why = decompress(in, size, out, room, got, NULL, 0);
    assert_true(*got <= room);
    if (!why && *got == PLAIN && !damaged)
        assert_memory_equal(out, plain, PLAIN);
    free(in);
    free(out);
    return why;
}

static void check(size_t size, const char *name)
{
    uint32_t length = PLAIN;
    size_t got;

    assert_string_equal(decompress_name(packed, size), name);
    assert_null(unpack(size, PLAIN, &got));
    assert_int_equal(got, PLAIN);
    memcpy(packed + size, &length, 4); /* as a kernel's build appends it */
    assert_null(unpack(size + 4, PLAIN, &got));
    assert_int_equal(got, PLAIN);
    assert_non_null(unpack(size, PLAIN - 1, &got));
    assert_true(unpack(size / 2, PLAIN, &got) || got < PLAIN);
    damaged = true;
    for (unsigned int i = 0; i < 20; i++) {
        size_t at = (size_t)rand() % size;
        unsigned char old = packed[at];

        packed[at] ^= (unsigned char)(1 + rand() % 255);
        unpack(size, PLAIN, &got);
        packed[at] = old;
    }
    damaged = false;
}

static void every_packer(void **state)
{
    (void)state;
    srand(2);
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = i % 7000 < 3000 ? (unsigned char)rand() : (unsigned char)(i / 7000);
    check(pack_gzip(), "gzip");
    check(pack_xz(LZMA_CHECK_CRC32), "xz");
    check(pack_xz(LZMA_CHECK_CRC64), "xz");
    check(pack_zstd(), "zstd");
    check(pack_lz4(), "lz4");
}

static void nothing_known(void **state)
{
    size_t got;

    (void)state;
    assert_null(decompress_name((const uint8_t *)"\177ELF\2\1\1\1", 8));
    memcpy(packed, "\177ELF\2\1\1\1", 8);
    assert_string_equal(unpack(8, 16, &got), "it is packed in a way that is not known");
    memcpy(packed, "\x1f\x8b", 2);
    assert_non_null(unpack(2, 16, &got));
}

/* Decoders' memory is not given back one by one: in Zeroth it is an arena that goes as a whole. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packer),
        cmocka_unit_test(nothing_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
